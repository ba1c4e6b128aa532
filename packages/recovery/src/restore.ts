// A book put back from a backup: the rows of its whole, then what came after, each op verified as anything from outside is. The device that wakes up
// there must first learn its own last op (decision 044).
import { createTree, leafHash } from '@tallystick/chain';
import {
  type Book,
  type BookStore,
  type CryptoProvider,
  KernelError,
  openBook,
  type OpenBookOptions,
  type SnapshotTrust,
  type Verb,
} from '@tallystick/kernel';
import { type FileScope, META_UNANCHORED, openRecords, parseHeader, unpacked } from '@tallystick/kernel/backup';
import type { BookId, OpHash, OpRecord, Scope } from '@tallystick/oplog';
import { decodeBundle } from '@tallystick/oplog/transport';
import { RecoveryError } from './errors.ts';
import { type Chosen, type FoundFile, maxLogBytes } from './judge.ts';
import type { OpenPart, PartHead } from './part.ts';
import { type BackupPlace, parsePartName } from './place.ts';

export interface RestoreOptions<V extends readonly Verb[]>
  extends Omit<OpenBookOptions<V>, 'book' | 'snapshot' | 'relayKey' | 'name' | 'deviceName'> {
  readonly chosen: Chosen;
  /** Puts back the settled ops before the rows too, as far as archives were found: for an office. A till begins at the rows. */
  readonly withHistory?: boolean;
  /**
   * How many bytes of rows to load before it resolves: a few suffice to sell. The rest comes on touch, or by `book.loadRest()`, out of the parts that `chosen`
   * holds: until then keep them. All when left out.
   */
  readonly hotBytes?: number;
}

export interface RestoreReport {
  readonly number: number;
  readonly at: number;
  /** How far the rows are trusted: `untrusted` ones are as the device says that made the backup, until a proof folds the log. '' where they were folded here. */
  readonly trust: SnapshotTrust | '';
  /** Ops that are in the store now. */
  readonly ops: number;
  /** By scope, where its stored log begins: 0 where it is whole. */
  readonly from: Readonly<Record<string, number>>;
  /** Ops that were in the backup and are not folded: held back, with the reason. */
  readonly aside: readonly { readonly hash: string; readonly code: string }[];
  /** Heads that the backup, or a part beyond it, names and the store does not hold. Empty where no op was lost on the way. */
  readonly lost: readonly PartHead[];
}

/** All files of backups in a place; of one book or device where it is named, so that the others' are not fetched. Throws `recovery/place`. */
export async function filesIn(
  place: BackupPlace,
  of: { readonly book?: BookId | undefined; readonly device?: string | undefined } = {},
): Promise<readonly FoundFile[]> {
  const files: FoundFile[] = [];
  for (const name of await place.list()) {
    const part = parsePartName(name);
    // A name is a hint only: what bears none of ours is looked at too, where people renamed it.
    const isOther = part !== undefined && !(isSame(part.book, of.book) && isSame(part.device, of.device));
    const bytes = isOther || !name.endsWith('.age') ? undefined : await place.load(name);
    if (bytes !== undefined) files.push({ place: place.name, name, bytes });
  }
  return files;
}

/** Of the digits that both have. */
function isSame(inName: string, asked: string | undefined): boolean {
  return asked === undefined || asked.startsWith(inName) || inName.startsWith(asked);
}

/** Opens the book in an empty store. Throws `recovery/not-empty`, and what `openBook` does. */
export async function restoreBook<const V extends readonly Verb[]>(
  options: RestoreOptions<V>,
): Promise<{ readonly book: Book<V>; readonly report: RestoreReport }> {
  const { chosen, withHistory = false, hotBytes, ...open } = options;
  const { store } = options;
  if (store.log.meta('book') !== undefined)
    throw new RecoveryError('recovery/not-empty', 'this store has a book already');
  const { header, sections } = chosen.whole;
  const crypto = options.crypto ?? store.crypto;
  if (withHistory && crypto !== undefined) {
    const sizes = new Map(header.scopes.map(({ scope, from: rows }) => [scope, rows]));
    await putHistory(store, chosen.book, await historyOf(chosen.logs, crypto), sizes, crypto);
  }
  const hasRows = sections.has('manifest');
  const from = { load: (name: string) => sections.get(name) };
  const book = await openBook<V>({
    ...(open as unknown as OpenBookOptions<V>),
    book: chosen.book,
    scope: options.scope ?? header.scope,
    ...(header.relay === '' ? {} : { relayKey: header.relay }),
    ...(hasRows ? { snapshot: { from, ...(hotBytes === undefined ? {} : { hotBytes }) } } : {}),
  });
  const aside: { hash: string; code: string }[] = [];
  for (const part of [chosen.whole, ...chosen.deltas]) {
    const imported = await book.import(await logOf(part));
    aside.push(...[...imported.aside, ...imported.notKept].map(({ hash, code }) => ({ hash, code })));
  }
  for (const part of chosen.beyond) aside.push(...(await takeBeyond(book as unknown as Book, part)));
  const held = aside.filter(({ hash }) => !book.log.has(hash as OpHash));
  return { book, report: reportOf(book as unknown as Book, chosen, held) };
}

/** What fits of a part that cannot be put on top. Where nothing does, `lost` says what it named. */
async function takeBeyond(book: Book, part: OpenPart): Promise<RestoreReport['aside']> {
  try {
    const { aside, notKept } = await book.import(await logOf(part));
    return [...aside, ...notKept].map(({ hash, code }) => ({ hash, code }));
  } catch (cause) {
    if (cause instanceof KernelError && cause.code === 'archive/missing') return [];
    throw cause;
  }
}

/**
 * The books as the archives have them, with nothing else at hand: folded from the first op on where they reach back so far, else from the rows of the newest that opens
 * alone, and the archives after it. Throws `recovery/log` where there is neither.
 */
export async function restoreArchives<const V extends readonly Verb[]>(
  options: Omit<RestoreOptions<V>, 'chosen' | 'withHistory' | 'hotBytes'> & { readonly archives: readonly OpenPart[] },
): Promise<{ readonly book: Book<V>; readonly report: RestoreReport }> {
  const { archives, ...open } = options;
  const { store } = options;
  const crypto = options.crypto ?? store.crypto;
  const newestFirst = [...archives].sort((a, b) => b.header.number - a.header.number);
  const last = newestFirst[0]?.header;
  if (last === undefined || crypto === undefined) throw new RecoveryError('recovery/log', 'there are no archives');
  if (store.log.meta('book') !== undefined)
    throw new RecoveryError('recovery/not-empty', 'this store has a book already');
  const sizes = new Map<Scope, number>();
  for (const { header } of archives)
    for (const { scope, size } of header.scopes) sizes.set(scope, Math.max(size, sizes.get(scope) ?? 0));
  const history = await historyOf(archives, crypto);
  const gap = [...sizes].find(([scope, size]) => (history.get(scope)?.length ?? 0) < size);
  const isFromFirst = gap === undefined && [...sizes.values()].some((size) => size > 0);
  const alone = newestFirst.find(opensAlone);
  if (!isFromFirst && alone === undefined)
    throw new RecoveryError('recovery/log', `${gap?.[0]}: the archives do not have its ${gap?.[1]} ops`);
  if (!isFromFirst && alone !== undefined) return restoreBook<V>({ ...open, chosen: chosenAlone(alone, archives) });
  await putHistory(store, last.book, history, sizes, crypto);
  const relayKey = last.relay === '' ? {} : { relayKey: last.relay };
  const asked = { ...(open as unknown as OpenBookOptions<V>), book: last.book, ...relayKey };
  const book = await openBook<V>(asked);
  const known = alone?.header.heads ?? [];
  // Its settled ops are here already; those without a position come on top.
  const aside = alone === undefined ? [] : await takeBeyond(book as unknown as Book, alone);
  const held = aside.filter(({ hash }) => !book.log.has(hash as OpHash));
  return { book, report: reportOf(book as unknown as Book, { number: last.number, at: last.at, known }, held) };
}

/** It has the rows before its ops, or there are none. */
function opensAlone({ header, sections }: OpenPart): boolean {
  return sections.has('manifest') || header.scopes.every(({ size }) => size === 0);
}

/** An archive in the place of a whole, and those after it as far as they fit. */
function chosenAlone(whole: OpenPart, archives: readonly OpenPart[]): Chosen {
  const { book, device, number, at, heads } = whole.header;
  const beyond = archives
    .filter(({ header }) => header.number > number)
    .sort((a, b) => a.header.number - b.header.number);
  return { book, device, number, at, whole, deltas: [], logs: [], heads, beyond, known: heads };
}

function reportOf(
  book: Book,
  chosen: Pick<Chosen, 'number' | 'at' | 'known'>,
  aside: RestoreReport['aside'],
): RestoreReport {
  const { log } = book;
  const scopes = book.status().scopes;
  const lost = chosen.known.filter(([scope, device, seq]) => {
    const head = log.head(device as never, scope as Scope);
    return head === undefined || head.seq < seq;
  });
  return {
    number: chosen.number,
    at: chosen.at,
    trust: book.status().snapshot?.trust ?? '',
    ops: scopes.reduce((sum, { scope, pending }) => sum + log.tip(scope).size - log.base(scope).size + pending, 0),
    from: Object.fromEntries(scopes.map(({ scope }) => [scope, log.base(scope).size])),
    aside,
    lost,
  };
}

/** The book file in a part. */
export async function logOf({ sections }: OpenPart): Promise<Uint8Array> {
  const bytes = sections.get('log');
  if (bytes === undefined) throw new RecoveryError('recovery/log', 'the part holds no ops');
  try {
    return await unpacked(bytes, maxLogBytes);
  } catch (cause) {
    throw new RecoveryError('recovery/log', 'the ops of the part cannot be unpacked', { cause });
  }
}

/** Settled ops from the first on, in order, as far as the archives have them without a gap. */
async function historyOf(
  archives: readonly OpenPart[],
  crypto: CryptoProvider,
): Promise<ReadonlyMap<Scope, readonly OpRecord[]>> {
  const byScope = new Map<Scope, OpRecord[]>();
  for (const part of [...archives].sort((a, b) => a.header.number - b.header.number))
    for (const { scope, from, records } of settledOf(await logOf(part), crypto)) {
      const known = byScope.get(scope) ?? [];
      if (from <= known.length) known.push(...records.slice(known.length - from));
      byScope.set(scope, known);
    }
  return byScope;
}

/** Into the log itself, of each scope whose ops reach its size. */
async function putHistory(
  store: BookStore,
  book: BookId,
  history: ReadonlyMap<Scope, readonly OpRecord[]>,
  sizes: ReadonlyMap<Scope, number>,
  crypto: CryptoProvider,
): Promise<void> {
  await store.log.setMeta('book', book);
  await store.log.setMeta(META_UNANCHORED, '1');
  for (const [scope, size] of sizes) {
    const records = (history.get(scope) ?? []).slice(0, size);
    if (records.length < size || size === 0) continue;
    const tree = createTree(crypto.hasher);
    for (const { bytes } of records) tree.append(leafHash(bytes, crypto.hasher));
    await store.log.settle(scope, 0, records, { size: tree.size, frontier: tree.frontier(), note: '' });
  }
}

/** What a book file says was settled, by scope. */
export function settledOf(
  file: Uint8Array,
  { hasher }: CryptoProvider,
): readonly (FileScope & { readonly records: readonly OpRecord[] })[] {
  const { header, offset } = parseHeader(file);
  const { records } = openRecords(decodeBundle(file.subarray(offset)).frames, hasher);
  return header.scopes.map((entry) => ({
    ...entry,
    records: records.filter(({ op }) => op.scope === entry.scope).slice(0, entry.size - entry.from),
  }));
}
