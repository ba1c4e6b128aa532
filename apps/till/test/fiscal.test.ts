// Fiscal numbers on the real book: one each for sales and refunds, once, out of the till's own blocks, and selling on without when they are used up.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { entries } from '../src/engine/entries.ts';
import { chooseSeries, fiscalLeft } from '../src/engine/fiscal.ts';
import { cartOf, type Counter, done, openCounter } from './counter.ts';

let counter: Counter;
beforeEach(async () => {
  counter = await openCounter();
  await done(counter.ask(entries.openSession, 0));
});
afterEach(() => counter.close());

async function lease(quantity: number, series: string = 'A'): Promise<string> {
  const { book } = counter.shop;
  const { device } = book;
  const commit = await book.commit('fiscal.lease', {
    series,
    scope: 'hq',
    device,
    untilDay: '2099-12-31',
    quantity,
  });
  if (!commit.ok) throw new Error(commit.code);
  return commit.id;
}

it('are given in order, printed once, and taken from the next block when one is used up', async () => {
  expect(fiscalLeft(counter.shop)).toBeUndefined();
  expect((await done(counter.ask(entries.sell, cartOf('before', 1)))).fiscal).toBe('');
  await counter.shop.book.commit('fiscal.range', { series: 'A', first: 1_001, last: 1_100 });
  await lease(2);
  const sold = await done(counter.ask(entries.sell, cartOf('a', 2)));
  expect(sold.fiscal).toBe('A 1001');
  expect((await done(counter.ask(entries.sell, cartOf('a', 2)))).fiscal).toBe('A 1001');
  const back = {
    key: 'r',
    document: sold.id,
    lines: [{ line: 1, quantity: 1 }],
    reason: 'cold',
    tender: 'cash',
  } as const;
  expect((await done(counter.ask(entries.refund, back))).fiscal).toBe('A 1002');
  expect(fiscalLeft(counter.shop)).toMatchObject({ left: 0 });
  expect((await done(counter.ask(entries.sell, cartOf('b', 1)))).fiscal).toBe('');
  await lease(1);
  const ended = await lease(50);
  expect(fiscalLeft(counter.shop)).toMatchObject({ left: 51 });
  await counter.shop.book.commit('day.open', { day: '2099-12-31' });
  await counter.shop.book.commit('lease.expire', { lease: ended });
  expect(fiscalLeft(counter.shop)).toMatchObject({ left: 1 });
  expect((await done(counter.ask(entries.sell, cartOf('c', 1)))).fiscal).toBe('A 1003');
  expect(counter.shop.book.query('SELECT code FROM corrections')).toEqual([]);
});

it('come of the series that was chosen for sales and for what comes back, over a restart, and of no other', async () => {
  const { book } = counter.shop;
  for (const series of ['R', 'S']) await book.commit('fiscal.range', { series, first: 1, last: 50 });
  // Many blocks of one series do not hide the other, which is older.
  await lease(1, 'S');
  for (let blocks = 0; blocks < 10; blocks += 1) await lease(1, 'R');
  expect(fiscalLeft(counter.shop)).toMatchObject({ left: 10, sale: 'R', refund: 'R' });
  expect(await chooseSeries(counter.shop, 'sale', 'X')).toBe(false);
  expect(await chooseSeries(counter.shop, 'sale', 'S')).toBe(true);
  await counter.openAgain();
  expect(fiscalLeft(counter.shop)).toMatchObject({ left: 1, sale: 'S', refund: 'R' });
  const sold = await done(counter.ask(entries.sell, cartOf('a', 2)));
  const lines = [{ line: 1, quantity: 1 }];
  const back = await done(
    counter.ask(entries.refund, { key: 'r', document: sold.id, lines, reason: 'cold', tender: 'cash' }),
  );
  const next = await done(counter.ask(entries.sell, cartOf('b', 1)));
  expect([sold, back, next].map(({ fiscal }) => fiscal)).toEqual(['S 1', 'R 1', '']);
});

it('are taken of the oldest block first, however many were leased, and to the last', async () => {
  await counter.shop.book.commit('fiscal.range', { series: 'A', first: 1, last: 100 });
  for (let blocks = 0; blocks < 18; blocks += 1) await lease(1);
  const given: string[] = [];
  for (let sale = 1; sale <= 19; sale += 1) {
    expect(fiscalLeft(counter.shop)?.left).toBe(Math.max(0, 19 - sale));
    given.push((await done(counter.ask(entries.sell, cartOf(`s${sale}`, 1)))).fiscal);
  }
  expect(given).toEqual([...Array.from({ length: 18 }, (_, index) => `A ${index + 1}`), '']);
});
