/**
 * One scope's fold: the settled prefix in position order, and the pending tail folded on top of it (DESIGN section 4). When positions arrive,
 * ops that nothing in between touched are only marked; otherwise the tail is taken back and folded again. Both ways end in the state of a fold
 * from nothing. Every method here runs inside a transaction that the caller opens and closes.
 */
import { type OpRecord, orderTail } from '@tallystick/oplog';
import type { SqlDriver } from './driver.ts';
import { Fold, type HqReader, type Stop, type Verdict } from './fold.ts';
import { createTouchRecorder, type FoldedHead, Projection, type TouchRecorder, type Undo } from './projection.ts';
import { PENDING_PLACE, type Schema } from './schema.ts';
import { type Touch, TouchIndex } from './touch.ts';
import type { Verb } from './verb.ts';

/** A pending op as it is folded. What it touched and how to take it back stay text until somebody asks. */
class TailEntry {
  readonly record: OpRecord;
  readonly ordinal: number;
  readonly touchText: string;
  readonly undoText: string;

  constructor(record: OpRecord, ordinal: number, touchText: string, undoText: string) {
    this.record = record;
    this.ordinal = ordinal;
    this.touchText = touchText;
    this.undoText = undoText;
  }

  get touch(): Touch {
    return JSON.parse(this.touchText) as Touch;
  }

  get undo(): readonly Undo[] {
    return JSON.parse(this.undoText) as Undo[];
  }
}

/** What one merge did to a scope. */
export interface MergeReport {
  /** Ops that had to be taken back and folded again. */
  readonly refolded: number;
}

/** Thrown inside the attempt to merge without refolding; never leaves this file. */
class Conflict extends Error {}

export class Scope {
  readonly name: string;
  readonly projection: Projection;
  readonly #fold: Fold;
  readonly #driver: SqlDriver;
  #folded = 0;
  /** The greatest id among the settled ops, and among those of the tail. */
  #settledId = '';
  #tailId = '';
  #tail: TailEntry[] = [];
  #stop: Stop | undefined;

  constructor(name: string, schema: Schema, verbs: ReadonlyMap<string, Verb>, hq: HqReader | undefined) {
    this.name = name;
    this.#driver = schema.driver;
    this.projection = new Projection(schema, name);
    this.#fold = new Fold(this.projection, schema, verbs, hq);
  }

  /** How many settled ops are folded. Less than the log's size only while stopped or before `catchUp`. */
  get folded(): number {
    return this.#folded;
  }

  /** The greatest id among all ops folded here, or ''. */
  get lastId(): string {
    return this.#settledId > this.#tailId ? this.#settledId : this.#tailId;
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

  /** The op by which a device counts as enrolled here, if it does. */
  enrolmentOf(device: string): string | undefined {
    return this.#fold.enrolmentOf(device);
  }

  /** Of a device that `hq` enrolled: the id of its key there as of the mark. */
  keyInHq(device: string): string | undefined {
    return this.#fold.keyInHq(device);
  }

  /** The last op of a device's chain as it is folded here, and the key in force after it. */
  chainHead(device: string): FoldedHead | undefined {
    return this.projection.chainHead(device);
  }

  /** Whether an op that is folded here has no effect at its place. */
  isRefused(hash: string): boolean {
    return this.#fold.isRefused(hash);
  }

  /** Reads what the database says of this scope; `pending` are the log's records without a position. */
  load(pending: readonly OpRecord[]): void {
    this.projection.discard();
    this.#stop = undefined;
    const row = this.#driver.prepare('SELECT folded, lastId FROM scopes WHERE scope = ?').get([this.name]);
    this.#folded = (row?.[0] as number | undefined) ?? 0;
    this.#settledId = (row?.[1] as string | undefined) ?? '';
    this.#tailId = '';
    const byHash = new Map(pending.map((record) => [record.hash as string, record]));
    this.#tail = [];
    for (const [ordinal, hash, touch, undo] of this.#driver
      .prepare('SELECT ordinal, hash, touch, undo FROM tail WHERE scope = ? ORDER BY ordinal')
      .iterate([this.name])) {
      const record = byHash.get(hash as string);
      if (record === undefined) continue;
      this.#push(new TailEntry(record, ordinal as number, touch as string, undo as string));
    }
  }

  /** Back to the settled prefix without a stop, because what was missing may have come; `catchUp` then goes on in order. */
  rewind(): void {
    this.#takeTailBack();
    this.#stop = undefined;
  }

  /** Folds settled ops that follow the folded prefix. Records of the tail among them become settled. */
  settle(records: readonly OpRecord[]): MergeReport {
    if (this.#tail.length === 0) {
      this.#foldSettled(records);
      return { refolded: 0 };
    }
    return this.#attempt(() => this.#settleAround(records)) ? { refolded: 0 } : this.#refold(records, []);
  }

  /** Folds pending ops of others (or, after a crash, our own) into the tail. */
  merge(records: readonly OpRecord[]): MergeReport {
    const known = new Set(this.#tail.map((entry) => entry.record.hash));
    const fresh = orderTail(records.filter((record) => !known.has(record.hash)));
    if (fresh.length === 0 || this.#stop !== undefined) return { refolded: 0 };
    return this.#attempt(() => this.#mergeOnTop(fresh)) ? { refolded: 0 } : this.#refold([], fresh);
  }

  /**
   * Folds one new op of this device on top of everything. A refused one leaves no trace: the caller must not store it.
   * An op whose id comes before that of a pending one (another device's clock is far ahead) is merged at its place instead.
   */
  append(record: OpRecord): Verdict {
    const { lastId } = this;
    const tailId = this.#tailId;
    const { verdict, entry } = this.#foldPending(record);
    // Stopped: the op is not stored, so nothing stands in the way of the next one.
    if (entry === undefined) this.#stop = undefined;
    if (entry === undefined || (verdict.kind === 'applied' && record.op.id > lastId)) return verdict;
    this.#drop(entry);
    this.#tailId = tailId;
    if (verdict.kind === 'applied') this.merge([record]);
    return verdict;
  }

  /** Writes everything held in memory; the last call of every transaction. */
  flush(): void {
    this.projection.flush();
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

  /** Runs a fast path under a savepoint; false when it met a conflict, with everything as before. */
  #attempt(work: () => void): boolean {
    this.projection.flush();
    const before = { folded: this.#folded, settledId: this.#settledId, tail: [...this.#tail], tailId: this.#tailId };
    this.#driver.prepare('SAVEPOINT attempt').run([]);
    try {
      work();
      this.projection.flush();
      this.#driver.prepare('RELEASE attempt').run([]);
      return true;
    } catch (error) {
      this.#driver.prepare('ROLLBACK TO attempt').run([]);
      this.#driver.prepare('RELEASE attempt').run([]);
      this.projection.discard();
      this.#folded = before.folded;
      this.#settledId = before.settledId;
      this.#tail = before.tail;
      this.#tailId = before.tailId;
      this.#stop = undefined;
      if (error instanceof Conflict) return false;
      throw error;
    }
  }

  #settleAround(records: readonly OpRecord[]): void {
    const index = indexOf(this.#tail);
    const pending = new Set(this.#tail.map((entry) => entry.record.hash));
    for (const record of records) {
      const at = pending.has(record.hash) ? this.#tail.findIndex((entry) => entry.record.hash === record.hash) : -1;
      if (at >= 0) this.#settleEntry(at);
      else this.#foldBelow(record, index);
      if (this.#stop !== undefined) throw new Conflict();
    }
    const remaining = this.tail;
    if (orderTail(remaining).some((record, at) => record !== remaining[at])) throw new Conflict();
  }

  /** A pending op got its position: whatever it passes on the way down must commute with it. */
  #settleEntry(at: number): void {
    const entry = this.#tail[at] as TailEntry;
    if (at > 0 && indexOf(this.#tail.slice(0, at)).conflicts(entry.touch)) throw new Conflict();
    this.projection.settleHistory(entry.undo, PENDING_PLACE + entry.ordinal, this.#folded);
    this.#driver.prepare('DELETE FROM tail WHERE scope = ? AND ordinal = ?').run([this.name, entry.ordinal]);
    this.#tail.splice(at, 1);
    this.#settled(entry.record);
  }

  /** A settled op that belongs below the tail is folded on top of it; right only if the two commute. */
  #foldBelow(record: OpRecord, tail: TouchIndex): void {
    const recorder = createTouchRecorder();
    const verdict = this.#fold.fold(record, this.#folded, undefined, recorder);
    if (verdict.kind === 'stopped') this.#stop = verdict.stop;
    else if (tail.conflicts(touchOf(recorder))) throw new Conflict();
    else this.#settled(record);
  }

  #mergeOnTop(fresh: readonly OpRecord[]): void {
    const before = this.#tail.map((entry) => entry.record);
    const order = orderTail([...before, ...fresh]);
    const comesAfter = before.every((record, at) => order[at] === record);
    const known = new Set(before.map((record) => record.hash));
    // New ops may also reorder old ones: an op of a clock far ahead, or one whose cause comes only now.
    if (order.filter((record) => known.has(record.hash)).some((record, at) => record !== before[at]))
      throw new Conflict();
    const index = comesAfter ? undefined : indexOf(this.#tail);
    for (const record of order.filter((entry) => !known.has(entry.hash))) {
      const { entry } = this.#foldPending(record);
      // What comes after a stop is not folded: an old op that does must be taken back.
      if (this.#stop !== undefined && !comesAfter) throw new Conflict();
      if (this.#stop !== undefined) return;
      if (entry !== undefined && index?.conflicts(entry.touch)) throw new Conflict();
    }
  }

  /** The general path: take the whole tail back, fold what is settled, fold the rest again in order. */
  #refold(settled: readonly OpRecord[], fresh: readonly OpRecord[]): MergeReport {
    const entries = this.#takeTailBack();
    this.#foldSettled(settled);
    const done = new Set(settled.map((record) => record.hash));
    const rest = orderTail([
      ...entries.map((entry) => entry.record).filter((record) => !done.has(record.hash)),
      ...fresh,
    ]);
    for (const record of rest) if (this.#stop === undefined) this.#foldPending(record);
    return { refolded: rest.length - fresh.length };
  }

  #takeTailBack(): readonly TailEntry[] {
    const entries = this.#tail;
    for (let at = entries.length - 1; at >= 0; at--) {
      const entry = entries[at] as TailEntry;
      this.projection.takeBack(entry.undo, PENDING_PLACE + entry.ordinal);
    }
    this.#driver.prepare('DELETE FROM tail WHERE scope = ?').run([this.name]);
    this.#tail = [];
    this.#tailId = '';
    return entries;
  }

  /** Takes the last entry of the tail back. */
  #drop(entry: TailEntry): void {
    this.projection.takeBack(entry.undo, PENDING_PLACE + entry.ordinal);
    this.#driver.prepare('DELETE FROM tail WHERE scope = ? AND ordinal = ?').run([this.name, entry.ordinal]);
    this.#tail.pop();
  }

  #push(entry: TailEntry): void {
    this.#tail.push(entry);
    if (entry.record.op.id > this.#tailId) this.#tailId = entry.record.op.id;
  }

  #foldPending(record: OpRecord): { readonly verdict: Verdict; readonly entry?: TailEntry } {
    const ordinal = (this.#tail.at(-1)?.ordinal ?? -1) + 1;
    const undo: Undo[] = [];
    const recorder = createTouchRecorder();
    const verdict = this.#fold.fold(record, PENDING_PLACE + ordinal, undo, recorder);
    if (verdict.kind === 'stopped') {
      this.#stop = verdict.stop;
      return { verdict };
    }
    const entry = new TailEntry(record, ordinal, JSON.stringify(touchOf(recorder)), JSON.stringify(undo));
    this.#push(entry);
    this.#driver
      .prepare('INSERT INTO tail (scope, ordinal, id, hash, touch, undo) VALUES (?, ?, ?, ?, ?, ?)')
      .run([this.name, ordinal, record.op.id, record.hash, entry.touchText, entry.undoText]);
    return { verdict, entry };
  }
}

function touchOf(recorder: TouchRecorder): Touch {
  return { reads: [...recorder.reads], writes: [...recorder.writes], adds: [...recorder.adds], all: recorder.all };
}

function indexOf(entries: readonly TailEntry[]): TouchIndex {
  const index = new TouchIndex();
  for (const entry of entries) index.add(entry.touch);
  return index;
}
