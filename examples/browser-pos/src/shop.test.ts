// The shop's verbs on the SQL engine of browsers, without a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBook } from '@tallystick/kernel';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import initSqlJs from 'sql.js';
import { salesQuery, stockQuery, verbs } from './shop.ts';

const tea = { sku: 'tea', name: 'Tea', priceMinor: 250 };

test('a sale takes from the stock, and goods without a price are not sold', async () => {
  const sqlite = await initSqlJs();
  const book = await openBook({ store: sqljsStore({ sqlite }), verbs });
  await book.commit('goods.price', tea);
  await book.commit('goods.receive', { sku: 'tea', quantity: 12 });
  await book.commit('goods.sell', { sku: 'tea', quantity: 2, priceMinor: 250 });
  const unknown = await book.commit('goods.sell', { sku: 'milk', quantity: 1, priceMinor: 90 });
  assert.deepEqual(unknown, { ok: false, code: 'pos/unknown-goods', details: { sku: 'milk' } });
  assert.deepEqual(book.query(stockQuery), [{ ...tea, onHand: 10 }]);
  assert.deepEqual(book.query(salesQuery), [{ till: 'office', sku: 'tea', quantity: 2, amountMinor: 500 }]);
  assert.equal((await book.prove(sqljsStore({ sqlite }))).ok, true);
  await book.close();
});
