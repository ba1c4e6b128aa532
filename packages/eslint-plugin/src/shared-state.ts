/** What outlives one op: variables that functions of the module change, regular expressions that remember where they stopped, and `this`. */
import { memberOfGlobal } from './globals.ts';
import { type Rule, verbRule } from './rule.ts';
import { argumentsOf, calleeName, child, isFunction, nameOf, type Node, unwrap } from './syntax.ts';
import { bodiesOf, type Variable, type VerbCode } from './verb-code.ts';

const LIST_CHANGES: ReadonlySet<string> = new Set([
  'copyWithin',
  'fill',
  'pop',
  'push',
  'reverse',
  'shift',
  'sort',
  'splice',
  'unshift',
]);
/** Tables of the kernel have an `add` of their own, so these count for what is seen to be a collection only. */
const COLLECTION_CHANGES: ReadonlySet<string> = new Set(['add', 'clear', 'delete', 'set']);
/** Of RegExp, what does not speak of the last match. */
const REGEXP_OWN: ReadonlySet<string> = new Set(['escape', 'prototype']);
const STICKY_CALLS: ReadonlySet<string> = new Set(['exec', 'test']);

export const sharedState: Rule = verbRule(
  'Verb code keeps nothing from one op to the next.',
  {
    changed:
      '"{{name}}" is changed while ops are folded, so a replay starts with another value: keep state in a table.',
    sticky: '"{{name}}" remembers where it stopped (flag g or y): the next op begins there.',
    matched: 'RegExp.{{name}} is of the last match of any program: take it from what the match itself answers.',
    this: 'this outlives the op: verb code is plain functions of view, op and args.',
  },
  (node, code) => {
    if (node.type === 'ThisExpression') return { messageId: 'this' };
    const ofRegExp = memberOfGlobal(node, 'RegExp', code);
    if (ofRegExp !== undefined && !REGEXP_OWN.has(ofRegExp)) return { messageId: 'matched', data: { name: ofRegExp } };
    if (node.type !== 'Identifier') return undefined;
    const variable = code.variableOf(node);
    if (variable === undefined || !code.isOuter(variable)) return undefined;
    const data = { name: variable.name };
    if (isChanged(variable, code)) return { messageId: 'changed', data };
    return isSticky(variable) && STICKY_CALLS.has(methodCalledOn(node, code) ?? '')
      ? { messageId: 'sticky', data }
      : undefined;
  },
);

/** True when a function of this file writes the variable or into what it holds. What a module does while it loads happens once. */
function isChanged(variable: Variable, code: VerbCode): boolean {
  return variable.references.some((reference) => {
    const { identifier } = reference;
    if (!isInFunction(identifier, code)) return false;
    return (reference.isWrite() && reference.init !== true) || isChangedThrough(identifier, variable, code);
  });
}

function isInFunction(node: Node, code: VerbCode): boolean {
  for (let outer = code.parentOf(node); outer !== undefined; outer = code.parentOf(outer))
    if (isFunction(outer)) return true;
  return false;
}

/** `x.y.z = 1`, `delete x.y`, `x.y++`, `x.push(1)`, `Object.assign(x, ...)`. */
function isChangedThrough(identifier: Node, variable: Variable, code: VerbCode): boolean {
  let place = identifier;
  let outer = code.parentOf(place);
  if (outer?.type === 'CallExpression')
    return calleeName(outer) === 'Object.assign' && argumentsOf(outer)[0] === identifier;
  while (outer !== undefined && isStep(outer, place)) {
    place = outer;
    outer = code.parentOf(place);
  }
  if (place === identifier || outer === undefined) return false;
  if (outer.type === 'AssignmentExpression') return child(outer, 'left') === place;
  if (outer.type === 'UpdateExpression') return true;
  if (outer.type === 'UnaryExpression') return outer['operator'] === 'delete';
  if (outer.type !== 'CallExpression' || child(outer, 'callee') !== place) return false;
  const method = nameOf(unwrap(place) ?? place) ?? '';
  return LIST_CHANGES.has(method) || (COLLECTION_CHANGES.has(method) && bodiesOf(variable).some(isCollection));
}

/** From a value to a member of it, or through a wrapper that is not there at run time. */
function isStep(outer: Node, place: Node): boolean {
  return outer.type === 'MemberExpression' ? child(outer, 'object') === place : unwrap(outer) !== outer;
}

function isCollection(init: Node): boolean {
  return init.type === 'NewExpression' || init.type === 'ArrayExpression' || init.type === 'ObjectExpression';
}

function isSticky(variable: Variable): boolean {
  return bodiesOf(variable).some((init) => {
    const regex = init['regex'] as { flags: string } | undefined;
    return regex !== undefined && /[gy]/.test(regex.flags);
  });
}

function methodCalledOn(node: Node, code: VerbCode): string | undefined {
  const member = code.parentOf(node);
  return member?.type === 'MemberExpression' && child(member, 'object') === node ? nameOf(member) : undefined;
}
