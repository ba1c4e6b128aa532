/**
 * The pending tail of a scope as it is folded (DESIGN section 4): its ops in causal order, and beside each in the database what it touched and how to take it
 * back. Which of them belong here, and when they leave, is for scope.ts to say.
 */
import {
  forgetArgs,
  type LogStore,
  type OpHash,
  type OpRecord,
  orderTail,
  parseOpHash,
  type StoredRecord,
} from '@tallystick/oplog';
import { actsHere, actsIfHere } from './acts.ts';
import { Course, type Outline, TouchRecorder } from './outline.ts';
import type { Projection } from './projection.ts';
import type { Undo } from './undo.ts';
import { PENDING_PLACE, type Schema } from './schema.ts';
import { answerOf, type Steps } from './steps.ts';
import { decodeUndo, encodeTailRow } from './tail-row.ts';
import { TailRows } from './tail-rows.ts';
import type { TailConflicts } from './tail-conflicts.ts';
import type { Touch } from './touch.ts';

/**
 * A pending op as it is folded. What it touched and how to take it back stay in the database until somebody asks: together they are longer
 * than the op.
 */
export interface TailEntry {
  readonly record: OpRecord;
  readonly ordinal: number;
  readonly outline: Outline;
}

/** Ops of an app take a few; whoever makes up more shall fill no memory. */
const MOST_COURSES = 1000;

/** What a rollback leads back to. */
export interface TailState {
  readonly entries: readonly TailEntry[];
  readonly lastId: string;
  readonly nextOrdinal: number;
}

export class Tail {
  readonly rows: TailRows;
  readonly #projection: Projection;
  readonly #schema: Schema;
  /** In causal order, ties by id. */
  #entries: TailEntry[] = [];
  #lastId = '';
  readonly #outlines = new Map<Outline, Outline>();
  #start = new Course();
  /** Greater than those of the entries. */
  #nextOrdinal = 0;

  constructor(projection: Projection, schema: Schema) {
    this.#projection = projection;
    this.#schema = schema;
    this.rows = new TailRows(schema.driver, projection.scope);
  }

  get entries(): readonly TailEntry[] {
    return this.#entries;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** The greatest id, or ''. */
  get lastId(): string {
    return this.#lastId;
  }

  get nextOrdinal(): number {
    return this.#nextOrdinal;
  }

  get records(): readonly OpRecord[] {
    return this.#entries.map((entry) => entry.record);
  }

  /**
   * Reads which of these ops the database has folded. Answers whether rows are left of ops that are not pending any more, of all that the log `has`; what
   * it has never seen is no leftover: somebody edited the row, and a proof shall show it.
   */
  load(pending: readonly OpRecord[], has: (hash: OpHash) => boolean): { readonly hasLeftovers: boolean } {
    this.rows.discard();
    this.reset();
    let hasLeftovers = false;
    const byHash = new Map(pending.map((record) => [record.hash as string, record]));
    const entries = new Map<OpRecord, TailEntry>();
    for (const [ordinal, hash, outline] of this.rows.stored()) {
      const record = byHash.get(hash);
      if (record === undefined) {
        const known = parseOpHash(hash);
        hasLeftovers ||= known !== undefined && has(known);
        continue;
      }
      entries.set(record, { record, ordinal, outline: this.#shared(outline) });
    }
    for (const record of orderTail([...entries.keys()])) this.#push(entries.get(record) as TailEntry);
    return { hasLeftovers };
  }

  /** Whether the rows in the database are those of these ops, but for what waits to be written. */
  isAsWritten(): boolean {
    const hashes = new Map(this.#entries.map(({ ordinal, record }) => [ordinal, record.hash as string]));
    const stored = [...this.rows.stored()];
    return (
      stored.length === this.size - this.rows.held && stored.every(([ordinal, hash]) => hashes.get(ordinal) === hash)
    );
  }

  /** Notes what an op touches that may come to be added. */
  recorderFor({ op }: OpRecord): TouchRecorder {
    if (this.#start.size > MOST_COURSES) this.#start = new Course();
    return new TouchRecorder(op, this.#start);
  }

  /** Takes in an op that was folded at `nextOrdinal`. `isApplied`: it took effect. */
  add(
    record: OpRecord,
    recorder: TouchRecorder,
    undo: readonly Undo[],
    isApplied: boolean,
    mayWait: boolean,
  ): TailEntry {
    const row = encodeTailRow(record, recorder, undo, isApplied);
    const entry: TailEntry = { record, ordinal: this.#nextOrdinal, outline: row[0] };
    this.#push(entry);
    this.rows.add(entry.ordinal, record.hash, row, mayWait);
    return entry;
  }

  /** Takes the op that was folded last back, as if it had never come; `lastId` is what was the greatest before. */
  dropLast(entry: TailEntry, undo: readonly Undo[], lastId: string): void {
    this.#projection.takeBack(undo, PENDING_PLACE + entry.ordinal);
    this.rows.dropLast(entry.ordinal);
    this.#entries.pop();
    this.#nextOrdinal = entry.ordinal;
    this.#lastId = lastId;
  }

  /** Takes back the ops that were folded last, as long as they are some of these and last in order, too. */
  dropLastOf(records: ReadonlySet<OpRecord>): void {
    for (let entry = this.#entries.at(-1); entry !== undefined; entry = this.#entries.at(-1)) {
      if (!records.has(entry.record) || entry.ordinal !== this.#nextOrdinal - 1) break;
      this.dropLast(entry, this.#undoOf(entry), '');
    }
    this.#lastId = greatestId(this.#entries);
  }

  /** Takes everything back, last folded first. Answers what it was. */
  takeBack(): readonly TailEntry[] {
    const entries = this.#entries;
    for (let at = entries.length - 1; at >= 0; at--) {
      const entry = entries[at] as TailEntry;
      this.#projection.takeBack(this.#undoOf(entry), PENDING_PLACE + entry.ordinal);
    }
    this.rows.clear();
    this.reset();
    return entries;
  }

  /** Takes back whatever has a row, whether or not its record is pending still: `log` has it. */
  *takeRowsBack(log: LogStore): Steps<void> {
    const rows = [...this.rows.all()];
    const stored: (StoredRecord | undefined)[] = [];
    for (const [, hash] of rows) stored.push(yield* answerOf(log.get(hash)));
    for (const [at, [ordinal, , ...row]] of rows.entries()) {
      const { record } = stored[at] ?? {};
      if (record !== undefined)
        this.#projection.takeBack(decodeUndo(record, row, this.#schema), PENDING_PLACE + ordinal);
    }
    this.rows.clear();
    this.reset();
  }

  /** The rows of an op that got its `position` are those of a settled op from now on. `replace` then leaves it out. */
  settle({ record, ordinal }: TailEntry, position: number): void {
    this.#projection.settle(
      decodeUndo(record, this.rows.take(ordinal), this.#schema),
      PENDING_PLACE + ordinal,
      position,
    );
  }

  /** The same ops in another order, with others, or without some. */
  replace(entries: TailEntry[]): void {
    this.#entries = entries;
  }

  /** What does not commute with the entries as they stand now, by their places; undefined where its code is not here. */
  conflicts(): TailConflicts | undefined {
    const acts = actsIfHere();
    return acts && new acts.TailConflicts([...this.#entries], (entry) => this.touchOf(entry));
  }

  touchOf({ record, ordinal }: TailEntry): Touch {
    return actsHere().decodeTouch(record, this.rows.get(ordinal), this.#schema);
  }

  touchOfNew(record: OpRecord, recorder: TouchRecorder): Touch {
    return actsHere().touchOf(record, recorder, this.#schema);
  }

  #undoOf({ record, ordinal }: TailEntry): Undo[] {
    return decodeUndo(record, this.rows.get(ordinal), this.#schema);
  }

  state(): TailState {
    return { entries: [...this.#entries], lastId: this.#lastId, nextOrdinal: this.#nextOrdinal };
  }

  restore({ entries, lastId, nextOrdinal }: TailState): void {
    this.rows.forgetHeld();
    this.#entries = [...entries];
    this.#lastId = lastId;
    this.#nextOrdinal = nextOrdinal;
  }

  /** Forgets what is in memory. */
  reset(): void {
    this.#entries = [];
    this.#outlines.clear();
    this.#start = new Course();
    this.#nextOrdinal = 0;
    this.#lastId = '';
  }

  /** Thousands of ops have a few outlines. */
  #shared(outline: Outline): Outline {
    const known = this.#outlines.get(outline) ?? outline;
    this.#outlines.set(outline, known);
    return known;
  }

  #push(entry: TailEntry): void {
    this.#entries.push(entry);
    // Its args were asked for to fold it; a tail may be long, and stays.
    forgetArgs(entry.record);
    this.#nextOrdinal = Math.max(this.#nextOrdinal, entry.ordinal + 1);
    if (entry.record.op.id > this.#lastId) this.#lastId = entry.record.op.id;
  }
}

function greatestId(entries: readonly TailEntry[]): string {
  let greatest = '';
  for (const { record } of entries) if (record.op.id > greatest) greatest = record.op.id;
  return greatest;
}

/** Whether this part of a tail, which stands in causal order, is in the order of a tail of its own. */
export function isInOrder(tail: readonly OpRecord[]): boolean {
  // What comes after its causes and rises in its ids is so; it nearly always does.
  let isRising = true;
  for (let at = 1; at < tail.length && isRising; at++)
    isRising = (tail[at - 1] as OpRecord).op.id < (tail[at] as OpRecord).op.id;
  return isRising || orderTail(tail).every((record, at) => record === tail[at]);
}

/** The order of old and new ops together, and whether all new ones come last; undefined where the old ones, which stand in order, change places. */
export function orderAmong(
  old: readonly TailEntry[],
  fresh: readonly OpRecord[],
): { readonly records: readonly OpRecord[]; readonly comesAfter: boolean } | undefined {
  const records = orderTail([...old.map(({ record }) => record), ...fresh]);
  let met = 0;
  let comesAfter = true;
  for (const [at, record] of records.entries())
    if (record === old[met]?.record) {
      comesAfter &&= met === at;
      met += 1;
    }
  return met === old.length ? { records, comesAfter } : undefined;
}
