/** What the engine says of itself: how deep its stack is, and in which words; and the constructor of functions, under the name all have. */
import { memberOfGlobal } from './globals.ts';
import { child, nameOf, type Node, unwrap } from './syntax.ts';
import { bodiesOf, type VerbCode } from './verb-code.ts';

/** What a node takes from the engine, in words; undefined for everything a verb may use. */
export function engineMember(node: Node, code: VerbCode): string | undefined {
  const ofError = memberOfGlobal(node, 'Error', code);
  if (ofError !== undefined && ofError !== 'isError') return `Error.${ofError}`;
  if (isStack(node, code)) return 'the stack of an error';
  return isConstructor(node, code) && isCalled(node, code) ? 'a constructor without a name' : undefined;
}

/** `error.stack`, and the `stack` of a pattern that takes an error apart. */
function isStack(node: Node, code: VerbCode): boolean {
  if (node.type === 'MemberExpression') return nameOf(node) === 'stack' && isError(child(node, 'object'), code);
  if (node.type !== 'Property' || nameOf(node) !== 'stack') return false;
  const pattern = code.parentOf(node);
  return pattern?.type === 'ObjectPattern' && isError(takenApart(pattern, code), code);
}

/** What a pattern is set against: `error` of `const { stack } = error`. */
function takenApart(pattern: Node, code: VerbCode): Node | undefined {
  const outer = code.parentOf(pattern);
  if (outer?.type === 'VariableDeclarator') return child(outer, 'init');
  return outer?.type === 'AssignmentExpression' ? child(outer, 'right') : undefined;
}

function isError(node: Node | undefined, code: VerbCode): boolean {
  const value = unwrap(node);
  const variable = value === undefined ? undefined : code.variableOf(value);
  const [constant] = variable === undefined ? [] : bodiesOf(variable);
  if (constant !== undefined) return constant !== value && constant.type !== 'Identifier' && isError(constant, code);
  const isMade = value?.type === 'NewExpression' || value?.type === 'CallExpression';
  return isMade && code.pathOf(child(value, 'callee'))?.endsWith('Error') === true;
}

/** `f.constructor`, and a variable that was made from one. */
function isConstructor(node: Node, code: VerbCode): boolean {
  if (node.type === 'MemberExpression') return nameOf(node) === 'constructor';
  const [definition] = (node.type === 'Identifier' ? code.variableOf(node) : undefined)?.defs ?? [];
  if (definition === undefined) return false;
  const init = definition.type === 'Variable' ? unwrap(child(definition.node, 'init')) : undefined;
  if (init?.type === 'MemberExpression' && child(definition.node, 'id') === definition.name)
    return nameOf(init) === 'constructor';
  const outer = code.parentOf(definition.name);
  const property = outer?.type === 'AssignmentPattern' ? code.parentOf(outer) : outer;
  return property?.type === 'Property' && nameOf(property) === 'constructor';
}

function isCalled(node: Node, code: VerbCode): boolean {
  const outer = code.parentOf(node);
  const isCall = outer?.type === 'CallExpression' || outer?.type === 'NewExpression';
  return isCall && unwrap(child(outer, 'callee')) === node;
}
