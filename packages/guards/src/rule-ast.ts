/**
 * The language of rules: CEL's abstract syntax tree (`cel.expr.Expr` as protobuf JSON), restricted to integers, strings, booleans, lists and maps of them,
 * and the macros `all` and `exists`. What is outside is refused when the rule is set, so that no device meets it in a fold.
 */
import type { Json } from '@tallystick/oplog';
import { type Pattern, readPattern } from './rule-pattern.ts';

export type Operator =
  | '_&&_'
  | '_||_'
  | '!_'
  | '_?_:_'
  | '_==_'
  | '_!=_'
  | '_<_'
  | '_<=_'
  | '_>_'
  | '_>=_'
  | '_+_'
  | '_-_'
  | '_*_'
  | '_/_'
  | '_%_'
  | '-_'
  | '@in'
  | '_[_]'
  | 'size'
  | 'contains'
  | 'startsWith'
  | 'endsWith'
  | 'int'
  | 'string'
  | 'bool';

export type RuleNode =
  | { readonly kind: 'constant'; readonly value: number | string | boolean }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'select' | 'has'; readonly operand: RuleNode; readonly field: string }
  | { readonly kind: 'call'; readonly operator: Operator; readonly args: readonly RuleNode[] }
  | { readonly kind: 'list'; readonly elements: readonly RuleNode[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, RuleNode])[] }
  | { readonly kind: 'matches'; readonly operand: RuleNode; readonly pattern: Pattern }
  | {
      readonly kind: 'every' | 'some';
      readonly range: RuleNode;
      readonly variable: string;
      readonly predicate: RuleNode;
    };

export interface Rule {
  readonly root: RuleNode;
  /** The variables that it names, without those of its macros. */
  readonly variables: ReadonlySet<string>;
}

export interface RuleFailure {
  readonly ok: false;
  readonly code:
    | 'guards/rule-malformed'
    | 'guards/rule-unsupported'
    | 'guards/rule-range'
    | 'guards/rule-too-large'
    | 'guards/rule-variable';
  /** What of the rule it is: a member, a function, a name, a bound. */
  readonly what: string;
}

/** How large a rule may be: UTF-16 units of its JSON, brackets within brackets, nodes, nodes within nodes. */
export const ruleBounds: {
  readonly text: number;
  readonly nesting: number;
  readonly nodes: number;
  readonly depth: number;
} = { text: 16_384, nesting: 320, nodes: 300, depth: 64 };

const ARITY: ReadonlyMap<string, number> = new Map<Operator, number>([
  ['_&&_', 2],
  ['_||_', 2],
  ['!_', 1],
  ['_?_:_', 3],
  ['_==_', 2],
  ['_!=_', 2],
  ['_<_', 2],
  ['_<=_', 2],
  ['_>_', 2],
  ['_>=_', 2],
  ['_+_', 2],
  ['_-_', 2],
  ['_*_', 2],
  ['_/_', 2],
  ['_%_', 2],
  ['-_', 1],
  ['@in', 2],
  ['_[_]', 2],
  ['size', 1],
  ['contains', 2],
  ['startsWith', 2],
  ['endsWith', 2],
  ['int', 1],
  ['string', 1],
  ['bool', 1],
]);
/** Of these the first argument may be the target of a method. */
const METHODS: ReadonlySet<string> = new Set(['size', 'contains', 'startsWith', 'endsWith']);

type Answer = { readonly ok: true; readonly value: Rule } | RuleFailure;
interface Members {
  readonly [name: string]: Json;
}

/** One tree as it is read. After the first failure the nodes that are answered mean nothing. */
interface Reading {
  readonly allowed: ReadonlySet<string>;
  readonly named: Set<string>;
  failure: RuleFailure | undefined;
  nodes: number;
}

/** Where a node stands: how deep, and within macros of which variables. */
interface Place {
  readonly depth: number;
  readonly bound: readonly string[];
}

/** Reads a rule that may name these variables. Answers what is wrong with any other text; never throws. */
export function parseRule(text: string, variables: ReadonlySet<string>): Answer {
  if (text.length > ruleBounds.text) return { ok: false, code: 'guards/rule-too-large', what: 'text' };
  if (nestingOf(text) > ruleBounds.nesting) return { ok: false, code: 'guards/rule-too-large', what: 'nesting' };
  const json = readJson(text);
  if (json === undefined) return { ok: false, code: 'guards/rule-malformed', what: 'json' };
  const reading: Reading = { allowed: variables, named: new Set(), failure: undefined, nodes: 0 };
  const root = readNode(reading, json, { depth: 1, bound: [] });
  return reading.failure ?? { ok: true, value: { root: root as RuleNode, variables: reading.named } };
}

/** How deep brackets stand within brackets, so that no engine's own reader runs out of stack. */
function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let index = 0; index < text.length; index++) {
    const unit = text[index];
    if (isText) {
      if (unit === '\\') index += 1;
      else if (unit === '"') isText = false;
    } else if (unit === '"') isText = true;
    else if (unit === '{' || unit === '[') deepest = Math.max(deepest, (depth += 1));
    else if (unit === '}' || unit === ']') depth -= 1;
  }
  return deepest;
}

function readJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
    // oxlint-disable-next-line @tallystick/no-catch -- what is JSON is fixed by one grammar, and depth is bounded
  } catch {
    return undefined;
  }
}

function readNode(reading: Reading, json: Json | undefined, place: Place): RuleNode | undefined {
  if (reading.failure !== undefined) return undefined;
  if (place.depth > ruleBounds.depth) return fail(reading, 'guards/rule-too-large', 'depth');
  reading.nodes += 1;
  if (reading.nodes > ruleBounds.nodes) return fail(reading, 'guards/rule-too-large', 'nodes');
  const [kind, value] = oneOf(json, ['id']);
  if (kind === undefined || !isMembers(value)) return fail(reading, 'guards/rule-malformed', 'expr');
  if (kind === 'constExpr') return readConstant(reading, value);
  if (kind === 'identExpr') return readVariable(reading, value, place);
  if (kind === 'selectExpr') return readSelect(reading, value, place);
  if (kind === 'callExpr') return readCall(reading, value, place);
  if (kind === 'listExpr') return readList(reading, value, place);
  if (kind === 'structExpr') return readMap(reading, value, place);
  if (kind === 'comprehensionExpr') return readMacro(reading, value, place);
  return fail(reading, 'guards/rule-unsupported', kind);
}

function fail(reading: Reading, code: RuleFailure['code'], what: string): undefined {
  reading.failure ??= { ok: false, code, what: what.isWellFormed() ? cutText(what) : 'text' };
  return undefined;
}

function inner({ depth, bound }: Place, ...names: readonly string[]): Place {
  return { depth: depth + 1, bound: [...bound, ...names] };
}

function readConstant(reading: Reading, json: Members): RuleNode | undefined {
  const [kind, value] = oneOf(json, []);
  if (kind === 'boolValue' && typeof value === 'boolean') return { kind: 'constant', value };
  if (kind === 'stringValue' && isText(value)) return { kind: 'constant', value };
  if (kind !== 'int64Value') return fail(reading, 'guards/rule-unsupported', kind ?? 'constExpr');
  const isInteger = typeof value === 'number' || (typeof value === 'string' && /^-?\d{1,20}$/.test(value));
  if (!isInteger) return fail(reading, 'guards/rule-malformed', kind);
  const integer = Number(value);
  return Number.isSafeInteger(integer)
    ? { kind: 'constant', value: integer + 0 }
    : fail(reading, 'guards/rule-range', String(value));
}

function readVariable(reading: Reading, { name }: Members, { bound }: Place): RuleNode | undefined {
  if (!isText(name)) return fail(reading, 'guards/rule-malformed', 'identExpr');
  if (bound.includes(name)) return { kind: 'variable', name };
  if (!reading.allowed.has(name)) return fail(reading, 'guards/rule-variable', name);
  reading.named.add(name);
  return { kind: 'variable', name };
}

function readSelect(reading: Reading, json: Members, place: Place): RuleNode | undefined {
  const { field, testOnly = false } = json;
  if (!isText(field) || typeof testOnly !== 'boolean') return fail(reading, 'guards/rule-malformed', 'selectExpr');
  const operand = readNode(reading, json['operand'], inner(place));
  return operand && { kind: testOnly ? 'has' : 'select', operand, field };
}

function readCall(reading: Reading, json: Members, place: Place): RuleNode | undefined {
  const { function: name, target, args = [] } = json;
  if (!isText(name) || !Array.isArray(args)) return fail(reading, 'guards/rule-malformed', 'callExpr');
  const isMethod = target !== undefined;
  const given = (isMethod ? [target, ...(args as readonly Json[])] : args) as readonly Json[];
  if (name === 'matches' && given.length === 2) return readMatches(reading, given as readonly [Json, Json], place);
  if (ARITY.get(name) !== given.length || (isMethod && !METHODS.has(name)))
    return fail(reading, 'guards/rule-unsupported', name);
  const nodes = readNodes(reading, given, place);
  return nodes && { kind: 'call', operator: name as Operator, args: nodes };
}

/** The pattern is a constant, so that it is read once, when the rule is, and no fold meets one that is none. */
function readMatches(reading: Reading, [target, text]: readonly [Json, Json], place: Place): RuleNode | undefined {
  const constant = constantOf(text, 'stringValue');
  if (!isText(constant)) return fail(reading, 'guards/rule-unsupported', 'pattern');
  const pattern = readPattern(constant);
  if (pattern === 'unsupported') return fail(reading, 'guards/rule-unsupported', 'pattern');
  if (pattern === 'too-large') return fail(reading, 'guards/rule-too-large', 'pattern');
  const operand = readNode(reading, target, inner(place));
  return operand && { kind: 'matches', operand, pattern };
}

/** A map whose keys are constant texts, each once; messages are written in the same form, with a name. */
function readMap(reading: Reading, { messageName = '', entries = [] }: Members, place: Place): RuleNode | undefined {
  if (messageName !== '') return fail(reading, 'guards/rule-unsupported', 'messageName');
  if (!Array.isArray(entries)) return fail(reading, 'guards/rule-malformed', 'structExpr');
  const read: (readonly [string, RuleNode])[] = [];
  const keys = new Set<string>();
  for (const entry of entries as readonly Json[]) {
    if (!isMembers(entry) || 'fieldKey' in entry) return fail(reading, 'guards/rule-malformed', 'structExpr');
    const key = constantOf(entry['mapKey'], 'stringValue');
    if (!isText(key) || (entry['optionalEntry'] ?? false) !== false)
      return fail(reading, 'guards/rule-unsupported', 'mapKey');
    if (keys.has(key)) return fail(reading, 'guards/rule-malformed', 'mapKey');
    keys.add(key);
    const value = readNode(reading, entry['value'], inner(place));
    if (value === undefined) return undefined;
    read.push([key, value]);
  }
  return { kind: 'map', entries: read };
}

function readList(reading: Reading, json: Members, place: Place): RuleNode | undefined {
  const { elements = [], optionalIndices = [] } = json;
  if (!Array.isArray(elements) || !Array.isArray(optionalIndices))
    return fail(reading, 'guards/rule-malformed', 'listExpr');
  if (optionalIndices.length > 0) return fail(reading, 'guards/rule-unsupported', 'optionalIndices');
  const nodes = readNodes(reading, elements as readonly Json[], place);
  return nodes && { kind: 'list', elements: nodes };
}

function readNodes(reading: Reading, list: readonly Json[], place: Place): readonly RuleNode[] | undefined {
  const nodes = list.map((json) => readNode(reading, json, inner(place)));
  return nodes.every((node) => node !== undefined) ? nodes : undefined;
}

/** Comprehensions are free loops; only the two shapes that `all` and `exists` expand to are read, and as what they are. */
function readMacro(reading: Reading, json: Members, place: Place): RuleNode | undefined {
  const { iterVar, iterVar2 = '', accuVar, accuInit, loopCondition, loopStep, result } = json;
  if (!isText(iterVar) || !isText(accuVar)) return fail(reading, 'guards/rule-malformed', 'comprehensionExpr');
  const start = constantOf(accuInit, 'boolValue');
  const isEvery = start === true;
  const [step, rest] = callOf(loopStep, isEvery ? '_&&_' : '_||_');
  const [condition] = callOf(loopCondition, '@not_strictly_false');
  const [watched] = isEvery ? [condition] : callOf(condition, '!_');
  const isMacro =
    typeof start === 'boolean' &&
    iterVar2 === '' &&
    iterVar !== accuVar &&
    // Otherwise the predicate would name what it has come to so far, where it seems to name what the verb handed in.
    !reading.allowed.has(accuVar) &&
    !place.bound.includes(accuVar) &&
    [step, watched, result].every((node) => nameOf(node) === accuVar);
  if (!isMacro) return fail(reading, 'guards/rule-unsupported', 'comprehensionExpr');
  const range = readNode(reading, json['iterRange'], inner(place));
  const predicate = readNode(reading, rest, inner(place, iterVar));
  return range && predicate && { kind: isEvery ? 'every' : 'some', range, variable: iterVar, predicate };
}

/** At most 100 UTF-16 units of well-formed text, and no half of a surrogate pair. */
export function cutText(text: string): string {
  const short = text.slice(0, 100);
  return short.isWellFormed() ? short : short.slice(0, -1);
}

/** An escape may stand for half of a surrogate pair, which no details could hold. */
function isText(json: Json | undefined): json is string {
  return typeof json === 'string' && json.isWellFormed();
}

function isMembers(json: Json | undefined): json is Members {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** The one member of an object beside some that count for nothing; nothing where there is none, or another. */
function oneOf(json: Json | undefined, ignored: readonly string[]): readonly [string | undefined, Json | undefined] {
  if (!isMembers(json)) return [undefined, undefined];
  const names = Object.keys(json)
    .sort()
    .filter((name) => !ignored.includes(name));
  const [name] = names;
  return name === undefined || names.length > 1 ? [undefined, undefined] : [name, json[name]];
}

/** The arguments of a call of this function; none of anything else. */
function callOf(json: Json | undefined, name: string): readonly (Json | undefined)[] {
  const [kind, call] = oneOf(json, ['id']);
  if (kind !== 'callExpr' || !isMembers(call) || call['function'] !== name || !Array.isArray(call['args'])) return [];
  return call['args'] as readonly Json[];
}

function constantOf(json: Json | undefined, name: 'boolValue' | 'stringValue'): Json | undefined {
  const [kind, constant] = oneOf(json, ['id']);
  const [named, value] = kind === 'constExpr' ? oneOf(constant, []) : [];
  return named === name ? value : undefined;
}

function nameOf(json: Json | undefined): Json | undefined {
  const [kind, variable] = oneOf(json, ['id']);
  return kind === 'identExpr' && isMembers(variable) ? variable['name'] : undefined;
}
