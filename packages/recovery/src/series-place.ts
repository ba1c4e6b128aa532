// One place of a series: what is written there, read back, and, once that is remembered, dropped because of it. docs/spec/recovery.md, "Series".
import type { BookId, DeviceId } from '@tallystick/oplog';
import type { PartKind } from './part.ts';
import { RecoveryError } from './errors.ts';
import { type BackupPlace, parsePartName, type PartName } from './place.ts';
import { mostOthers, othersIn, type Series } from './own-parts.ts';
import type { KeeperState, PlaceState } from './state.ts';
import { saveVerified, tryPlace } from './verified-save.ts';

export type File = readonly [name: string, bytes: Uint8Array];

export interface PlaceReport {
  readonly place: string;
  /** Why it does not count, or what else went wrong there. */
  readonly error?: string;
  readonly dropped: number;
  /** Files of the series that stood there and were gone: it was emptied, or something else is mounted in its stead. The part made now is a whole for it. */
  readonly lost?: number;
  /** Parts there that another copy of this device made: it was copied, or restored twice. They are left as they are. */
  readonly others?: number;
}

/** What the new files make superfluous. */
export interface Outlived {
  readonly book: BookId;
  readonly device: DeviceId;
  /** Wholes and deltas with lesser numbers. */
  readonly partsBefore: number;
  /** Archives with these numbers, bounds left out: one that was written now has their ops. */
  readonly archivesBetween: readonly [from: number, until: number] | undefined;
  /** Numbers that another copy of this device gave there: they stay. */
  readonly others: readonly number[];
}

interface Put {
  readonly report: PlaceReport;
  readonly standing: PlaceState;
}

interface Putting {
  readonly number: number;
  /** Whether these bytes are what this device sealed under the name: nothing else is written over. */
  readonly isOwn: (name: string, bytes: Uint8Array) => boolean;
  /** Throws where what came back is not good enough to drop anything for it. */
  readonly check: ((place: BackupPlace) => Promise<void>) | undefined;
}

export interface Lagging {
  /** By each place that answers, numbers of archives that are not there and that nobody can seal anew. */
  readonly gone: ReadonlyMap<BackupPlace, readonly number[]>;
  /** Some place that takes files needs a whole: a delta would stand on nothing there. */
  readonly isBack: boolean;
  readonly away: ReadonlyMap<BackupPlace, unknown>;
  /** How many files of the series went from a place that had them. */
  readonly lost: ReadonlyMap<BackupPlace, number>;
  /** Numbers of what another copy of this device left, by each place that answers: none where it is gone. */
  readonly others: ReadonlyMap<BackupPlace, readonly number[]>;
  /** The greatest number in any place that is not this copy's own, 0 for none. */
  readonly top: number;
}

/** Names of the files that a place must hold. */
export interface SeriesFiles {
  readonly files: readonly string[];
  readonly sealedOnce: readonly string[];
}

/**
 * Places that lack what the next delta would stand on: those that take files get a whole; the others hold nobody up. What a place was once seen to hold is looked for again,
 * for sticks are exchanged and buckets emptied. `files`: names of the files from the last whole on, and of archives that can be
 * sealed anew. `sealedOnce`: of archives that cannot.
 */
export async function lagging(
  places: readonly BackupPlace[],
  before: KeeperState | undefined,
  { files, sealedOnce, ...series }: Series & SeriesFiles,
): Promise<Lagging> {
  const away = new Map<BackupPlace, unknown>();
  const lost = new Map<BackupPlace, number>();
  const others = new Map<BackupPlace, readonly number[]>();
  const goneForGood = new Map<BackupPlace, readonly number[]>();
  let [isBack, top] = [false, 0];
  if (before === undefined) return { gone: goneForGood, isBack, away, lost, others, top };
  for (const place of places) {
    const held = before.places[place.name];
    try {
      const names = new Set(await place.list());
      const gone = files.filter((name) => !names.has(name)).length;
      const once = sealedOnce.filter((name) => !names.has(name));
      goneForGood.set(
        place,
        once.flatMap((name) => parsePartName(name)?.number ?? []),
      );
      const isHeld = held?.number === before.number && (held?.error === undefined || held.isHeld === true);
      if (isHeld && gone > 0) lost.set(place, gone);
      // A place that took no file may still list what it has, as a stick that is full: it is no reason to make a whole for all the others each time that it is asked.
      if (!isHeld && held?.error !== undefined) await tryPlace(place);
      const there = await othersIn(place, names, series, before);
      others.set(place, there.others);
      top = Math.max(top, there.top);
      isBack ||= gone > 0 || !isHeld;
    } catch (cause) {
      away.set(place, cause);
    }
  }
  return { gone: goneForGood, isBack, away, lost, others, top };
}

/** Into each place that is not `away`. `held`: what each was seen to hold before, by name. */
export async function putIntoAll(
  places: readonly BackupPlace[],
  files: readonly File[],
  putting: Putting & {
    readonly held: KeeperState['places'] | undefined;
    readonly lagging: Lagging;
  },
): Promise<{ readonly kept: Readonly<Record<string, PlaceState>>; readonly reports: readonly PlaceReport[] }> {
  const kept: Record<string, PlaceState> = {};
  const reports: PlaceReport[] = [];
  for (const place of places) {
    const { away, lost, others: of } = putting.lagging;
    const gone = away.get(place);
    const held = putting.held?.[place.name];
    const put = gone === undefined ? await putInto(place, files, putting, held) : failedPut(place, held, gone);
    const found = gone === undefined ? of.get(place) : held?.others;
    const others = found?.length === 0 ? undefined : found;
    kept[place.name] = others === undefined ? put.standing : { ...put.standing, others };
    const before = lost.get(place);
    reports.push({
      ...put.report,
      ...(before === undefined ? {} : { lost: before }),
      ...(others === undefined ? {} : { others: others.length }),
    });
  }
  return { kept, reports };
}

/** Written and read back. What a place does not take, it says. */
async function putInto(
  place: BackupPlace,
  files: readonly File[],
  { number, check, isOwn }: Putting,
  held: PlaceState | undefined,
): Promise<Put> {
  const sent: File[] = [];
  try {
    for (const file of files) {
      const [name, bytes] = file;
      const there = await place.load(name);
      if (there !== undefined && !isOwn(name, there))
        throw new RecoveryError('recovery/two-series', `${name} is there, and is another file`);
      sent.push(file);
      await saveVerified(place, name, bytes);
    }
    await mustShow(place, files);
    await check?.(place);
    return { report: { place: place.name, dropped: 0 }, standing: { number, at: Date.now() } };
  } catch (cause) {
    return failedPut(place, held, await withdrawn(place, sent, cause));
  }
}

/** Lists of some buckets come after what was written. */
const listAgainMs = [250, 750, 2_000];

/** What a place does not list nobody finds who looks for it. */
async function mustShow(place: BackupPlace, files: readonly File[]): Promise<void> {
  for (const waitMs of [...listAgainMs, undefined]) {
    const names = new Set(await place.list());
    const hidden = files.find(([name]) => !names.has(name));
    if (hidden === undefined) return;
    if (waitMs === undefined) throw new RecoveryError('recovery/unverified', `${hidden[0]} is not in its list`);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/**
 * Drops what the new files make superfluous, in each place that took them. Only once it is remembered that they stand there: who finds a number that no
 * memory has removes its files, and must not find them to be the only ones.
 */
export async function pruneAll(
  places: readonly BackupPlace[],
  reports: readonly PlaceReport[],
  { held: others, ...outlived }: Omit<Outlived, 'others'> & { readonly held: KeeperState['places'] },
): Promise<readonly PlaceReport[]> {
  const pruned: PlaceReport[] = [];
  for (const report of reports) {
    const place = places.find(({ name }) => name === report.place);
    if (place === undefined || report.error !== undefined) pruned.push(report);
    else pruned.push(await prunedReport(place, report, { ...outlived, others: others[place.name]?.others ?? [] }));
  }
  return pruned;
}

async function prunedReport(place: BackupPlace, report: PlaceReport, outlived: Outlived): Promise<PlaceReport> {
  try {
    return { ...report, dropped: await prune(place, outlived) };
  } catch (cause) {
    return { ...report, error: `it is there, and what it makes superfluous too: ${messageOf(cause)}` };
  }
}

/** Files that do not count do not stay: their number is given to the next part. A place that does not even drop them is named with why. */
async function withdrawn(place: BackupPlace, files: readonly File[], cause: unknown): Promise<unknown> {
  try {
    for (const [name] of files) await place.drop(name);
    return cause;
  } catch (error) {
    if (messageOf(error) === messageOf(cause)) return cause;
    return new Error(`${messageOf(cause)}; its files are still there: ${messageOf(error)}`, { cause });
  }
}

function failedPut(place: BackupPlace, held: PlaceState | undefined, cause: unknown): Put {
  const error = messageOf(cause);
  const { number, at } = held ?? { number: 0, at: 0 };
  return { report: { place: place.name, error, dropped: 0 }, standing: { number, at, error } };
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

async function prune(place: BackupPlace, outlived: Outlived): Promise<number> {
  if (outlived.partsBefore === 0 && outlived.archivesBetween === undefined) return 0;
  if (outlived.others.length > mostOthers) return 0;
  let dropped = 0;
  const names = await place.list();
  const kept = keptForOthers(names, outlived);
  for (const found of names) {
    const part = parsePartName(found);
    if (part === undefined || !isOutlived(part, outlived)) continue;
    if (!isArchive(part.kind) && kept.has(part.number)) continue;
    await place.drop(found);
    dropped += 1;
  }
  return dropped;
}

/**
 * Numbers of wholes and deltas that stay for the sake of another copy: what its oldest delta stands on, from before the two were two; and the first own whole after its newest part,
 * with the own part before it, which tell whoever restores that there are two.
 */
function keptForOthers(names: readonly string[], { book, device, others }: Outlived): ReadonlySet<number> {
  const parts = names
    .map(parsePartName)
    .filter((part) => part !== undefined)
    .filter((part) => book.startsWith(part.book) && device.startsWith(part.device) && !isArchive(part.kind))
    .sort((a, b) => a.number - b.number);
  const [own, theirs] = [
    parts.filter(({ number }) => !others.includes(number)),
    parts.filter(({ number }) => others.includes(number)),
  ];
  const [oldest, newest] = [theirs[0], theirs.at(-1)];
  if (oldest === undefined || newest === undefined) return new Set();
  const whole = own.findLast(({ kind, number }) => kind === 'whole' && number < oldest.number);
  const isBase = (number: number): boolean =>
    oldest.kind === 'delta' && (whole?.number ?? 0) <= number && number < oldest.number;
  const after = own.findIndex(({ kind, number }) => kind === 'whole' && number > newest.number);
  const telling = after < 0 ? [] : own.slice(Math.max(0, after - 1), after + 1);
  return new Set([...own.filter(({ number }) => isBase(number)), ...telling].map(({ number }) => number));
}

function isOutlived(part: PartName, { book, device, partsBefore, archivesBetween, others }: Outlived): boolean {
  if (others.includes(part.number)) return false;
  if (!book.startsWith(part.book) || !device.startsWith(part.device)) return false;
  if (!isArchive(part.kind)) return part.number < partsBefore;
  if (archivesBetween === undefined) return false;
  const [from, until] = archivesBetween;
  return from < part.number && part.number < until;
}

const isArchive = (kind: PartKind): boolean => kind === 'log';
