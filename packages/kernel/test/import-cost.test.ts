// What an import asks of the log: each op of the file that its chain may have once, and nothing of what the file does not hold.
import { type BookStore, openBook } from '@tallystick/kernel';
import { expect, it } from 'vitest';
import { createTestRelay, type ShopBook } from './fleet.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

interface Asked {
  has: number;
  receipts: number;
}

function counting(store: BookStore): { readonly store: BookStore; readonly asked: Asked } {
  const asked: Asked = { has: 0, receipts: 0 };
  const { log } = store;
  const counted: BookStore['log'] = {
    ...log,
    has: (hash) => {
      asked.has += 1;
      return log.has(hash);
    },
    receipts: (scope) => {
      asked.receipts += 1;
      return log.receipts(scope);
    },
  };
  return { store: { ...store, log: counted }, asked };
}

async function sellEach(book: ShopBook, count: number): Promise<void> {
  for (let sold = 0; sold < count; sold++) await book.commit('stock.move', { sku: 'apple', quantity: 1 });
}

it('asks for an op of the file once where its chain may have it and never where not, and reads no receipt it has', async () => {
  const relay = await createTestRelay();
  const book = await openBook({
    store: stores['better-sqlite3'](),
    keys: memoryKeys(),
    verbs: shopVerbs,
    edge: testEdge(),
  });
  for (let round = 0; round < 10; round++) {
    await sellEach(book, 5);
    await book.sync(relay, { pull: false });
  }
  await sellEach(book, 50);
  const file = await book.export();
  const { store, asked } = counting(stores['better-sqlite3']());
  const copy = await openBook({ store, keys: memoryKeys(), verbs: shopVerbs, edge: testEdge(2), book: book.id });
  await copy.sync(relay);
  const take = async (): Promise<Asked & { readonly added: number; readonly known: number }> => {
    Object.assign(asked, { has: 0, receipts: 0 });
    const { added, known } = await copy.import(file);
    return { added, known, ...asked };
  };
  const constant = 10;
  const first = await take();
  expect(first.has).toBeLessThanOrEqual(first.known + constant);
  expect(first).toMatchObject({ added: 50, receipts: 0 });
  const again = await take();
  expect(again.has).toBeLessThanOrEqual(again.known + constant);
  expect(again).toMatchObject({ added: 0, receipts: 0 });
  expect(copy.digest().digest).toBe(book.digest().digest);
  await copy.close();
  await book.close();
});
