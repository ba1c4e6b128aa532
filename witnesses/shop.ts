/** A shop with two devices on files, a relay in this process, and sales to trade. Keys live in memory. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Book, openBook } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { ledgerVerbs } from '@tallystick/ledger';
import { encodeHex } from '@tallystick/oplog';
import { chart, retailVerbs } from '@tallystick/retail';
import { createMemoryKeyStore, type KeyStore } from '@tallystick/sign';

export const verbs = [...ledgerVerbs, ...retailVerbs] as const;
export type ShopBook = Book<typeof verbs>;

export interface TwoDevices {
  readonly dir: string;
  readonly office: ShopBook;
  readonly till: ShopBook;
  readonly tillKeys: KeyStore;
}

export function memoryKeys(): KeyStore {
  return createMemoryKeyStore(nodeCrypto.ed25519, nodeCrypto.hasher);
}

export async function openShop(): Promise<TwoDevices> {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-witness-'));
  const office = await openBook({
    store: nodeStore(join(dir, 'office.db')),
    keys: memoryKeys(),
    verbs,
    name: 'Witness',
  });
  for (const args of chart) must(await office.commit('account.open', args));
  const tillKeys = memoryKeys();
  const key = await tillKeys.create('device');
  must(
    await office.commit('device.enroll', {
      device: key.device,
      key: encodeHex(key.publicKey),
      name: 'till',
      role: 'till',
    }),
  );
  const till = await openBook({ store: nodeStore(join(dir, 'till.db')), keys: tillKeys, verbs, book: office.id });
  await till.import(await office.export());
  await till.anchor();
  return { dir, office, till, tillKeys };
}

export async function sell(book: ShopBook, sku: string, quantity: number): Promise<void> {
  must(
    await book.commit('sale.complete', {
      day: '2026-11-21',
      currency: 'GBP',
      taxIncluded: true,
      lines: [{ sku, name: sku, quantity, unitPriceMilliMinor: 255_000, taxRateBasisPoints: 2000 }],
      tenders: [{ kind: 'card', amountMinor: 255 * quantity }],
    }),
  );
}

export async function exchange({ office, till }: TwoDevices): Promise<void> {
  await office.import(await till.export());
  await till.import(await office.export());
}

function must(commit: { readonly ok: boolean }): void {
  if (!commit.ok) throw new Error(`a witness could not commit: ${JSON.stringify(commit)}`);
}
