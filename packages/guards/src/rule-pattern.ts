/**
 * Patterns of `matches`: what RE2's syntax and JavaScript's understand alike, matched in time linear in the text, whatever the pattern. A pattern becomes
 * a list of steps when its rule is read (Thompson, 1968), and a match follows all its ways at once instead of trying one after the other.
 */

/** First and last code point of a range. */
type Range = readonly [number, number];

type Step =
  /** Takes one code point, in or outside these ranges. */
  | { readonly kind: 'one'; readonly ranges: readonly Range[]; readonly isNegated: boolean }
  /** Goes on at both places. */
  | { readonly kind: 'fork'; first: number; second: number }
  | { readonly kind: 'start' | 'end' | 'done' };

/** A pattern that was read: its steps, from the first to `done`. */
export interface Pattern {
  readonly steps: readonly Step[];
}

/** How large a pattern may be: its steps after repetitions are written out, and groups within groups. */
export const patternBounds: { readonly steps: number; readonly depth: number } = { steps: 400, depth: 32 };

type Node =
  | { readonly kind: 'one'; readonly ranges: readonly Range[]; readonly isNegated: boolean }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'sequence'; readonly nodes: readonly Node[] }
  | { readonly kind: 'choice'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly least: number; readonly most: number };

/** A text as it is read, by code points. `failed` once something is none of this syntax; nodes mean nothing from then on. */
interface Reading {
  readonly points: readonly string[];
  at: number;
  depth: number;
  failed: boolean;
}

const DIGITS: readonly Range[] = [[48, 57]];
const WORD: readonly Range[] = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const SPACES: readonly Range[] = [
  [9, 10],
  [12, 13],
  [32, 32],
];
const CLASSES: ReadonlyMap<string, readonly Range[]> = new Map([
  ['d', DIGITS],
  ['w', WORD],
  ['s', SPACES],
]);
/** What each takes all but. */
const OPPOSITES: ReadonlyMap<string, readonly Range[]> = new Map([
  ['D', DIGITS],
  ['W', WORD],
  ['S', SPACES],
]);
const CONTROLS: ReadonlyMap<string, number> = new Map([
  ['t', 9],
  ['n', 10],
  ['v', 11],
  ['f', 12],
  ['r', 13],
]);
const MOST_REPEATED = 1_000;

/** Reads a pattern; `unsupported` is what is no pattern of this syntax, `too-large` what has too many steps or groups. */
export function readPattern(text: string): Pattern | 'unsupported' | 'too-large' {
  const reading: Reading = { points: Array.from(text), at: 0, depth: 0, failed: false };
  const node = readChoice(reading);
  if (reading.depth > patternBounds.depth) return 'too-large';
  if (reading.failed || reading.at < reading.points.length) return 'unsupported';
  const writing: Writing = { steps: [], left: 8 * patternBounds.steps };
  if (!write(writing, node)) return 'too-large';
  writing.steps.push({ kind: 'done' });
  return { steps: writing.steps };
}

function readChoice(reading: Reading): Node {
  const nodes = [readSequence(reading)];
  while (take(reading, '|')) nodes.push(readSequence(reading));
  return { kind: 'choice', nodes };
}

function readSequence(reading: Reading): Node {
  const nodes: Node[] = [];
  while (!reading.failed && reading.at < reading.points.length && !'|)'.includes(reading.points[reading.at] ?? ''))
    nodes.push(readRepeated(reading));
  return { kind: 'sequence', nodes };
}

function readRepeated(reading: Reading): Node {
  const node = readOne(reading);
  const count = readCount(reading);
  if (count === undefined) return node;
  // What is taken first makes no difference to whether there is a match.
  take(reading, '?');
  const isTwice = '*+?{'.includes(reading.points[reading.at] ?? 'end');
  if (isTwice || node.kind === 'start' || node.kind === 'end') reading.failed = true;
  return { kind: 'repeat', node, ...count };
}

function readCount(reading: Reading): { readonly least: number; readonly most: number } | undefined {
  if (take(reading, '*')) return { least: 0, most: Infinity };
  if (take(reading, '+')) return { least: 1, most: Infinity };
  if (take(reading, '?')) return { least: 0, most: 1 };
  if (!take(reading, '{')) return undefined;
  const least = readNumber(reading);
  const most = take(reading, ',') ? (reading.points[reading.at] === '}' ? Infinity : readNumber(reading)) : least;
  if (!take(reading, '}') || most < least) reading.failed = true;
  return { least, most };
}

function readNumber(reading: Reading): number {
  let digits = '';
  while (digits.length < 5 && /^\d$/.test(reading.points[reading.at] ?? '')) digits += reading.points[reading.at++];
  if (digits === '' || Number(digits) > MOST_REPEATED) reading.failed = true;
  return Number(digits);
}

function readOne(reading: Reading): Node {
  const point = reading.points[reading.at++] ?? '';
  if (point === '(') return readGroup(reading);
  if (point === '[') return readClass(reading);
  if (point === '.') return { kind: 'one', ranges: [[10, 10]], isNegated: true };
  if (point === '^') return { kind: 'start' };
  if (point === '$') return { kind: 'end' };
  if (point === '\\') return readEscape(reading);
  if ('*+?{}]'.includes(point)) reading.failed = true;
  return only(point);
}

function readGroup(reading: Reading): Node {
  reading.depth += 1;
  if (reading.depth > patternBounds.depth) reading.failed = true;
  if (reading.failed) return only('');
  if (take(reading, '?') && !take(reading, ':')) reading.failed = true;
  const node = readChoice(reading);
  if (take(reading, ')')) reading.depth -= 1;
  else reading.failed = true;
  return node;
}

function readEscape(reading: Reading): Node {
  const point = reading.points[reading.at++] ?? '';
  const ranges = CLASSES.get(point) ?? OPPOSITES.get(point);
  if (ranges !== undefined) return { kind: 'one', ranges, isNegated: OPPOSITES.has(point) };
  const code = escapedPoint(reading, point);
  return { kind: 'one', ranges: [[code, code]], isNegated: false };
}

/** A control by its letter, or punctuation as itself. */
function escapedPoint(reading: Reading, point: string): number {
  const control = CONTROLS.get(point);
  if (control === undefined && !/^[!-/:-@[-^`{-~]$/.test(point)) reading.failed = true;
  return control ?? codeOf(point);
}

function readClass(reading: Reading): Node {
  const isNegated = take(reading, '^');
  const ranges: Range[] = [];
  while (!reading.failed && !take(reading, ']')) ranges.push(...readMember(reading));
  if (ranges.length === 0) reading.failed = true;
  return { kind: 'one', ranges, isNegated };
}

function readMember(reading: Reading): readonly Range[] {
  const { points } = reading;
  const named = points[reading.at] === '\\' ? CLASSES.get(points[reading.at + 1] ?? '') : undefined;
  if (named !== undefined) {
    reading.at += 2;
    // A hyphen after a class stands for itself in one syntax and is an error in another.
    if (points[reading.at] === '-') reading.failed = true;
    return named;
  }
  const first = readClassPoint(reading);
  if (points[reading.at] !== '-' || points[reading.at + 1] === ']') return [[first, first]];
  reading.at += 1;
  const last = readClassPoint(reading);
  if (last < first) reading.failed = true;
  return [[first, last]];
}

function readClassPoint(reading: Reading): number {
  const point = reading.points[reading.at++] ?? '';
  if (point === '\\') return escapedPoint(reading, reading.points[reading.at++] ?? '');
  // `[` begins classes with names in some syntaxes.
  if (point === '' || point === '[') reading.failed = true;
  return codeOf(point);
}

function take(reading: Reading, point: string): boolean {
  const isThere = reading.points[reading.at] === point;
  if (isThere) reading.at += 1;
  return isThere;
}

function only(point: string): Node {
  return { kind: 'one', ranges: [[codeOf(point), codeOf(point)]], isNegated: false };
}

function codeOf(point: string): number {
  return point.codePointAt(0) ?? 0;
}

/** Steps as they are written, and how many nodes may still be: what is empty has no steps, however often it is repeated. */
interface Writing {
  readonly steps: Step[];
  left: number;
}

/** Writes the steps of a node, which go on at the step after them; false where they become too many. */
function write(writing: Writing, node: Node): boolean {
  const { steps } = writing;
  writing.left -= 1;
  if (writing.left < 0 || steps.length >= patternBounds.steps) return false;
  if (node.kind === 'sequence') return node.nodes.every((part) => write(writing, part));
  if (node.kind === 'choice') return writeChoice(writing, node.nodes);
  if (node.kind === 'repeat') return writeRepeat(writing, node);
  steps.push(node);
  return true;
}

function writeChoice(writing: Writing, [first, ...rest]: readonly Node[]): boolean {
  if (first === undefined) return true;
  if (rest.length === 0) return write(writing, first);
  const fork = pushFork(writing);
  if (!write(writing, first)) return false;
  const jump = pushFork(writing);
  fork.second = writing.steps.length;
  if (!writeChoice(writing, rest)) return false;
  goTo(jump, writing.steps.length);
  return true;
}

function writeRepeat(writing: Writing, { node, least, most }: Extract<Node, { kind: 'repeat' }>): boolean {
  for (let count = 0; count < least; count++) if (!write(writing, node)) return false;
  if (most === Infinity) return writeLoop(writing, node);
  const forks: Fork[] = [];
  for (let count = least; count < most; count++) {
    forks.push(pushFork(writing));
    if (!write(writing, node)) return false;
  }
  for (const fork of forks) fork.second = writing.steps.length;
  return true;
}

function writeLoop(writing: Writing, node: Node): boolean {
  const start = writing.steps.length;
  const fork = pushFork(writing);
  if (!write(writing, node)) return false;
  goTo(pushFork(writing), start);
  fork.second = writing.steps.length;
  return true;
}

type Fork = Extract<Step, { kind: 'fork' }>;

/** A fork that goes on at the next step; where else is filled in later. */
function pushFork({ steps }: Writing): Fork {
  const fork: Fork = { kind: 'fork', first: steps.length + 1, second: steps.length + 1 };
  steps.push(fork);
  return fork;
}

function goTo(fork: Fork, step: number): void {
  fork.first = step;
  fork.second = step;
}

/** Whether the pattern is found anywhere in the text. Work: the text's length times the steps, at most. */
export function isMatch({ steps }: Pattern, text: string): boolean {
  const points = Array.from(text, codeOf);
  let reached = new Set<number>();
  for (let at = 0; at <= points.length; at++) {
    // A match may begin at every place.
    if (follow(steps, reached, 0, { at, length: points.length })) return true;
    const point = points[at];
    if (point === undefined) return false;
    const next = new Set<number>();
    for (const index of reached) {
      const step = steps[index];
      if (step?.kind !== 'one' || !takes(step, point)) continue;
      if (follow(steps, next, index + 1, { at: at + 1, length: points.length })) return true;
    }
    reached = next;
  }
  return false;
}

/** Adds every step that is reached from one without taking a code point; true where that is the end of the pattern. */
function follow(
  steps: readonly Step[],
  reached: Set<number>,
  from: number,
  { at, length }: { readonly at: number; readonly length: number },
): boolean {
  const open = [from];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    const step = steps[index];
    if (step === undefined || reached.has(index)) continue;
    reached.add(index);
    if (step.kind === 'done') return true;
    if (step.kind === 'fork') open.push(step.first, step.second);
    else if ((step.kind === 'start' && at === 0) || (step.kind === 'end' && at === length)) open.push(index + 1);
  }
  return false;
}

function takes({ ranges, isNegated }: Extract<Step, { kind: 'one' }>, point: number): boolean {
  return ranges.some(([first, last]) => first <= point && point <= last) !== isNegated;
}
