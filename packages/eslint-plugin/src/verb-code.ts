/**
 * Which code of a file the kernel folds with: `plan` and `args` of every `defineVerb`, `check` and `derive` of every `setTable`, every function that
 * takes a `View`, and whatever of the same file these reach.
 */
import {
  argumentsOf,
  child,
  childrenOf,
  identifierName,
  isFunction,
  isNode,
  nameOf,
  type Node,
  unwrap,
} from './syntax.ts';

interface Definition {
  readonly type: string;
  /** The identifier that is defined. */
  readonly name: Node;
  readonly node: Node;
  readonly parent?: Node | null;
}

interface Reference {
  readonly identifier: Node;
  readonly resolved: Variable | null;
  /** True for the write that a declaration is. */
  readonly init?: boolean | undefined;
  isWrite(): boolean;
}

export interface Variable {
  readonly name: string;
  readonly defs: readonly Definition[];
  readonly references: readonly Reference[];
}

/** The part of a linter's `sourceCode` that is used here. */
export interface SourceCode {
  readonly text: string;
  readonly ast: object;
  readonly scopeManager: { readonly scopes: readonly { readonly references: readonly Reference[] }[] } | null;
}

export interface VerbCode {
  /** Every node that runs when a verb does, each once. */
  readonly nodes: readonly Node[];
  parentOf(node: Node): Node | undefined;
  /** What an identifier refers to, or undefined where it is no reference. */
  variableOf(node: Node): Variable | undefined;
  /** The name of the global that an identifier refers to. */
  globalOf(node: Node): string | undefined;
  /** What a value is, as names that begin at a global: `Math.random` of `m.random` after `const m = Math`, and of `r` after `const { random: r } = Math`. */
  pathOf(node: Node | undefined): string | undefined;
  /** True for what reads a variable that a pattern such as `{ random }` takes out of an object. */
  isTakenOut(node: Node): boolean;
  /** The module that an identifier was imported from. */
  moduleOf(node: Node): string | undefined;
  /** True when the variable lives outside the code that runs for one op. */
  isOuter(variable: Variable): boolean;
}

/** Which members of whose argument the kernel calls. */
const DECLARATIONS: Readonly<Record<string, { readonly argument: number; readonly members: readonly string[] }>> = {
  defineVerb: { argument: 0, members: ['plan', 'args'] },
  setTable: { argument: 1, members: ['check', 'derive'] },
};
const VIEW = 'View';

const cache = new WeakMap<object, Map<boolean, VerbCode>>();

/** The verb code of a file; with `everywhere`, all its functions. */
export function verbCodeOf(sourceCode: SourceCode, everywhere: boolean): VerbCode {
  const known = cache.get(sourceCode.ast) ?? new Map<boolean, VerbCode>();
  cache.set(sourceCode.ast, known);
  const code = known.get(everywhere) ?? readVerbCode(sourceCode, everywhere);
  known.set(everywhere, code);
  return code;
}

function readVerbCode(sourceCode: SourceCode, everywhere: boolean): VerbCode {
  const parents = new Map<Node, Node>();
  const variables = new Map<Node, Variable | null>();
  const nodes: Node[] = [];
  const visited = new Set<Node>();
  const mayHaveVerbs = everywhere || /defineVerb|setTable|\bView\b/.test(sourceCode.text);
  const program = sourceCode.ast as Node;
  if (mayHaveVerbs) {
    for (const { references } of sourceCode.scopeManager?.scopes ?? [])
      for (const { identifier, resolved } of references) variables.set(identifier, resolved);
  }
  const variableOf = (node: Node): Variable | undefined => variables.get(node) ?? undefined;
  const pending = mayHaveVerbs ? rootsOf(program, parents, variableOf, everywhere) : [];
  for (let root = pending.pop(); root !== undefined; root = pending.pop()) {
    for (const node of subtree(root, visited)) {
      nodes.push(node);
      const variable = variableOf(node);
      if (variable !== undefined) pending.push(...bodiesOf(variable).filter((body) => !visited.has(body)));
    }
  }
  const globalOf = (node: Node): string | undefined => {
    const variable = variables.get(node);
    if (variable === undefined) return undefined;
    return variable === null || variable.defs.length === 0 ? String(node['name']) : undefined;
  };
  return {
    nodes,
    parentOf: (node) => parents.get(node),
    variableOf,
    globalOf,
    pathOf: (node) => pathOf(node, { globalOf, variableOf }),
    isTakenOut: (node) => {
      const [definition, ...others] = variableOf(node)?.defs ?? [];
      return others.length === 0 && definition?.type === 'Variable' && !isPlain(definition) && definition.name !== node;
    },
    moduleOf: (node) =>
      variableOf(node)
        ?.defs.map(importedFrom)
        .find((module) => module !== undefined),
    isOuter: (variable) => variable.defs.length > 0 && !variable.defs.some(({ name }) => visited.has(name)),
  };
}

const MAX_DEPTH = 12;

type Names = Pick<VerbCode, 'globalOf' | 'variableOf'>;

function pathOf(node: Node | undefined, names: Names, depth = 0): string | undefined {
  const inner = unwrap(node);
  if (inner === undefined || depth > MAX_DEPTH) return undefined;
  if (inner.type === 'MemberExpression') {
    const object = pathOf(child(inner, 'object'), names, depth + 1);
    return object === undefined ? undefined : `${object}.${nameOf(inner) ?? '[...]'}`;
  }
  if (inner.type !== 'Identifier') return undefined;
  const [definition, ...others] = names.variableOf(inner)?.defs ?? [];
  if (definition === undefined) return names.globalOf(inner);
  if (others.length > 0 || definition.type !== 'Variable') return undefined;
  const taken = takenBy(child(definition.node, 'id'), definition.name);
  const from = taken === undefined ? undefined : pathOf(child(definition.node, 'init'), names, depth + 1);
  return from === undefined ? undefined : [from, ...(taken ?? [])].join('.');
}

function isPlain({ node, name }: Definition): boolean {
  return child(node, 'id') === name;
}

/** The names that lead from what a pattern takes apart to the one it gives this identifier. */
function takenBy(pattern: Node | undefined, name: Node): readonly string[] | undefined {
  if (pattern === name) return [];
  if (pattern?.type === 'AssignmentPattern') return takenBy(child(pattern, 'left'), name);
  if (pattern?.type !== 'ObjectPattern') return undefined;
  for (const property of childrenOf(pattern)) {
    const inner = takenBy(child(property, 'value'), name);
    if (inner !== undefined) return [nameOf(property) ?? '[...]', ...inner];
  }
  return undefined;
}

/** Where verb code begins. Fills `parents` for the whole file on the way. */
function rootsOf(
  program: Node,
  parents: Map<Node, Node>,
  variableOf: (node: Node) => Variable | undefined,
  everywhere: boolean,
): Node[] {
  const roots: Node[] = [];
  const pending = [program];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (const below of childrenOf(node)) {
      parents.set(below, node);
      pending.push(below);
    }
    if (isFunction(node) && (everywhere || takesView(node))) roots.push(node);
    if (node.type === 'CallExpression') roots.push(...declaredBy(node, variableOf));
  }
  return roots;
}

function takesView(node: Node): boolean {
  const parameters = node['params'];
  if (!Array.isArray(parameters)) return false;
  return parameters.filter(isNode).some((parameter) => {
    const annotation = child(parameter, 'typeAnnotation');
    const type = annotation === undefined ? undefined : child(annotation, 'typeAnnotation');
    return type?.type === 'TSTypeReference' && identifierName(child(type, 'typeName')) === VIEW;
  });
}

/** The functions and schemas that a call of `defineVerb` or `setTable` hands to the kernel. */
function declaredBy(call: Node, variableOf: (node: Node) => Variable | undefined): Node[] {
  const callee = unwrap(child(call, 'callee'));
  if (callee === undefined) return [];
  const name = callee.type === 'MemberExpression' ? nameOf(callee) : importedName(callee, variableOf(callee));
  const declaration = name === undefined || !Object.hasOwn(DECLARATIONS, name) ? undefined : DECLARATIONS[name];
  if (declaration === undefined) return [];
  let shape = unwrap(argumentsOf(call)[declaration.argument]);
  const variable = shape === undefined ? undefined : variableOf(shape);
  if (variable !== undefined) shape = bodiesOf(variable)[0];
  if (shape?.type !== 'ObjectExpression') return [];
  return childrenOf(shape).flatMap((property) => {
    const value = child(property, 'value');
    return value !== undefined && declaration.members.includes(nameOf(property) ?? '') ? [value] : [];
  });
}

/** What an identifier is called where it comes from: `import { defineVerb as define }` is `defineVerb`. */
function importedName(node: Node, variable: Variable | undefined): string | undefined {
  for (const { type, node: specifier } of variable?.defs ?? [])
    if (type === 'ImportBinding') return identifierName(child(specifier, 'imported')) ?? variable?.name;
  return identifierName(node);
}

function importedFrom({ type, parent }: Definition): string | undefined {
  if (type !== 'ImportBinding' || !isNode(parent)) return undefined;
  const source = child(parent, 'source');
  return source === undefined ? undefined : String(source['value']);
}

/** The code behind a variable of this file: a function, or what a constant begins as. */
export function bodiesOf(variable: Variable): readonly Node[] {
  return variable.defs.flatMap(({ type, node }) => {
    if (type === 'FunctionName' || type === 'ClassName') return [node];
    const init = type === 'Variable' ? unwrap(child(node, 'init')) : undefined;
    return init === undefined ? [] : [init];
  });
}

function* subtree(root: Node, visited: Set<Node>): Generator<Node> {
  const pending = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (visited.has(node)) continue;
    visited.add(node);
    yield node;
    pending.push(...childrenOf(node));
  }
}
