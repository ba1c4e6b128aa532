// An exchange that fails has often taken something in before: whoever listens hears of it, and the next own op builds on it.
import { openBook } from '@tallystick/kernel';
import type { BookId } from '@tallystick/oplog';
import { createRelayClient } from '@tallystick/relay-protocol';
import { expect, it } from 'vitest';
import { createRelayInProcess, type ShopBook } from './fleet.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

it('what a sync took in before the line dropped is told', async () => {
  const relay = await createRelayInProcess('public');
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
