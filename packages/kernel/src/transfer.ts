/**
 * A book as a file: one header line of JSON, then the records as an entry bundle. Records carry their signatures; positions are believed only
 * under the relay's signed notes in the header and a key that was pinned before, never one from the file.
 */
import { leafHash, type NoteKey, type ReadNode } from '@tallystick/chain';
import {
  type BookId,
  type OpHash,
  type OpRecord,
  orderTail,
  parseBookId,
  parseScope,
  type Scope as ScopeName,
} from '@tallystick/oplog';
import { decodeBundle, encodeBundle } from '@tallystick/oplog/transport';
import { openRecords, type Undecodable } from './admit.ts';
import { mergeRecords } from './merge-records.ts';
import { compareNote } from './convict.ts';
import { KernelError } from './errors.ts';
import { createIsStored } from './is-stored.ts';
import { readNodes } from './own-tree.ts';
import type { Replica } from './replica.ts';
import { groupByScope } from './taking-in.ts';
import { settleChecked } from './pull.ts';
import { extendTip, keepReceipt, settleReceipted } from './receipted.ts';
import { pinnedRelay } from './relay-key.ts';

export interface FileScope {
  readonly scope: ScopeName;
  /** Position of the first record: more than 0 where the exporting log began later. */
  readonly from: number;
  /** Where the settled prefix ends: its records from `from` on are the scope's first in the file. */
  readonly size: number;
  /** The relay's checkpoint of exactly that size, or ''. */
  readonly note: string;
  readonly receipts: readonly string[];
}

export interface FileHeader {
  readonly tallystick: 'book/1';
  readonly book: BookId;
  readonly scopes: readonly FileScope[];
}

export interface ImportReport {
  /** Records that are stored here now and were not before: those of the file, and those that were held back for want of them. */
  readonly added: number;
  readonly known: number;
  readonly settled: number;
  readonly refolded: number;
  /** Well-formed records that could not be taken yet or at all; they are kept aside, with those that were there before. */
  readonly aside: readonly { readonly hash: string; readonly code: string; readonly message: string }[];
  /** As `aside`, but there was no room for more: import them again when what is aside was taken or dismissed. */
  readonly notKept: ImportReport['aside'];
  /** Frames of the file that are no records, by index. */
  readonly undecodable: readonly Undecodable[];
  /** Byte offset in the file where a torn last record begins. */
  readonly tornAt?: number;
  /** Scopes whose settled ops in the file begin, at `from`, after the last that is settled here: those between are in an archive. */
  readonly missing?: readonly MissingOps[];
}

export interface MissingOps {
  readonly scope: ScopeName;
  readonly from: number;
  /** How many are settled here. */
  readonly settled: number;
}

const PAGE = 2000;

/** The whole book, or some scopes of it, `hq` first. */
export async function exportBook(replica: Replica, scopes?: readonly ScopeName[]): Promise<Uint8Array> {
  const book = replica.book;
  if (book === undefined) throw new KernelError('kernel/no-book', 'there is no book to export yet');
  const names = replica.scopes().map((scope) => scope.name as ScopeName);
  const fileScopes: FileScope[] = [];
  const records: OpRecord[] = [];
  for (const scope of names.filter((name) => scopes === undefined || scopes.includes(name))) {
    const { size, note } = replica.log.tip(scope);
    const receipts = (await replica.log.receipts(scope)).map((receipt) => receipt.note);
    const base = replica.log.base(scope).size;
    fileScopes.push({ scope, from: base, size, note, receipts });
    for (let from = base; from < size; from += PAGE)
      records.push(...(await replica.log.settled(scope, from, Math.min(PAGE, size - from))));
    records.push(...orderTail(await replica.log.pending(scope)));
  }
  return bookFile(book, fileScopes, records);
}

export function bookFile(book: BookId, scopes: readonly FileScope[], records: readonly OpRecord[]): Uint8Array {
  const header: FileHeader = { tallystick: 'book/1', book, scopes };
  return joinBytes(new TextEncoder().encode(`${JSON.stringify(header)}\n`), encodeBundle(records));
}

/**
 * Takes in a book file: what verifies is stored and folded, the rest is reported. Nothing already stored is lost. Throws `archive/missing` where the file
 * begins later than the log here ends, so that nothing of it could be taken in.
 */
export async function importBook(replica: Replica, bytes: Uint8Array, nowMs: number): Promise<ImportReport> {
  const { header, offset } = parseHeader(bytes);
  await replica.bind(header.book);
  const { frames, tornAt } = decodeBundle(bytes.subarray(offset));
  const { records, undecodable } = openRecords(frames, replica.crypto.hasher);
  const relay = pinnedRelay(replica);
  let settled = 0;
  const asides = await replica.log.asides();
  const isStored = createIsStored(replica.log);
  /** What is not stored. It is asked once of each op, and noted from then on; what others store meanwhile, the merge finds. */
  const news = new Set([
    ...records.filter((record) => !isStored(record)).map(({ hash }) => hash),
    ...asides.map(({ hash }) => hash).filter((hash) => !replica.log.has(hash)),
  ]);
  const before = news.size;
  for (const [scope, group] of groupByScope(records)) {
    const claimed = header.scopes.find((entry) => entry.scope === scope);
    const prefix =
      claimed === undefined || relay === undefined ? undefined : await settledPrefix(replica, relay, claimed, group);
    if (prefix === undefined || !(await replica.exclusive(() => settlePrefix(replica, scope, prefix)))) continue;
    settled += prefix.records.length;
    for (const { hash } of prefix.records) news.delete(hash);
  }
  const merged = await replica.exclusive(() =>
    mergeRecords(
      replica,
      records.filter(({ hash }) => news.has(hash)),
    ),
  );
  const { aside, notKept } = merged;
  let { refolded } = merged;
  for (const hash of merged.taken) news.delete(hash);
  for (const entry of relay === undefined ? [] : header.scopes) {
    await keepNewReceipts(replica, relay as NoteKey, entry);
    const more = await settleReceipted(replica, entry.scope, relay as NoteKey, entry.note);
    settled += more.settled;
    refolded += more.refolded;
    const { scope, note } = entry;
    const place = { replica, book: header.book, scope, relay: relay as NoteKey, nowMs };
    if (note !== '' && note !== replica.log.tip(scope).note)
      await compareNote(place, note, nodesIn(records, entry, replica));
  }
  const added = before - news.size;
  const missing = header.scopes.flatMap(({ scope, from }): MissingOps[] => {
    const { size } = replica.log.tip(scope);
    return from > size ? [{ scope, from, settled: size }] : [];
  });
  const [gap] = missing;
  if (gap !== undefined && records.every(({ hash }) => news.has(hash)))
    throw new KernelError(
      'archive/missing',
      `the file begins at op ${gap.from} of ${gap.scope}, and ${gap.settled} are settled here: those between are in an archive`,
    );
  return {
    added,
    known: records.length - added,
    settled,
    refolded,
    aside,
    notKept,
    undecodable,
    ...(tornAt === undefined ? {} : { tornAt: offset + tornAt }),
    ...(gap === undefined ? {} : { missing }),
  };
}

/** A position and the op there, as a receipt says it; what it says is believed once its signature is checked. */
const claimLine = /^(\d+) (\w{64})$/gm;

/** Those that say anything new. Files go to and fro, and what each of them added again would double with every exchange. */
async function keepNewReceipts(replica: Replica, relay: NoteKey, { scope, receipts }: FileScope): Promise<void> {
  const { log } = replica;
  let kept: ReadonlySet<string> | undefined;
  for (const note of new Set(receipts)) {
    const said = [...note.matchAll(claimLine)];
    const known = said.map(([, , hash]) => log.receiptPosition(hash as OpHash));
    if (said.every(([, position], line) => known[line] === Number(position))) continue;
    // Of what says again, or otherwise, what another said, only the whole text tells whether it is kept.
    if (known.some((position) => position !== undefined))
      kept ??= new Set((await log.receipts(scope)).map((receipt) => receipt.note));
    if (!kept?.has(note)) await keepReceipt(replica, relay, scope, note);
  }
}

/** The tree over the settled ops of the file, where it has them from the first on. */
function nodesIn(
  records: readonly OpRecord[],
  { scope, from, size }: FileScope,
  replica: Replica,
): ReadNode | undefined {
  const settled = records.filter((record) => record.op.scope === scope).slice(0, size);
  if (from > 0 || settled.length < size) return undefined;
  const { hasher } = replica.crypto;
  return readNodes(new Map(settled.map(({ bytes }, index) => [`0/${index}`, leafHash(bytes, hasher)])), hasher);
}

interface Prefix {
  readonly records: readonly OpRecord[];
  readonly note: string;
  readonly size: number;
  readonly frontier: readonly string[];
}

/** The part of a claimed prefix that lies beyond ours, if the relay's note covers it and it continues ours. */
async function settledPrefix(
  replica: Replica,
  relay: NoteKey,
  claimed: FileScope,
  group: readonly OpRecord[],
): Promise<Prefix | undefined> {
  const { scope, from, size, note } = claimed;
  const tip = replica.log.tip(scope);
  if (from > tip.size) return undefined;
  const records = group.slice(tip.size - from, size - from);
  const end = await extendTip(replica, scope, relay, tip, records, note);
  return end?.size === size ? { ...end, records } : undefined;
}

async function settlePrefix(replica: Replica, scope: ScopeName, prefix: Prefix): Promise<boolean> {
  const { records, ...tip } = prefix;
  if (replica.log.tip(scope).size !== tip.size - records.length) return false;
  return (await settleChecked(replica, scope, records, tip)).ok;
}

/** Throws `kernel/bad-file`. */
export function parseHeader(bytes: Uint8Array): { header: FileHeader; offset: number } {
  const bad = (why: string, cause?: unknown): KernelError =>
    new KernelError('kernel/bad-file', `not a book file: ${why}`, cause);
  if (!(bytes instanceof Uint8Array)) throw bad('it is no Uint8Array');
  const end = bytes.subarray(0, 1 << 24).indexOf(0x0a);
  if (end < 0) throw bad('it has no header line');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end)));
  } catch (cause) {
    throw bad('the header line is not JSON', cause);
  }
  const { tallystick, book, scopes } = (value ?? {}) as Record<string, unknown>;
  if (tallystick !== 'book/1') throw bad('the header is not of kind book/1');
  const id = parseBookId(book);
  if (id === undefined || !Array.isArray(scopes)) throw bad('the header names no book');
  return {
    header: {
      tallystick: 'book/1',
      book: id,
      scopes: scopes.map(parseFileScope).filter((scope) => scope !== undefined),
    },
    offset: end + 1,
  };
}

function parseFileScope(value: unknown): FileScope | undefined {
  const { scope, from = 0, size, note, receipts } = (value ?? {}) as Record<string, unknown>;
  const name = parseScope(scope);
  const notes = Array.isArray(receipts) ? receipts.filter((text) => typeof text === 'string') : [];
  const areSizes = [from, size].every((count) => Number.isSafeInteger(count) && (count as number) >= 0);
  if (name === undefined || !areSizes || typeof note !== 'string') return undefined;
  return { scope: name, from: from as number, size: size as number, note, receipts: notes };
}

function joinBytes(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}
