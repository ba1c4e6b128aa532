/**
 * What a rule comes to: CEL's semantics for the part of it that rule-ast.ts reads, over integers within +-(2^53-1). A pure function with a bound on its
 * work: what goes wrong is a fault with a reason, and `&&`, `||`, `all` and `exists` answer without it where the rest decides, in any order.
 */
import type { Json } from '@tallystick/oplog';
import type { Operator, RuleNode } from './rule-ast.ts';
import { isMatch } from './rule-pattern.ts';
import { codePoints, compareText } from './rule-text.ts';

export type FaultReason =
  | 'overflow'
  | 'divide-by-zero'
  | 'no-such-key'
  | 'no-such-index'
  | 'no-such-overload'
  | 'text-length'
  | 'conversion'
  | 'steps';

const REASON: unique symbol = Symbol('why a rule has no value');
/** Known by a symbol, so that no value of an op can be mistaken for one. */
export interface Fault {
  readonly [REASON]: FaultReason;
}

export function reasonOf(value: Json | Fault): FaultReason | undefined {
  return isFault(value) ? value[REASON] : undefined;
}

/** What a rule read: where it stands, such as `args.lines[2].quantity`, and the value. */
export interface Reading {
  readonly path: string;
  readonly value: number | string | boolean;
}

export interface Evaluated {
  readonly value: Json | Fault;
  /** What was read and decided the outcome, the first so many. */
  readonly readings: readonly Reading[];
}

type Value = Json | Fault;
interface Located {
  readonly value: Value;
  /** '' for what stands nowhere. */
  readonly path: string;
}
interface Scope extends Located {
  readonly name: string;
  readonly outer: Scope | undefined;
}

/** What one evaluation has left to do, and what it read. */
interface Meter {
  steps: number;
  readonly readings: Reading[];
}

/** How much one evaluation may do, and how long a text it may put together, in UTF-16 units. */
export const evaluationBounds: { readonly steps: number; readonly text: number; readonly readings: number } = {
  steps: 20_000,
  text: 16_384,
  readings: 8,
};

const OVERFLOW: Fault = { [REASON]: 'overflow' };
const DIVIDE_BY_ZERO: Fault = { [REASON]: 'divide-by-zero' };
const NO_KEY: Fault = { [REASON]: 'no-such-key' };
const NO_INDEX: Fault = { [REASON]: 'no-such-index' };
const NO_OVERLOAD: Fault = { [REASON]: 'no-such-overload' };
const CONVERSION: Fault = { [REASON]: 'conversion' };
const TEXT_LENGTH: Fault = { [REASON]: 'text-length' };
const STEPS: Fault = { [REASON]: 'steps' };

/** What `bool` reads as true and as false; every other text is an error. */
const TRUTHS: ReadonlySet<string> = new Set(['1', 't', 'true', 'TRUE', 'True']);
const FALSEHOODS: ReadonlySet<string> = new Set(['0', 'f', 'false', 'FALSE', 'False']);

export function evaluateRule(root: RuleNode, variables: ReadonlyMap<string, Json>): Evaluated {
  let scope: Scope | undefined;
  for (const [name, value] of variables) scope = { name, value, path: name, outer: scope };
  const meter: Meter = { steps: evaluationBounds.steps, readings: [] };
  const value = valueOf(meter, root, scope);
  return { value, readings: meter.readings.slice(0, evaluationBounds.readings) };
}

function valueOf(meter: Meter, node: RuleNode, scope: Scope | undefined): Value {
  if (!spend(meter, 1)) return STEPS;
  switch (node.kind) {
    case 'constant':
      return node.value;
    case 'variable':
    case 'select':
      return readOf(meter, locate(meter, node, scope));
    case 'has':
      return hasMember(meter, locate(meter, node.operand, scope), node.field);
    case 'list':
      return listOf(meter, node.elements, scope);
    case 'map':
      return mapOf(meter, node.entries, scope);
    case 'matches':
      return matchOf(meter, node, scope);
    case 'every':
    case 'some':
      return manyOf(meter, node, scope);
    case 'call':
      return callOf(meter, node.operator, node.args, scope);
  }
}

function spend(meter: Meter, steps: number): boolean {
  meter.steps -= steps;
  return meter.steps >= 0;
}

function readOf(meter: Meter, { value, path }: Located): Value {
  if (path !== '' && typeof value !== 'object') meter.readings.push({ path, value });
  return value;
}

/** A value and where it stands. */
function locate(meter: Meter, node: RuleNode, scope: Scope | undefined): Located {
  if (!spend(meter, 1)) return nowhere(STEPS);
  if (node.kind === 'variable') {
    for (let at = scope; at !== undefined; at = at.outer) if (at.name === node.name) return at;
    return nowhere(NO_KEY);
  }
  if (node.kind === 'select') return memberOf(locate(meter, node.operand, scope), node.field, `.${node.field}`);
  if (node.kind !== 'call' || node.operator !== '_[_]') return nowhere(valueOf(meter, node, scope));
  const [of, index] = node.args as readonly [RuleNode, RuleNode];
  const located = locate(meter, of, scope);
  const at = valueOf(meter, index, scope);
  return isFault(located.value) ? located : elementOf(located, at);
}

function hasMember(meter: Meter, { value, path }: Located, field: string): Value {
  if (isFault(value)) return value;
  if (!isMap(value)) return NO_OVERLOAD;
  const isThere = Object.hasOwn(value, field);
  if (!isThere && path !== '') meter.readings.push({ path: `${path}.${field}`, value: 'absent' });
  return isThere;
}

function listOf(meter: Meter, elements: readonly RuleNode[], scope: Scope | undefined): Value {
  const list: Json[] = [];
  for (const element of elements) {
    const value = valueOf(meter, element, scope);
    if (isFault(value)) return value;
    list.push(value);
  }
  return list;
}

/** Of own members alone, whatever a key is called. */
function mapOf(meter: Meter, entries: readonly (readonly [string, RuleNode])[], scope: Scope | undefined): Value {
  const members: [string, Json][] = [];
  for (const [key, node] of entries) {
    const value = valueOf(meter, node, scope);
    if (isFault(value)) return value;
    members.push([key, value]);
  }
  return Object.fromEntries(members);
}

function matchOf(
  meter: Meter,
  { operand, pattern }: Extract<RuleNode, { kind: 'matches' }>,
  scope: Scope | undefined,
): Value {
  const value = valueOf(meter, operand, scope);
  if (isFault(value)) return value;
  if (typeof value !== 'string') return NO_OVERLOAD;
  return spend(meter, Math.trunc((value.length * pattern.steps.length) / 16)) ? isMatch(pattern, value) : STEPS;
}

type Macro = Extract<RuleNode, { kind: 'every' | 'some' }>;

/** `all` and `exists`: an element that decides does, whatever the others are, and is then the one reason. */
function manyOf(meter: Meter, { kind, range, variable, predicate }: Macro, scope: Scope | undefined): Value {
  const decisive = kind === 'some';
  const items = itemsOf(meter, range, scope);
  if (isFault(items)) return items;
  const start = meter.readings.length;
  let fault: Fault | undefined;
  for (const item of items) {
    const noted = meter.readings.length;
    const value = valueOf(meter, predicate, { ...item, name: variable, outer: scope });
    if (value === decisive) {
      meter.readings.splice(start, noted - start);
      return value;
    }
    if (value !== !decisive) fault ??= faultOf(value);
  }
  return fault ?? !decisive;
}

/** Elements of a list, or keys of a map in the order of their code units. */
function itemsOf(meter: Meter, range: RuleNode, scope: Scope | undefined): readonly Located[] | Fault {
  const { value, path } = locate(meter, range, scope);
  if (isFault(value)) return value;
  if (!isList(value)) return isMap(value) ? (keysOf(meter, value)?.map(nowhere) ?? STEPS) : NO_OVERLOAD;
  if (!spend(meter, Math.trunc(value.length / 8))) return STEPS;
  return value.map((item, index) => ({ value: item, path: path && `${path}[${index}]` }));
}

function callOf(meter: Meter, operator: Operator, args: readonly RuleNode[], scope: Scope | undefined): Value {
  const [first, second, third] = args as readonly [RuleNode, RuleNode, RuleNode];
  if (operator === '_&&_') return decide(meter, first, second, false, scope);
  if (operator === '_||_') return decide(meter, first, second, true, scope);
  if (operator === '_[_]') return readOf(meter, locate(meter, { kind: 'call', operator, args }, scope));
  const left = valueOf(meter, first, scope);
  if (isFault(left)) return left;
  if (operator === '_?_:_')
    return typeof left === 'boolean' ? valueOf(meter, left ? second : third, scope) : NO_OVERLOAD;
  if (args.length === 1) return unary(meter, operator, left);
  const right = valueOf(meter, second, scope);
  if (isFault(right)) return right;
  return binary(meter, operator, left, right);
}

/** `&&` and `||`: either side that decides does, whatever the other is. */
function decide(meter: Meter, first: RuleNode, second: RuleNode, decisive: boolean, scope: Scope | undefined): Value {
  const start = meter.readings.length;
  const left = valueOf(meter, first, scope);
  if (left === decisive) return left;
  const noted = meter.readings.length;
  const right = valueOf(meter, second, scope);
  if (right === decisive) {
    meter.readings.splice(start, noted - start);
    return right;
  }
  if (left !== !decisive) return faultOf(left);
  return right === !decisive ? right : faultOf(right);
}

function unary(meter: Meter, operator: Operator, value: Json): Value {
  if (operator === '!_') return typeof value === 'boolean' ? !value : NO_OVERLOAD;
  if (operator === '-_') return typeof value === 'number' ? integer(-value) : NO_OVERLOAD;
  if (operator !== 'size') return typeof value !== 'string' || spendOn(meter, value) ? convert(operator, value) : STEPS;
  if (typeof value === 'string') return spendOn(meter, value) ? codePoints(value) : STEPS;
  if (isList(value)) return value.length;
  return isMap(value) ? (keysOf(meter, value)?.length ?? STEPS) : NO_OVERLOAD;
}

/** `int`, `string` and `bool`, between themselves as far as CEL has it. */
function convert(to: Operator, value: Json): Value {
  if (typeof value === 'object') return NO_OVERLOAD;
  if (to === 'string') return String(value);
  if (to === 'int') {
    if (typeof value === 'string') return /^[+-]?\d+$/.test(value) ? integer(Number(value)) : CONVERSION;
    return typeof value === 'number' ? value : NO_OVERLOAD;
  }
  if (typeof value !== 'string') return typeof value === 'boolean' ? value : NO_OVERLOAD;
  return TRUTHS.has(value) || (FALSEHOODS.has(value) ? false : CONVERSION);
}

function binary(meter: Meter, operator: Operator, left: Json, right: Json): Value {
  if (operator === '_==_' || operator === '_!=_') {
    const isSame = same(meter, left, right);
    return isSame === undefined ? STEPS : isSame === (operator === '_==_');
  }
  if (operator === '@in') return isIn(meter, left, right);
  if (typeof left === 'number' && typeof right === 'number') return arithmetic(operator, left, right);
  if (typeof left === 'string' && typeof right === 'string')
    return spendOnBoth(meter, operator, left, right) ? textOf(operator, left, right) : STEPS;
  if (typeof left === 'boolean' && typeof right === 'boolean')
    return ordered(operator, Number(left) - Number(right)) ?? NO_OVERLOAD;
  if (operator !== '_+_' || !isList(left) || !isList(right)) return NO_OVERLOAD;
  return spend(meter, left.length + right.length) ? [...left, ...right] : STEPS;
}

function spendOn(meter: Meter, text: string): boolean {
  return spend(meter, Math.trunc(text.length / 64));
}

/** Where a text stands in another is looked for place by place, at worst. */
function spendOnBoth(meter: Meter, operator: Operator, left: string, right: string): boolean {
  if (operator === 'contains') return spend(meter, Math.trunc((left.length * right.length) / 4_096));
  return spendOn(meter, left) && spendOn(meter, right);
}

/** Undefined when there are no steps left. */
function same(meter: Meter, left: Json, right: Json): boolean | undefined {
  if (!spend(meter, 1) || (typeof left === 'string' && !spendOn(meter, left))) return undefined;
  if (isList(left) && isList(right)) {
    if (left.length !== right.length) return false;
    return allSame(
      meter,
      left.map((value, index) => [value, right[index] as Json]),
    );
  }
  if (!isMap(left) || !isMap(right)) return left === right;
  const [names, others] = [keysOf(meter, left), keysOf(meter, right)];
  if (names === undefined || others === undefined) return undefined;
  if (names.join('\0') !== others.join('\0')) return false;
  return allSame(
    meter,
    names.map((name) => [left[name] as Json, right[name] as Json]),
  );
}

function allSame(meter: Meter, pairs: readonly (readonly [Json, Json])[]): boolean | undefined {
  for (const [left, right] of pairs) {
    const isSame = same(meter, left, right);
    if (isSame !== true) return isSame;
  }
  return true;
}

function isIn(meter: Meter, value: Json, within: Json): Value {
  if (isMap(within)) return typeof value === 'string' && Object.hasOwn(within, value);
  if (!isList(within)) return NO_OVERLOAD;
  for (const element of within) {
    const isSame = same(meter, value, element);
    if (isSame !== false) return isSame ?? STEPS;
  }
  return false;
}

function nowhere(value: Value): Located {
  return { value, path: '' };
}

function memberOf({ value, path }: Located, name: string, step: string): Located {
  if (isFault(value)) return nowhere(value);
  if (!isMap(value)) return nowhere(NO_OVERLOAD);
  return Object.hasOwn(value, name) ? { value: value[name] as Json, path: path && path + step } : nowhere(NO_KEY);
}

function elementOf(located: Located, at: Value): Located {
  const { value, path } = located;
  if (isFault(at)) return nowhere(at);
  if (typeof at === 'string') return memberOf(located, at, `[${at}]`);
  if (isMap(value as Json)) return nowhere(NO_KEY);
  if (!isList(value as Json) || typeof at !== 'number') return nowhere(NO_OVERLOAD);
  const element = (value as readonly Json[])[at];
  return element === undefined ? nowhere(NO_INDEX) : { value: element, path: path && `${path}[${at}]` };
}

/** What stands where a boolean must. */
function faultOf(value: Value): Fault {
  return isFault(value) ? value : NO_OVERLOAD;
}

function isFault(value: unknown): value is Fault {
  return typeof value === 'object' && value !== null && REASON in value;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isMap(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && !Array.isArray(value);
}

/** By code units; undefined when there are no steps left for so many. */
function keysOf(meter: Meter, map: { readonly [name: string]: Json }): readonly string[] | undefined {
  const names = Object.keys(map).sort();
  return spend(meter, names.length) ? names : undefined;
}

/** Never -0. */
function integer(value: number): Value {
  return Number.isSafeInteger(value) ? value + 0 : OVERFLOW;
}

function arithmetic(operator: Operator, left: number, right: number): Value {
  if (operator === '_+_') return integer(left + right);
  if (operator === '_-_') return integer(left - right);
  if (operator === '_*_') return integer(left * right);
  if (operator !== '_/_' && operator !== '_%_') return ordered(operator, left - right) ?? NO_OVERLOAD;
  if (right === 0) return DIVIDE_BY_ZERO;
  const rest = left % right;
  return integer(operator === '_%_' ? rest : (left - rest) / right);
}

function textOf(operator: Operator, left: string, right: string): Value {
  if (operator === '_+_') return left.length + right.length > evaluationBounds.text ? TEXT_LENGTH : left + right;
  if (operator === 'contains') return left.includes(right);
  if (operator === 'startsWith') return left.startsWith(right);
  if (operator === 'endsWith') return left.endsWith(right);
  return ordered(operator, compareText(left, right)) ?? NO_OVERLOAD;
}

/** By the sign of a difference; undefined for what is no order. */
function ordered(operator: Operator, difference: number): boolean | undefined {
  if (operator === '_<_') return difference < 0;
  if (operator === '_<=_') return difference <= 0;
  if (operator === '_>_') return difference > 0;
  return operator === '_>=_' ? difference >= 0 : undefined;
}
