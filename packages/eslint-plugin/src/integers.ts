/** Divisions that stay among the integers: rounded at once, exact by construction, or between bigints. */
import { argumentsOf, calleeName, child, identifierName, isNode, type Node, unwrap } from './syntax.ts';
import { bodiesOf, type VerbCode } from './verb-code.ts';

const ROUNDED: ReadonlySet<string> = new Set(['Math.floor', 'Math.trunc', 'Math.ceil', 'Math.round', 'BigInt']);
/** How many names are followed to see what a value is. */
const MAX_DEPTH = 12;

/** True where the value of `left / right` never is a fraction that anything could see. */
export function isIntegerDivision(node: Node, code: VerbCode): boolean {
  const left = unwrap(child(node, 'left'));
  const right = unwrap(child(node, 'right'));
  if (left === undefined || right === undefined) return false;
  return isBigInt(left, code) || isBigInt(right, code) || isRounded(node, code) || isExact(left, right, code);
}

/** `Math.floor(a / b)`. */
function isRounded(node: Node, code: VerbCode): boolean {
  const outer = code.parentOf(node);
  return (
    outer?.type === 'CallExpression' &&
    ROUNDED.has(code.pathOf(child(outer, 'callee')) ?? '') &&
    argumentsOf(outer)[0] === node
  );
}

/** `(a - a % b) / b`, with the remainder written there or in a constant. */
function isExact(left: Node, right: Node, code: VerbCode): boolean {
  if (left.type !== 'BinaryExpression' || left['operator'] !== '-') return false;
  const subtracted = unwrap(child(left, 'right'));
  const variable = subtracted === undefined ? undefined : code.variableOf(subtracted);
  const rest = variable === undefined ? subtracted : bodiesOf(variable)[0];
  if (rest?.type !== 'BinaryExpression' || rest['operator'] !== '%') return false;
  return isSame(child(rest, 'left'), child(left, 'left')) && isSame(child(rest, 'right'), right);
}

function isSame(one: Node | undefined, other: Node | undefined): boolean {
  const name = identifierName(one);
  if (name !== undefined) return name === identifierName(other);
  return one?.type === 'Literal' && other?.type === 'Literal' && one['value'] === other['value'];
}

/** True where a value can only be a bigint; types are read where they stand, not inferred across files. */
export function isBigInt(node: Node | undefined, code: VerbCode, depth = 0): boolean {
  const inner = unwrap(node);
  if (inner === undefined || depth > MAX_DEPTH) return false;
  const is = (part: Node | undefined): boolean => isBigInt(part, code, depth + 1);
  switch (inner.type) {
    case 'Literal':
      return typeof inner['bigint'] === 'string' || typeof inner['value'] === 'bigint';
    case 'Identifier':
      return isBigIntVariable(inner, code, is);
    case 'UnaryExpression':
      return inner['operator'] === '-' && is(child(inner, 'argument'));
    case 'BinaryExpression':
      return !COMPARISONS.has(String(inner['operator'])) && (is(child(inner, 'left')) || is(child(inner, 'right')));
    case 'ConditionalExpression':
      return is(child(inner, 'consequent')) && is(child(inner, 'alternate'));
    case 'CallExpression':
      return isBigIntCall(inner, is);
    default:
      return false;
  }
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '===', '!=', '!==', '<', '<=', '>', '>=', 'in', 'instanceof']);

function isBigIntVariable(node: Node, code: VerbCode, is: (part: Node | undefined) => boolean): boolean {
  const variable = code.variableOf(node);
  return (
    variable?.defs.some(({ name, type, node: definition }) => {
      if (type === 'Variable' && child(definition, 'id') === name && is(child(definition, 'init'))) return true;
      const annotation = child(name, 'typeAnnotation');
      return annotation !== undefined && child(annotation, 'typeAnnotation')?.type === 'TSBigIntKeyword';
    }) ?? false
  );
}

/** `BigInt(x)`, `BigInt.asIntN(...)`, and a `reduce` that begins at a bigint. */
function isBigIntCall(call: Node, is: (part: Node | undefined) => boolean): boolean {
  const name = calleeName(call) ?? '';
  if (name === 'BigInt' || name.startsWith('BigInt.as')) return true;
  const callee = unwrap(child(call, 'callee'));
  const property = callee === undefined ? undefined : child(callee, 'property');
  return isNode(property) && identifierName(property)?.startsWith('reduce') === true && is(argumentsOf(call)[1]);
}
