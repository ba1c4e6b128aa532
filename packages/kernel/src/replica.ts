/**
 * A log and its projections, kept together: every change of both happens in one transaction, scopes are folded `hq` first, and what is on
 * disk is caught up before anybody reads. A replica has no keys and writes no ops; book.ts adds those.
 */
import {
  type BookId,
  type LogStore,
  type MaybePromise,
  type OpHash,
  type OpRecord,
  orderTail,
  type Scope as ScopeName,
  type Tip,
} from '@tallystick/oplog';
import { Admitter, type CryptoProvider } from './admitter.ts';
import { builtinVerbs } from './builtin.ts';
import { type BookDigest, digestBook } from './digest.ts';
import { type BookStore, rollBack, type SqlDriver, storageError } from './driver.ts';
import { KernelError } from './errors.ts';
import { HQ, recoverBookId } from './genesis.ts';
import { HqPrefix, rootOf } from './hq-prefix.ts';
import { type ImageMisfit, restoreImage } from './image.ts';
import { kernelTables } from './kernel-tables.ts';
import { Schema } from './schema.ts';
import { type MergeReport, Scope } from './scope.ts';
import type { SnapshotStart } from './snapshot-start.ts';
import type { AnyTable } from './table.ts';
import type { Verb } from './verb.ts';

const PAGE = 2000;
/** So many ops, of all scopes, may wait for their rows to be written: all are folded again after a crash. */
const MOST_HELD = 256;
const META_BOOK = 'book';

export class Replica {
  readonly log: LogStore;
  readonly schema: Schema;
  readonly verbs: ReadonlyMap<string, Verb>;
  readonly crypto: CryptoProvider;
  /** What was stored when all that is aside was judged last; undefined where nothing is, or nothing was judged since the opening. */
  asidesJudgedAt: string | undefined;
  /** What this replica began from, where it began from a snapshot. */
  readonly #start: SnapshotStart | undefined;
  readonly #scopes = new Map<string, Scope>();
  readonly #sql: SqlDriver;
  /** Those that hold what is not in the database yet: between transactions, what ops of this device came to. */
  readonly #dirty = new Set<Scope>();
  #isOpen = false;
  #holds = false;
  /** What was held could not be written, nor folded again. */
  #hasLost = false;
  /** A transaction failed: memory, and a log outside the database, may be ahead of the rows. */
  #isBehind = false;
  /** The last transaction could neither be committed nor taken back. */
  #isStuck = false;
  /** Why the log was folded and no image used. */
  #misfit: ImageMisfit | undefined = 'none';
  #loads = 0;
  #hqPrefix: HqPrefix | undefined;
  #admitter: Admitter | undefined;
  #book: BookId | undefined;
  #busy: Promise<unknown> = Promise.resolve();

  private constructor(
    store: BookStore,
    verbs: readonly Verb[],
    crypto: CryptoProvider,
    start: SnapshotStart | undefined,
    canFoldAgain: boolean,
  ) {
    this.#start = start;
    this.log = store.log;
    this.#sql = store.sql;
    this.crypto = crypto;
    this.verbs = verbsByRef([...builtinVerbs, ...verbs]);
    const tables = new Set<AnyTable>([...kernelTables, ...verbs.flatMap((verb) => verb.tables)]);
    this.schema = new Schema(this.#sql, [...tables], canFoldAgain);
  }

  /** Opens and catches up: when it resolves, everything stored is folded or the stop is in `Scope.stop`. */
  static async open(
    store: BookStore,
    verbs: readonly Verb[],
    crypto: CryptoProvider,
    start?: SnapshotStart,
  ): Promise<Replica> {
    const { log } = store;
    const isWhole = log.scopes().every((scope) => log.base(scope).size === 0);
    const canFoldAgain = isWhole || (await start?.reachesPastBases(log, crypto)) === true;
    const replica = new Replica(store, verbs, crypto, start, canFoldAgain);
    const book = replica.book ?? (await recoverBookId(replica.log)) ?? start?.book;
    if (book !== undefined) await replica.bind(book);
    if (store.image !== undefined) replica.#misfit = await restoreImage(replica, store.image);
    await replica.#reload();
    if ((await start?.begin(replica)) === true) await replica.#reload();
    replica.#mustHaveRows();
    await replica.transaction(() => replica.catchUp());
    return replica;
  }

  /** Rows before the first stored op cannot be folded from this log. */
  #mustHaveRows(): void {
    for (const { name, folded } of this.scopes()) {
      const { size } = this.log.base(name as ScopeName);
      if (folded < size)
        throw new KernelError(
          'kernel/needs-snapshot',
          `the log of ${name} begins at position ${size}: open it with the snapshot of that place`,
        );
    }
  }

  /** Goes up whenever what is in memory was read anew, because a transaction failed or another program wrote. */
  get loads(): number {
    return this.#loads;
  }

  get misfit(): ImageMisfit | undefined {
    return this.#misfit;
  }

  /** A replica never changes its book, so it is asked for until it has one and then known. */
  get book(): BookId | undefined {
    this.#book ??= this.log.meta(META_BOOK) as BookId | undefined;
    return this.#book;
  }

  /** Binds an empty replica to a book. A replica never changes its book. */
  async bind(book: BookId): Promise<void> {
    const bound = this.book;
    if (bound !== undefined && bound !== book)
      throw new KernelError('kernel/foreign-book', `this store holds book ${bound}, not ${book}`);
    if (bound === undefined) await this.log.setMeta(META_BOOK, book);
    this.#admitter ??= new Admitter(book, this.log, this.#sql, this.crypto);
  }

  get admitter(): Admitter {
    if (this.#admitter === undefined) throw new KernelError('kernel/no-book', 'no book is bound to this store yet');
    return this.#admitter;
  }

  scope(name: ScopeName): Scope {
    const known = this.#scopes.get(name);
    if (known !== undefined) return known;
    const scope = new Scope(name, this.schema, this.verbs, name === HQ ? undefined : this.#prefixOfHq());
    this.#scopes.set(name, scope);
    return scope;
  }

  /** Every scope with something in it, `hq` first, then by name. */
  scopes(): Scope[] {
    const names = new Set<string>([...this.log.scopes(), ...this.#scopes.keys()]);
    return [...names]
      .sort((a, b) => (a === HQ ? -1 : b === HQ ? 1 : a < b ? -1 : 1))
      .map((name) => this.scope(name as ScopeName));
  }

  /** Runs work alone. Calls queue up; one that fails does not stop the next. Throws `kernel/storage` where the disk fails. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#busy.then(work, work).catch((error: unknown) => Promise.reject(storageError(error)));
    this.#busy = run.catch(() => undefined);
    return run;
  }

  /** The database, for whoever reads rows: what was held is written first. Throws `kernel/storage` where that is impossible. */
  get sql(): SqlDriver {
    this.writeHeld();
    return this.#sql;
  }

  /** Whether ops are stored whose rows are not written yet; they are when somebody reads. */
  get holdsRows(): boolean {
    return this.#dirty.size > 0;
  }

  /**
   * Runs work in one SQL transaction; on failure the database is as before. The log may then hold ops that the rows do not: the next transaction folds
   * them first. With `holdsRows` the rows of what is committed may wait in memory for a read, a later transaction or the next opening. Call inside
   * `exclusive`.
   */
  async transaction<T>(work: () => MaybePromise<T>, holdsRows = false): Promise<T> {
    const heldBefore = this.#dirty.size > 0;
    this.#begin();
    this.#isOpen = true;
    try {
      if (this.#sql.changedOutside() || this.#isBehind) {
        await this.#reload();
        await this.catchUp();
        this.flush();
      }
      if (!holdsRows) this.flush();
      this.#holds = holdsRows;
      const result = await work();
      this.#holds = false;
      const isWritten = this.writeDue(holdsRows);
      this.#sql.prepare('COMMIT').run([]);
      if (isWritten) this.#dirty.clear();
      this.#isBehind = false;
      this.#hasLost = false;
      this.#isOpen = false;
      return result;
    } catch (error) {
      this.#isOpen = false;
      this.#hasLost ||= heldBefore;
      await this.#rollBack();
      // What was held is folded again, so that reads see it.
      if (heldBefore && !this.#isStuck) await this.transaction(() => undefined).catch(() => undefined);
      throw storageError(error);
    }
  }

  async #rollBack(): Promise<void> {
    this.#dirty.clear();
    this.#holds = false;
    this.#isBehind = true;
    this.#isStuck = !rollBack(this.#sql);
    if (!this.#isStuck) await this.#reload().catch((cause: unknown) => Promise.reject(storageError(cause)));
  }

  /** Whether the log has kept these ops after their transaction failed: a log in the same database has not. */
  hasKept(hashes: readonly OpHash[]): boolean {
    return !this.#isStuck && hashes.length > 0 && hashes.every((hash) => this.log.has(hash));
  }

  /** Writes what is folded in memory to the database. Call inside a transaction. */
  flush(): void {
    for (const scope of this.#dirty) scope.flush();
  }

  /** Writes it unless it `mayWait` and nothing of it has to be written now. Answers whether it did. Call inside a transaction. */
  writeDue(mayWait: boolean): boolean {
    const isDue = !mayWait || this.#holdsMuch || [...this.#dirty].some((scope) => scope.mustWrite);
    if (isDue) this.flush();
    return isDue;
  }

  get #holdsMuch(): boolean {
    let held = 0;
    for (const scope of this.#dirty) held += scope.held;
    return held >= MOST_HELD;
  }

  /** Writes what is held, within a transaction under way, or in one of its own: the log has on the disk what this makes readable. */
  writeHeld(): void {
    if (this.#isOpen) {
      this.flush();
      return;
    }
    if (this.#hasLost) {
      this.exclusive(() => this.transaction(() => undefined)).catch(() => undefined);
      throw new KernelError('kernel/storage', 'the rows of stored ops could not be written; it is being tried again');
    }
    if (this.#dirty.size === 0) return;
    let hasBegun = false;
    const write = (): void => {
      this.#begin();
      hasBegun = true;
      const isChanged = this.#sql.changedOutside();
      this.#isBehind ||= isChanged;
      if (isChanged && ![...this.#dirty].every((scope) => scope.isAsWritten())) {
        // Somebody else has folded meanwhile, and with theirs the ops whose rows are held: the next transaction reads them.
        this.#sql.prepare('ROLLBACK').run([]);
        return;
      }
      this.flush();
      this.#sql.prepare('COMMIT').run([]);
    };
    try {
      if (this.#sql.withoutSync === undefined) write();
      else this.#sql.withoutSync(write);
    } catch (error) {
      // Another program was writing: what is held goes on waiting.
      if (!hasBegun) throw storageError(error);
      this.#isBehind = true;
      this.#hasLost = true;
      this.#isStuck = !rollBack(this.#sql);
      throw storageError(error);
    } finally {
      if (hasBegun) this.#dirty.clear();
    }
  }

  /**
   * The scope, to be changed in this transaction. What `hq` holds in memory is written first: a fold of another scope reads `hq`, which writes its rows,
   * and a fold that is rolled back must not take those with it.
   */
  change(name: ScopeName): Scope {
    const [scope, hq] = [this.scope(name), this.scope(HQ)];
    if (scope !== hq && this.#dirty.has(hq)) hq.flush();
    this.#dirty.add(scope);
    // A batch may be longer than what may wait.
    if (this.#holds && this.#holdsMuch) this.flush();
    if (this.#holds) scope.hold();
    return scope;
  }

  /** Stores and folds records that have no position yet. Call inside a transaction. Answers how many ops were folded again. */
  async mergePending(records: readonly OpRecord[]): Promise<number> {
    await this.log.append(records);
    await this.#stored(records);
    let refolded = 0;
    for (const [name, group] of groupByScope(records)) {
      const { size } = this.log.tip(name);
      refolded += await this.#foldNew(this.change(name), size, (scope) => scope.merge(group));
    }
    await this.#resumeWaiting();
    return refolded;
  }

  /**
   * Stores records, gives them the positions after the settled prefix, and folds them. `changed` are those that are stored already under other
   * bytes: a position fixes the bytes, so these take the place of the old ones. Call inside a transaction.
   */
  async settle(
    name: ScopeName,
    records: readonly OpRecord[],
    tip: Tip,
    changed: readonly OpRecord[] = [],
  ): Promise<number> {
    const from = this.log.tip(name).size;
    if (changed.length > 0) await this.log.replace(changed);
    await this.log.settle(name, from, records, tip);
    await this.#stored(records);
    const refolded = await this.#foldNew(this.change(name), from, (scope) => scope.settle(records));
    await this.#resumeWaiting();
    return refolded;
  }

  /** Those of the records that are stored here under other bytes. */
  async storedOtherwise(records: readonly OpRecord[]): Promise<OpRecord[]> {
    const changed: OpRecord[] = [];
    for (const record of records) {
      const stored = this.log.has(record.hash) ? await this.log.get(record.hash) : undefined;
      if (stored !== undefined && !isSameBytes(stored.record.bytes, record.bytes)) changed.push(record);
    }
    return changed;
  }

  /** Folds whatever the log holds beyond what is folded. Call inside a transaction. */
  async catchUp(): Promise<void> {
    for (const scope of this.scopes()) await this.#catchUpScope(scope);
  }

  /** Reads the rows as they are without the pending tail, and puts the tail back. Call inside `exclusive`, outside a transaction. */
  settledOnly<T>(name: ScopeName, read: (scope: Scope) => MaybePromise<T>): Promise<T> {
    return this.transaction(async () => {
      const scope = this.scope(name);
      this.flush();
      if (scope.tailSize === 0) return read(scope);
      this.#sql.prepare('SAVEPOINT settled').run([]);
      scope.rewind();
      scope.projection.flush();
      try {
        return await read(scope);
      } finally {
        this.#sql.prepare('ROLLBACK TO settled').run([]);
        this.#sql.prepare('RELEASE settled').run([]);
        scope.load(await this.log.pending(name), (hash) => this.log.has(hash));
        // A tail that had stopped stops again.
        await this.#catchUpScope(scope);
      }
    });
  }

  /** Root of the first `size` records of `hq`, or undefined when fewer are settled here. */
  hqRoot(size: number): Promise<string | undefined> {
    return this.#prefixOfHq().root(size);
  }

  /** Merkle root over the first `size` records of a scope, computed from the bytes of those that are stored. */
  rootOf(scope: ScopeName, size: number): Promise<string> {
    return rootOf(this.log, scope, size, this.crypto.hasher);
  }

  digest(): BookDigest {
    this.writeHeld();
    return digestBook(
      this.schema,
      this.scopes().map((scope) => scope.name),
      this.crypto.hasher,
    );
  }

  /** What is stored is no longer kept aside, whichever way it came. */
  async #stored(records: readonly OpRecord[]): Promise<void> {
    await this.log.dropAsides(records.map((record) => record.hash));
    this.admitter.remember(records);
    await this.#prefixOfHq().lookUpMarks(records);
  }

  /**
   * Folds what has just been stored: by `quick` as a rule, in order from the settled prefix on where the tail had stopped, for the new ops may come
   * before the stop. A scope that stopped within its settled prefix stays there. `size` is how many were settled before.
   */
  async #foldNew(scope: Scope, size: number, quick: (scope: Scope) => MergeReport): Promise<number> {
    if (scope.folded < size) return 0;
    await this.#prefixOfHq().lookUpMarks(scope.waiting);
    if (scope.stop === undefined) {
      const { refolded: count } = quick(scope);
      if (await this.#fetchFor(scope)) await this.#catchUpScope(scope);
      return count;
    }
    const refolded = scope.tailSize;
    scope.rewind();
    await this.#catchUpScope(scope);
    return refolded;
  }

  /** The ops without a position. */
  async pending(name: ScopeName): Promise<readonly OpRecord[]> {
    const scope = this.#scopes.get(name);
    return this.#isBehind || scope === undefined || scope.stop !== undefined
      ? this.log.pending(name)
      : [...scope.tail, ...scope.waiting];
  }

  async #catchUpScope(scope: Scope): Promise<void> {
    do await this.#foldOn(scope);
    while (await this.#fetchFor(scope));
  }

  /** Loads the table that a fold stopped for, so that it can go on; false when it stopped for nothing, something else, or cannot be had. */
  async #fetchFor(scope: Scope): Promise<boolean> {
    const { stop } = scope;
    if (stop?.code !== 'kernel/not-resident' || !(await this.fetchTable(stop.scope, stop.table))) return false;
    this.change(scope.name as ScopeName).rewind();
    return true;
  }

  /** Loads the rows of a table of the snapshot this replica began from. False when there is none to ask. Call inside a transaction. */
  async fetchTable(scope: string, table: string): Promise<boolean> {
    const absent = this.schema.residency.get(scope, table);
    if (absent === undefined) return true;
    if (this.#start === undefined) return false;
    await this.#start.load(this, absent);
    return true;
  }

  async #foldOn(scope: Scope): Promise<void> {
    const name = scope.name as ScopeName;
    const size = this.log.tip(name).size;
    if (scope.holdsPending && scope.folded === size) return;
    if (scope.hasLeftovers) {
      const change = this.change(name);
      await change.takeLeftoversBack(async (hash) => (await this.log.get(hash))?.record);
    }
    while (scope.folded < size && scope.stop === undefined) {
      const page = await this.log.settled(name, scope.folded, Math.min(PAGE, size - scope.folded));
      if (page.length === 0)
        throw new KernelError(
          'kernel/invalid-log',
          `scope ${name} has no record at position ${scope.folded} of ${size}`,
        );
      this.#admitter?.remember(page);
      await this.#prefixOfHq().lookUpMarks(page);
      this.change(name).settle(page);
    }
    const pending = await this.log.pending(name);
    // Before anything else is judged: rows that are folded again have lost what the tail said of keys, also where the tail itself is there.
    this.#admitter?.remember(pending);
    if (pending.length === scope.tailSize || scope.stop !== undefined) return;
    await this.#prefixOfHq().lookUpMarks(pending);
    this.change(name).merge(orderTail(pending));
  }

  /** Scopes that waited for more of `hq` go on when it has come, and so do the ops of a tail that did. */
  async #resumeWaiting(): Promise<void> {
    const folded = this.scope(HQ).folded;
    for (const scope of this.scopes()) {
      const { stop } = scope;
      if (scope.waiting.length > 0 && stop === undefined)
        await this.#foldNew(this.change(scope.name as ScopeName), scope.folded, (one) => one.merge([]));
      if (stop?.code !== 'kernel/needs-hq' || stop.size > folded) continue;
      this.change(scope.name as ScopeName).rewind();
      await this.#catchUpScope(scope);
    }
  }

  #prefixOfHq(): HqPrefix {
    this.#hqPrefix ??= new HqPrefix(this.scope(HQ), this.log, this.schema, this.crypto.hasher);
    return this.#hqPrefix;
  }

  async #reload(): Promise<void> {
    this.#loads += 1;
    await this.log.refresh();
    this.schema.residency.load(this.#sql);
    this.#admitter?.load();
    this.#hqPrefix?.discard();
    for (const scope of this.scopes()) {
      const pending = await this.log.pending(scope.name as ScopeName);
      scope.load(pending, (hash) => this.log.has(hash));
      // A tail that is folded again asks for the roots that its marks name.
      await this.#prefixOfHq().lookUpMarks(pending);
    }
  }

  #begin(): void {
    try {
      this.#sql.prepare('BEGIN IMMEDIATE').run([]);
    } catch (cause) {
      throw storageError(cause);
    }
  }
}

function verbsByRef(verbs: readonly Verb[]): Map<string, Verb> {
  const byRef = new Map<string, Verb>();
  for (const verb of verbs) {
    const known = byRef.get(verb.ref);
    if (known !== undefined && known !== verb)
      throw new KernelError('kernel/bad-verb', `two verbs are named ${verb.ref}`);
    byRef.set(verb.ref, verb);
  }
  return byRef;
}

function isSameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
}

/** Records by scope, `hq` first: what other scopes mark must be there before them. */
export function groupByScope(records: readonly OpRecord[]): [ScopeName, OpRecord[]][] {
  const groups = new Map<ScopeName, OpRecord[]>();
  for (const record of records) {
    const group = groups.get(record.op.scope);
    if (group === undefined) groups.set(record.op.scope, [record]);
    else group.push(record);
  }
  return [...groups].sort(([a], [b]) => (a === HQ ? -1 : b === HQ ? 1 : a < b ? -1 : 1));
}
