/** The syntax tree as every ESTree parser hands it over (espree, typescript-eslint, oxlint), and the small questions rules ask of it. */

/** A node; its members depend on its type, so they are read through the functions below. */
export interface Node {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** TypeScript's wrappers that are there at run time only as what they hold. All other nodes of types are no code. */
const WRAPPERS: ReadonlySet<string> = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
]);
const NOT_SYNTAX: ReadonlySet<string> = new Set(['parent', 'loc', 'range', 'tokens', 'comments']);
const TYPE_MEMBERS: ReadonlySet<string> = new Set(['typeAnnotation', 'typeArguments', 'typeParameters', 'returnType']);

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** The nodes directly below that run: types are left out, wrappers lead to what they hold. */
export function childrenOf(node: Node): readonly Node[] {
  if (WRAPPERS.has(node.type)) return isNode(node['expression']) ? [node['expression']] : [];
  if (node.type.startsWith('TS') && node.type !== 'TSParameterProperty') return [];
  const children: Node[] = [];
  for (const [member, value] of Object.entries(node)) {
    if (NOT_SYNTAX.has(member) || TYPE_MEMBERS.has(member)) continue;
    if (Array.isArray(value)) children.push(...value.filter(isNode));
    else if (isNode(value)) children.push(value);
  }
  return children;
}

/** A child that must be a node. */
export function child(node: Node, member: string): Node | undefined {
  const value = node[member];
  return isNode(value) ? value : undefined;
}

/** The expression inside parentheses of types: `x as const`, `x!`, `x satisfies T`. */
export function unwrap(node: Node | undefined): Node | undefined {
  let inner = node;
  while (inner !== undefined && (WRAPPERS.has(inner.type) || inner.type === 'ChainExpression'))
    inner = child(inner, 'expression');
  return inner;
}

/** The name of a property or of a member, where it is written out. */
export function nameOf(node: Node): string | undefined {
  const key = child(node, node.type === 'MemberExpression' ? 'property' : 'key');
  if (key === undefined) return undefined;
  if (key.type === 'Identifier') return node['computed'] === true ? undefined : String(key['name']);
  return key.type === 'Literal' ? String(key['value']) : undefined;
}

/** `name` of an identifier; undefined for every other node. */
export function identifierName(node: Node | undefined): string | undefined {
  return node?.type === 'Identifier' ? String(node['name']) : undefined;
}

export function isFunction(node: Node): boolean {
  return (
    node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression'
  );
}

/** The arguments of a call. */
export function argumentsOf(call: Node): readonly Node[] {
  const given = call['arguments'];
  return Array.isArray(given) ? given.filter(isNode) : [];
}

/** `Math.floor` of `Math.floor(x)`, `now` of `now()`; undefined where the callee is not plain. */
export function calleeName(call: Node): string | undefined {
  const callee = unwrap(child(call, 'callee'));
  if (callee === undefined) return undefined;
  if (callee.type !== 'MemberExpression') return identifierName(callee);
  const object = identifierName(child(callee, 'object'));
  const member = nameOf(callee);
  return object === undefined || member === undefined ? undefined : `${object}.${member}`;
}
