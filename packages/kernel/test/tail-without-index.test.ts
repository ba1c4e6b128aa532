// A program that has just started folds what belongs before its tail without the index that comes late. The other tests have it from their first book on.
import { openBook } from '@tallystick/kernel';
import { nodeCrypto } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { encodeHex } from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import initSqlJs from 'sql.js';
import { expect, it, vi } from 'vitest';
import { createTestRelay, provenDigest, type ShopBook } from './fleet.ts';
import { memoryFiles } from './memory-place.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const sqlite = await initSqlJs();

it('a tail before which ops of others belong is folded again to the same rows while the index is not here', async () => {
  const relay = await createTestRelay();
  const owner: ShopBook = await openBook({
    store: stores['better-sqlite3'](),
    keys: memoryKeys(),
    verbs: shopVerbs,
    edge: testEdge(1),
  });
  const [keys, log, images] = [memoryKeys(), createMemoryLogStore(), memoryFiles()];
  const { device, publicKey } = await keys.create('device');
  await owner.commit('device.enroll', { device, key: encodeHex(publicKey), name: 'till', role: 'till' });
  const storeOf = (make: typeof sqljsStore) => ({ ...make({ sqlite, keys, images, log }), crypto: nodeCrypto });
  const edge = testEdge(2, 1_764_600_000_000);
  const before: ShopBook = await openBook({ store: storeOf(sqljsStore), verbs: shopVerbs, edge, book: owner.id });
  await before.import(await owner.export());
  await before.anchor();
  // What brings the index is settled, so that the tail is of plain ops alone.
  await owner.sync(relay);
  await before.sync(relay);
  // By the clocks the owner's ops come first; the image has the till's alone.
  await owner.commit('seat.take', { row: 1, seat: 1 });
  await owner.commit('stock.move', { sku: 'tea', quantity: 10 });
  for (let at = 0; at < 3; at++) await before.commit('stock.move', { sku: 'tea', quantity: 1 });
  await before.commit('seat.take', { row: 1, seat: 1 });
  expect(await before.saveImage()).toBe(true);
  await before.import(await owner.export());
  const { digest } = before.digest();
  await before.close();

  vi.resetModules();
  const [fresh, { sqljsStore: freshStore }, shop, { actsIfHere }] = await Promise.all([
    import('@tallystick/kernel'),
    import('@tallystick/kernel/sqljs'),
    import('./shop.ts'),
    import('../src/acts.ts'),
  ]);
  const again = await fresh.openBook({ store: storeOf(freshStore), verbs: shop.shopVerbs, edge });
  expect(again.status().imageMisfit).toBeUndefined();
  expect(again.digest().digest).toBe(digest);
  expect(again.query("SELECT onHand FROM stock WHERE sku = 'tea'")).toEqual([{ onHand: 13 }]);
  expect((await again.commit('stock.move', { sku: 'tea', quantity: 1 })).ok).toBe(true);
  expect(actsIfHere()).toBeUndefined();
  await provenDigest(again, shop.stores['better-sqlite3']);
  await again.close();
  await owner.close();
});
