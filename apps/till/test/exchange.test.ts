// Exchanges and returns without a receipt on the real book: written once, to the penny, and as far as the shop's policy goes.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { entries } from '../src/engine/entries.ts';
import { enter } from '../src/engine/entry.ts';
import { readReturnTerms } from '../src/engine/exchange-entries.ts';
import { readSession } from '../src/engine/open-shop.ts';
import type { Receipt } from '../src/engine/port.ts';
import type { ExchangeRequest } from '../src/engine/requests.ts';
import { cartOf, type Counter, done, openCounter } from './counter.ts';

let counter: Counter;
beforeEach(async () => {
  counter = await openCounter();
  await done(counter.ask(entries.openSession, 0));
});
afterEach(() => counter.close());

function drawerMinor(): unknown {
  const session = readSession(counter.shop)?.id ?? '';
  return counter.shop.book.query('SELECT amountMinor FROM drawers WHERE session = ?', [session])[0]?.['amountMinor'];
}

/** Flat whites that leave for one that comes back of `sold`. */
function swap(key: string, sold: Receipt, quantity: number, differenceMinor: number): ExchangeRequest {
  const { lines } = cartOf(key, quantity);
  const tenders = differenceMinor === 0 ? [] : [{ kind: 'cash', amountMinor: Math.abs(differenceMinor) } as const];
  const back = [{ line: 1, quantity: 1 }];
  return { key, document: sold.id, back, lines, tenders, changeMinor: 0, reason: 'Damaged' };
}

it('an exchange moves the difference and is known again, whichever way the money goes', async () => {
  const sold = await done(counter.ask(entries.sell, cartOf('a', 3)));
  expect(drawerMinor()).toBe(1_080);
  const dearer = await done(counter.ask(entries.exchange, swap('b', sold, 2, 360)));
  expect(dearer).toMatchObject({ kind: 'exchange', totalMinor: 360, original: { number: sold.number } });
  expect(dearer.number).toMatch(/^EXC\/till-1\//);
  expect(await done(counter.ask(entries.exchange, swap('b', sold, 2, 360)))).toEqual(dearer);
  expect(await counter.ask(entries.exchange, swap('b', sold, 1, 0))).toMatchObject({
    ok: false,
    code: 'till/key-used',
  });
  expect((await done(counter.ask(entries.exchange, swap('c', sold, 1, 0)))).tenders).toEqual([]);
  expect(drawerMinor()).toBe(1_440);
  // Two leave for one, which is dearer; one of the two comes back for half of one, and the rest is paid out.
  const half = {
    ...swap('d', sold, 1, -180),
    lines: cartOf('d', 1).lines.map((line) => ({ ...line, unitPriceMilliMinor: 180_000 })),
  };
  const cheaper = await done(counter.ask(entries.exchange, half));
  expect([cheaper.totalMinor, cheaper.tenders, drawerMinor()]).toEqual([
    -180,
    [{ kind: 'cash', amountMinor: -180 }],
    1_260,
  ]);
  expect(await done(counter.ask(entries.exchange, half))).toEqual(cheaper);
  // All three have come back by now.
  expect(await counter.ask(entries.exchange, swap('e', sold, 1, 0))).toMatchObject({
    ok: false,
    code: 'till/refund-lines',
  });
  // What left in an exchange comes back of the exchange, and what came back by it does not.
  const again = { key: 'f', document: dearer.id, tender: 'cash', reason: 'Damaged' } as const;
  expect(await counter.ask(entries.refund, { ...again, lines: [{ line: 1, quantity: 1 }] })).toMatchObject({
    code: 'till/refund-lines',
  });
  await done(counter.ask(entries.refund, { ...again, lines: [{ line: 2, quantity: 2 }] }));
  expect(drawerMinor()).toBe(540);
});

it('is found after a write whose answer was lost', async () => {
  const sold = await done(counter.ask(entries.sell, cartOf('a', 1)));
  counter.faults.isFlushFailing = true;
  const lost = await enter(entries.exchange, swap('b', sold, 2, 360), counter.shop, () => {
    counter.faults.isFlushFailing = false;
    return counter.openAgain();
  });
  expect(lost).toMatchObject({ ok: true, value: { shown: { totalMinor: 360 } } });
  expect(counter.shop.book.query("SELECT id FROM documents WHERE kind = 'exchange'")).toHaveLength(1);
});

it('goods without a receipt come back as the policy says', async () => {
  const { book } = counter.shop;
  await done(counter.ask(entries.sell, cartOf('a', 9)));
  const goods = (key: string, customer?: string, tender: 'cash' | 'account' = 'cash') => ({
    key,
    lines: cartOf(key, 2).lines,
    tender,
    reason: 'Damaged',
    ...(customer === undefined ? {} : { customer }),
  });
  expect(readReturnTerms(counter.shop)).toMatchObject({ value: { isAllowed: true, needsCustomer: false } });
  const first = await done(counter.ask(entries.returnGoods, goods('r')));
  expect(await done(counter.ask(entries.returnGoods, goods('r')))).toEqual(first);
  expect([first.totalMinor, first.original]).toEqual([-720, undefined]);
  await book.commit('returns.policy', { currency: 'GBP', allowed: 1, refundTo: 'account', mostMinor: 1_000 });
  expect(readReturnTerms(counter.shop, 'K-17')).toMatchObject({ value: { isAccountOnly: true, leftMinor: 1_000 } });
  expect(await counter.ask(entries.returnGoods, goods('s', 'K-17'))).toMatchObject({ code: 'retail/open-return' });
  await done(counter.ask(entries.returnGoods, goods('t', 'K-17', 'account')));
  expect(readReturnTerms(counter.shop, 'K-17')).toMatchObject({ value: { leftMinor: 280 } });
  expect(await counter.ask(entries.returnGoods, goods('u', 'K-17', 'account'))).toMatchObject({
    code: 'retail/open-return',
  });
  await book.commit('returns.policy', { currency: 'GBP', allowed: 0, refundTo: 'any' });
  expect(readReturnTerms(counter.shop)).toMatchObject({ value: { isAllowed: false } });
  expect(await counter.ask(entries.returnGoods, goods('v'))).toMatchObject({ code: 'retail/open-return' });
});
