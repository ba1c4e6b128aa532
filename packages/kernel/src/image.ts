/**
 * The image of projections that live in memory, so that opening need not fold the whole log again. It is a cache of this device's own and is
 * believed like a database file: it must be whole, of this book, of this build with these verbs and tables, and no further than the log. Whatever
 * does not fit is left alone, and the log is folded.
 */
import type { LogStore, OpHash, Scope as ScopeName } from '@tallystick/oplog';
import type { SqlDriver, StoreImage } from './driver.ts';
import type { Replica } from './replica.ts';

/** Why an image was not used: there is none, it is not whole, or it is of another build, book, list of verbs, shape of tables or log. */
export type ImageMisfit = 'none' | 'damaged' | 'release' | 'book' | 'verbs' | 'tables' | 'log';

export interface ImageHeader {
  readonly tallystick: 'image/1';
  readonly release: string;
  readonly book: string;
  /** Refs of all verbs, sorted. */
  readonly verbs: readonly string[];
  /** The last settled op that is folded, by scope. */
  readonly lastHashes: Readonly<Record<string, string>>;
  /** How often positions were taken back before: another order may have the last op of this one in its place. */
  readonly takenBack: number;
}

/** The name of the log's index in the place of images. */
export const LOG_INDEX = 'log-index';

const META_TAKEN_BACK = 'taken-back';

/** To be called before positions are taken back: no image of rows in the order of before is believed from then on. */
export async function noteTakenBack(log: LogStore): Promise<void> {
  await log.setMeta(META_TAKEN_BACK, String(timesTakenBack(log) + 1));
}

export function timesTakenBack(log: LogStore): number {
  return Number(log.meta(META_TAKEN_BACK) ?? 0);
}

/** Puts the saved rows in the place of empty tables, if they fit; answers why not. */
export async function restoreImage(replica: Replica, image: StoreImage): Promise<ImageMisfit | undefined> {
  const text = await image.load();
  const header = parseHeader(text ?? '');
  let why = text === undefined ? 'none' : misfitOfHeader(header, image, replica);
  const positions = await lastPositions(replica, header?.lastHashes ?? {});
  const wanted = objectsOf(replica.sql);
  const isUsed = await image.use((candidate) => {
    why ??= misfitOf(candidate, wanted, replica, positions);
    return why === undefined;
  });
  return isUsed ? undefined : (why ?? 'damaged');
}

function misfitOfHeader(
  header: ImageHeader | undefined,
  { release }: StoreImage,
  replica: Replica,
): ImageMisfit | undefined {
  if (header === undefined) return 'damaged';
  if (header.release !== release) return 'release';
  if (header.book !== replica.book) return 'book';
  if (header.takenBack !== timesTakenBack(replica.log)) return 'log';
  return header.verbs.join() === refsOf(replica).join() ? undefined : 'verbs';
}

function misfitOf(
  found: SqlDriver,
  wanted: ReadonlyMap<string, string>,
  { log, sql }: Replica,
  positions: ReadonlyMap<string, number>,
): ImageMisfit | undefined {
  const objects = objectsOf(found);
  // A program may have added look-ups of its own.
  for (const [name, text] of wanted) if (objects.get(name) !== text) return 'tables';
  if (tableRegistryOf(found) !== tableRegistryOf(sql)) return 'tables';
  for (const [scope, folded] of foldedSizes(found))
    if (folded > log.tip(scope).size || (folded > log.base(scope).size && positions.get(scope) !== folded - 1))
      return 'log';
  const dropped = new Set(log.scopes().flatMap((scope) => log.base(scope).heads.map(({ hash }) => hash)));
  for (const table of ['tail', 'chains'])
    for (const [hash] of found.prepare(`SELECT hash FROM ${table}`).iterate([]))
      if (!log.has(hash as OpHash) && !dropped.has(hash as OpHash)) return 'log';
  return undefined;
}

/** Where the log has the ops that the image says were the last. */
async function lastPositions({ log }: Replica, lastHashes: ImageHeader['lastHashes']): Promise<Map<string, number>> {
  const positions = new Map<string, number>();
  for (const [scope, hash] of Object.entries(lastHashes)) {
    const position = (await log.get(hash as OpHash))?.position;
    if (position !== undefined) positions.set(scope, position);
  }
  return positions;
}

export function foldedSizes(sql: SqlDriver): [ScopeName, number][] {
  return [...sql.prepare('SELECT scope, folded FROM scopes').iterate([])] as [ScopeName, number][];
}

/** Tables and indexes with the text that made them. */
function objectsOf(sql: SqlDriver): Map<string, string> {
  const rows = sql.prepare("SELECT name, sql FROM sqlite_schema WHERE sql <> ''").iterate([]);
  return new Map([...rows] as [string, string][]);
}

/** Tables and the fold that wrote them; see table-registry.ts. */
function tableRegistryOf(sql: SqlDriver): string {
  return JSON.stringify([...sql.prepare('SELECT name, shape FROM kernel_tables ORDER BY name').iterate([])]);
}

export function refsOf({ verbs }: Replica): string[] {
  return [...verbs.keys()].sort();
}

function parseHeader(text: string): ImageHeader | undefined {
  try {
    const header = JSON.parse(text) as ImageHeader;
    return header.tallystick === 'image/1' && Array.isArray(header.verbs) ? header : undefined;
  } catch {
    return undefined;
  }
}
