// Keeps a book outside its store: decides between a whole and a delta, seals and signs it, writes it to every place, reads it back, and drops what
// newer parts have made superfluous. docs/spec/recovery.md, "Series"; decision 044.
import type { Hasher } from '@tallystick/chain';
import type { Book } from '@tallystick/kernel';
import { bookFile, type FileScope, packed } from '@tallystick/kernel/backup';
import { type OpRecord, orderTail, type Scope } from '@tallystick/oplog';
import { type BackupStanding, type Cadence, defaultCadence, standingOf } from './cadence.ts';
import { RecoveryError } from './errors.ts';
import {
  chainOf,
  hashOfHead,
  joined,
  maxNoteUnits,
  NOTE,
  type PartHead,
  type PartKind,
  type PartScope,
  sealPart,
} from './part.ts';
import { type BackupPlace, parsePartName, partName } from './place.ts';
import { type KeeperState, parseState, type PlaceState, type StateStore } from './state.ts';

/** What a backup asks of a book, whatever its verbs are. */
export type KeptBook = Pick<
  Book,
  'id' | 'device' | 'log' | 'status' | 'query' | 'sign' | 'saveSnapshot' | 'saveSnapshotProof'
>;

export interface KeeperOptions {
  readonly book: KeptBook;
  readonly hasher: Hasher;
  /** 1 to 8 age recipients of the owner: a recovery key, a passkey's identity, the organisation's. */
  readonly recipients: () => readonly string[];
  readonly places: readonly BackupPlace[];
  readonly state: StateStore;
  readonly cadence?: Cadence;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Where the device writes, `hq` when left out. */
  readonly scope?: Scope;
  /** False while somebody works with the book: a whole saves all rows and holds commits up as long, so a first or due one waits. Always quiet when left out. */
  readonly isQuiet?: () => boolean;
  /** What the program wants to find again in a part, such as where its relay is; `noteOf` reads it. At most 4,096 units of text. */
  readonly note?: () => string;
  /** The greatest number that somebody else knows of this device's backups: a whole goes on after it, for with a lower one it would lose against what is there. */
  readonly after?: () => number | Promise<number>;
}

export interface BackupReport {
  readonly number: number;
  readonly kind: PartKind;
  readonly bytes: number;
  /** Ops that it brought into the backup. */
  readonly ops: number;
  readonly places: readonly { readonly place: string; readonly error?: string; readonly dropped: number }[];
}

export interface BackupKeeper {
  /** One part, now, to every place. A whole where one is asked for or due. Undefined where everything stands in the last one already. */
  backUp(options?: { readonly whole?: boolean }): Promise<BackupReport | undefined>;
  /** As `backUp`, where the cadence asks for it. */
  keep(): Promise<BackupReport | undefined>;
  /** Seals what is new ahead of time, so that a `backUp` which must be quick writes only. Writes nothing; a whole is never made ahead. */
  prepare(): Promise<void>;
  standing(): BackupStanding;
}

/** A restore never has more to put together than this. */
const maxDeltas = 50;
/** Deltas as large as half of their whole are worth a new one. */
const wholeShare = 2;
const keptWholes = 2;
const pageOps = 2_000;

type File = readonly [name: string, bytes: Uint8Array];

export function createBackupKeeper(options: KeeperOptions): BackupKeeper {
  const { book, places, state: store, cadence = defaultCadence, now = Date.now } = options;
  const { isQuiet = () => true } = options;
  const openedMs = now();
  const remembered = parseState(store.load());
  // What another device wrote here, whose place this one took, is no series to go on with: nobody could put the two together.
  const isOwn = remembered?.device === undefined || remembered.device === book.device;
  let state = isOwn ? remembered : undefined;
  let ahead: Sealed | undefined;
  let running: Promise<unknown> = Promise.resolve();

  async function make(isWholeAsked: boolean): Promise<BackupReport | undefined> {
    const [sealedTo, isOthers] = [recipientsOf(options), isForOthers()];
    if (isAllKept() && !isWholeAsked) return undefined;
    if (places.length === 0) throw new RecoveryError('recovery/place', 'there is no place for a backup');
    const { isBack, away } = await lagging(state);
    const isWhole = isWholeAsked || state === undefined || isBack || (isWholeDue(state) && isQuiet());
    const number = await nextNumber(isWhole);
    const { part, file } = takeAhead(isWhole, number) ?? (await sealNext(isWhole, number));
    const files: File[] = [[partName({ book: book.id, device: book.device, number, kind: part.kind }), file.bytes]];
    // Who missed a part may have missed the archive with it; a place that is new has none, and somebody who is named now opens none.
    const isAnew = isBack || isOthers;
    const archive = isWhole ? await archiveOf(options, isAnew ? undefined : state?.archived, number) : undefined;
    if (archive !== undefined) files.push(archive.file);
    const wholes = isWhole ? [number, ...(state?.wholes ?? [])].slice(0, keptWholes) : (state?.wholes ?? []);
    const { kept, reports } = await writeAll(files, away, { state, number, wholes, isWhole });
    const isHeld = reports.some(({ error }) => error === undefined);
    await remember(isHeld, { part, file, number, wholes, until: archive?.until, places: kept, at: now(), sealedTo });
    if (!isHeld)
      throw new RecoveryError('recovery/place', reports.map(({ place, error }) => `${place}: ${error}`).join('; '));
    return { number, kind: part.kind, bytes: file.bytes.length, ops: part.records, places: reports };
  }

  async function nextNumber(isWhole: boolean): Promise<number> {
    const last = state?.number ?? (await lastNumber(options));
    return Math.max(last, isWhole ? ((await options.after?.()) ?? 0) : 0) + 1;
  }

  /** What no place holds is not behind us: the next one begins where this one did. */
  async function remember(isHeld: boolean, made: Parameters<typeof stateAfter>[1]): Promise<void> {
    const next = isHeld ? stateAfter(state, made) : state && { ...state, places: made.places };
    if (next === undefined) return;
    state = { ...next, device: book.device };
    await store.save(JSON.stringify(state));
  }

  async function sealNext(isWhole: boolean, number: number): Promise<Sealed> {
    const part = await gather(options, isWhole ? undefined : state, number);
    return { number, part, file: await sealed(options, state, part, number) };
  }

  /** What was sealed ahead, if it is still all there is. */
  function takeAhead(isWhole: boolean, number: number): Sealed | undefined {
    const sealedAhead = ahead;
    ahead = undefined;
    const isReady = !isWhole && sealedAhead?.number === number && sealedAhead.part.ops === opsOf(book);
    return isReady ? sealedAhead : undefined;
  }

  async function prepare(): Promise<void> {
    const isDelta = state !== undefined && !isAllKept() && !isForOthers() && !(isWholeDue(state) && isQuiet());
    if (state !== undefined && isDelta && ahead?.part.ops !== opsOf(book))
      ahead = await sealNext(false, state.number + 1);
  }

  async function keep(): Promise<BackupReport | undefined> {
    const isOthers = isForOthers() && isQuiet();
    const isDue = standing().isDue && (state !== undefined || isQuiet());
    return isOthers || isDue ? make(isOthers) : undefined;
  }

  function isAllKept(): boolean {
    const { behind, lacking } = standing();
    return state !== undefined && behind === 0 && lacking.length === 0;
  }

  /** Who can open the last whole is not who is to open the next part: what stands on that whole would open for nobody new. */
  const isForOthers = (): boolean => state !== undefined && state.sealedTo !== recipientsOf(options);

  async function writeAll(
    files: readonly File[],
    away: ReadonlyMap<BackupPlace, unknown>,
    after: Parameters<typeof putInto>[2],
  ): Promise<{ readonly kept: Record<string, PlaceState>; readonly reports: BackupReport['places'] }> {
    const kept: Record<string, PlaceState> = {};
    const reports: BackupReport['places'][number][] = [];
    for (const place of places) {
      const gone = away.get(place);
      const put = gone === undefined ? await putInto(place, files, after) : failed(place, after.state, gone);
      kept[place.name] = put.standing;
      reports.push(put.report);
    }
    return { kept, reports };
  }

  /** Places that lack the part before: those that answer get a whole, and no delta that they could not use; the others hold nobody up. */
  async function lagging(
    before: KeeperState | undefined,
  ): Promise<{ readonly isBack: boolean; readonly away: ReadonlyMap<BackupPlace, unknown> }> {
    const away = new Map<BackupPlace, unknown>();
    let isBack = false;
    for (const place of places) {
      const held = before?.places[place.name];
      if (before === undefined || (held?.number === before.number && held.error === undefined)) continue;
      try {
        await place.list();
        isBack = true;
      } catch (cause) {
        away.set(place, cause);
      }
    }
    return { isBack, away };
  }

  const standing = (): BackupStanding =>
    standingOf(
      state,
      { atMs: now(), ops: opsOf(book), sinceMs: openedMs, places: places.map(({ name }) => name) },
      cadence,
    );

  /** One at a time: two would have one number. */
  function alone<T>(work: () => Promise<T>): Promise<T> {
    const next = running.then(work, work);
    running = next.catch(() => undefined);
    return next;
  }

  return {
    backUp: ({ whole = false } = {}) => alone(() => make(whole || isForOthers())),
    keep: () => alone(keep),
    prepare: () => alone(prepare),
    standing,
  };
}

function isWholeDue({ deltas, deltaBytes, wholeBytes }: KeeperState): boolean {
  return deltas >= maxDeltas || deltaBytes * wholeShare > wholeBytes;
}

function stateAfter(
  before: KeeperState | undefined,
  made: {
    readonly part: Gathered;
    readonly file: { readonly bytes: Uint8Array; readonly hash: string };
    readonly number: number;
    readonly wholes: readonly number[];
    readonly until: KeeperState['archived'] | undefined;
    readonly places: KeeperState['places'];
    readonly at: number;
    readonly sealedTo: string;
  },
): KeeperState {
  const { part, file, number, wholes, until, places, at, sealedTo } = made;
  const bytes = file.bytes.length;
  const isWhole = part.kind === 'whole';
  return {
    version: 1,
    number,
    hash: file.hash,
    at,
    wholes,
    wholeBytes: isWhole ? bytes : (before?.wholeBytes ?? bytes),
    deltas: isWhole ? 0 : (before?.deltas ?? 0) + 1,
    deltaBytes: isWhole ? 0 : (before?.deltaBytes ?? 0) + bytes,
    ops: part.ops,
    sizes: Object.fromEntries(part.scopes.map(({ scope, size }) => [scope, size])),
    heads: part.allHeads,
    archived: until ?? before?.archived ?? {},
    places,
    sealedTo: isWhole ? sealedTo : (before?.sealedTo ?? ''),
  };
}

const recipientsOf = ({ recipients }: KeeperOptions): string => [...recipients()].sort().join(' ');

/** Ops in all scopes, with a position or without. */
export function opsOf(book: KeptBook): number {
  return book.status().scopes.reduce((sum, { settled, pending, waiting }) => sum + settled + pending + waiting, 0);
}

/** Whoever lost his state goes on after the last number that any place shows. One that does not answer may have a later one. */
async function lastNumber({ book, places }: KeeperOptions): Promise<number> {
  let last = 0;
  for (const place of places) {
    for (const name of await place.list()) {
      const part = parsePartName(name);
      if (part !== undefined && book.device.startsWith(part.device)) last = Math.max(last, part.number);
    }
  }
  return last;
}

interface Gathered {
  readonly kind: PartKind;
  readonly on: number;
  readonly scopes: readonly PartScope[];
  readonly heads: readonly PartHead[];
  readonly allHeads: readonly PartHead[];
  readonly sections: ReadonlyMap<string, Uint8Array>;
  readonly ops: number;
  readonly records: number;
}

/** A part that no place has yet. */
interface Sealed {
  readonly number: number;
  readonly part: Gathered;
  readonly file: { readonly bytes: Uint8Array; readonly hash: string };
}

/** What goes into a part: rows and a tail, or what is not in the parts before. */
async function gather(options: KeeperOptions, since: KeeperState | undefined, number: number): Promise<Gathered> {
  const { book } = options;
  const sections = new Map<string, Uint8Array>();
  const ops = opsOf(book);
  const allHeads = headsOf(book);
  const sizes = since?.sizes ?? (await rowsInto(book, sections));
  const { scopes, records, bytes } = await opsSince(book, sizes, since);
  sections.set('log', await packed(bytes));
  const note = options.note?.() ?? '';
  if (note !== '') sections.set(NOTE, new TextEncoder().encode(note.slice(0, maxNoteUnits)));
  const before = new Map(since?.heads.map((head) => [chainOf(head), hashOfHead(head)]));
  const heads = allHeads.filter((head) => before.get(chainOf(head)) !== hashOfHead(head));
  const [on = number] = since?.wholes ?? [];
  return { kind: since === undefined ? 'whole' : 'delta', on, scopes, heads, allHeads, sections, ops, records };
}

/** A snapshot of the settled prefix, as sections by the names of its files. Answers how far it goes. */
async function rowsInto(book: KeptBook, sections: Map<string, Uint8Array>): Promise<Readonly<Record<string, number>>> {
  if (book.status().scopes.every(({ scope }) => book.log.tip(scope).size === 0)) return {};
  const place = {
    load: (name: string) => sections.get(name),
    save: (name: string, parts: readonly Uint8Array[]) => void sections.set(name, joined(parts)),
  };
  const { manifest } = await book.saveSnapshot(place);
  await book.saveSnapshotProof(place);
  return Object.fromEntries(manifest.scopes.map(({ scope, size }) => [scope, size]));
}

function headsOf(book: KeptBook): PartHead[] {
  const rows = book.query<{ scope: string; device: string; seq: number; hash: string }>(
    'SELECT scope, device, seq, hash FROM chains ORDER BY scope, device',
  );
  return rows.map(({ scope, device, seq, hash }): PartHead => [scope, device, seq, hash]);
}

/** Settled ops from `sizes` on, and those without a position that stand in no part since the last whole. */
async function opsSince(
  book: KeptBook,
  sizes: Readonly<Record<string, number>>,
  since: KeeperState | undefined,
): Promise<{ scopes: PartScope[]; records: number; bytes: Uint8Array }> {
  const { log } = book;
  const scopes: PartScope[] = [];
  const fileScopes: FileScope[] = [];
  const records: OpRecord[] = [];
  for (const scope of log.scopes()) {
    const { size, note } = log.tip(scope);
    const from = Math.min(Math.max(sizes[scope] ?? 0, log.base(scope).size), size);
    for (let at = from; at < size; at += pageOps)
      records.push(...(await log.settled(scope, at, Math.min(pageOps, size - at))));
    const pending = await log.pending(scope);
    const news = since === undefined ? pending : pending.filter(isNew(book, scope, since));
    records.push(...orderTail(news));
    const receipts = pending.length === 0 ? [] : (await log.receipts(scope)).map((receipt) => receipt.note);
    fileScopes.push({ scope, from, size, note, receipts });
    scopes.push({ scope, from, size, pending: pending.length });
  }
  return { scopes, records: records.length, bytes: bookFile(book.id, fileScopes, records) };
}

/** A second branch of a chain has the numbers of the first: what stands on one is always taken along. */
function isNew(book: KeptBook, scope: Scope, since: KeeperState): (record: OpRecord) => boolean {
  const known = new Map(since.heads.filter(([of]) => of === scope).map((head) => [head[1], head]));
  const rows = book.query<{ hash: string }>("SELECT hash FROM refusals WHERE code = 'kernel/fork'");
  const forked = new Set(rows.map(({ hash }) => hash));
  return ({ op, hash }) => {
    const head = known.get(op.device);
    return head === undefined || op.seq > head[2] || forked.has(hash) || !book.log.has(hashOfHead(head));
  };
}

async function sealed(
  { book, hasher, recipients, now = Date.now, scope = 'hq' as Scope }: KeeperOptions,
  state: KeeperState | undefined,
  part: Pick<Gathered, 'kind' | 'on' | 'scopes' | 'heads' | 'sections'>,
  number: number,
): Promise<{ bytes: Uint8Array; hash: string }> {
  const { kind, on, scopes, heads, sections } = part;
  const previous = kind === 'log' ? '' : (state?.hash ?? '');
  const relay = book.status().relayKey ?? '';
  const header = { book: book.id, number, kind, on, previous, at: now(), relay, scope, scopes, heads };
  // Who signs is known before what is signed.
  const { device, keyId } = await book.sign('recovery/1', '');
  const sign = (line: string): ReturnType<KeptBook['sign']> => book.sign('recovery/1', line);
  return sealPart({ header, author: { device, keyId }, sections, sign, recipients: recipients() }, hasher);
}

/** The settled ops since the last archive, so that the parts before the last wholes can go and no op with them. */
async function archiveOf(
  options: KeeperOptions,
  archived: KeeperState['archived'] | undefined,
  number: number,
): Promise<{ file: File; until: Readonly<Record<string, number>> } | undefined> {
  const { book } = options;
  const { log } = book;
  const until: Record<string, number> = { ...archived };
  const scopes: PartScope[] = [];
  const fileScopes: FileScope[] = [];
  const records: OpRecord[] = [];
  for (const scope of log.scopes()) {
    const { size, note } = log.tip(scope);
    const from = Math.max(until[scope] ?? 0, log.base(scope).size);
    if (from >= size) continue;
    for (let at = from; at < size; at += pageOps)
      records.push(...(await log.settled(scope, at, Math.min(pageOps, size - at))));
    fileScopes.push({ scope, from, size, note, receipts: [] });
    scopes.push({ scope, from, size, pending: 0 });
    until[scope] = size;
  }
  if (records.length === 0) return undefined;
  const sections = new Map([['log', await packed(bookFile(book.id, fileScopes, records))]]);
  const { bytes } = await sealed(options, undefined, { kind: 'log', on: number, scopes, heads: [], sections }, number);
  return { file: [partName({ book: book.id, device: book.device, number, kind: 'log' }), bytes], until };
}

/** Written, read back, and only then what it makes superfluous is dropped. What a place does not take, it says. */
async function putInto(
  place: BackupPlace,
  files: readonly File[],
  after: { state: KeeperState | undefined; number: number; wholes: readonly number[]; isWhole: boolean },
): Promise<{ report: BackupReport['places'][number]; standing: PlaceState }> {
  const { state, number, wholes, isWhole } = after;
  try {
    for (const [name, bytes] of files) {
      await place.save(name, bytes);
      const back = await place.load(name);
      if (back === undefined || back.length !== bytes.length || back.some((byte, index) => byte !== bytes[index]))
        throw new RecoveryError('recovery/unverified', `${name} does not read back as it was written`);
    }
    const dropped =
      isWhole && wholes.length === keptWholes ? await prune(place, files[0]?.[0] ?? '', Math.min(...wholes)) : 0;
    return { report: { place: place.name, dropped }, standing: { number, at: Date.now() } };
  } catch (cause) {
    return failed(place, state, cause);
  }
}

function failed(
  place: BackupPlace,
  state: KeeperState | undefined,
  cause: unknown,
): { report: BackupReport['places'][number]; standing: PlaceState } {
  const error = cause instanceof Error ? cause.message : String(cause);
  const held = state?.places[place.name] ?? { number: 0, at: 0 };
  return { report: { place: place.name, error, dropped: 0 }, standing: { number: held.number, at: held.at, error } };
}

/** Archives stay: they are the only place of the ops before the rows. */
async function prune(place: BackupPlace, name: string, oldest: number): Promise<number> {
  const own = parsePartName(name);
  let dropped = 0;
  for (const found of await place.list()) {
    const part = parsePartName(found);
    const isOld = part !== undefined && part.kind !== 'log' && part.number < oldest;
    if (!isOld || part.device !== own?.device || part.book !== own.book) continue;
    await place.drop(found);
    dropped += 1;
  }
  return dropped;
}
