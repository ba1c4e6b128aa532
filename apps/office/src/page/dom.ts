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

/**
 * Replaces the children of an element when `key` differs from last time: what has not changed is not touched. Nothing is taken away from under a finger that
 * is down, and the focus stays on what is called the same.
 */
export function replaceWhenChanged(id: string, key: unknown, build: () => readonly (Node | string)[]): void {
  if (isPressed) return void awaited.set(id, () => replaceWhenChanged(id, key, build));
  const node = byId(id);
  const text = JSON.stringify(key);
  if (node.dataset['key'] === text) return;
  node.dataset['key'] = text;
  const { activeElement } = document;
  const focused = activeElement !== null && node.contains(activeElement) ? placeIn(node, activeElement) : undefined;
  node.replaceChildren(...build());
  if (focused !== undefined) likeIn(node, focused.name)[focused.index]?.focus();
}

/** Between the press of a button and its release: what was pressed must still be there to be clicked. */
let isPressed = false;
/** What was to be drawn meanwhile, the newest of each element. */
const awaited = new Map<string, () => void>();

function release(): void {
  isPressed = false;
  const draws = [...awaited.values()];
  awaited.clear();
  for (const draw of draws) draw();
}

addEventListener('pointerdown', () => (isPressed = true), true);
// A menu of the browser, a list of choices or a scroll bar may keep the release to itself: what moves with no button down has been let go of.
addEventListener('pointermove', ({ buttons }) => void (isPressed && buttons === 0 && release()), true);
addEventListener('contextmenu', () => setTimeout(release), true);
// The click comes right after the release.
for (const over of ['pointerup', 'pointercancel']) addEventListener(over, () => setTimeout(release), true);
// Of the window alone: that of an element does not come as far.
addEventListener('blur', release);

interface FocusPlace {
  readonly name: string;
  /** Among those of that name. */
  readonly index: number;
}

function placeIn(node: HTMLElement, focused: Element): FocusPlace {
  const name = nameOf(focused);
  return { name, index: likeIn(node, name).findIndex((each) => each === focused) };
}

function likeIn(node: HTMLElement, name: string): readonly HTMLElement[] {
  return [...node.querySelectorAll<HTMLElement>('a, button, input, select, summary')].filter(
    (each) => nameOf(each) === name,
  );
}

/** What it says, in the part of the page that it stands in. */
function nameOf(element: Element): string {
  return `${element.closest('[aria-label]')?.getAttribute('aria-label') ?? ''}: ${element.textContent}`;
}
