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
import { loadActsFor } from './acts.ts';
import { builtinVerbs } from './builtin.ts';
import { type BookDigest, digestBook } from './digest.ts';
import type { BookStore, SqlDriver } from './driver.ts';
import { KernelError } from './errors.ts';
import { HQ, recoverBookId } from './genesis.ts';
import { HqPrefix } from './hq-prefix.ts';
import { type ImageMisfit, noteTakenBack, restoreImage } from './image.ts';
import { kernelTables } from './kernel-tables.ts';
import { Schema } from './schema.ts';
import { Scope } from './scope.ts';
import { inOrder } from './scope-order.ts';
import { answerOf, finish, type Steps } from './steps.ts';
import type { SnapshotStart } from './snapshot-start.ts';
import { notResident } from './snapshot-use.ts';
import type { AnyTable } from './table.ts';
import { Transactions } from './transactions.ts';
import type { Verb } from './verb.ts';

const PAGE = 2000;
const META_BOOK = 'book';

export class Replica {
  readonly log: LogStore;
  readonly schema: Schema;
  readonly verbs: ReadonlyMap<string, Verb>;
  readonly crypto: CryptoProvider;
  readonly transactions: Transactions;
  /** What was stored when all that is aside was judged last; undefined where nothing is, or nothing was judged since the opening. */
  asidesJudgedAt: string | undefined;
  /** What this replica began from, where it began from a snapshot. */
  readonly #start: SnapshotStart | undefined;
  readonly #scopes = new Map<string, Scope>();
  /** Why the log was folded and no image used. */
  #misfit: ImageMisfit | undefined = 'none';
  #loads = 0;
  /** Positions were taken back, and the rows still say otherwise. */
  #isTakenBack = false;
  #hqPrefix: HqPrefix | undefined;
  #admitter: Admitter | undefined;
  #book: BookId | undefined;

  private constructor(
    store: BookStore,
    verbs: readonly Verb[],
    crypto: CryptoProvider,
    start: SnapshotStart | undefined,
    canFoldAgain: boolean,
  ) {
    this.#start = start;
    this.log = store.log;
    this.transactions = new Transactions(store.sql, {
      refresh: () => this.#refresh(),
      followLog: () => this.#followLog(),
    });
    this.crypto = crypto;
    this.verbs = verbsByRef([...builtinVerbs, ...verbs]);
    const tables = new Set<AnyTable>([...kernelTables, ...verbs.flatMap((verb) => verb.tables)]);
    this.schema = new Schema(store.sql, [...tables], canFoldAgain);
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
    await finish(replica.#reload());
    if ((await start?.begin(replica)) === true) await finish(replica.#reload());
    replica.#mustHaveRows();
    await replica.inSteps(() => replica.catchUp());
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
    this.#admitter ??= new Admitter(book, this.log, this.transactions.driver, this.crypto);
  }

  get admitter(): Admitter {
    if (this.#admitter === undefined) throw new KernelError('kernel/no-book', 'no book is bound to this store yet');
    return this.#admitter;
  }

  scope(name: ScopeName): Scope {
    const known = this.#scopes.get(name);
    if (known !== undefined) return known;
    const scope = new Scope(name, this.schema, this.verbs, name === HQ ? undefined : this.prefixOfHq());
    this.#scopes.set(name, scope);
    return scope;
  }

  /** Every scope with something in it, `hq` first, then by name. */
  scopes(): Scope[] {
    return inOrder([...this.log.scopes(), ...(this.#scopes.keys() as Iterable<ScopeName>)]).map((name) =>
      this.scope(name),
    );
  }

  /** The database, for whoever reads rows: what was held is written first. Throws `kernel/storage` where that is impossible. */
  get sql(): SqlDriver {
    this.transactions.writeHeld();
    return this.transactions.driver;
  }

  /** Reads rows, and what is in memory, as they are once durable: of a commit under way nothing. Throws as `sql`. */
  read<T>(work: (sql: SqlDriver) => T): T {
    return this.transactions.read(() => work(this.transactions.driver));
  }

  /** Whether the log has kept these ops after their transaction failed: a log in the same database has not. */
  hasKept(hashes: readonly OpHash[]): boolean {
    return !this.transactions.isStuck && hashes.length > 0 && hashes.every((hash) => this.log.has(hash));
  }

  /** As `Transactions.exclusive`. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.transactions.exclusive(work);
  }

  /** As `Transactions.transaction`. */
  transaction<T>(work: () => MaybePromise<T>, holdsRows = false): Promise<T> {
    return this.transactions.transaction(work, holdsRows);
  }

  /** As `Transactions.inSteps`. */
  inSteps<T>(work: () => Steps<T>): Promise<T> {
    return this.transactions.inSteps(work);
  }

  /** The scope, to be changed in this transaction. */
  change(name: ScopeName): Scope {
    const scope = this.scope(name);
    this.transactions.change(scope, this.scope(HQ));
    return scope;
  }

  /**
   * Takes positions back, so that each of these logs ends there, and folds everything again without them: what they said of the order holds no more. Call
   * inside `exclusive`. Throws `kernel/needs-snapshot` where the ops before are in an archive, with nothing changed.
   */
  async takeBack(ends: ReadonlyMap<ScopeName, Tip>): Promise<void> {
    for (const name of this.log.scopes())
      if (this.log.base(name).size > 0)
        throw new KernelError(
          'kernel/needs-snapshot',
          `ops before position ${this.log.base(name).size} of ${name} are in an archive: what comes after cannot be folded again here`,
        );
    await this.inSteps(() => this.#foldWithout(ends));
    this.#isTakenBack = false;
  }

  *#foldWithout(ends: ReadonlyMap<ScopeName, Tip>): Steps<void> {
    // A log of its own keeps what is taken back, also where the rows do not: then the next transaction folds them anew.
    this.#isTakenBack = true;
    yield noteTakenBack(this.log);
    for (const [name, end] of ends) yield this.log.unsettle(name, end);
    yield* this.catchUp();
  }

  /** Folds whatever the log holds beyond what is folded. Call inside a transaction. */
  *catchUp(): Steps<void> {
    if (this.#isTakenBack) yield* this.#forgetRows();
    for (const scope of this.scopes()) yield* this.catchUpScope(scope);
  }

  /** Root of the first `size` records of `hq`, or undefined when fewer are settled here. */
  hqRoot(size: number): Promise<string | undefined> {
    return finish(this.prefixOfHq().root(size));
  }

  digest(): BookDigest {
    const scopes = this.scopes().map((scope) => scope.name);
    return this.read(() => digestBook(this.schema, scopes, this.crypto.hasher));
  }

  /** The ops without a position. */
  async pending(name: ScopeName): Promise<readonly OpRecord[]> {
    const scope = this.#scopes.get(name);
    return this.transactions.isBehind || scope === undefined || scope.stop !== undefined
      ? this.log.pending(name)
      : scope.pending;
  }

  /** As `catchUp`, of one scope. */
  *catchUpScope(scope: Scope): Steps<void> {
    do yield* this.#foldOn(scope);
    while (yield* this.fetchFor(scope));
  }

  /** Loads the table that a fold stopped for, so that it can go on; false when it stopped for nothing, something else, or cannot be had. */
  *fetchFor(scope: Scope): Steps<boolean> {
    const { stop } = scope;
    if (stop?.code !== 'kernel/not-resident' || !(yield* this.fetchTable(stop.scope, stop.table))) return false;
    this.change(scope.name as ScopeName).rewind();
    return true;
  }

  /** Loads the rows of a table of the snapshot this replica began from. False when there is none to ask. Call inside a transaction. */
  *fetchTable(scope: string, table: string): Steps<boolean> {
    const absent = this.schema.residency.get(scope, table);
    if (absent === undefined) return true;
    if (this.#start === undefined) return false;
    const { rows } = yield* answerOf(this.#start.read(this, absent));
    this.#start.insert(this, absent, rows);
    this.schema.residency.remove(this.transactions.driver, absent);
    return true;
  }

  /** Loads every table that is not here, piece by piece, and tells of each. Call outside `exclusive`. */
  async loadRest(tell: () => void): Promise<void> {
    for (const entry of this.schema.residency.absent) {
      if (this.#start === undefined) throw notResident([entry]);
      await this.#start.loadBeside(this, entry);
      tell();
    }
  }

  *#foldOn(scope: Scope): Steps<void> {
    const name = scope.name as ScopeName;
    const size = this.log.tip(name).size;
    if (scope.holdsPending && scope.folded === size) return;
    // What is folded already may have to be folded again.
    yield loadActsFor(scope.tail);
    if (scope.hasLeftovers) yield* this.change(name).takeLeftoversBack(this.log);
    while (scope.folded < size && scope.stop === undefined) {
      const page = yield* answerOf(this.log.settled(name, scope.folded, Math.min(PAGE, size - scope.folded)));
      if (page.length === 0)
        throw new KernelError(
          'kernel/invalid-log',
          `scope ${name} has no record at position ${scope.folded} of ${size}`,
        );
      yield loadActsFor(page);
      this.#admitter?.remember(page);
      yield* this.prefixOfHq().lookUpMarks(page);
      this.change(name).settle(page);
    }
    const pending = yield* answerOf(this.log.pending(name));
    // Before anything else is judged: rows that are folded again have lost what the tail said of keys, also where the tail itself is there.
    yield loadActsFor(pending);
    this.#admitter?.remember(pending);
    if (pending.length === scope.tailSize || scope.stop !== undefined) return;
    yield* this.prefixOfHq().lookUpMarks(pending);
    this.change(name).merge(orderTail(pending));
  }

  *#forgetRows(): Steps<void> {
    this.transactions.flush();
    this.schema.clear();
    this.#scopes.clear();
    this.#hqPrefix = undefined;
    yield* this.#reload();
  }

  /** What is known of the log of `hq`, which marks of other scopes name. */
  prefixOfHq(): HqPrefix {
    this.#hqPrefix ??= new HqPrefix(this.scope(HQ), this.log, this.schema, this.crypto.hasher);
    return this.#hqPrefix;
  }

  *#followLog(): Steps<void> {
    yield* this.#reload();
    yield* this.catchUp();
  }

  *#refresh(): Steps<void> {
    this.schema.residency.load(this.transactions.driver);
    yield this.log.refresh();
    this.#admitter?.load();
    this.#hqPrefix?.discard();
  }

  *#reload(): Steps<void> {
    this.#loads += 1;
    yield* this.#refresh();
    for (const scope of this.scopes()) {
      const pending = yield* answerOf(this.log.pending(scope.name as ScopeName));
      scope.load(pending, (hash) => this.log.has(hash));
      // A tail that is folded again asks for the roots that its marks name.
      yield* this.prefixOfHq().lookUpMarks(pending);
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
