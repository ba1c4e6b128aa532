/**
 * One scope's fold: the settled prefix in position order, and the pending tail folded on top of it (DESIGN section 4). When positions arrive,
 * ops that nothing in between touched are only marked; otherwise the tail is taken back and folded again. Both ways end in the state of a fold
 * from nothing. Every method here runs inside a transaction that the caller opens and closes.
 */
import { type MaybePromise, type OpHash, type OpRecord, orderTail, parseOpHash } from '@tallystick/oplog';
import type { SqlDriver } from './driver.ts';
import { Fold } from './fold.ts';
import type { HqReader } from './hq-prefix.ts';
import type { FoldedHead } from './chain-heads.ts';
import { createTouchRecorder, Projection, type Undo } from './projection.ts';
import { PENDING_PLACE, type Schema } from './schema.ts';
import { decodeTouch, decodeUndo, encodeTailRow, withChain } from './tail-row.ts';
import { Standing } from './standing.ts';
import { TailRows } from './tail-rows.ts';
import { type Touch, TouchIndex } from './touch.ts';
import { refuse, type Verb } from './verb.ts';
import type { Stop, Verdict } from './verdict.ts';
import { buildsOn, partWaiting } from './waiting.ts';

/**
 * A pending op as it is folded. What it touched and how to take it back stay in the database until somebody asks: together they are longer
 * than the op.
 */
interface TailEntry {
  readonly record: OpRecord;
  readonly ordinal: number;
}

/** What folding one pending op came to; nothing but the verdict when the fold stopped there. */
interface FoldedPending {
  readonly verdict: Verdict;
  readonly folded?: { readonly entry: TailEntry; readonly touch: Touch; readonly undo: readonly Undo[] };
}

/** What one merge did to a scope. */
export interface MergeReport {
  /** Ops that had to be taken back and folded again. */
  readonly refolded: number;
}

/** From so many ops on it pays to insert the rows of sets together. */
const MANY = 8;

/** Thrown inside the attempt to merge without refolding; never leaves this file. */
class Conflict extends Error {}

export class Scope {
  readonly name: string;
  readonly projection: Projection;
  readonly standing: Standing;
  readonly #fold: Fold;
  readonly #hq: HqReader | undefined;
  readonly #schema: Schema;
  readonly #driver: SqlDriver;
  #folded = 0;
  /** The greatest id among the settled ops, and among those of the tail. */
  #settledId = '';
  #tailId = '';
  /** In causal order, ties by id. */
  #tail: TailEntry[] = [];
  /** Pending ops that are not folded: see `waiting.ts`. */
  #waiting: readonly OpRecord[] = [];
  /** Greater than those of the tail. */
  #nextOrdinal = 0;
  readonly #tailRows: TailRows;
  #stop: Stop | undefined;
  #hasLeftovers = false;
  /** Rows stand here that this program cannot go on from, so it leaves them as they are. */
  #isBarred = false;
  #holdsPending = false;
  /** What the database says in `scopes`; undefined before it says anything. */
  #saved: { readonly folded: number; readonly settledId: string } | undefined;

  constructor(name: string, schema: Schema, verbs: ReadonlyMap<string, Verb>, hq: HqReader | undefined) {
    this.name = name;
    this.#schema = schema;
    this.#driver = schema.driver;
    this.projection = new Projection(schema, name);
    this.#tailRows = new TailRows(schema.driver, name);
    this.#hq = hq;
    this.standing = new Standing(this.projection, schema, hq);
    this.#fold = new Fold(this.projection, schema, verbs, this.standing);
  }

  /** How many settled ops are folded. Less than the log's size only while stopped or before `catchUp`. */
  get folded(): number {
    return this.#folded;
  }

  /** The greatest id among all ops folded here, or ''. */
  get lastId(): string {
    return this.#settledId > this.#tailId ? this.#settledId : this.#tailId;
  }

  /** The greatest id among the pending ops, or ''. */
  get tailId(): string {
    return this.#tailId;
  }

  get stop(): Stop | undefined {
    return this.#stop;
  }

  /** Pending ops in the order they are folded here. */
  get tail(): readonly OpRecord[] {
    return this.#tail.map((entry) => entry.record);
  }

  get tailSize(): number {
    return this.#tail.length;
  }

  /** Pending ops that are not folded before more of `hq` has come. */
  get waiting(): readonly OpRecord[] {
    return this.#waiting;
  }

  /** The last op of a device's chain as it is folded here, and the key in force after it. */
  chainHead(device: string): FoldedHead | undefined {
    return this.projection.chainHead(device);
  }

  /** Whether an op that is folded here has no effect at its place. */
  isRefused(hash: string): boolean {
    return this.#fold.isRefused(hash);
  }

  /** Reads what the database says of this scope; `pending` are the log's records without a position, of all that it `has`. */
  load(pending: readonly OpRecord[], has: (hash: OpHash) => boolean): void {
    this.projection.discard();
    this.#tailRows.discard();
    this.#stop = this.standing.lacking;
    this.#isBarred = this.#stop !== undefined;
    this.#hasLeftovers = false;
    const row = this.#driver.prepare('SELECT folded, lastId FROM scopes WHERE scope = ?').get([this.name]);
    this.#folded = (row?.[0] as number | undefined) ?? 0;
    this.#settledId = (row?.[1] as string | undefined) ?? '';
    this.#saved = row === undefined ? undefined : { folded: this.#folded, settledId: this.#settledId };
    this.#tailId = '';
    const byHash = new Map(pending.map((record) => [record.hash as string, record]));
    const ordinalByHash = new Map<string, number>();
    const tail: OpRecord[] = [];
    for (const [ordinal, hash] of this.#tailRows.stored()) {
      const record = byHash.get(hash);
      if (record === undefined) {
        // What the log has never seen is no leftover: somebody edited the row, and a proof shall show it.
        const known = parseOpHash(hash);
        this.#hasLeftovers ||= known !== undefined && has(known);
        continue;
      }
      ordinalByHash.set(record.hash, ordinal);
      tail.push(record);
    }
    this.#tail = [];
    this.#nextOrdinal = 0;
    for (const record of orderTail(tail)) this.#push({ record, ordinal: ordinalByHash.get(record.hash) as number });
    const { ready, waiting } = partWaiting(
      pending.filter(({ hash }) => !ordinalByHash.has(hash)),
      this.#hq,
    );
    this.#waiting = waiting;
    this.#holdsPending = ready.length === 0 && !this.#hasLeftovers;
  }

  /** Everything that was pending when this scope was read is folded or waits here, and nothing has been taken back since. */
  get holdsPending(): boolean {
    return this.#holdsPending && partWaiting(this.#waiting, this.#hq).ready.length === 0;
  }

  /** Some rows are of pending ops that are not pending any more: the log went on while the rows did not. */
  get hasLeftovers(): boolean {
    return this.#hasLeftovers && !this.#isBarred;
  }

  /** Takes everything pending back, last folded first, whether or not its record is pending still; `recordOf` reads the log. */
  async takeLeftoversBack(recordOf: (hash: OpHash) => MaybePromise<OpRecord | undefined>): Promise<void> {
    for (const [ordinal, hash, undo] of this.#tailRows.all()) {
      const record = await recordOf(hash);
      if (record !== undefined) this.projection.takeBack(decodeUndo(record, undo), PENDING_PLACE + ordinal);
    }
    this.#tail = [];
    this.#takeTailBack();
    this.#hasLeftovers = false;
  }

  /** Back to the settled prefix without a stop, because what was missing may have come; `catchUp` then goes on in order. */
  rewind(): void {
    this.#holdsPending = false;
    if (this.#isBarred) return;
    this.#takeTailBack();
    this.#waiting = [];
    this.#stop = undefined;
  }

  /** Folds settled ops that follow the folded prefix. Records of the tail among them become settled. */
  settle(records: readonly OpRecord[]): MergeReport {
    const { refolded } = this.#settle(records);
    if (this.#waiting.length === 0) return { refolded };
    const settled = new Set(records.map((record) => record.hash));
    this.#waiting = this.#waiting.filter((record) => !settled.has(record.hash));
    return { refolded: refolded + this.merge([]).refolded };
  }

  #settle(records: readonly OpRecord[]): MergeReport {
    if (this.#tail.length > 0) {
      const isDone = this.#attempt(records.length, () => this.#settleAround(records));
      return isDone ? { refolded: 0 } : this.#refold(records, []);
    }
    // Without a tail nothing is in conflict.
    if (records.length < MANY) this.#foldSettled(records);
    else this.#attempt(records.length, () => this.#foldSettled(records));
    return { refolded: 0 };
  }

  /** Folds pending ops of others (or, after a crash, our own) into the tail, and those that need not wait any more. */
  merge(records: readonly OpRecord[]): MergeReport {
    if (this.#stop !== undefined) return { refolded: 0 };
    const known = new Set([...this.#tail.map((entry) => entry.record), ...this.#waiting].map((record) => record.hash));
    const news = records.filter((record) => !known.has(record.hash));
    const { ready: fresh, waiting } = partWaiting([...this.#waiting, ...news], this.#hq);
    this.#waiting = waiting;
    // An op of the tail may turn out to build on one that waits.
    if (waiting.length > 0) {
      const hashes = new Set(waiting.map((record) => record.hash));
      if (this.#tail.some((entry) => buildsOn(entry.record, hashes))) return this.#refold([], fresh);
    }
    if (fresh.length === 0) return { refolded: 0 };
    const isDone = this.#attempt(fresh.length, () => this.#mergeOnTop(fresh));
    return isDone ? { refolded: 0 } : this.#refold([], fresh);
  }

  /**
   * Folds one new op of this device on top of everything. A refused one leaves no trace: the caller must not store it. Nor does a contested one, which
   * can be left undone here.
   * An op whose id comes before that of a pending one (another device's clock is far ahead) is merged at its place instead.
   */
  append(record: OpRecord): Verdict {
    const tailId = this.#tailId;
    const { verdict: standing, folded } = this.#foldPending(record);
    const verdict = atTheEdge(standing);
    // Stopped: the op is not stored, so nothing stands in the way of the next one.
    if (folded === undefined) this.#stop = undefined;
    if (folded === undefined || (verdict.kind === 'applied' && record.op.id > tailId)) return verdict;
    this.#dropLast(folded.entry, folded.undo);
    this.#tailId = tailId;
    if (verdict.kind === 'applied') this.merge([record]);
    return verdict;
  }

  /** From now on, what ops of this device come to may wait in memory beyond the end of the transaction; see `mustWrite`. */
  hold(): void {
    this.projection.hold();
  }

  /** Whether what waits has to be written before the transaction ends. */
  get mustWrite(): boolean {
    const hasSettled = this.#folded !== (this.#saved?.folded ?? 0);
    return this.projection.hasWritten || this.#tailRows.hasWritten || hasSettled;
  }

  /** How many ops wait for their rows to be written. */
  get held(): number {
    return this.#tailRows.held;
  }

  /** Whether nobody else has changed rows of this scope since they were read or written here: whoever folds, changes these. */
  isAsWritten(): boolean {
    const [folded, settledId] =
      this.#driver.prepare('SELECT folded, lastId FROM scopes WHERE scope = ?').get([this.name]) ?? [];
    if (folded !== this.#saved?.folded || settledId !== this.#saved?.settledId) return false;
    const hashes = new Map(this.#tail.map(({ ordinal, record }) => [ordinal, record.hash as string]));
    const stored = [...this.#tailRows.stored()];
    return (
      stored.length === this.#tail.length - this.held && stored.every(([ordinal, hash]) => hashes.get(ordinal) === hash)
    );
  }

  /** Writes everything held in memory. */
  flush(): void {
    this.projection.release();
    this.projection.flush();
    this.#tailRows.flush();
    this.projection.markWhole();
    this.#tailRows.markWhole();
    if (this.#saved?.folded === this.#folded && this.#saved.settledId === this.#settledId) return;
    this.#saved = { folded: this.#folded, settledId: this.#settledId };
    this.#driver
      .prepare(
        'INSERT INTO scopes (scope, folded, lastId) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET folded = excluded.folded, lastId = excluded.lastId',
      )
      .run([this.name, this.#folded, this.#settledId]);
  }

  // Inside.

  #foldSettled(records: readonly OpRecord[]): void {
    for (const record of records) {
      if (this.#stop !== undefined) return;
      const verdict = this.#fold.fold(record, this.#folded);
      if (verdict.kind === 'stopped') this.#stop = verdict.stop;
      else this.#settled(record);
    }
  }

  #settled(record: OpRecord): void {
    this.#folded += 1;
    if (record.op.id > this.#settledId) this.#settledId = record.op.id;
  }

  /**
   * Runs a fast path under a savepoint; false when it met a conflict, with everything as before. Of many ops the set rows are first inserted
   * together, which tells too late which op found its row there; then the ops are folded once more with each row on its own.
   */
  #attempt(ops: number, work: () => void): boolean {
    if (ops >= MANY) {
      const answer = this.#underSavepoint(() => this.projection.withBufferedPuts(work));
      if (answer !== 'known row') return answer === 'done';
    }
    return (
      this.#underSavepoint(() => {
        work();
        this.projection.flush();
        return true;
      }) === 'done'
    );
  }

  #underSavepoint(work: () => boolean): 'done' | 'conflict' | 'known row' {
    this.projection.release();
    this.projection.flush();
    this.#tailRows.flush();
    const before = { folded: this.#folded, settledId: this.#settledId, tail: [...this.#tail], tailId: this.#tailId };
    const nextOrdinal = this.#nextOrdinal;
    this.#driver.prepare('SAVEPOINT attempt').run([]);
    let answer: 'done' | 'conflict' | 'known row';
    try {
      answer = work() ? 'done' : 'known row';
    } catch (error) {
      // Anything else ends the whole transaction, which SQLite may have done already.
      if (!(error instanceof Conflict)) throw error;
      answer = this.projection.metKnownRow ? 'known row' : 'conflict';
    }
    if (answer !== 'done') {
      this.#driver.prepare('ROLLBACK TO attempt').run([]);
      this.projection.discard();
      this.#folded = before.folded;
      this.#settledId = before.settledId;
      this.#tail = before.tail;
      this.#tailId = before.tailId;
      this.#nextOrdinal = nextOrdinal;
      this.#stop = undefined;
    }
    this.#driver.prepare('RELEASE attempt').run([]);
    return answer;
  }

  #settleAround(records: readonly OpRecord[]): void {
    const tail = this.#tail;
    const placeByHash = new Map(tail.map((entry, place) => [entry.record.hash, place]));
    const settled = new Set<number>();
    let index: TouchIndex | undefined;
    let first = 0;
    for (const record of records) {
      const place = placeByHash.get(record.hash);
      if (place !== first) index ??= this.#indexOf(tail, settled);
      if (place === undefined) this.#foldBelow(record, index as TouchIndex);
      else {
        const entry = tail[place] as TailEntry;
        // A pending op got its position: whatever it passes on the way down must commute with it.
        if (place > first && index?.conflicts(this.#touchOf(entry), first, place) === true) throw new Conflict();
        this.#settleEntry(entry);
        settled.add(place);
        index?.remove(place);
        while (settled.has(first)) first += 1;
      }
      if (this.#stop !== undefined) throw new Conflict();
    }
    this.#tail = tail.filter((_, place) => !settled.has(place));
    if (!isInOrder(this.tail)) throw new Conflict();
  }

  #settleEntry({ record, ordinal }: TailEntry): void {
    const undo = this.#tailRows.take(ordinal);
    // Quotes within texts are escaped, so this cannot be part of one.
    if (undo.includes('["write",'))
      this.projection.settleHistory(decodeUndo(record, undo), PENDING_PLACE + ordinal, this.#folded);
    this.projection.countStoredSteps(undo);
    this.#settled(record);
  }

  /** A settled op that belongs below the tail is folded on top of it; right only if the two commute. */
  #foldBelow(record: OpRecord, tail: TouchIndex): void {
    const recorder = createTouchRecorder();
    const verdict = this.#fold.fold(record, this.#folded, undefined, recorder);
    if (verdict.kind === 'stopped') this.#stop = verdict.stop;
    else if (tail.conflicts(withChain(record, recorder))) throw new Conflict();
    else this.#settled(record);
  }

  /** New ops are folded on top of everything; right only if each commutes with the old ones that it belongs before. */
  #mergeOnTop(fresh: readonly OpRecord[]): void {
    const old = this.#tail;
    const before = old.map((entry) => entry.record);
    const order = orderTail([...before, ...fresh]);
    const comesAfter = before.every((record, at) => order[at] === record);
    const known = new Set(before.map((record) => record.hash));
    // New ops may also reorder old ones: an op of a clock far ahead, or one whose cause comes only now.
    if (order.filter((record) => known.has(record.hash)).some((record, at) => record !== before[at]))
      throw new Conflict();
    const index = comesAfter ? undefined : this.#indexOf(old);
    const tail: TailEntry[] = [];
    let passed = 0;
    for (const record of order) {
      if (known.has(record.hash)) {
        tail.push(old[passed++] as TailEntry);
        continue;
      }
      const { folded } = this.#foldPending(record);
      // What comes after a stop is not folded: an old op that does must be taken back.
      if (this.#stop !== undefined && !comesAfter) throw new Conflict();
      if (folded === undefined) return;
      if (index?.conflicts(folded.touch, passed)) throw new Conflict();
      tail.push(folded.entry);
    }
    this.#tail = tail;
  }

  /** The general path: take the whole tail back, fold what is settled, fold the rest again in order. */
  #refold(settled: readonly OpRecord[], fresh: readonly OpRecord[]): MergeReport {
    const entries = this.#takeTailBack();
    this.#foldSettled(settled);
    const done = new Set(settled.map((record) => record.hash));
    const old = entries.map((entry) => entry.record).filter((record) => !done.has(record.hash));
    const waiting = this.#waiting.filter((record) => !done.has(record.hash));
    const parted = partWaiting([...old, ...fresh, ...waiting], this.#hq);
    this.#waiting = parted.waiting;
    for (const record of parted.ready) if (this.#stop === undefined) this.#foldPending(record);
    return { refolded: old.length };
  }

  #takeTailBack(): readonly TailEntry[] {
    const entries = this.#tail;
    for (let at = entries.length - 1; at >= 0; at--) {
      const entry = entries[at] as TailEntry;
      this.projection.takeBack(this.#undoOf(entry), PENDING_PLACE + entry.ordinal);
    }
    this.#tailRows.clear();
    this.#tail = [];
    this.#nextOrdinal = 0;
    this.#tailId = '';
    return entries;
  }

  /** Takes the op that was folded last back. */
  #dropLast(entry: TailEntry, undo: readonly Undo[]): void {
    this.projection.takeBack(undo, PENDING_PLACE + entry.ordinal);
    this.#tailRows.dropLast(entry.ordinal);
    this.#tail.pop();
    this.#nextOrdinal = entry.ordinal;
  }

  #push(entry: TailEntry): void {
    this.#tail.push(entry);
    this.#nextOrdinal = Math.max(this.#nextOrdinal, entry.ordinal + 1);
    if (entry.record.op.id > this.#tailId) this.#tailId = entry.record.op.id;
  }

  #foldPending(record: OpRecord): FoldedPending {
    const entry: TailEntry = { record, ordinal: this.#nextOrdinal };
    const undo: Undo[] = [];
    const recorder = createTouchRecorder();
    const verdict = this.#fold.fold(record, PENDING_PLACE + entry.ordinal, undo, recorder);
    if (verdict.kind === 'stopped') {
      this.#stop = verdict.stop;
      return { verdict };
    }
    const row = encodeTailRow(record, recorder, undo, verdict.kind === 'applied');
    this.#push(entry);
    this.#tailRows.add(entry.ordinal, record.hash, row, this.projection.isHolding);
    return { verdict, folded: { entry, touch: withChain(record, recorder), undo } };
  }

  /** By the places of these entries, but for those that are settled. */
  #indexOf(entries: readonly TailEntry[], settled?: ReadonlySet<number>): TouchIndex {
    const index = new TouchIndex();
    entries.forEach((entry, place) => {
      if (settled?.has(place) !== true) index.add(this.#touchOf(entry), place);
    });
    return index;
  }

  #touchOf({ record, ordinal }: TailEntry): Touch {
    return decodeTouch(record, this.#tailRows.get(ordinal), this.#schema);
  }

  #undoOf({ record, ordinal }: TailEntry): readonly Undo[] {
    return decodeUndo(record, this.#tailRows.get(ordinal).undo);
  }
}

/** Whether this part of a tail, which stands in causal order, is in the order of a tail of its own. */
function isInOrder(tail: readonly OpRecord[]): boolean {
  // What comes after its causes and rises in its ids is so; it nearly always does.
  let isRising = true;
  for (let at = 1; at < tail.length && isRising; at++)
    isRising = (tail[at - 1] as OpRecord).op.id < (tail[at] as OpRecord).op.id;
  return isRising || orderTail(tail).every((record, at) => record === tail[at]);
}

/** What a verdict says to the one who is about to do what the op says. */
function atTheEdge(verdict: Verdict): Verdict {
  if (verdict.kind !== 'applied' || verdict.correction === undefined || verdict.isContested !== true) return verdict;
  return { kind: 'refused', refusal: refuse(verdict.correction.code, verdict.correction.details) };
}
