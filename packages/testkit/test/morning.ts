// A short morning in a shop that touches every kind of storage call: opening, selling alone and in a group, a refusal, a guest's file, and
// an exchange with a relay. Every commit that was acknowledged is told at once.
import { type BookStore, openBook } from '@tallystick/kernel';
import { nodeCrypto } from '@tallystick/kernel/node';
import { encodeHex, type OpHash } from '@tallystick/oplog';
import type { RelayClient } from '@tallystick/relay-protocol';
import { chart } from '@tallystick/retail';
import { bookFileOf, createClock, createEdge, createSeededKeys, createWriter, shopVerbs } from '@tallystick/testkit';

const crypto = nodeCrypto;
/** Those that a delivery of goods is posted to. */
const accounts = chart.filter(({ account }) => account.startsWith('1') || account.startsWith('2'));
const day = '2026-11-21';
const product = (sku: string) =>
  ({ sku, name: sku, category: '', unitScale: 0, taxRateBasisPoints: 0, negativeStock: 'allow', active: 1 }) as const;
const receipt = (sku: string, quantity: number) => ({
  day,
  currency: 'GBP',
  reference: 'DN-1',
  lines: [{ sku, name: sku, quantity, unitCostMilliMinor: 1_000 }],
});

export function openMorning(store: BookStore, opened: number) {
  return openBook({
    store,
    verbs: shopVerbs,
    crypto,
    keys: createSeededKeys('morning', crypto),
    edge: createEdge(createClock(), { seed: opened }),
  });
}

export async function workMorning(
  store: BookStore,
  acknowledge: (hash: OpHash) => void,
  relay: RelayClient | undefined,
): Promise<void> {
  const book = await openMorning(store, 1);
  const told = (commits: readonly { readonly ok: boolean }[]): void => {
    for (const commit of commits) if (commit.ok && 'hash' in commit) acknowledge(commit.hash as OpHash);
  };
  const commit = async (...args: Parameters<typeof book.commit>): Promise<void> => told([await book.commit(...args)]);
  told(await book.commitAll(accounts.map((args) => ({ verb: 'account.open' as const, args }))));
  await commit('product.set', product('tea'));
  await commit('product.set', product('tea'));
  await commit('session.close', { session: 'none', countedMinor: 0, day });
  const key = await createSeededKeys('guest', crypto).create('device');
  const guest = { device: key.device, key: encodeHex(key.publicKey), name: 'guest', role: 'manager' } as const;
  const enrolled = await book.commit('device.enroll', guest);
  if (!enrolled.ok) throw new Error(enrolled.code);
  told([enrolled]);
  const from = { key, book: book.id, after: enrolled.hash, hasher: crypto.hasher, atMs: createClock().nowMs() };
  const writer = createWriter(from);
  const first = await writer.write({ verb: 'stock.receive@1', args: receipt('tea', 5) });
  const second = await writer.write({ verb: 'product.set@1', args: product('tea') });
  // The second waits aside until the first comes, and then both go below what was committed here.
  await book.import(bookFileOf(book.id, [second]));
  await commit('stock.receive', receipt('tea', 3));
  await book.import(bookFileOf(book.id, [first]));
  told(
    await book.commitAll([
      { verb: 'stock.receive', args: receipt('tea', 1) },
      { verb: 'product.set', args: product('soap') },
    ]),
  );
  if (relay !== undefined) await book.sync(relay);
  await commit('stock.receive', receipt('soap', 2));
  await book.close();
}
