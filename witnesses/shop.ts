/** A shop with two devices on files, and sales to trade. Keys live in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorityVerbs } from '@tallystick/guards';
import { type Book, openBook } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { subjectVerbs } from '@tallystick/kernel/subjects';
import { ledgerVerbs } from '@tallystick/ledger';
import { encodeHex, type Scope } from '@tallystick/oplog';
import { chart, retailVerbs, type SaleCompleteArgs } from '@tallystick/retail';
import { createMemoryKeyStore, type KeyStore } from '@tallystick/sign';

export const verbs = [...ledgerVerbs, ...retailVerbs, ...subjectVerbs, ...authorityVerbs] as const;
export const hq = 'hq' as Scope;
export type ShopBook = Book<typeof verbs>;

export interface TwoDevices {
  readonly dir: string;
  readonly office: ShopBook;
  readonly till: ShopBook;
  readonly tillKeys: KeyStore;
}

/** Opens the shop, lends it, and leaves nothing behind. */
export async function withShop(work: (shop: TwoDevices) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-witness-'));
  try {
    const shop = await openShop(dir);
    try {
      await work(shop);
    } finally {
      await shop.office.close();
      await shop.till.close();
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function openShop(dir: string): Promise<TwoDevices> {
  const office = await openBook({
    store: nodeStore(join(dir, 'office.db')),
    keys: memoryKeys(),
    verbs,
    name: 'Witness',
  });
  for (const args of chart) must(await office.commit('account.open', args));
  const tillKeys = memoryKeys();
  const key = await tillKeys.create('device');
  const enrolment = { device: key.device, key: encodeHex(key.publicKey), name: 'till', role: 'till' } as const;
  must(await office.commit('device.enroll', enrolment));
  const till = await openBook({ store: nodeStore(join(dir, 'till.db')), keys: tillKeys, verbs, book: office.id });
  await till.import(await office.export());
  await till.anchor();
  return { dir, office, till, tillKeys };
}

/** Another replica of the same book, empty as yet: by default in memory and with a key of its own. */
export function joinShop(
  { office }: TwoDevices,
  options: { readonly path?: string; readonly keys?: KeyStore; readonly relayKey?: string } = {},
): Promise<ShopBook> {
  const { path = ':memory:', keys = memoryKeys(), ...rest } = options;
  return openBook({ store: nodeStore(path), keys, verbs, book: office.id, ...rest });
}

function memoryKeys(): KeyStore {
  return createMemoryKeyStore(nodeCrypto.ed25519, nodeCrypto.hasher);
}

export async function sell(book: ShopBook, sku: string, quantity: number): Promise<void> {
  must(await book.commit('sale.complete', saleOf(sku, quantity)));
}

/** A sale of one line, paid by card. */
export function saleOf(sku: string, quantity: number): SaleCompleteArgs {
  return {
    day: '2026-11-21',
    currency: 'GBP',
    taxIncluded: true,
    lines: [{ sku, name: sku, quantity, unitPriceMilliMinor: 255_000, taxRateBasisPoints: 2000 }],
    tenders: [{ kind: 'card', amountMinor: 255 * quantity }],
  };
}

/** Sells `count` times: 1 apple, 2 apples, and so on. */
export async function sellMany(
  book: ShopBook,
  count: number,
  skuOf = (_sale: number): string => 'apple',
): Promise<void> {
  for (let sale = 1; sale <= count; sale++) await sell(book, skuOf(sale), sale);
}

export async function exchange({ office, till }: TwoDevices): Promise<void> {
  await office.import(await till.export());
  await till.import(await office.export());
}

/** The tables that a bookkeeper reads, row by row, as text. */
export function rowsOf(book: ShopBook): readonly string[] {
  return ['documents', 'documentLines', 'tenders', 'stock', 'postings', 'balances'].flatMap((table) =>
    book.query(`SELECT * FROM ${table}`).map((row) => `${table} ${JSON.stringify(row)}`),
  );
}

export function short(digest: string): string {
  return digest.slice(0, 12);
}

function must(commit: { readonly ok: boolean }): void {
  if (!commit.ok) throw new Error(`a witness could not commit: ${JSON.stringify(commit)}`);
}
