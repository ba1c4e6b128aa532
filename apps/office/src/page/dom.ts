// Building and looking up elements. Everything shown goes through text nodes, so nothing in the books can become markup.

type Attributes = Readonly<Record<string, string | boolean | undefined>>;

const svgNamespace = 'http://www.w3.org/2000/svg';

/** An HTML element with attributes and children; a `true` attribute is empty, a `false` or missing one is left out. */
export function element(name: string, attributes: Attributes = {}, ...children: (Node | string)[]): HTMLElement {
  const node = document.createElement(name);
  fill(node, attributes, children);
  return node;
}

/** The same for SVG. */
export function shape(name: string, attributes: Attributes = {}, ...children: (Node | string)[]): SVGElement {
  const node = document.createElementNS(svgNamespace, name);
  fill(node, attributes, children);
  return node;
}

function fill(node: Element, attributes: Attributes, children: readonly (Node | string)[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children);
}

/** The element of the page with this id; a page without it is a mistake of ours. */
export function byId(id: string): HTMLElement {
  const node = document.getElementById(id);
  if (node === null) throw new Error(`the page has no #${id}`);
  return node;
}

export function inputById(id: string): HTMLInputElement {
  const node = byId(id);
  if (!(node instanceof HTMLInputElement)) throw new Error(`#${id} is not an input`);
  return node;
}

/** Replaces the children of an element when `key` differs from last time: what has not changed is not touched. */
export function replaceWhenChanged(id: string, key: unknown, build: () => readonly (Node | string)[]): void {
  const node = byId(id);
  const text = JSON.stringify(key);
  if (node.dataset['key'] === text) return;
  node.dataset['key'] = text;
  node.replaceChildren(...build());
}
