// What goes into a part: rows and a tail, or what is not in the parts before. docs/spec/recovery.md, "Part".
import type { Book } from '@tallystick/kernel';
import { bookFile, type FileScope, packed } from '@tallystick/kernel/backup';
import { type OpRecord, orderTail, type Scope } from '@tallystick/oplog';
import {
  chainOf,
  hashOfHead,
  joined,
  maxNoteUnits,
  NOTE,
  type PartHead,
  type PartKind,
  type PartScope,
} from './part.ts';
import type { KeeperState } from './state.ts';

/** What a backup asks of a book, whatever its verbs are. */
export type KeptBook = Pick<
  Book,
  'id' | 'device' | 'log' | 'status' | 'query' | 'sign' | 'saveSnapshot' | 'saveSnapshotProof'
>;

/** Up to where the settled ops of each scope go. */
export type Sizes = Readonly<Record<string, number>>;

/** What a part says and holds, before it is sealed. */
export interface Gathered {
  readonly kind: PartKind;
  /** Number of the whole that it goes with. */
  readonly on: number;
  readonly scopes: readonly PartScope[];
  /** The last op of every chain that grew since the part before. */
  readonly heads: readonly PartHead[];
  readonly allHeads: readonly PartHead[];
  readonly sections: ReadonlyMap<string, Uint8Array>;
  /** Ops in the book when it was gathered. */
  readonly ops: number;
  /** Ops in the part. */
  readonly records: number;
}

const pageOps = 2_000;

/** A whole, or a delta since `since`. */
export async function gather(
  book: KeptBook,
  since: KeeperState | undefined,
  { number, note, proof }: { readonly number: number; readonly note: string; readonly proof?: Uint8Array | undefined },
): Promise<Gathered> {
  const sections = new Map<string, Uint8Array>();
  // Ops that brought keys may be in the log no more: the proof goes on from the one before.
  if (proof !== undefined && since === undefined) sections.set('proof', proof);
  const ops = opsOf(book);
  const allHeads = headsOf(book);
  const sizes = since?.sizes ?? (await rowsInto(book, sections));
  const { scopes, records, bytes } = await opsSince(book, sizes, since);
  sections.set('log', await packed(bytes));
  if (note !== '') sections.set(NOTE, new TextEncoder().encode(note.slice(0, maxNoteUnits)));
  const before = new Map(since?.heads.map((head) => [chainOf(head), hashOfHead(head)]));
  const heads = allHeads.filter((head) => before.get(chainOf(head)) !== hashOfHead(head));
  const [on = number] = since?.wholes ?? [];
  return { kind: since === undefined ? 'whole' : 'delta', on, scopes, heads, allHeads, sections, ops, records };
}

/**
 * An archive beside `whole`: the settled ops from `since` on, from the first that is stored when left out. That of a period has the rows of `whole` and the ops
 * without a position besides, so that it opens alone. Undefined where there is nothing to put in.
 */
export async function gatherArchive(
  book: KeptBook,
  whole: Gathered,
  {
    since,
    isPeriod,
    number,
  }: { readonly since: Sizes | undefined; readonly isPeriod: boolean; readonly number: number },
): Promise<Gathered | undefined> {
  const { log } = book;
  const scopes: PartScope[] = [];
  const fileScopes: FileScope[] = [];
  const records: OpRecord[] = [];
  for (const scope of log.scopes()) {
    const pending = isPeriod ? await log.pending(scope) : [];
    const { size, note } = log.tip(scope);
    const from = Math.min(Math.max(since?.[scope] ?? 0, log.base(scope).size), size);
    if (from >= size && pending.length === 0) continue;
    await settledInto(records, book, { scope, from, size });
    records.push(...orderTail(pending));
    fileScopes.push({ scope, from, size, note, receipts: [] });
    scopes.push({ scope, from, size, pending: pending.length });
  }
  if (records.length === 0) return undefined;
  const rows = isPeriod ? [...whole.sections].filter(([name]) => name !== 'log' && name !== NOTE) : [];
  const sections = new Map([...rows, ['log', await packed(bookFile(book.id, fileScopes, records))]] as const);
  const { allHeads, ops } = whole;
  return {
    kind: 'log',
    on: number,
    scopes,
    heads: isPeriod ? allHeads : [],
    allHeads,
    sections,
    ops,
    records: records.length,
  };
}

/** Ops in all scopes, with a position or without. */
export function opsOf(book: Pick<KeptBook, 'status'>): number {
  return book.status().scopes.reduce((sum, { settled, pending, waiting }) => sum + settled + pending + waiting, 0);
}

/** By scope, the position of the first settled op that is stored: those before were let go of. */
export function firstOf({ log }: Pick<KeptBook, 'log'>): Sizes {
  return Object.fromEntries(log.scopes().map((scope) => [scope, log.base(scope).size]));
}

/** A snapshot of the settled prefix, as sections by the names of its files. Answers how far it goes. */
async function rowsInto(book: KeptBook, sections: Map<string, Uint8Array>): Promise<Sizes> {
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
  sizes: Sizes,
  since: KeeperState | undefined,
): Promise<{ scopes: PartScope[]; records: number; bytes: Uint8Array }> {
  const { log } = book;
  const scopes: PartScope[] = [];
  const fileScopes: FileScope[] = [];
  const records: OpRecord[] = [];
  for (const scope of log.scopes()) {
    // First what has no position: what gets one meanwhile stands in the part twice, and not never.
    const pending = await log.pending(scope);
    const { size, note } = log.tip(scope);
    const from = Math.min(Math.max(sizes[scope] ?? 0, log.base(scope).size), size);
    await settledInto(records, book, { scope, from, size });
    const news = since === undefined ? pending : pending.filter(isNew(book, scope, since));
    records.push(...orderTail(news));
    const receipts = await receiptsOf(book, scope, pending);
    fileScopes.push({ scope, from, size, note, receipts });
    scopes.push({ scope, from, size, pending: pending.length });
  }
  return { scopes, records: records.length, bytes: bookFile(book.id, fileScopes, records) };
}

/** The relay's word for ops that have no position here yet. Receipts of all others stay where they are: there are as many as ops were ever handed in. */
async function receiptsOf({ log }: KeptBook, scope: Scope, pending: readonly OpRecord[]): Promise<string[]> {
  const named = new Set(pending.map(({ hash }) => hash).filter((hash) => log.receiptPosition(hash) !== undefined));
  if (named.size === 0) return [];
  const receipts = await log.receipts(scope);
  return receipts.filter(({ lines }) => lines.some(({ hash }) => named.has(hash))).map(({ note }) => note);
}

async function settledInto(
  records: OpRecord[],
  { log }: KeptBook,
  { scope, from, size }: { readonly scope: Scope; readonly from: number; readonly size: number },
): Promise<void> {
  for (let at = from; at < size; at += pageOps)
    records.push(...(await log.settled(scope, at, Math.min(pageOps, size - at))));
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
