// The office rebuilt from the edges: the tills' own logs hold every op, their checkpointed prefixes and signed receipts say at
// which position each one stands, and nothing of the relay's or the old office's databases is read.
import { createTree, encodeVerifierKey, leafHash, type NoteKey, parseVerifierKey } from '@tallystick/chain';
import { type BookStore, openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import {
  type BookId,
  encodeHex,
  type LogStore,
  type OpHash,
  type OpRecord,
  parseBookId,
  parseScope,
  type Scope,
} from '@tallystick/oplog';
import { originOf, type RelayClient, relayIdOf, verifyCheckpoint, verifyReceipt } from '@tallystick/relay-protocol';
import type { DeviceKey } from '@tallystick/sign';
import { type ShopBook, shopCrypto, shopVerbs } from './book.ts';
import { OfficeError } from './errors.ts';

const pageOps = 1_000;
/** The scope of a small shop; the only one the office trades in. */
export const hq: Scope = mustScope('hq');

/** Size and Merkle root of the settled prefix. */
export interface Tip {
  readonly size: number;
  readonly root: string;
}

/** One till's log as a source of ops, and the relay it believes. */
export interface Edge {
  readonly book: BookId;
  readonly log: LogStore;
  readonly relay: NoteKey;
}

/** The log under an open book. */
export function edgeOf(till: ShopBook): Edge {
  return { book: till.id, log: till.log, relay: pinnedKey(till) };
}

/** The log in a till's database file, without opening the book on top of it. The caller closes it. */
export function openEdge(databaseFile: string): Edge & { close(): Promise<void> } {
  const store = nodeStore(databaseFile);
  const book = parseBookId(store.log.meta('book'));
  const relay = parseVerifierKey(store.log.meta('relay') ?? '', shopCrypto.hasher);
  if (book === undefined || !relay.ok)
    throw new OfficeError('office/proof', `${databaseFile}: this till belongs to no book or follows no relay`);
  return { book, log: store.log, relay: relay.value, close: async () => store.close() };
}

/** The settled prefix of `hq` as this replica knows it. */
export function tipOf(book: ShopBook): Tip {
  const { size, frontier } = book.log.tip(hq);
  return { size, root: size === 0 ? '' : encodeHex(createTree(shopCrypto.hasher, { size, frontier }).root()) };
}

/**
 * Folds a new office database into `store`, an empty one, out of the tills' logs and receipts, in receipted order. Every
 * record is verified again. Throws `office/proof` when positions are missing or contradict each other.
 */
export async function rebuildOffice(store: BookStore, edges: readonly Edge[]): Promise<ShopBook> {
  const [first] = edges;
  if (first === undefined) throw new OfficeError('office/proof', 'there is no till to rebuild from');
  const order = await receiptedOrder(edges);
  // Bound before it is opened, as any book is whose records are already stored.
  await store.log.setMeta('book', first.book);
  await restoreLog(store.log, order);
  const office = await openBook({
    store,
    verbs: shopVerbs,
    book: first.book,
    relayKey: encodeVerifierKey(first.relay, shopCrypto.hasher),
  });
  const { ok, problems } = await office.verify();
  if (ok) return office;
  await office.close();
  throw new OfficeError(
    'office/proof',
    `what the tills handed in does not verify: ${problems[0]?.hash} ${problems[0]?.message}`,
  );
}

/** Fills an empty relay from the book's settled prefix, in order, and answers what the relay then says it has. */
export async function refillRelay(office: ShopBook, client: RelayClient): Promise<Tip> {
  const { size } = office.log.tip(hq);
  for (let from = 0; from < size; from += pageOps) {
    const page = await office.log.settled(hq, from, Math.min(pageOps, size - from));
    const { results } = await client.push(office.id, hq, page);
    const bad = results.find((result, index) => result.position !== from + index);
    if (bad !== undefined)
      throw new OfficeError('office/relay', `the refilled relay answered ${bad.verdict} to op ${bad.hash}`);
  }
  return relayTip(office, client);
}

/**
 * The relay's signed size and root, checked under the key this book has pinned; kept as the note of our tip when it is. A relay that is not everybody's
 * to read is asked under the `key` of a device.
 */
export async function relayTip(office: ShopBook, client: RelayClient, key?: DeviceKey): Promise<Tip> {
  const relay = pinnedKey(office);
  const check = noteCheck(relay, office.id);
  const reader = key && { device: key.device, sign: key.sign, relay: relayIdOf(relay, shopCrypto.hasher) };
  const note = await client.checkpoint(office.id, hq, reader);
  const signed = await verifyCheckpoint(note, check);
  if (!signed.ok)
    throw new OfficeError('office/relay', `the relay's checkpoint is not signed as it should be: ${signed.message}`);
  const { size, root } = signed.value;
  const own = office.log.tip(hq);
  if (own.note === '' && own.size === size && tipOf(office).root === root)
    await office.log.settle(hq, size, [], { ...own, note });
  return { size, root };
}

/** For each position the log and hash that hold it. */
async function receiptedOrder(edges: readonly Edge[]): Promise<{ log: LogStore; hash: OpHash }[]> {
  const order: { log: LogStore; hash: OpHash }[] = [];
  const place = (position: number, log: LogStore, hash: OpHash): void => {
    const known = order[position];
    if (known !== undefined && known.hash !== hash) {
      throw new OfficeError(
        'office/proof',
        `two tills have receipts for position ${position}: ${known.hash} and ${hash}`,
      );
    }
    order[position] ??= { log, hash };
  };
  for (const { book, log, relay } of edges) {
    for (const [position, hash] of await checkpointed(book, log, relay)) place(position, log, hash);
    for (const { note } of await log.receipts(hq)) {
      const receipt = await verifyReceipt(note, noteCheck(relay, book));
      if (!receipt.ok)
        throw new OfficeError('office/proof', `a till holds a receipt that the relay did not sign: ${receipt.message}`);
      for (const { position, hash } of receipt.value.lines) if (log.has(hash)) place(position, log, hash);
    }
  }
  const gap = Array.from(order).findIndex((entry) => entry === undefined);
  if (order.length === 0 || gap >= 0)
    throw new OfficeError('office/proof', `no till holds the op at position ${Math.max(gap, 0)}`);
  return order;
}

/** Positions of a till's settled prefix, believed because the relay's signed root covers exactly these records. */
async function checkpointed(book: BookId, log: LogStore, relay: NoteKey): Promise<[number, OpHash][]> {
  const { size, note } = log.tip(hq);
  const tree = createTree(shopCrypto.hasher);
  const places: [number, OpHash][] = [];
  for (let from = 0; from < size; from += pageOps) {
    for (const record of await log.settled(hq, from, Math.min(pageOps, size - from))) {
      places.push([tree.size, record.hash]);
      tree.append(leafHash(record.bytes, shopCrypto.hasher));
    }
  }
  if (size === 0 || note === '') return places;
  const signed = await verifyCheckpoint(note, noteCheck(relay, book));
  if (signed.ok && signed.value.size === size && signed.value.root === encodeHex(tree.root())) return places;
  throw new OfficeError('office/proof', 'the settled prefix of a till is not what the relay signed');
}

/** Appends the records in order and gives them their positions. */
async function restoreLog(log: LogStore, order: readonly { log: LogStore; hash: OpHash }[]): Promise<void> {
  const tree = createTree(shopCrypto.hasher);
  for (let from = 0; from < order.length; from += pageOps) {
    const records: OpRecord[] = [];
    for (const entry of order.slice(from, from + pageOps)) {
      const stored = await entry.log.get(entry.hash);
      if (stored === undefined)
        throw new OfficeError('office/proof', `a till lost op ${entry.hash} while it was being read`);
      records.push(stored.record);
      tree.append(leafHash(stored.record.bytes, shopCrypto.hasher));
    }
    await log.append(records);
    const hashes = records.map((record) => record.hash);
    await log.settle(hq, from, hashes, { size: tree.size, frontier: tree.frontier(), note: '' });
  }
}

function pinnedKey(book: ShopBook): NoteKey {
  const parsed = parseVerifierKey(book.status().relayKey ?? '', shopCrypto.hasher);
  if (parsed.ok) return parsed.value;
  throw new OfficeError('office/relay', 'no relay is pinned in this book yet');
}

function noteCheck(relay: NoteKey, book: BookId): Parameters<typeof verifyCheckpoint>[1] {
  const { hasher, ed25519 } = shopCrypto;
  return { key: relay, origin: originOf(relay, book, hq), verify: ed25519.verify.bind(ed25519), hasher };
}

function mustScope(text: string): Scope {
  const scope = parseScope(text);
  if (scope === undefined) throw new Error(`${text} is not a scope`);
  return scope;
}
