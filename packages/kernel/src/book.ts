/** A replica of a book together with this device's key: commit, query, subscribe, sync, prove. */
import {
  type BookId,
  type DeviceId,
  encodeHex,
  type LogStore,
  type OpHash,
  type Scope as ScopeName,
} from '@tallystick/oplog';
import type { RelayClient } from '@tallystick/relay-protocol';
import type { Mirror } from '@tallystick/relay-protocol/mirror';
import type { ArchiveOptions, ArchiveReport } from './archive.ts';
import type { CommitRequest, NotCommitted, OpPlace, Written } from './author.ts';
import type { AsOf, AsOfPlace } from './as-of.ts';
import { adoptable } from './adopt.ts';
import { retryAsides } from './asides.ts';
import type { AttestOptions } from './attest.ts';
import { bookAttest, builtinVerbs, deviceEnroll } from './builtin.ts';
import type { Commit, Committed, Stage, TypedRequest, VerbArgs, VerbName } from './commit.ts';
import type { AdmitArgs } from './device-verbs.ts';
import type { BookDigest } from './digest.ts';
import { countDisagreements } from './disagreement.ts';
import type { BookStore, ImagePlace, SqlValue } from './driver.ts';
import { platformEdge } from './edge.ts';
import { KernelError } from './errors.ts';
import { HQ } from './genesis.ts';
import { saveImage } from './image.ts';
import { manifestAdopt } from './manifest.ts';
import type { OpenBookOptions } from './open-book.ts';
import type { OwnDevice } from './own-device.ts';
import type { WantedScopes } from './sync.ts';
import type { ListenOptions } from './listen.ts';
import { loadAudit, loadExchange, loadSnapshots } from './parts.ts';
import type { ProofReport } from './prove.ts';
import { relayFindings } from './relay-findings.ts';
import { type QuarantinedOp, readQuarantine, type Renewal } from './renewal.ts';
import type { Replayed } from './replay.ts';
import type { Replica } from './replica.ts';
import type { AbsentTable } from './residency.ts';
import { absentTablesOf, fetchTables, notResident } from './snapshot-use.ts';
import type { SnapshotTrust } from './snapshot-trust.ts';
import type { SnapshotReport } from './snapshot-save.ts';
import { type SignedStatement, type StatementKind, statementPreimage } from './statement.ts';
import { type BookStatus, type Change, META_UNANCHORED, type PendingOp, pendingOpsOf, statusOf } from './status.ts';
import type { SyncReport } from './sync.ts';
import type { ImportReport } from './transfer.ts';
import type { Verb } from './verb.ts';
import { onlyOthers } from './watch.ts';
import type { OlderOps } from './whole-log.ts';
import type { VerifyOptions, VerifyReport } from './verify.ts';

/** Names of the kernel's own verbs. */
const ACTS: ReadonlySet<string> = new Set(builtinVerbs.map(({ name }) => name));

export class Book<V extends readonly Verb[] = readonly Verb[]> {
  readonly id: BookId;
  readonly #replica: Replica;
  readonly #options: OpenBookOptions<V>;
  readonly #own: OwnDevice;
  /** Which checkpoint was cosigned last, by scope; a device that starts again says it again. */
  readonly #cosigned = new Map<ScopeName, string>();
  readonly #listeners = new Set<(change: Change) => void>();
  #closed = false;
  /** Whether the write under way has stored an op: a mark may be, where all that was asked for is refused. */
  #hasStored = false;
  /** How many were told, and how often the replica had read its rows anew by then. */
  #disagreements: number;
  #loads: number;
  #isAnchored = false;
  #writesSoon = false;

  /** Use `openBook`. */
  constructor(replica: Replica, options: OpenBookOptions<V>, own: OwnDevice) {
    this.#replica = replica;
    this.#options = options;
    this.#own = own;
    this.id = replica.book as BookId;
    this.#disagreements = countDisagreements(replica.sql);
    this.#loads = replica.loads;
  }

  /** This device: another after `renew`. */
  get device(): DeviceId {
    return this.#own.id;
  }

  /** The op log under this book, for tools. Write to a book through `commit` only. */
  get log(): LogStore {
    return this.#replica.log;
  }

  /**
   * Durable when it resolves with `ok`. A refusal is answered, and nothing of it is stored. `args` may be a function of the op's place, for what is
   * sealed to it.
   */
  async commit<N extends VerbName<V>>(
    verb: N,
    args: VerbArgs<V, N> | ((place: OpPlace) => VerbArgs<V, N>),
    options: Omit<CommitRequest, 'verb' | 'args'> = {},
  ): Promise<Commit> {
    const [commit] = await this.#commitRequests([{ ...options, verb, args }]);
    return commit as Commit;
  }

  /** Several ops, one transaction, one wait for the disk. A refused one is answered; the others go on. */
  commitAll(requests: readonly TypedRequest<V>[]): Promise<Commit[]> {
    return this.#commitRequests(requests);
  }

  /**
   * Adopts, in `hq`, the verb versions and tables that this program declares and the book does not have yet; undefined when there are none. Only
   * an owner's device may.
   */
  async adopt(): Promise<Commit | undefined> {
    this.#mustBeOpen();
    const args = adoptable(this.#replica, this.#options.release ?? '');
    if (args === undefined) return undefined;
    const [commit] = await this.#commitRequests([{ verb: manifestAdopt.name, args, scope: HQ }]);
    return commit;
  }

  /**
   * Goes on under a new key, made in the key store: from the next op on the old one signs nothing here. What it signed stays. One answer for each
   * scope that enrolled this device.
   */
  async rotate(): Promise<Commit[]> {
    return this.#write(() => this.#own.rotate((work) => this.#store(work)), 1);
  }

  /**
   * What lets this device write in another scope: the args of `device.admit`, which somebody who may enrol there commits in that scope, with a
   * `role` of theirs. A later key is vouched for by the first. Undefined until this device is enrolled; devices of `hq` need no admission.
   */
  admission(): Promise<AdmitArgs | undefined> {
    this.#mustBeOpen();
    return this.#replica.exclusive(() => this.#own.admission());
  }

  /**
   * Goes on as another device, under a fresh key, because this one's was copied or revoked. Nothing is lost: what it did without effect waits in
   * `quarantine()`. The new device writes once somebody has enrolled it with the answer's `replaces` (where the root key is kept, it is so at
   * once: `enrolled`); then `recoverAll()` adopts what waits.
   * Asked again before that, it answers the same.
   */
  async renew(): Promise<Renewal> {
    this.#mustBeOpen();
    const renewal = await this.#replica.exclusive(() => this.#own.renew());
    this.#emit({ kind: 'commit' });
    return renewal;
  }

  /**
   * Signs what the fold of this device's settled prefix came to (`book.attest`), so that devices which folded the same and differ are found:
   * `status().disagreements`. With `size` and an empty store it folds the log to there afresh, to say the same of a prefix that others attested.
   * `kernel/nothing-settled` where there is no such prefix.
   */
  async attest(options: AttestOptions = {}): Promise<Commit> {
    this.#mustBeOpen();
    const scope = options.scope ?? this.#options.scope ?? HQ;
    const { verbs } = this.#options;
    const asked = options.size === undefined ? options : { ...options, older: this.#asked(options.older ?? {}) };
    const claim = await this.#replica.exclusive(async () =>
      (await loadAudit()).claimFor(this.#replica, scope, verbs, asked),
    );
    if (claim === undefined) return { ok: false, code: 'kernel/nothing-settled', details: { scope } };
    const [commit] = await this.#commitRequests([{ verb: bookAttest.name, args: { ...claim, scope }, scope }]);
    return commit as Commit;
  }

  /** Ops without effect because of who wrote them, that nobody has adopted or dismissed yet, oldest first. */
  quarantine(): readonly QuarantinedOp[] {
    this.#mustBeOpen();
    return readQuarantine(this.#replica.sql);
  }

  /**
   * Gives every quarantined op of a device its effect, each by an op of its own: those of the device that this one replaces, or of `device`. One
   * that another replica adopts at the same time counts once.
   */
  async recoverAll(device?: DeviceId): Promise<Commit[]> {
    return this.#commitRequests(this.#own.recoveries(this.quarantine(), device));
  }

  async #commitRequests(requests: readonly CommitRequest[]): Promise<Commit[]> {
    const isPlain = !requests.some(({ verb }) => ACTS.has(verb.split('@', 1)[0] as string));
    const work = async (): Promise<(Written | NotCommitted)[]> => {
      const scope = this.#options.scope ?? HQ;
      const written = await this.#store(() => this.#own.author.write(requests, scope));
      // Ops of a device may have come before the op that enrols it.
      if (requests.some(({ verb }) => verb.startsWith(deviceEnroll.name))) {
        // What is committed stays so; what was held back is looked at again by the next sync or opening.
        await retryAsides(this.#replica).catch(() => undefined);
      }
      return written;
    };
    return this.#write(work, requests.length, isPlain);
  }

  /** Runs the author in a transaction. Where the log is a file of its own, what it made durable was committed, whatever the rows came to. */
  async #store(work: () => Promise<(Written | NotCommitted)[]>): Promise<(Written | NotCommitted)[]> {
    let written: (Written | NotCommitted)[] = [];
    try {
      await this.#replica.transaction(async () => {
        written = await work();
      }, true);
    } catch (error) {
      if (!this.#replica.hasKept(written.flatMap((answer) => (answer.ok ? [answer.record.hash] : [])))) throw error;
      // Reads should see it at once; if the database still cannot, the next transaction tries again.
      await this.#replica.transaction(() => undefined).catch(() => undefined);
    }
    if (this.#own.author.noteStored()) this.#hasStored = true;
    return written;
  }

  /** Runs what writes `count` ops, alone, once this device knows its own last op. */
  async #write(work: () => Promise<(Written | NotCommitted)[]>, count: number, isPlain = false): Promise<Commit[]> {
    this.#mustBeOpen();
    const { answers, isNews } = await this.#replica.exclusive(async () => {
      this.#hasStored = false;
      // Once anchored, always anchored.
      this.#isAnchored ||= this.#replica.log.meta(META_UNANCHORED) !== '1';
      if (this.#isAnchored) return { answers: await work(), isNews: this.#hasStored };
      const refusal: NotCommitted = { ok: false, code: 'kernel/unanchored', details: { device: this.device } };
      return { answers: Array.from({ length: count }, () => refusal), isNews: false };
    });
    if (isNews) this.#emit({ kind: 'commit' }, isPlain);
    this.#writeSoon();
    return answers.map((answer) => (answer.ok ? this.#committed(answer) : answer));
  }

  /** Who reads the database beside this program sees the rows of a commit soon after it, too. */
  #writeSoon(): void {
    const { later } = this.#options.edge ?? platformEdge;
    if (later === undefined || this.#writesSoon || !this.#replica.transactions.holdsRows) return;
    this.#writesSoon = true;
    const write = async (): Promise<void> => {
      this.#writesSoon = false;
      if (!this.#closed) this.#replica.transactions.writeHeld();
    };
    // What fails here is tried again, and said, by the next commit or read.
    later(() => void this.#replica.exclusive(write).catch(() => undefined));
  }

  /**
   * Plain SQL over the projections. Reads only. Throws `kernel/not-resident` for tables of a snapshot that are not here yet, and loads them: ask
   * again after the change `resident`, or use `read`.
   */
  query<Row extends object = Readonly<Record<string, SqlValue>>>(
    sql: string,
    params: readonly SqlValue[] = [],
  ): readonly Row[] {
    this.#mustBeOpen();
    const absent = absentTablesOf(this.#replica, sql);
    if (absent.length === 0) return this.#replica.sql.query(sql, params) as readonly Row[];
    // Touched: they are on their way, and a listener hears when they are here.
    this.#fetch(absent).catch(() => undefined);
    throw notResident(absent);
  }

  /** Calls back after every change of state. Returns how to stop. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
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
    this.#mustBeOpen();
    return statusOf(this.#replica, this.#own, this.#options.store.image !== undefined);
  }

  /** Ops that have no position in the shared order yet, in the order they are folded. */
  pendingOps(): readonly PendingOp[] {
    return pendingOpsOf(this.#replica);
  }

  /** Where an op stands; undefined for one that is not stored here. */
  async stage(hash: OpHash): Promise<Stage | undefined> {
    this.#mustBeOpen();
    const stored = await this.#replica.log.get(hash);
    if (stored === undefined) return undefined;
    if (stored.position !== undefined) return 'settled';
    return this.#replica.log.receiptPosition(hash) === undefined ? 'local' : 'durable';
  }

  /** One exchange with a relay: push, receipts, pull, fold, and a cosignature of what it led to. `pull: false` only hands in what is pending. */
  async sync(client: RelayClient, options: { readonly pull?: boolean } = {}): Promise<SyncReport> {
    this.#mustBeOpen();
    const pull = options.pull ?? true;
    return this.#whileOpen(async () => {
      const { isCurrent, openExchange, stateCosigned, syncWith } = await loadExchange();
      const exchange = await openExchange(this.#replica, client, this.#own.readers(), this.#own.now());
      const { scopes, report } = await this.#noting(() =>
        syncWith(exchange, this.#wanted(), { pull, device: this.device }),
      );
      this.#own.author.observe();
      const isWhole = pull && report.denied === undefined && this.#own.row() !== undefined;
      // A relay that follows another one may lag: what this device wrote last may be where it was not asked.
      const isUnsure = exchange.mirror !== undefined && this.#replica.log.meta(META_UNANCHORED) === '1';
      if (isWhole && (!isUnsure || (await isCurrent(exchange, scopes)))) await this.anchor();
      const cosigner = pull ? this.#own.cosigner() : undefined;
      if (cosigner !== undefined)
        await this.#noting(() => stateCosigned(this.#replica, exchange.client, cosigner, scopes, this.#cosigned));
      this.#emit({ kind: 'sync' });
      return report;
    });
  }

  /**
   * Takes in what somebody published of this book (`openMirror`), all its scopes or some, as far as the relay signed it. Reads only: nothing is handed in or cosigned, and a
   * device that must first learn its own last op still must. Needs the relay's key. Throws as `sync` does, and `relay/mirror-*`.
   */
  readMirror(mirror: Mirror, scopes?: readonly ScopeName[]): Promise<SyncReport> {
    this.#mustBeOpen();
    return this.#whileOpen(async () => {
      const { readMirror } = await loadExchange();
      const index = await mirror.index();
      if (index.book !== this.id) throw new KernelError('kernel/foreign-book', `the mirror is of book ${index.book}`);
      const wanted = index.scopes.filter((scope) => scopes?.includes(scope) ?? true);
      const report = await this.#noting(() => readMirror(this.#replica, mirror, wanted, this.#own.now()));
      this.#own.author.observe();
      this.#emit({ kind: 'import' });
      return report;
    });
  }

  /**
   * Listens to the relay until `signal` fires, over as many connections as that takes: `onNews` says that a sync will bring something. Asking now and
   * then stays wise, seldom while it is heard.
   */
  async listen(client: RelayClient, options: ListenOptions): Promise<void> {
    this.#mustBeOpen();
    const { listenTo } = await loadExchange();
    await listenTo(this.#replica, client, () => this.#own.readers(), options);
  }

  /** The book, or some scopes of it, as one file for `import`. */
  export(options: { readonly scopes?: readonly ScopeName[] } = {}): Promise<Uint8Array> {
    this.#mustBeOpen();
    return this.#replica.exclusive(async () => (await loadExchange()).exportBook(this.#replica, options.scopes));
  }

  /** Takes in what another replica exported. Only what verifies is folded; nothing already stored is lost. */
  async import(bytes: Uint8Array): Promise<ImportReport> {
    this.#mustBeOpen();
    return this.#whileOpen(async () => {
      const { importBook } = await loadExchange();
      const report = await this.#noting(() => importBook(this.#replica, bytes, this.#own.now()));
      this.#own.author.observe();
      this.#emit({ kind: 'import' });
      return report;
    });
  }

  /**
   * Forgets records that were set aside (`log.asides()`), all or those of some ops: a copy of them can be imported again. Answers of how many ops.
   */
  async dismissAsides(hashes?: readonly OpHash[]): Promise<number> {
    this.#mustBeOpen();
    const { log } = this.#replica;
    const dismissed = await this.#replica.exclusive(async () => {
      const held = new Set((await log.asides()).map(({ hash }) => hash));
      const chosen = [...held].filter((hash) => hashes?.includes(hash) ?? true);
      if (chosen.length > 0) await this.#replica.transaction(() => log.dropAsides(chosen));
      return chosen.length;
    });
    if (dismissed > 0) this.#emit({ kind: 'import' });
    return dismissed;
  }

  /**
   * Says that every copy of this device's own ops that exists has been imported, so that it may write again. A full sync with the relay
   * says so by itself.
   */
  async anchor(): Promise<void> {
    this.#mustBeOpen();
    const { log } = this.#replica;
    if (log.meta(META_UNANCHORED) === '1') await this.#replica.exclusive(async () => log.setMeta(META_UNANCHORED, ''));
  }

  digest(): BookDigest {
    this.#mustBeOpen();
    return this.#replica.digest();
  }

  /** Checks the stored log: text, hashes, links, one signature a run (or each), Merkle roots. */
  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    this.#mustBeOpen();
    const { log, crypto } = this.#replica;
    const enrolments = this.#replica.admitter.enrolments();
    return this.#replica.exclusive(async () => (await loadAudit()).verifyLog(log, crypto, { ...options, enrolments }));
  }

  /**
   * The books as they stood at the end of a business day, or after the first so many ops of a scope, folded into an empty store, which the caller
   * closes. Any query and the digest can be asked of them. A log that begins later needs the `older` ops.
   */
  async asOf(place: AsOfPlace, into: BookStore, older: OlderOps = {}): Promise<AsOf> {
    this.#mustBeOpen();
    return this.#whileOpen(async () =>
      (await loadAudit()).asOf(this.#replica, this.#options.verbs, place, { into, older: this.#asked(older) }),
    );
  }

  /**
   * Folds the whole log into an empty store, which the caller closes. A log that begins later needs the `older` ops. With `verbs` instead of the book's
   * own it tells what would have come of the same ops.
   */
  replay(into: BookStore, older: OlderOps = {}, verbs: readonly Verb[] = this.#options.verbs): Promise<Replayed> {
    this.#mustBeOpen();
    return this.#replica.exclusive(async () => {
      const { replay, wholeLog } = await loadAudit();
      return replay({
        from: await wholeLog(this.#replica, this.#asked(older)),
        into,
        verbs,
        crypto: this.#replica.crypto,
      });
    });
  }

  /** Folds the log afresh into an empty store and compares every live row with it. A log that begins later needs the `older` ops. */
  async prove(fresh: BookStore, older: OlderOps = {}): Promise<ProofReport> {
    this.#mustBeOpen();
    return this.#replica.exclusive(async () => {
      const { noteAudit, prove } = await loadAudit();
      const report = await prove(this.#replica, this.#options.verbs, fresh, this.#asked(older));
      if (report.ok) await noteAudit(this.#replica);
      return report;
    });
  }

  /**
   * Archives settled ops of a scope into a file, reads it back, verifies it, and only then drops them here. Save a snapshot first where rows live
   * in memory. Throws `archive/*` with nothing dropped.
   */
  archive(options: Omit<ArchiveOptions, 'scope'> & { readonly scope?: ScopeName }): Promise<ArchiveReport> {
    this.#mustBeOpen();
    const scope = options.scope ?? this.#options.scope ?? HQ;
    return this.#replica.exclusive(async () => {
      const report = await (await loadSnapshots()).archiveLog(this.#replica, { ...options, scope });
      // What is held back was judged by ops that are gone here.
      await retryAsides(this.#replica);
      return report;
    });
  }

  /**
   * Keeps the rows as they are beside the log, so that the next opening need not fold it again. For a quiet moment: the rows of 100,000 sales are
   * 90 MB. False where the store has no place for it.
   */
  async saveImage(): Promise<boolean> {
    this.#mustBeOpen();
    const { image } = this.#options.store;
    if (image === undefined) return false;
    await this.#replica.exclusive(() => saveImage(this.#replica, image));
    return true;
  }

  /**
   * Saves the settled prefix of every scope as a snapshot: `openBook({ snapshot })` starts from it. Attest the same prefix (`attest`), let another device
   * do so too, and keep the proof beside it (`saveSnapshotProof`), and it can be trusted.
   */
  saveSnapshot(place: Pick<ImagePlace, 'save'>): Promise<SnapshotReport> {
    this.#mustBeOpen();
    const key = this.#own.keyInForce;
    if (key === undefined) throw new KernelError('kernel/no-keys', 'the key in force of this device is not here');
    return this.#replica.exclusive(async () =>
      (await loadSnapshots()).saveSnapshot(this.#replica, key, this.#own.now(), place),
    );
  }

  /** Writes what proves the snapshot in `place` as far as it is proven now. Answers how far that is. */
  saveSnapshotProof(place: ImagePlace): Promise<SnapshotTrust> {
    this.#mustBeOpen();
    return this.#replica.exclusive(async () => (await loadSnapshots()).saveProof(this.#replica, place));
  }

  /**
   * Signs what this device says of the book outside its log, under the key in force: Ed25519 over "tallystick/" || `kind` || "\\n" || book id ||
   * SHA-256 of `text`. A kind is never that of an op.
   */
  async sign(kind: StatementKind, text: string): Promise<SignedStatement> {
    this.#mustBeOpen();
    const key = this.#own.keyInForce;
    if (key === undefined) throw new KernelError('kernel/no-keys', 'the key in force of this device is not here');
    const signature = await key.sign(statementPreimage(kind, this.id, text, this.#replica.crypto.hasher));
    return { device: key.device, keyId: key.keyId, signature: encodeHex(signature) };
  }

  /** As `query`, after loading the tables it reads where they are not here yet. */
  async read<Row extends Readonly<Record<string, SqlValue>> = Readonly<Record<string, SqlValue>>>(
    sql: string,
    params: readonly SqlValue[] = [],
  ): Promise<readonly Row[]> {
    this.#mustBeOpen();
    await this.#fetch(absentTablesOf(this.#replica, sql));
    return this.query(sql, params);
  }

  async #fetch(tables: readonly AbsentTable[]): Promise<void> {
    if (tables.length === 0) return;
    await this.#replica.exclusive(() => this.#replica.transaction(() => fetchTables(this.#replica, tables)));
    this.#emit({ kind: 'resident' });
  }

  /** Waits for work under way and closes the store. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#replica.exclusive(async () => {
      try {
        this.#replica.transactions.writeHeld();
      } catch {
        // The next opening folds it from the log.
      }
      await this.#options.store.close();
    });
    this.#listeners.clear();
  }

  #asked(older: OlderOps): OlderOps {
    return { device: this.#own.readers()[0], ...older };
  }

  #wanted(): WantedScopes {
    const { replicate = 'own', scope = HQ } = this.#options;
    const named = typeof replicate === 'string' ? [] : replicate;
    return { named: [HQ, scope, ...named], isAll: replicate === 'all' };
  }

  #committed({ record: { op, hash }, correction }: Written): Committed {
    const { id, scope } = op;
    const stage = async (): Promise<Stage> => (await this.stage(hash)) ?? 'local';
    return { ok: true, id, hash, scope, correction, stage, reached: (wanted) => this.#reached(stage, wanted) };
  }

  async #reached(stage: () => Promise<Stage>, wanted: Stage): Promise<void> {
    const rank: Readonly<Record<Stage, number>> = { local: 0, durable: 1, settled: 2 };
    const isThere = async (): Promise<boolean> => rank[await stage()] >= rank[wanted];
    if (await isThere()) return;
    await new Promise<void>((resolve, reject) => {
      const stop = this.subscribe(() => {
        isThere().then((there) => {
          if (!there) return;
          stop();
          resolve();
        }, reject);
      });
    });
  }

  #emit(change: Change, isPlain = false): void {
    this.#tell(change);
    // Only acts of the kernel bring disagreements, or another program in the same database.
    if (isPlain && this.#replica.loads === this.#loads) return;
    const count = this.#closed ? 0 : this.#countDisagreements();
    if (count === undefined) return;
    this.#loads = this.#replica.loads;
    if (count > this.#disagreements) this.#tell({ kind: 'disagreement' });
    this.#disagreements = Math.max(count, this.#disagreements);
  }

  /** Undefined where the rows cannot be read now: what changed has changed all the same, and the next change counts them. */
  #countDisagreements(): number | undefined {
    try {
      return countDisagreements(this.#replica.sql);
    } catch {
      return undefined;
    }
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        // What happened has happened, and whoever asked for it must be told so; the listener's fault goes where uncaught errors go.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Runs an exchange and says it, however that ended, when it led to a proof against the relay. */
  async #noting<T>(exchange: () => Promise<T>): Promise<T> {
    const { log } = this.#replica;
    const before = relayFindings(log).length;
    try {
      return await exchange();
    } finally {
      if (!this.#closed && relayFindings(log).length > before) this.#tell({ kind: 'relay-proof' });
    }
  }

  #mustBeOpen(): void {
    if (this.#closed) throw closed();
  }

  /** Runs what lets others in between. What it meets in a store that was closed meanwhile says no more than that. */
  async #whileOpen<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#closed ? closed(error) : error;
    }
  }
}

function closed(cause?: unknown): KernelError {
  return new KernelError('kernel/closed', 'this book is closed', cause);
}
