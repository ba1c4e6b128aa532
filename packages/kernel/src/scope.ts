/**
 * One scope's fold: the settled prefix in position order, and the pending tail folded on top of it (DESIGN section 4). When positions arrive,
 * ops that nothing in between touched are only marked; otherwise the tail is taken back and folded again. Both ways end in the state of a fold
 * from nothing. Every method here runs inside a transaction that the caller opens and closes.
 */
import type { LogStore, OpHash, OpRecord } from '@tallystick/oplog';
import { attempt, Conflict, MANY } from './attempt.ts';
import type { SqlDriver } from './driver.ts';
import { KernelError } from './errors.ts';
import { Fold } from './fold.ts';
import type { HqReader } from './hq-prefix.ts';
import type { FoldedHead } from './chain-heads.ts';
import { Projection } from './projection.ts';
import type { Undo } from './undo.ts';
import { PENDING_PLACE, type Schema } from './schema.ts';
import { SettledPrefix } from './settled-prefix.ts';
import { Standing } from './standing.ts';
import type { Steps } from './steps.ts';
import { isInOrder, orderAmong, Tail, type TailEntry } from './tail.ts';
import type { TailConflicts } from './tail-conflicts.ts';
import type { Touch } from './touch.ts';
import type { Verb } from './verb.ts';
import { atTheEdge, type Stop, type Verdict } from './verdict.ts';
import { buildsOn, partWaiting } from './waiting.ts';

/** What folding one pending op came to; nothing but the verdict when the fold stopped there. */
interface FoldedPending {
  readonly verdict: Verdict;
  readonly folded?: { readonly entry: TailEntry; readonly touch: () => Touch; readonly undo: readonly Undo[] };
}

/** What one merge did to a scope. */
export interface MergeReport {
  /** Ops that had to be taken back and folded again. */
  readonly refolded: number;
}

export class Scope {
  readonly name: string;
  readonly projection: Projection;
  readonly standing: Standing;
  readonly #fold: Fold;
  readonly #hq: HqReader | undefined;
  readonly #driver: SqlDriver;
  readonly #prefix: SettledPrefix;
  /** Pending ops that are not folded: see `waiting.ts`. */
  #waiting: readonly OpRecord[] = [];
  readonly #tail: Tail;
  #stop: Stop | undefined;
  #hasLeftovers = false;
  /** Rows stand here that this program cannot go on from, so it leaves them as they are. */
  #isBarred = false;
  #holdsPending = false;
  /** What was appended in the transaction under way: nobody may read it yet. */
  readonly #fresh: OpRecord[] = [];

  constructor(name: string, schema: Schema, verbs: ReadonlyMap<string, Verb>, hq: HqReader | undefined) {
    this.name = name;
    this.#driver = schema.driver;
    this.#prefix = new SettledPrefix(schema.driver, name);
    this.projection = new Projection(schema, name);
    this.#tail = new Tail(this.projection, schema);
    this.#hq = hq;
    this.standing = new Standing(this.projection, schema, hq);
    this.#fold = new Fold(this.projection, schema, verbs, this.standing);
  }

  /** How many settled ops are folded. Less than the log's size only while stopped or before `catchUp`. */
  get folded(): number {
    return this.#prefix.folded;
  }

  /** The greatest id among all ops folded here, or ''. */
  get lastId(): string {
    const { lastId } = this.#prefix;
    return lastId > this.tailId ? lastId : this.tailId;
  }

  /** The greatest id among the pending ops, or ''. */
  get tailId(): string {
    return this.#tail.lastId;
  }

  get stop(): Stop | undefined {
    return this.#stop;
  }

  /** Pending ops in the order they are folded here. */
  get tail(): readonly OpRecord[] {
    return this.#tail.records;
  }

  get tailSize(): number {
    return this.#tail.size;
  }

  /** Pending ops that are not folded before more of `hq` has come. */
  get waiting(): readonly OpRecord[] {
    return this.#waiting;
  }

  /** All of them. */
  get pending(): readonly OpRecord[] {
    return [...this.tail, ...this.#waiting];
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
    this.keep();
    this.#stop = this.standing.lacking;
    this.#isBarred = this.#stop !== undefined;
    this.#prefix.load();
    this.#hasLeftovers = this.#tail.load(pending, has).hasLeftovers;
    const folded = new Set(this.tail.map(({ hash }) => hash));
    const { ready, waiting } = partWaiting(
      pending.filter(({ hash }) => !folded.has(hash)),
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

  /** Takes everything pending back, last folded first, whether or not its record is pending still: `log` has it. */
  *takeLeftoversBack(log: LogStore): Steps<void> {
    yield* this.#tail.takeRowsBack(log);
    this.#hasLeftovers = false;
  }

  /** Back to the settled prefix without a stop, because what was missing may have come; `catchUp` then goes on in order. */
  rewind(): void {
    this.#holdsPending = false;
    if (this.#isBarred) return;
    this.#tail.takeBack();
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
    if (this.#tail.size > 0) {
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
    const known = new Set(this.pending.map((record) => record.hash));
    const news = records.filter((record) => !known.has(record.hash));
    const { ready: fresh, waiting } = partWaiting([...this.#waiting, ...news], this.#hq);
    this.#waiting = waiting;
    // An op of the tail may turn out to build on one that waits.
    if (waiting.length > 0) {
      const hashes = new Set(waiting.map((record) => record.hash));
      if (this.tail.some((record) => buildsOn(record, hashes))) return this.#refold([], fresh);
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
    const { tailId } = this;
    const { verdict: standing, folded } = this.#foldPending(record);
    const verdict = atTheEdge(standing);
    // Stopped: the op is not stored, so nothing stands in the way of the next one.
    if (folded === undefined) this.#stop = undefined;
    if (verdict.kind === 'applied') this.#fresh.push(record);
    if (folded === undefined || (verdict.kind === 'applied' && record.op.id > tailId)) return verdict;
    this.#tail.dropLast(folded.entry, folded.undo, tailId);
    if (verdict.kind === 'applied') this.merge([record]);
    return verdict;
  }

  /** What was appended is durable. */
  keep(): void {
    this.#fresh.length = 0;
  }

  /** Reads what the database says after a rollback; `pending` is what was so before. */
  restore(pending: readonly OpRecord[] = this.pending): void {
    const fresh = new Set(this.#fresh);
    this.load(
      pending.filter((record) => !fresh.has(record)),
      () => false,
    );
  }

  /** Takes back what was appended and is not durable yet. Call `putBack` before anything else. */
  withdraw(): void {
    if (this.#fresh.length === 0) return;
    const fresh = new Set(this.#fresh);
    this.#tail.dropLastOf(fresh);
    if (!this.tail.some((record) => fresh.has(record))) return;
    const entries = this.#tail.takeBack();
    for (const { record } of entries) if (!fresh.has(record)) this.#foldPending(record);
  }

  /** Folds again what was withdrawn. */
  putBack(): void {
    for (const record of this.#fresh.splice(0))
      if (this.append(record).kind !== 'applied')
        throw new KernelError('kernel/storage', `op ${record.hash} was taken back for a read, and does not fold again`);
  }

  /** From now on, what ops of this device come to may wait in memory beyond the end of the transaction; see `mustWrite`. */
  hold(): void {
    this.projection.hold();
  }

  /** Whether what waits has to be written before the transaction ends. */
  get mustWrite(): boolean {
    return this.projection.hasWritten || this.#tail.rows.hasWritten || this.#prefix.hasGrown;
  }

  /** How many ops wait for their rows to be written. */
  get held(): number {
    return this.#tail.rows.held;
  }

  /** Whether nobody else has changed rows of this scope since they were read or written here: whoever folds, changes these. */
  isAsWritten(): boolean {
    return this.#prefix.isAsWritten() && this.#tail.isAsWritten();
  }

  /** Writes everything held in memory. */
  flush(): void {
    this.projection.release();
    this.projection.flush();
    this.#tail.rows.flush();
    this.projection.markWhole();
    this.#tail.rows.markWhole();
    // Whatever was refused in it: a scope in which nothing stands is none of the book.
    if (this.lastId !== '') this.#prefix.write();
  }

  // Inside.

  #foldSettled(records: readonly OpRecord[]): void {
    for (const record of records) {
      if (this.#stop !== undefined) return;
      const verdict = this.#fold.fold(record, this.folded);
      if (verdict.kind === 'stopped') this.#stop = verdict.stop;
      else this.#prefix.add(record);
    }
  }

  #attempt(ops: number, work: () => void): boolean {
    const [driver, projection, prefix, tail] = [this.#driver, this.projection, this.#prefix, this.#tail];
    return attempt({ driver, projection, prefix, tail, forgetStop: () => (this.#stop = undefined) }, ops, work);
  }

  #settleAround(records: readonly OpRecord[]): void {
    const tail = this.#tail.entries;
    const placeByHash = new Map(tail.map((entry, place) => [entry.record.hash, place]));
    const settled = new Set<number>();
    let conflicts: TailConflicts | undefined;
    let first = 0;
    for (const record of records) {
      const place = placeByHash.get(record.hash);
      if (place !== first) conflicts ??= this.#conflicts(settled);
      if (place === undefined) this.#foldBelow(record, conflicts as TailConflicts, first);
      else {
        const entry = tail[place] as TailEntry;
        // A pending op got its position: whatever it passes on the way down must commute with it.
        const touch = (): Touch => this.#tail.touchOf(entry);
        if (place > first && conflicts?.meets(record, entry.outline, touch, first, place) === true)
          throw new Conflict();
        this.#tail.settle(entry, this.folded);
        this.#prefix.add(record);
        settled.add(place);
        conflicts?.remove(place);
        while (settled.has(first)) first += 1;
      }
      if (this.#stop !== undefined) throw new Conflict();
    }
    this.#tail.replace(tail.filter((_, place) => !settled.has(place)));
    if (!isInOrder(this.tail)) throw new Conflict();
  }

  /** Without its code nothing is known to commute. */
  #conflicts(settled: Iterable<number> = []): TailConflicts {
    const conflicts = this.#tail.conflicts();
    if (conflicts === undefined) throw new Conflict();
    for (const place of settled) conflicts.remove(place);
    return conflicts;
  }

  /** A settled op that belongs below the tail is folded on top of it; right only if the two commute. */
  #foldBelow(record: OpRecord, tail: TailConflicts, first: number): void {
    const recorder = this.#tail.recorderFor(record);
    const verdict = this.#fold.fold(record, this.folded, undefined, recorder);
    if (verdict.kind === 'stopped') this.#stop = verdict.stop;
    else if (tail.meets(record, recorder.outline, () => this.#tail.touchOfNew(record, recorder), first))
      throw new Conflict();
    else this.#prefix.add(record);
  }

  /** New ops are folded on top of everything; right only if each commutes with the old ones that it belongs before. */
  #mergeOnTop(fresh: readonly OpRecord[]): void {
    const old = this.#tail.entries;
    const order = orderAmong(old, fresh);
    // New ops may also reorder old ones: an op of a clock far ahead, or one whose cause comes only now.
    if (order === undefined) throw new Conflict();
    const { records, comesAfter } = order;
    const conflicts = comesAfter ? undefined : this.#conflicts();
    const tail: TailEntry[] = [];
    let passed = 0;
    for (const record of records) {
      if (old[passed]?.record === record) {
        tail.push(old[passed++] as TailEntry);
        continue;
      }
      const { folded } = this.#foldPending(record);
      // What comes after a stop is not folded: an old op that does must be taken back.
      if (this.#stop !== undefined && !comesAfter) throw new Conflict();
      if (folded === undefined) return;
      const { entry, touch } = folded;
      if (conflicts?.meets(record, entry.outline, touch, passed) === true) throw new Conflict();
      tail.push(entry);
    }
    this.#tail.replace(tail);
  }

  /** The general path: take the whole tail back, fold what is settled, fold the rest again in order. */
  #refold(settled: readonly OpRecord[], fresh: readonly OpRecord[]): MergeReport {
    const entries = this.#tail.takeBack();
    this.#foldSettled(settled);
    const done = new Set(settled.map((record) => record.hash));
    const old = entries.map((entry) => entry.record).filter((record) => !done.has(record.hash));
    const waiting = this.#waiting.filter((record) => !done.has(record.hash));
    const parted = partWaiting([...old, ...fresh, ...waiting], this.#hq);
    this.#waiting = parted.waiting;
    for (const record of parted.ready) if (this.#stop === undefined) this.#foldPending(record);
    return { refolded: old.length };
  }

  #foldPending(record: OpRecord): FoldedPending {
    const undo: Undo[] = [];
    const recorder = this.#tail.recorderFor(record);
    const verdict = this.#fold.fold(record, PENDING_PLACE + this.#tail.nextOrdinal, undo, recorder);
    if (verdict.kind === 'stopped') {
      this.#stop = verdict.stop;
      return { verdict };
    }
    const isApplied = verdict.kind === 'applied';
    const entry = this.#tail.add(record, recorder, undo, isApplied, this.projection.isHolding);
    return { verdict, folded: { entry, touch: () => this.#tail.touchOfNew(record, recorder), undo } };
  }
}
