// Keeps a book outside its store: decides between a whole and a delta, seals and signs it, writes it to every place, reads it back, and drops what
// newer parts have made superfluous. docs/spec/recovery.md, "Series"; decision 044.
import type { Hasher } from '@tallystick/chain';
import type { Scope } from '@tallystick/oplog';
import { type ArchivePlan, canBeSealed, planArchive } from './archive-plan.ts';
import { type BackupStanding, type Cadence, defaultCadence, standingOf } from './cadence.ts';
import { RecoveryError } from './errors.ts';
import { firstOf, gather, gatherArchive, type Gathered, type KeptBook, opsOf, type Sizes } from './gather.ts';
import { dropOwn, isOwnFile, maxBelieved, type Sums, sumsOf } from './own-parts.ts';
import { type PartKind, sealPart } from './part.ts';
import { type BackupPlace, isPartOf, parsePartName, partName } from './place.ts';
import {
  type File,
  type Lagging,
  lagging,
  type PlaceReport,
  pruneAll,
  putIntoAll,
  type SeriesFiles,
} from './series-place.ts';
import { isWholeDue, type Made, mustBeWhole, stateAfter, withFaults, withSeen } from './state-after.ts';
import { type KeeperState, type KeptArchive, parseState, type StateStore } from './state.ts';

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
  /** `proof` of an earlier snapshot of this book, where ops that brought keys went from its log since: without it nobody could tell who signed a whole. */
  readonly proof?: () => Uint8Array | undefined;
  /** The greatest number that somebody else knows of this device's backups: a whole goes on after it, for with a lower one it would lose against what is there. */
  readonly after?: () => number | Promise<number>;
}

export interface BackupReport {
  readonly number: number;
  readonly kind: PartKind;
  readonly bytes: number;
  /** Ops that it brought into the backup. */
  readonly ops: number;
  readonly places: readonly PlaceReport[];
}

/** What an archive of a period came to: `report` is of the whole that was made with it. */
export interface ArchiveReport {
  readonly report: BackupReport;
  /** Under this name in every place that took it. */
  readonly name: string;
  /** How many, as it was sealed. */
  readonly bytes: number;
  readonly ops: number;
  /** By scope, the position of its first op, and up to where its settled ops go. */
  readonly from: Sizes;
  readonly until: Sizes;
}

export type ArchiveCheck = (place: BackupPlace, name: string) => Promise<void>;

export interface BackupKeeper {
  /** One part, now, to every place. A whole where one is asked for or due. Undefined where everything stands in the last one already. */
  backUp(options?: { readonly whole?: boolean }): Promise<BackupReport | undefined>;
  /** As `backUp`, where the cadence asks for it. */
  keep(): Promise<BackupReport | undefined>;
  /** Seals what is new ahead of time, so that a `backUp` which must be quick writes only. Writes nothing; a whole is never made ahead. */
  prepare(): Promise<void>;
  /**
   * An archive of the period since the last one, with a whole, to every place: its ops, and the rows that they came to, so that it opens alone. Archives that were made in
   * between are dropped where it stands. `check` looks at it there, by its name, before: where it throws, the place does not count and keeps what it has. Throws
   * `recovery/log` where there is not one new op.
   */
  archive(check?: ArchiveCheck): Promise<ArchiveReport>;
  standing(): BackupStanding;
}

const keptWholes = 2;
const partKinds: readonly PartKind[] = ['whole', 'delta', 'log'];

export function createBackupKeeper(options: KeeperOptions): BackupKeeper {
  const { book, hasher, places, state: store, cadence = defaultCadence, now = Date.now } = options;
  const { isQuiet = () => true } = options;
  const openedMs = now();
  const remembered = parseState(store.load());
  // What another device wrote here, whose place this one took, is no series to go on with: nobody could put the two together.
  const isOwn = remembered?.device === undefined || remembered.device === book.device;
  let state = isOwn ? remembered : undefined;
  let ahead: Sealed | undefined;
  let running: Promise<unknown> = Promise.resolve();

  async function make(isWholeAsked: boolean): Promise<BackupReport | undefined> {
    // A place may have lost what it held, or got what another copy made, with nothing new to write.
    // One that is away meanwhile has its whole when it is back, and the others have everything.
    if (state !== undefined && standing().behind === 0 && !isWholeAsked) {
      const { isBack, others, gone } = await lags();
      await note({ ...withSeen(withSeen(state, 'others', others), 'gone', gone), asked: now() });
      if (!isBack) return undefined;
    }
    return (await makeNext(isWholeAsked)).report;
  }

  async function makeNext(
    isWholeAsked: boolean,
    period?: { readonly check: ArchiveCheck | undefined },
  ): Promise<{ readonly report: BackupReport; readonly archive?: Made }> {
    const isPeriod = period !== undefined;
    const [sealedTo, isOthers] = [recipientsOf(options), isForOthers()];
    if (places.length === 0) throw new RecoveryError('recovery/place', 'there is no place for a backup');
    const before = await lags();
    const { isBack, top } = before;
    const isWhole = isWholeAsked || mustBeWhole(state, before) || (isWholeDue(state) && isQuiet());
    const number = await nextNumber(isWhole, top);
    const { part, file } = takeAhead(isWhole, number) ?? (await sealNext(isWhole, number));
    const files: File[] = [[nameOf(book, number, part.kind), file.bytes]];
    // Who missed a part may have missed the archive with it; a place that is new has none, and somebody who is named now opens none.
    const plan = planArchive(state, number, { isPeriod, isAnew: isBack || isOthers, first: firstOf(book) });
    const archive = isWhole ? await sealArchive(options, part, plan, { number, archived: state?.archived }) : undefined;
    if (archive !== undefined) files.push(archive.file);
    else if (isPeriod) throw new RecoveryError('recovery/log', 'there is nothing new to archive');
    const wholes = isWhole ? [number, ...(state?.wholes ?? [])].slice(0, keptWholes) : (state?.wholes ?? []);
    const { id, device } = book;
    const sums = sumsOf(files, hasher);
    const left = state?.sums;
    await begin(number, sums);
    const partsBefore = isWhole && wholes.length === keptWholes ? Math.min(...wholes) : 0;
    const outlived = { book: id, device, partsBefore, archivesBetween: archive && plan.replaces };
    const { kept, reports: put } = await putIntoAll(places, files, {
      held: state?.places,
      lagging: before,
      number,
      isOwn: (name, bytes) => isOwnFile(name, bytes, { ...left, ...sums }, hasher),
      check: checkOf(archive, period?.check),
    });
    const isHeld = put.some(({ error }) => error === undefined);
    await remember(isHeld, { part, file, number, wholes, archive, places: kept, at: now(), sealedTo, sums });
    if (!isHeld)
      throw new RecoveryError('recovery/place', put.map(({ place, error }) => `${place}: ${error}`).join('; '));
    const reports = await pruneAll(places, put, { ...outlived, held: kept });
    const noted = withFaults(state, reports);
    await note(noted && withSeen(noted, 'gone', before.gone));
    const report = { number, kind: part.kind, bytes: file.bytes.length, ops: part.records, places: reports };
    return archive === undefined ? { report } : { report, archive };
  }

  async function archive(check?: ArchiveCheck): Promise<ArchiveReport> {
    const { report, archive: made } = await makeNext(true, { check });
    if (made === undefined) throw new RecoveryError('recovery/log', 'there is nothing new to archive');
    const [name, bytes] = made.file;
    const { part, starts, ends } = made;
    return { report, name, bytes: bytes.length, ops: part.records, from: starts, until: ends };
  }

  /** Written down before the first byte goes out: a process that dies in between left files of a number that the next part gets. */
  async function begin(number: number, sums: Sums): Promise<void> {
    if (state === undefined) return;
    const left = state.trying;
    const leftovers = left === undefined ? [] : partKinds.map((kind) => nameOf(book, left, kind));
    // A place that is away now has them still: it gets a whole of a greater number when it is back.
    for (const place of places)
      for (const name of leftovers) await dropOwn(place, name, state.sums, hasher).catch(() => undefined);
    state = { ...state, trying: number, sums: { ...state.sums, ...sums } };
    await store.save(JSON.stringify(state));
  }

  async function nextNumber(isWhole: boolean, top: number): Promise<number> {
    const last = Math.max(top, state?.number ?? (await lastNumber(options)));
    return Math.max(last, isWhole ? ((await options.after?.()) ?? 0) : 0) + 1;
  }

  /** What no place holds is not behind us: the next one begins where this one did. */
  async function remember(isHeld: boolean, made: Parameters<typeof stateAfter>[1]): Promise<void> {
    const next = isHeld ? stateAfter(state, made) : state && { ...state, places: made.places };
    if (next === undefined) return;
    state = { ...next, device: book.device };
    await store.save(JSON.stringify(state));
  }

  async function note(changed: KeeperState | undefined): Promise<void> {
    if (changed === undefined || changed === state) return;
    state = changed;
    await store.save(JSON.stringify(state));
  }

  async function sealNext(isWhole: boolean, number: number): Promise<Sealed> {
    const part = await gather(book, isWhole ? undefined : state, {
      number,
      note: options.note?.() ?? '',
      proof: options.proof?.(),
    });
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

  const lags = (): Promise<Lagging> =>
    lagging(places, state, { id: book.id, device: book.device, hasher, ...seriesOf(book, state) });

  function isAllKept(): boolean {
    const { behind, lacking } = standing();
    return state !== undefined && behind === 0 && lacking.length === 0;
  }

  /** Who can open the last whole is not who is to open the next part: what stands on that whole would open for nobody new. */
  const isForOthers = (): boolean => state !== undefined && state.sealedTo !== recipientsOf(options);

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
    archive: (check) => alone(() => archive(check)),
    standing,
  };
}

const recipientsOf = ({ recipients }: KeeperOptions): string => [...recipients()].sort().join(' ');

/** Whoever lost his state goes on after the last number that any place shows. One that does not answer may have a later one. */
async function lastNumber({ book, places }: KeeperOptions): Promise<number> {
  let last = 0;
  for (const place of places) {
    for (const name of await place.list()) {
      const number = isPartOf(name, { device: book.device }) ? (parsePartName(name)?.number ?? 0) : 0;
      if (number <= maxBelieved) last = Math.max(last, number);
    }
  }
  return last;
}

/** A part that no place has yet. */
interface Sealed {
  readonly number: number;
  readonly part: Gathered;
  readonly file: { readonly bytes: Uint8Array; readonly hash: string };
}

const nameOf = ({ id, device }: KeptBook, number: number, kind: PartKind): string =>
  partName({ book: id, device, number, kind });

/** Names of the files that a restore puts together: the last whole, the deltas on it, and the archives. */
function seriesOf(book: KeptBook, state: KeeperState | undefined): SeriesFiles {
  const [whole] = state?.wholes ?? [];
  if (state === undefined || whole === undefined) return { files: [], sealedOnce: [] };
  const deltas = Array.from({ length: state.number - whole }, (_, index) => whole + 1 + index);
  const { archives = [] } = state;
  const first = firstOf(book);
  const log = ({ number }: KeptArchive): string => nameOf(book, number, 'log');
  const files = [
    nameOf(book, whole, 'whole'),
    ...deltas.map((number) => nameOf(book, number, 'delta')),
    ...archives.filter((one) => canBeSealed(one, first)).map(log),
  ];
  // What the log has let go of nobody seals anew: such archives are brought from one place to another.
  return { files, sealedOnce: archives.filter((one) => !canBeSealed(one, first)).map(log) };
}

/** The settled ops since the last archive, so that the parts before the last wholes can go and no op with them. */
async function sealArchive(
  options: KeeperOptions,
  whole: Gathered,
  plan: ArchivePlan,
  { number, archived }: { readonly number: number; readonly archived: Sizes | undefined },
): Promise<Made | undefined> {
  const { book } = options;
  const part = await gatherArchive(book, whole, { ...plan, number });
  if (part === undefined) return undefined;
  const { bytes } = await sealed(options, undefined, part, number);
  const starts = Object.fromEntries(part.scopes.map(({ scope, from }) => [scope, from]));
  const reached = Object.fromEntries(part.scopes.map(({ scope, size }) => [scope, size]));
  const ends = { ...(plan.since === undefined ? firstOf(book) : archived), ...reached };
  return { plan, part, file: [nameOf(book, number, 'log'), bytes], starts, ends };
}

function checkOf(
  archive: Made | undefined,
  check: ArchiveCheck | undefined,
): ((place: BackupPlace) => Promise<void>) | undefined {
  return archive && check && ((place) => check(place, archive.file[0]));
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
