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

const goods = { sku: 'MUG', name: 'Mug', unitCostMilliMinor: 200_000 };
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
  const came = { ...head, order, reference: 'D-1', lines: [{ line: 1, quantity: 4, goods }] };
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
  const pay = { ...bill, currency: 'GBP', amountMinor: 800, account: '1010' };
  for (const device of [office, manager]) await scene.must(device, 'purchase.pay', pay, shop);
  await settleAfter(office);
  expect(balances(scene.books[office]!)).toEqual({ 1010: -1600, 2100: 800, 5000: 800 });
  expect(codes()).toContainEqual({ scope: shop, code: 'retail/over-paid' });
  expect(await scene.commit(office, 'purchase.pay', pay, shop)).toBe('retail/over-paid');
});

/** What a manager wrote apart from the office, each op of which the office's close of the shop's books comes to stand before. */
it('what a manager wrote before the books were closed elsewhere stands on the first open day: bills, payments, charges, cancellations', async () => {
  scene = await openChain();
  const { day } = head;
  const order = await idOf(
    scene.books[office]!,
    await scene.must(office, 'purchase.order', { ...head, supplier: 'S-1', lines: [mugs(9)] }, shop),
  );
  const came = { ...head, order, reference: 'D-1', lines: [{ line: 1, quantity: 9, goods }] };
  await scene.must(office, 'purchase.receive', came, shop);
  const lines = [{ line: 1, quantity: 3, unitCostMilliMinor: 200_000 }];
  const bill = (reference: string) => ({ supplier: 'S-1', reference, order, day, lines });
  await scene.must(office, 'purchase.bill', bill('B-1'), shop);
  const dear = [{ line: 1, quantity: 3, unitCostMilliMinor: 300_000 }];
  await scene.must(office, 'purchase.bill', { ...bill('B-2'), lines: dear }, shop);
  const token = 'a1'.repeat(32);
  const gift = { kind: 'gift', holder: 'bearer', currency: 'GBP', amountMinor: 700, account: '6200' };
  const keyId = scene.books[office]!.query('SELECT keyId FROM devices WHERE device = ?', [scene.device(office)])[0];
  await scene.must(office, 'entitlement.issue', { token, day, ...gift, ...keyId }, shop);
  await scene.must(office, 'day.open', { day: '2026-11-22' }, shop);
  await scene.settle();

  const charged = [{ sku: 'FEE', name: 'Fee', quantity: 1, unitPriceMilliMinor: 50_000 }];
  const apart: readonly (readonly [string, object])[] = [
    ['purchase.bill', bill('B-3')],
    ['purchase.approve', { supplier: 'S-1', reference: 'B-2', day, reason: 'agreed' }],
    ['purchase.pay', { supplier: 'S-1', reference: 'B-1', ...head, amountMinor: 600, account: '1010' }],
    ['charge.adjust', { ...head, lines: charged, account: '6100', reason: 'fee' }],
    ['seller.pay', { ...head, seller: 'E-7', amountMinor: 1, account: '1000' }],
    ['entitlement.cancel', { token, day, account: '6200', reason: 'lost' }],
  ];
  // Somebody has to owe what is paid.
  const found = [{ sku: 'MUG', name: 'Mug', counted: 8, unitPriceMilliMinor: 1_000 }];
  await scene.must(manager, 'van.settle', { ...head, seller: 'E-7', lines: found }, shop);
  for (const [verb, args] of apart) await scene.must(manager, verb, args, shop);
  const before = balances(scene.books[manager]!);
  await scene.must(office, 'period.close', { through: day, late: 'refuse' }, shop);
  await settleAfter(office);
  const book = scene.books[office]!;
  expect(book.query("SELECT code FROM corrections WHERE code = 'ledger/period-closed'")).toHaveLength(apart.length + 1);
  expect(balances(book)).toEqual(before);
  expect(book.query('SELECT DISTINCT day FROM postings WHERE op IN (SELECT op FROM lateEntries)')).toEqual([
    { day: '2026-11-22' },
  ]);
  // At the desk the answer is no by now.
  for (const [verb, args] of apart.slice(3, 4)) {
    expect(await scene.commit(manager, verb, args, shop)).toBe('ledger/period-closed');
  }
});

it('goods of an order that waits in quarantine are in stock and owed, and its payment is the supplier’s debt', async () => {
  scene = await openChain();
  const { day } = head;
  const hash = await scene.must(warehouse, 'purchase.order', { ...head, supplier: 'S-1', lines: [mugs(4)] }, shop);
  const order = await idOf(scene.books[warehouse]!, hash);
  const lines = [{ line: 1, quantity: 4, unitCostMilliMinor: 200_000 }];
  const bill = { supplier: 'S-1', reference: 'B-1' };
  await scene.must(warehouse, 'purchase.bill', { ...bill, order, day, lines: [{ ...lines[0], quantity: 1 }] }, shop);
  for (const device of [branch, manager]) await scene.deliver(warehouse, device);
  await scene.must(office, 'device.revoke', { device: scene.device(warehouse), reason: 'lost' });
  await scene.sync(office);
  const came = { order, day, currency: 'GBP', reference: 'D-1', lines: [{ line: 1, quantity: 4, goods }] };
  await scene.must(branch, 'purchase.receive', came, shop);
  await scene.must(office, 'stock.receive', { ...head, reference: 'D-0', lines: [mugs(1)] }, shop);
  await scene.sync(office);
  await scene.sync(warehouse).catch(() => undefined);
  await scene.sync(branch);
  await scene.sync(office);
  const book = scene.books[office]!;
  expect(book.query('SELECT verb, code FROM corrections')).toEqual([
    { verb: 'purchase.receive@1', code: 'retail/no-purchase-order' },
  ]);
  expect([stockIn(book, shop), balances(book)['2150']]).toEqual([{ MUG: 5 }, -800]);
  expect(await scene.commit(office, 'purchase.pay', { ...bill, ...head, amountMinor: 9, account: '1010' }, shop)).toBe(
    'retail/no-bill',
  );
  // Adopted, the order knows what came of it.
  await scene.must(office, 'device.recover', { op: hash }, shop);
  expect(book.query('SELECT received FROM purchased WHERE line = 1')).toEqual([{ received: 4 }]);
});
