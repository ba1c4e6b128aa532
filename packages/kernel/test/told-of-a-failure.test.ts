// An exchange that fails has often taken something in before: whoever listens hears of it, and the next own op builds on it.
import { openBook } from '@tallystick/kernel';
import type { BookId } from '@tallystick/oplog';
import { createMemoryRelayStore, createRelay, createRelayClient } from '@tallystick/relay-protocol';
import { nodeHasher } from '@tallystick/chain/node';
import { nodeEd25519 } from '@tallystick/sign/node';
import { expect, it } from 'vitest';
import type { ShopBook } from './fleet.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

it('what a sync took in before the line dropped is told', async () => {
  const key = await nodeEd25519.fromSeed(new Uint8Array(32).fill(7));
  const signer = { name: 'relay.test', publicKey: key.publicKey, sign: (message: Uint8Array) => key.sign(message) };
  const relay = createRelay({
    store: createMemoryRelayStore(),
    signer,
    hasher: nodeHasher,
    ed25519: nodeEd25519,
    reads: 'public',
  });
  let answers = Number.POSITIVE_INFINITY;
  const client = createRelayClient({
    url: 'http://relay.test',
    retry: { attempts: 1 },
    fetch: (request) => (answers-- > 0 ? relay.fetch(request) : Promise.reject(new TypeError('no line'))),
  });
  const open = (seed: number, book?: BookId): Promise<ShopBook> =>
    openBook({
      store: stores['better-sqlite3'](),
      keys: memoryKeys(),
      verbs: shopVerbs,
      edge: testEdge(seed),
      ...(book === undefined ? {} : { book }),
    });
  const office = await open(1);
  await office.commit('stock.move', { sku: 'apple', quantity: 1 });
  await office.sync(client);
  let [hadTakenIn, isDone] = [0, false];
  for (let count = 1; !isDone; count++) {
    const reader = await open(count + 1, office.id);
    const told: string[] = [];
    reader.subscribe(({ kind }) => told.push(kind));
    answers = count;
    isDone = await reader.sync(client).then(
      () => true,
      () => false,
    );
    const hasRows = reader.query('SELECT * FROM stock').length > 0;
    expect(told).toEqual(hasRows ? ['sync'] : []);
    if (hasRows && !isDone) hadTakenIn += 1;
    await reader.close();
  }
  expect(hadTakenIn).toBeGreaterThan(0);
  await office.close();
});
