/** What was done with goods or money out of reach, and finds something else settled before it: it stands and says so, where it could not be begun now. */
import { afterEach, expect, it } from 'vitest';
import type { Scene } from '../../../guards/test/scene.ts';
import { inTransit, replenishment } from '../../src/supply.ts';
import {
  balances,
  branch,
  depot,
  head,
  idOf,
  manager,
  mugs,
  office,
  openChain,
  shop,
  stockIn,
  warehouse,
} from './chain.ts';

let scene: Scene;
afterEach(() => scene.close());

const codes = (): unknown => scene.books[office]!.query('SELECT scope, code FROM corrections ORDER BY code');
const refused = () => scene.refusedCodes(office).filter((code) => code.startsWith('retail/'));
/** First one's ops get their places, then everybody else's. */
async function settleAfter(first: number): Promise<void> {
  await scene.sync(first);
  await scene.settle();
  expect(refused()).toEqual([]);
}

it('goods that were sent for an order that is cancelled, or sent twice for one, are on their way, and of no order', async () => {
  scene = await openChain();
  await scene.must(office, 'stock.level', { branch: shop, sku: 'MUG', minimum: 2, maximum: 10, source: depot });
  const line = { sku: 'MUG', name: 'Mug', quantity: 5, quantityScale: 0 };
  const order = (round: number) =>
    scene.must(office, 'transfer.order', { ...head, from: depot, to: shop, round, lines: [line] });
  for (const round of [1, 2]) await order(round);
  await scene.must(warehouse, 'stock.receive', { ...head, reference: 'D-1', lines: [mugs(20)] }, depot);
  await scene.settle();
  const send = (device: number, round: number) =>
    scene.commit(device, 'transfer.dispatch', { ...head, to: shop, round, lines: [mugs(5)] }, depot);
  // The cancelling comes to stand, and into force, before the dispatch.
  expect(await send(warehouse, 1)).toBe('ok');
  await scene.must(office, 'transfer.cancel', { from: depot, to: shop, round: 1, reason: 'not wanted' });
  await scene.sync(office);
  await scene.must(office, 'stock.receive', { ...head, reference: 'D-2', lines: [mugs(1)] }, depot);
  await settleAfter(office);
  expect(codes()).toEqual([{ scope: depot, code: 'retail/order-cancelled' }]);
  expect(await send(warehouse, 1)).toBe('retail/order-cancelled');
  // Two devices send the second round apart.
  for (const device of [warehouse, manager]) expect(await send(device, 2)).toBe('ok');
  await settleAfter(manager);
  expect(codes()).toEqual([
    { scope: depot, code: 'retail/order-cancelled' },
    { scope: depot, code: 'retail/order-fulfilled' },
  ]);
  const book = scene.books[office]!;
  expect(inTransit(book).map(({ quantity }) => quantity)).toEqual([5, 5, 5]);
  expect(book.query('SELECT round FROM transfers ORDER BY round')).toEqual([{ round: 0 }, { round: 0 }, { round: 2 }]);
  expect(stockIn(book, depot)).toEqual({ MUG: 6 });
  expect(replenishment(book)).toEqual([]);
});

it('goods that came of an order after it was closed are in stock and owed, and a bill that two paid is paid too much', async () => {
  scene = await openChain();
  const ordered = await scene.must(office, 'purchase.order', { ...head, supplier: 'S-1', lines: [mugs(10)] }, shop);
  const order = await idOf(scene.books[office]!, ordered);
  await scene.settle();
  const { day } = head;
  const came = { order, day, reference: 'D-1', lines: [{ line: 1, quantity: 4 }] };
  await scene.must(branch, 'purchase.receive', came, shop);
  await scene.must(office, 'purchase.close', { order, reason: 'late' }, shop);
  await settleAfter(office);
  expect(codes()).toEqual([{ scope: shop, code: 'retail/purchase-closed' }]);
  expect(stockIn(scene.books[office]!, shop)).toEqual({ MUG: 4 });
  expect(await scene.commit(branch, 'purchase.receive', { ...came, reference: 'D-2' }, shop)).toBe(
    'retail/purchase-closed',
  );
  const bill = { supplier: 'S-1', reference: 'B-1', day };
  const lines = [{ line: 1, quantity: 4, unitCostMilliMinor: 200_000 }];
  await scene.must(office, 'purchase.bill', { ...bill, order, lines }, shop);
  await scene.settle();
  const pay = { ...bill, amountMinor: 800, account: '1010' };
  for (const device of [office, manager]) await scene.must(device, 'purchase.pay', pay, shop);
  await settleAfter(office);
  expect(balances(scene.books[office]!)).toEqual({ 1010: -1600, 2100: 800, 5000: 800 });
  expect(codes()).toContainEqual({ scope: shop, code: 'retail/over-paid' });
  expect(await scene.commit(office, 'purchase.pay', pay, shop)).toBe('retail/over-paid');
});
