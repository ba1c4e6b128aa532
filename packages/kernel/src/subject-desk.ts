/**
 * What a device does about personal data beside the log: opens subjects and seals for them, shows what it may, learns what was shredded before it shows anything, says that it has
 * destroyed its keys, and passes keys on to those who may read. Spec: docs/spec/envelope.md; the workflow: docs/erasure.md.
 */
import {
  type Blobs,
  createSubject,
  type Keyring,
  openEnvelope,
  parseEnvelope,
  parseSubject,
  parseWrappedName,
  type ReaderIdentity,
  renewKey,
  sealEnvelope,
  type SubjectId,
  type SubjectKey,
  subjectKeyId,
  unwrapKey,
  wrapKey,
  wrappedName,
} from '@tallystick/erasure';
import type { Scope as ScopeName } from '@tallystick/oplog';
import type { NotCommitted, OpPlace } from './author.ts';
import type { Commit } from './commit.ts';
import type { SqlValue } from './driver.ts';
import { HQ } from './genesis.ts';
import { destroyShredded, sayDestroyed, type SubjectBook } from './subject-shred.ts';
import { readsByDefault, subjectOpen } from './subject-verbs.ts';

export interface SubjectDeskOptions {
  readonly book: SubjectBook;
  readonly keyring: Keyring;
  /** This device's own pair for keys of subjects, kept like its signing key. */
  readonly reader: ReaderIdentity;
  /** Where wrapped keys lie: at the relay, in the keyring's backup. Each is told to delete. */
  readonly blobs: readonly Blobs[];
  /** The business day. */
  day(): string;
  /** Where this device writes; `hq` by default. */
  readonly scope?: ScopeName;
}

/** Seals texts of one subject, each for its op and field. */
export interface Sealer {
  readonly subject: SubjectId;
  readonly generation: number;
  seal(place: OpPlace, field: string, text: string): string;
}

/** Where an envelope stands, beside the book. */
export interface EnvelopeWhere {
  readonly scope: string;
  readonly device: string;
  readonly id: string;
  readonly field: string;
}

export type Reading =
  | { readonly state: 'shown'; readonly text: string }
  /** Shredded, or about to be: nothing is shown from the moment the op is here. */
  | { readonly state: 'erased' }
  /** This device has not the key, or lost access. */
  | { readonly state: 'no-key' }
  | { readonly state: 'unreadable'; readonly code: string };

export interface RefreshReport {
  /** Subjects whose keys were destroyed here now. */
  readonly shredded: number;
  /** Keys that came from others. */
  readonly received: number;
  /** Keys that were wrapped anew for those who may read. */
  readonly shared: number;
  /** Wrapped keys of shredded subjects that were deleted. */
  readonly deleted: number;
  /** Shreds that wait until their op is settled. */
  readonly waiting: number;
  /** What a place for wrapped keys did not do, and why; it is asked again the next time. While wrapped keys of shredded subjects are left, no shred is acknowledged. */
  readonly unreachable: readonly string[];
}

interface KeyRow {
  readonly subject: SubjectId;
  readonly generation: number;
  readonly keyId: string;
}

export class SubjectDesk {
  readonly #options: SubjectDeskOptions;
  /** The contact under way: nothing is shown before it is over and what it brought is done. */
  #contact: Promise<unknown> = Promise.resolve();

  constructor(options: SubjectDeskOptions) {
    this.#options = options;
  }

  /** A new subject of a kind such as `customer`, its key kept here before the op names it, or why the op was refused. */
  async open(kind: string): Promise<Sealer | NotCommitted> {
    return this.#openKey(createSubject(), kind);
  }

  /** The next generation of a subject's key: what is sealed from now on is for those alone who may read now. */
  async renew(subject: SubjectId): Promise<Sealer | NotCommitted> {
    const [newest] = await this.#options.keyring.keys(subject);
    const [row] = this.#query<{ kind: string }>('SELECT kind FROM subjectKeys WHERE subject = ?', [subject]);
    if (newest === undefined || row === undefined) return { ok: false, code: 'erasure/no-key', details: { subject } };
    return this.#openKey(renewKey(newest), row.kind);
  }

  /** Seals under the newest key of a subject that is here; undefined without one, and for who is to be forgotten. */
  async sealer(subject: SubjectId): Promise<Sealer | undefined> {
    await this.#contact;
    const [newest] = this.#isShred(subject) ? [] : await this.#options.keyring.keys(subject);
    return newest === undefined ? undefined : sealerOf(newest);
  }

  /** What this device may show of an envelope. Waits for a contact that is under way. */
  async read(text: string, where: EnvelopeWhere): Promise<Reading> {
    await this.#contact;
    const envelope = parseEnvelope(text);
    if (envelope === undefined) return { state: 'unreadable', code: 'erasure/not-an-envelope' };
    const { subject, generation } = envelope;
    const { keyring, book } = this.#options;
    if (this.#isShred(subject) || (await keyring.isShredded(subject))) return { state: 'erased' };
    const key = (await keyring.keys(subject)).find((one) => one.generation === generation);
    if (key === undefined || !this.#mayRead()) return { state: 'no-key' };
    const opened = openEnvelope(text, key, { ...where, book: book.id });
    return opened.ok ? { state: 'shown', text: opened.value.text } : { state: 'unreadable', code: opened.code };
  }

  /**
   * Runs a contact with others, such as a sync, and then `refresh`: nothing is shown meanwhile, so that who was away learns what was shredded before
   * anything is on a screen. What the contact throws is thrown after the refresh.
   */
  async during<T>(contact: () => Promise<T>): Promise<{ readonly value: T; readonly report: RefreshReport }> {
    const run = async (): Promise<{ readonly value: T; readonly report: RefreshReport }> => {
      let report: RefreshReport | undefined;
      await this.place();
      try {
        const value = await contact();
        report = await this.refresh();
        return { value, report };
      } finally {
        if (report === undefined) await this.refresh();
      }
    };
    return this.hold(run);
  }

  /** Runs `work` with nothing shown until it is over, after what was held before. Whoever brings ops in by it refreshes in it. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#contact.then(work);
    this.#contact = done.catch(() => undefined);
    return done;
  }

  /**
   * Puts keys that were made here and are not handed in yet where those who may read find them, before a contact hands in the ops that name them: once those are out, anybody who puts keys
   * could be the first under their names, and a device that must not keep a key would let go of the only one. What does not answer is asked again by `refresh`.
   */
  async place(): Promise<void> {
    const made = await this.#unsettledKeys();
    for (const blobs of made.size === 0 ? [] : this.#options.blobs) {
      try {
        await this.#share(blobs, await blobs.names(), new Set(), made);
      } catch {
        // `refresh` says so.
      }
    }
  }

  /** Does what the log asks of this device: destroys, says so, gives up what it may not read, takes and passes on keys. */
  async refresh(): Promise<RefreshReport> {
    const { subjects, shredded, waiting } = await destroyShredded(this.#options);
    const unreachable: string[] = [];
    let [deleted, received, shared] = [0, 0, 0];
    let isGone = true;
    const placed = new Set<string>();
    for (const [index, blobs] of this.#options.blobs.entries()) {
      /** What cannot be done there keeps nothing else from being done. */
      const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
        try {
          return await work();
        } catch (error) {
          unreachable.push(`${index}: ${error instanceof Error ? error.message : String(error)}`);
          return undefined;
        }
      };
      const names = await attempt(async () => blobs.names());
      const gone = names && (await attempt(() => this.#deleteShredded(blobs, names)));
      if (gone === undefined) isGone = false;
      else deleted += gone;
      if (names === undefined) continue;
      if (this.#mayRead()) received += (await attempt(() => this.#receive(blobs, names))) ?? 0;
      shared += (await attempt(() => this.#share(blobs, names, placed))) ?? 0;
    }
    // This device can open the wrapped keys again, so it has destroyed its keys only once they are gone too.
    if (isGone) await sayDestroyed(this.#options, subjects);
    if (!this.#mayRead()) await this.#giveUp(placed);
    return { shredded, received, shared, deleted, waiting, unreachable };
  }

  /** Says by an op whom keys are wrapped for on this device's behalf, where the book does not know. */
  async offer(): Promise<Commit | undefined> {
    const { recipient } = this.#options.reader;
    const known = this.#query('SELECT 1 AS one FROM readers WHERE device = ? AND recipient = ?', [
      this.#options.book.device,
      recipient,
    ]);
    return known.length > 0 ? undefined : this.#commit('reader.offer', { recipient });
  }

  async #openKey(key: SubjectKey, kind: string): Promise<Sealer | NotCommitted> {
    const { keyring, day } = this.#options;
    const { subject, generation } = key;
    // Before the op: a key that nobody has could not be named.
    await keyring.put(key);
    const args = { subject, generation, keyId: subjectKeyId(key), kind, day: day() };
    const opened = await this.#commit('subject.open', args);
    return opened.ok ? sealerOf(key) : opened;
  }

  /** Whether an op says so, settled or not. */
  #isShred(subject: string): boolean {
    return this.#query('SELECT 1 AS one FROM shreds WHERE subject = ?', [subject]).length > 0;
  }

  async #deleteShredded(blobs: Blobs, names: readonly string[]): Promise<number> {
    const gone = new Set(await this.#shreddedHere(names));
    let deleted = 0;
    for (const name of gone) if (await blobs.delete(name)) deleted += 1;
    if (deleted === gone.size) return deleted;
    const left = (await blobs.names()).filter((name) => gone.has(name));
    if (left.length > 0)
      throw new Error(`${left.length} wrapped keys of who is forgotten wait for an owner or manager`);
    return deleted;
  }

  async #shreddedHere(names: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const name of names) {
      const subject = parseWrappedName(name)?.subject;
      if (subject !== undefined && (await this.#options.keyring.isShredded(subject))) found.push(name);
    }
    return found;
  }

  async #receive(blobs: Blobs, names: readonly string[]): Promise<number> {
    const { keyring, reader } = this.#options;
    let received = 0;
    for (const name of names) {
      const of = parseWrappedName(name);
      if (of === undefined || this.#isShred(of.subject) || (await keyring.isShredded(of.subject))) continue;
      if ((await keyring.keys(of.subject)).some(({ generation }) => generation === of.generation)) continue;
      const rows = this.#keyRows('WHERE subject = ? AND generation = ?', [of.subject, of.generation]);
      const wrapped = rows.length === 0 ? undefined : await blobs.get(name);
      for (const { keyId } of wrapped === undefined ? [] : rows) {
        const unwrapped = await unwrapKey(wrapped as string, reader.identity, keyId);
        if (!unwrapped.ok) continue;
        await keyring.put(unwrapped.value);
        received += 1;
        break;
      }
    }
    return received;
  }

  /** By their ids: those that this device has made and not handed in yet. All others may be of who was forgotten while it was away. */
  async #unsettledKeys(): Promise<Set<string>> {
    const { book } = this.#options;
    const made = this.#query<{ keyId: string }>('SELECT keyId FROM subjectKeys WHERE device = ?', [book.device]);
    if (made.length === 0) return new Set();
    const ids = new Set<unknown>();
    for (const scope of book.log.scopes())
      for (const { op } of await book.log.pending(scope))
        if (op.verb === subjectOpen.ref && op.device === book.device) ids.add(op.args['keyId']);
    return new Set(made.map(({ keyId }) => keyId).filter((keyId) => ids.has(keyId)));
  }

  /** Every key that is here and is not there for exactly those who may read; what is there for others is deleted. */
  async #share(
    blobs: Blobs,
    names: readonly string[],
    placed: Set<string>,
    named = new Set(this.#keyRows('', []).map(({ keyId }) => keyId)),
  ): Promise<number> {
    const recipients = this.#recipients();
    if (recipients.length === 0) return 0;
    const there = new Set(names);
    let shared = 0;
    for (const subject of await this.#options.keyring.subjects()) {
      if (this.#isShred(subject)) continue;
      for (const key of await this.#options.keyring.keys(subject)) {
        const name = wrappedName(key, recipients);
        if (!named.has(subjectKeyId(key))) continue;
        if (!there.has(name)) {
          await blobs.put(name, await wrapKey(key, recipients));
          shared += 1;
        }
        placed.add(name);
        const older = names.filter((other) => other !== name && other.startsWith(`${subject}.${key.generation}.`));
        for (const other of older) await blobs.delete(other);
      }
    }
    return shared;
  }

  /** A device may make a key that it must not keep: it lets go of it once it lies where those who may read find it. */
  async #giveUp(placed: ReadonlySet<string>): Promise<void> {
    const { keyring } = this.#options;
    const recipients = this.#recipients();
    for (const subject of await keyring.subjects()) {
      const keys = await keyring.keys(subject);
      if (keys.every((key) => placed.has(wrappedName(key, recipients)))) await keyring.forget(subject);
    }
  }

  #mayRead(): boolean {
    return mayRead(this.#options.book, this.#options.book.device);
  }

  #recipients(): readonly string[] {
    const { book } = this.#options;
    const rows = this.#query<{ device: string; recipient: string }>('SELECT device, recipient FROM readers');
    return [...new Set(rows.filter(({ device }) => mayRead(book, device)).map(({ recipient }) => recipient))].sort();
  }

  #keyRows(where: string, params: readonly SqlValue[]): KeyRow[] {
    const rows = this.#query<KeyRow>(`SELECT subject, generation, keyId FROM subjectKeys ${where}`, params);
    return rows.filter(({ subject }) => parseSubject(subject) !== undefined);
  }

  #query<R extends object>(sql: string, params: readonly SqlValue[] = []): readonly R[] {
    return this.#options.book.query<R>(sql, params);
  }

  #commit(verb: string, args: object): Promise<Commit> {
    const { book, scope } = this.#options;
    return book.commit(verb as never, args as never, scope === undefined ? {} : { scope });
  }
}

/** Changes with everything that `refresh` would do something about: what `hq` has settled, and which keys are named in any scope. One look, however long the log is. */
export function subjectStanding(book: Pick<SubjectBook, 'log' | 'query'>): string {
  const [row] = book.query<{ keys: number }>('SELECT count(*) AS keys FROM subjectKeys');
  return `${book.log.tip(HQ).size} ${row?.keys ?? 0}`;
}

/** Whether a device may read personal data now: enrolled, not revoked, and let in by itself or by its role. */
export function mayRead(book: Pick<SubjectBook, 'query'>, device: string): boolean {
  const [grant] = book.query<{ access: number }>(
    "SELECT access FROM readerGrants WHERE scope = 'hq' AND \"of\" = 'device' AND name = ?",
    [device],
  );
  const enrolled = book.query<{ role: string; access: number }>(
    `SELECT d.role, coalesce(g.access, -1) AS access FROM devices d
     LEFT JOIN readerGrants g ON g.scope = 'hq' AND g."of" = 'role' AND g.name = d.role
     WHERE d.device = ? AND d.status = 'active'
     AND NOT EXISTS (SELECT 1 FROM revocations r WHERE r.device = d.device AND r.status = 'revoked')`,
    [device],
  );
  if (grant !== undefined) return grant.access === 1 && enrolled.length > 0;
  return enrolled.some(({ role, access }) => (access === -1 ? readsByDefault(role) : access === 1));
}

function sealerOf(key: SubjectKey): Sealer {
  const { subject, generation } = key;
  return { subject, generation, seal: (place, field, text) => sealEnvelope(text, key, { ...place, field }) };
}
