/** A replica of a book together with this device's key: commit, query, subscribe, sync, prove. */
import { type BookId, type DeviceId, type LogStore, type OpHash, type Scope as ScopeName } from '@tallystick/oplog';
import type { RelayClient } from '@tallystick/relay-protocol';
import type { Mirror } from '@tallystick/relay-protocol/mirror';
import { loadActs } from './acts.ts';
import type { ArchiveOptions, ArchiveReport } from './archive.ts';
import type { CommitRequest, OpPlace } from './author.ts';
import type { AsOf, AsOfPlace } from './as-of.ts';
import type { Appointing } from './appointed-relay.ts';
import { retryAsides } from './asides.ts';
import type { AttestOptions } from './attest.ts';
import { bookAttest, manifestAdopt, relayAppoint } from './builtin.ts';
import type { Commit, PlainName, Stage, TypedRequest, VerbArgs } from './commit.ts';
import type { AdmitArgs } from './device-verbs.ts';
import type { BookDigest } from './digest.ts';
import type { BookStore, ImagePlace, SqlValue } from './driver.ts';
import { HQ } from './genesis.ts';
import type { OpenBookOptions } from './open-book.ts';
import { OpenedBook } from './opened-book.ts';
import type { OwnDevice } from './own-device.ts';
import type { ListenOptions } from './listen.ts';
import { loadSeldom } from './parts.ts';
import type { ProofReport } from './prove.ts';
import { type QuarantinedOp, readQuarantine, type Renewal } from './renewal.ts';
import type { Replayed } from './replay.ts';
import type { Replica } from './replica.ts';
import { notResident, touchedBy } from './snapshot-use.ts';
import type { SnapshotTrust } from './snapshot-trust.ts';
import type { SnapshotReport } from './snapshot-save.ts';
import type { SignedStatement, StatementKind } from './statement.ts';
import { type BookStatus, type Change, type PendingOp, pendingOpsOf, statusOf } from './status.ts';
import type { SyncReport } from './sync-report.ts';
import type { ImportReport } from './transfer.ts';
import type { Verb } from './verb.ts';
import { onlyOthers } from './watch.ts';
import type { OlderOps } from './whole-log.ts';
import type { VerifyAndRead, VerifyReport } from './verify.ts';
import { Writing } from './writing.ts';

export class Book<V extends readonly Verb[] = readonly Verb[]> {
  readonly id: BookId;
  readonly #book: OpenedBook;
  readonly #replica: Replica;
  readonly #writing: Writing;
  readonly #verbs: V;
  /** Which checkpoint was cosigned last, by scope; a device that starts again says it again. */
  readonly #cosigned = new Map<ScopeName, string>();

  /** Use `openBook`. */
  constructor(replica: Replica, options: OpenBookOptions<V>, own: OwnDevice) {
    this.#book = new OpenedBook(replica, options, own);
    this.#replica = replica;
    this.#writing = new Writing(this.#book);
    this.#verbs = options.verbs;
    this.id = replica.book as BookId;
  }

  /** This device: another after `renew`. */
  get device(): DeviceId {
    return this.#book.own.id;
  }

  /** The op log under this book, for tools. Write to a book through `commit` only. */
  get log(): LogStore {
    return this.#replica.log;
  }

  /**
   * Durable when it resolves with `ok`. A refusal is answered, and nothing of it is stored. `args` may be a function of the op's place, for what is
   * sealed to it.
   */
  async commit<N extends PlainName<V> | `${PlainName<V>}@${number}`>(
    verb: N,
    args: VerbArgs<V, N> | ((place: OpPlace) => VerbArgs<V, N>),
    options: Omit<CommitRequest, 'verb' | 'args'> = {},
  ): Promise<Commit> {
    const [commit] = await this.#writing.commit([{ ...options, verb, args }]);
    return commit as Commit;
  }

  /** Several ops, one transaction, one wait for the disk. A refused one is answered; the others go on. */
  commitAll(requests: readonly TypedRequest<V>[]): Promise<Commit[]> {
    return this.#writing.commit(requests);
  }

  /**
   * Adopts, in `hq`, the verb versions and tables that this program declares and the book does not have yet; undefined when there are none. Only
   * an owner's device may.
   */
  async adopt(): Promise<Commit | undefined> {
    this.#book.mustBeOpen();
    const { adoptable } = await loadSeldom();
    const args = adoptable(this.#replica, this.#book.options.release ?? '');
    if (args === undefined) return undefined;
    const [commit] = await this.#writing.commit([{ verb: manifestAdopt.name, args, scope: HQ }]);
    return commit;
  }

  /**
   * Appoints another relay for the book, which devices go over to when they hear of it (docs/federation.md). Only an owner's device may. Fill the relay first, and
   * hand the op to both. Throws `kernel/relay-key` where no relay is known yet.
   */
  async appointRelay(appointing: Appointing): Promise<Commit> {
    const args = await this.#book.afterLoading(loadSeldom, async ({ appointmentOf }) =>
      appointmentOf(this.#replica, appointing),
    );
    const [commit] = await this.#writing.commit([{ verb: relayAppoint.name, args, scope: HQ }]);
    return commit as Commit;
  }

  /**
   * Goes on under a new key, made in the key store: from the next op on the old one signs nothing here. What it signed stays. One answer for each
   * scope that enrolled this device.
   */
  async rotate(): Promise<Commit[]> {
    return this.#writing.rotate();
  }

  /**
   * What lets this device write in another scope: the args of `device.admit`, which somebody who may enrol there commits in that scope, with a
   * `role` of theirs. A later key is vouched for by the first. Undefined until this device is enrolled; devices of `hq` need no admission.
   */
  admission(): Promise<AdmitArgs | undefined> {
    return this.#book.afterLoading(loadSeldom, ({ admissionOf }) => admissionOf(this.#book.own));
  }

  /**
   * Goes on as another device, under a fresh key, because this one's was copied or revoked. Nothing is lost: what it did without effect waits in
   * `quarantine()`. The new device writes once somebody has enrolled it with the answer's `replaces` (where the root key is kept, it is so at
   * once: `enrolled`); then `recoverAll()` adopts what waits.
   * Asked again before that, it answers the same.
   */
  async renew(): Promise<Renewal> {
    const renewal = await this.#book.afterLoading(loadSeldom, ({ renewDevice }) =>
      renewDevice(this.#replica, this.#book.own),
    );
    this.#book.changes.emit({ kind: 'commit' });
    return renewal;
  }

  /**
   * Signs what the fold of this device's settled prefix came to (`book.attest`), so that devices which folded the same and differ are found:
   * `status().disagreements`. With `size` and an empty store it folds the log to there afresh, to say the same of a prefix that others attested.
   * `kernel/nothing-settled` where there is no such prefix.
   */
  async attest(options: AttestOptions = {}): Promise<Commit> {
    const scope = options.scope ?? this.#book.options.scope ?? HQ;
    const claim = await this.#book.audit(
      options.older ?? {},
      ({ claimFor }, older) => claimFor(this.#replica, scope, this.#verbs, options, older),
      ({ claimedScopes }) => claimedScopes(this.#replica, scope, options),
    );
    if (claim === undefined) return { ok: false, code: 'kernel/nothing-settled', details: { scope } };
    const [commit] = await this.#writing.commit([{ verb: bookAttest.name, args: { ...claim, scope }, scope }]);
    return commit as Commit;
  }

  /** Ops without effect because of who wrote them, that nobody has adopted or dismissed yet, oldest first. */
  quarantine(): readonly QuarantinedOp[] {
    this.#book.mustBeOpen();
    return this.#replica.read(readQuarantine);
  }

  /**
   * Gives every quarantined op of a device its effect, each by an op of its own: those of the device that this one replaces, or of `device`. One
   * that another replica adopts at the same time counts once.
   */
  async recoverAll(device?: DeviceId): Promise<Commit[]> {
    const { recoveries } = await loadSeldom();
    return this.#writing.commit(recoveries(this.#book.own, this.quarantine(), device));
  }

  /**
   * Plain SQL over the projections. Reads only. Throws `kernel/not-resident` for tables of a snapshot that are not here yet, and loads them: ask
   * again after the change `resident`, or use `read`.
   */
  query<Row extends object = Readonly<Record<string, SqlValue>>>(
    sql: string,
    params: readonly SqlValue[] = [],
  ): readonly Row[] {
    this.#book.mustBeOpen();
    const absent = this.#book.absentOf(sql, params);
    if (absent.length === 0) return this.#replica.read((driver) => driver.query(sql, params)) as readonly Row[];
    // Touched: they are on their way, and a listener hears when they are here.
    this.#book.fetch(absent).catch(() => undefined);
    throw notResident(absent);
  }

  /** Calls back after every change of state. Returns how to stop. */
  subscribe(listener: (change: Change) => void): () => void {
    return this.#book.changes.subscribe(listener);
  }

  /** Calls back with the rows of a query at once, and after every change that made them others. Returns how to stop. */
  watch<Row extends object = Readonly<Record<string, SqlValue>>>(
    sql: string,
    params: readonly SqlValue[],
    listener: (rows: readonly Row[]) => void,
  ): () => void {
    const tell = onlyOthers(listener);
    tell(this.query<Row>(sql, params));
    return this.subscribe(() => tell(this.query<Row>(sql, params)));
  }

  status(): BookStatus {
    this.#book.mustBeOpen();
    return this.#replica.read(() => statusOf(this.#book, this.#book.options.store.image !== undefined));
  }

  /** Ops that have no position in the shared order yet, in the order they are folded. */
  pendingOps(): readonly PendingOp[] {
    this.#book.mustBeOpen();
    return this.#replica.read(() => pendingOpsOf(this.#replica));
  }

  /** Where an op stands; undefined for one that is not stored here. */
  async stage(hash: OpHash): Promise<Stage | undefined> {
    return this.#writing.stage(hash);
  }

  /** One exchange with a relay: push, receipts, pull, fold, and a cosignature of what it led to. `pull: false` only hands in what is pending. */
  async sync(client: RelayClient, options: { readonly pull?: boolean } = {}): Promise<SyncReport> {
    this.#book.mustBeOpen();
    return this.#book.whileOpen(async () =>
      (await loadSeldom()).exchangeWith(this.#book, client, options.pull ?? true, this.#cosigned),
    );
  }

  /**
   * Takes in what somebody published of this book (`openMirror`), all its scopes or some, as far as the relay signed it. Reads only: nothing is handed in or cosigned, and a
   * device that must first learn its own last op still must. Needs the relay's key. Throws as `sync` does, and `relay/mirror-*`.
   */
  readMirror(mirror: Mirror, scopes?: readonly ScopeName[]): Promise<SyncReport> {
    this.#book.mustBeOpen();
    return this.#book.whileOpen(async () => (await loadSeldom()).takeFromMirror(this.#book, mirror, scopes));
  }

  /**
   * Listens to the relay until `signal` fires, over as many connections as that takes: `onNews` says that a sync will bring something. Asking now and
   * then stays wise, seldom while it is heard.
   */
  async listen(client: RelayClient, options: ListenOptions): Promise<void> {
    this.#book.mustBeOpen();
    const { listenTo } = await loadSeldom();
    await listenTo(this.#replica, client, () => this.#book.own.readers(), options);
  }

  /** The book, or some scopes of it, as one file for `import`. */
  export(options: { readonly scopes?: readonly ScopeName[] } = {}): Promise<Uint8Array> {
    return this.#book.afterLoading(loadSeldom, ({ exportBook }) => exportBook(this.#replica, options.scopes));
  }

  /** Takes in what another replica exported. Only what verifies is folded; nothing already stored is lost. */
  async import(bytes: Uint8Array): Promise<ImportReport> {
    this.#book.mustBeOpen();
    return this.#book.whileOpen(async () => (await loadSeldom()).takeFromFile(this.#book, bytes));
  }

  /**
   * Forgets records that were set aside (`log.asides()`), all or those of some ops: a copy of them can be imported again. Answers of how many ops.
   */
  async dismissAsides(hashes?: readonly OpHash[]): Promise<number> {
    const dismissed = await this.#book.afterLoading(loadSeldom, ({ dismissAsides }) =>
      dismissAsides(this.#replica, hashes),
    );
    if (dismissed > 0) this.#book.changes.emit({ kind: 'import' });
    return dismissed;
  }

  /**
   * Says that every copy of this device's own ops that exists has been imported, so that it may write again. A full sync with the relay
   * says so by itself.
   */
  anchor(): Promise<void> {
    return this.#book.anchor();
  }

  /** Throws as `query` does where rows came to a table of a snapshot that is not here yet. */
  digest(): BookDigest {
    this.#book.mustBeOpen();
    try {
      return this.#replica.digest();
    } catch (cause) {
      const absent = touchedBy(this.#replica, cause);
      this.#book.fetch(absent).catch(() => undefined);
      throw notResident(absent);
    }
  }

  /** Checks the stored log: text, hashes, links, one signature a run (or each), Merkle roots; hands on what it reads to whoever wants it. */
  verify(options: VerifyAndRead = {}): Promise<VerifyReport> {
    const { log, crypto } = this.#replica;
    return this.#book.afterLoading(loadSeldom, ({ verifyLog }) =>
      verifyLog(log, crypto, { ...options, enrolments: this.#replica.admitter.enrolments() }),
    );
  }

  /**
   * The books as they stood at the end of a business day, or after the first so many ops of a scope, folded into an empty store, which the caller
   * closes. Any query and the digest can be asked of them. A log that begins later needs the `older` ops.
   */
  async asOf(place: AsOfPlace, into: BookStore, older: OlderOps = {}): Promise<AsOf> {
    this.#book.mustBeOpen();
    return this.#book.whileOpen(async () =>
      (await loadSeldom()).asOf(this.#replica, this.#verbs, place, { into, older: this.#book.older(older) }),
    );
  }

  /**
   * Folds the whole log into an empty store, which the caller closes. A log that begins later needs the `older` ops. With `verbs` instead of the book's
   * own it tells what would have come of the same ops.
   */
  replay(into: BookStore, older: OlderOps = {}, verbs: readonly Verb[] = this.#verbs): Promise<Replayed> {
    return this.#book.audit(older, (part, held) => part.replayLive(this.#replica, into, held, verbs));
  }

  /** Folds the log afresh into an empty store and compares every live row with it. A log that begins later needs the `older` ops. */
  async prove(fresh: BookStore, older: OlderOps = {}): Promise<ProofReport> {
    return this.#book.audit(older, (part, held) => part.prove(this.#replica, this.#verbs, fresh, held));
  }

  /**
   * Archives settled ops of a scope into a file, reads it back, verifies it, and only then drops them here. Save a snapshot first where rows live
   * in memory. Throws `archive/*` with nothing dropped.
   */
  archive(options: Omit<ArchiveOptions, 'scope'> & { readonly scope?: ScopeName }): Promise<ArchiveReport> {
    const scope = options.scope ?? this.#book.options.scope ?? HQ;
    return this.#book.afterLoading(loadSeldom, async ({ archiveLog }) => {
      const report = await archiveLog(this.#replica, { ...options, scope });
      // What is held back was judged by ops that are gone here.
      await retryAsides(this.#book);
      return report;
    });
  }

  /**
   * Keeps the rows as they are beside the log, so that the next opening need not fold it again. For a quiet moment: the rows of 100,000 sales are
   * 90 MB. False where the store has no place for it.
   */
  async saveImage(): Promise<boolean> {
    this.#book.mustBeOpen();
    const { image } = this.#book.options.store;
    if (image === undefined) return false;
    await this.#book.afterLoading(loadActs, ({ saveImage }) => saveImage(this.#replica, image));
    return true;
  }

  /**
   * Saves the settled prefix of every scope as a snapshot: `openBook({ snapshot })` starts from it. Attest the same prefix (`attest`), let another device
   * do so too, and keep the proof beside it (`saveSnapshotProof`), and it can be trusted.
   */
  saveSnapshot(place: Pick<ImagePlace, 'save'>): Promise<SnapshotReport> {
    const { own } = this.#book;
    return this.#book.afterLoading(loadSeldom, ({ saveSnapshot }) =>
      saveSnapshot(this.#replica, own.signingKey(), own.now(), place),
    );
  }

  /** Writes what proves the snapshot in `place` as far as it is proven now. Answers how far that is. */
  saveSnapshotProof(place: ImagePlace): Promise<SnapshotTrust> {
    return this.#book.afterLoading(loadSeldom, ({ saveProof }) => saveProof(this.#replica, place));
  }

  /**
   * Signs what this device says of the book outside its log, under the key in force: Ed25519 over "tallystick/" || `kind` || "\\n" || book id ||
   * SHA-256 of `text`. A kind is never that of an op.
   */
  async sign(kind: StatementKind, text: string): Promise<SignedStatement> {
    this.#book.mustBeOpen();
    const { signStatement } = await loadSeldom();
    return signStatement(kind, text, this.id, this.#book.own.signingKey(), this.#replica.crypto.hasher);
  }

  /** As `query`, after loading the tables it reads where they are not here yet. */
  async read<Row extends Readonly<Record<string, SqlValue>> = Readonly<Record<string, SqlValue>>>(
    sql: string,
    params: readonly SqlValue[] = [],
  ): Promise<readonly Row[]> {
    this.#book.mustBeOpen();
    await this.#book.fetch(this.#book.absentOf(sql, params));
    return this.query(sql, params);
  }

  /**
   * As `query`, of the rows that are here: of a table that is to come they are those that came since, and perhaps some of the others. Ask only for what is
   * known to be newer than its last row (`status().snapshot.absent`).
   */
  queryHere<Row extends object = Readonly<Record<string, SqlValue>>>(
    sql: string,
    params: readonly SqlValue[] = [],
  ): readonly Row[] {
    this.#book.mustBeOpen();
    return this.#replica.read((driver) => driver.query(sql, params)) as readonly Row[];
  }

  /** Loads the tables of a snapshot that are not here yet, piece by piece, so that work goes on meanwhile. Throws `kernel/not-resident` where one cannot be had. */
  loadRest(): Promise<void> {
    this.#book.mustBeOpen();
    return this.#book.whileOpen(() => this.#replica.loadRest(() => this.#book.changes.emit({ kind: 'resident' })));
  }

  /** Waits for work under way and closes the store. */
  async close(): Promise<void> {
    // Commits that wait for code are work under way. Without any, what is asked for after this finds the book closed at once.
    if (this.#writing.turns !== undefined) await this.#writing.turns;
    if (this.#book.isClosed) return;
    this.#book.close();
    await this.#replica.exclusive(async () => {
      try {
        this.#replica.transactions.writeHeld();
      } catch {
        // The next opening folds it from the log.
      }
      await this.#book.options.store.close();
    });
    this.#book.changes.forget();
  }
}
