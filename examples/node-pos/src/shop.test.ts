import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Book, openBook } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { createMemoryRelayStore, createRelay, createRelayClient } from '@tallystick/relay-protocol';
import { createMemoryKeyStore } from '@tallystick/sign';
import { salesQuery, stockQuery, verbs } from './shop.ts';

const tea = { sku: 'tea', name: 'Tea', priceMinor: 250 };

test('a sale is there after a restart, and goods without a price are not sold', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'node-pos-')), 'shop.db');
  const first = await openBook({ store: nodeStore(path), verbs });
  await first.commit('goods.price', tea);
  await first.commit('goods.receive', { sku: 'tea', quantity: 12 });
  await first.commit('goods.sell', { sku: 'tea', quantity: 2, priceMinor: 250 });
  const unknown = await first.commit('goods.sell', { sku: 'milk', quantity: 1, priceMinor: 90 });
  assert.deepEqual(unknown, { ok: false, code: 'pos/unknown-goods', details: { sku: 'milk' } });
  await first.close();

  const again = await openBook({ store: nodeStore(path), verbs });
  assert.deepEqual(again.query(stockQuery), [{ ...tea, onHand: 10 }]);
  assert.deepEqual(again.query(salesQuery), [{ till: 'office', sku: 'tea', quantity: 2, amountMinor: 500 }]);
  assert.equal((await again.prove(nodeStore(':memory:'))).ok, true);
  await again.close();
});

test('two tills sell the last one apart from each other, and end with the same books', async () => {
  const key = await createMemoryKeyStore(nodeCrypto.ed25519, nodeCrypto.hasher).create('relay');
  const signer = { name: 'relay.example', publicKey: key.publicKey, sign: key.sign };
  const relay = createRelay({ store: createMemoryRelayStore(), signer, ...nodeCrypto });
  const client = createRelayClient({ url: 'http://relay.example', fetch: (request) => relay.fetch(request) });

  const office = await openBook({ store: nodeStore(':memory:'), verbs });
  const till = await openBook({ store: nodeStore(':memory:'), verbs, book: office.id });
  const { device, publicKey } = till.status();
  await office.commit('device.enroll', { device, key: publicKey, name: 'till-1', role: 'till' });
  await office.commit('goods.price', tea);
  await office.commit('goods.receive', { sku: 'tea', quantity: 1 });
  await office.sync(client);
  await till.sync(client);

  for (const book of [office, till]) {
    const sold = await book.commit('goods.sell', { sku: 'tea', quantity: 1, priceMinor: 250 });
    assert.equal(sold.ok && (await sold.stage()), 'local');
  }
  for (const book of [till, office, till]) await book.sync(client);
  assert.deepEqual(till.query(stockQuery), [{ ...tea, onHand: -1 }]);
  assert.equal(till.query(salesQuery).length, 2);
  assert.equal(office.digest().digest, till.digest().digest);
});

/** Never run: the compiler reads it, and stops at a line that is expected to be wrong and is not. */
export async function doesNotCompile(book: Book<typeof verbs>): Promise<void> {
  // @ts-expect-error this shop has no such verb
  await book.commit('goods.steal', { sku: 'tea' });
  // @ts-expect-error a quantity is a number
  await book.commit('goods.receive', { sku: 'tea', quantity: 'a few' });
  // @ts-expect-error the price is missing
  await book.commit('goods.sell', { sku: 'tea', quantity: 1 });
}
