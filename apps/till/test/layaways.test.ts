// Layaways on the real book: each entry once however often it is asked for, and the money where it belongs.
import { balanceOf } from '@tallystick/ledger';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { entries } from '../src/engine/entries.ts';
import type { Entry } from '../src/engine/entry.ts';
import { readLayaways } from '../src/engine/layaways.ts';
import type { Layaway, Saved } from '../src/engine/port.ts';
import { cartOf, type Counter, openCounter } from './counter.ts';

let counter: Counter;
beforeEach(async () => {
  counter = await openCounter();
  await ask(entries.openSession, 0);
});
afterEach(() => counter.close());

/** Asks twice: the second time nothing is written. */
async function ask<Request, Shown>(entry: Entry<Request, Shown>, request: Request): Promise<Shown> {
  const once = async (): Promise<Saved<Shown>> => {
    const done = await counter.ask(entry, request);
    if (!done.ok) throw new Error(JSON.stringify(done));
    return done.value;
  };
  const first = await once();
  expect((await once()).id).toBe(first.id);
  return first.shown as Shown;
}

const balance = (account: string): number => balanceOf(counter.shop.book, account, 'GBP');
const newest = (): string => readLayaways(counter.shop).newest;

function putBy(): Promise<Layaway> {
  const { lines } = cartOf('', 3);
  return ask(entries.openLayaway, { customer: 'K-17', lines, totalMinor: 1_080, after: newest() });
}

it('are put by, paid in parts and collected as a sale', async () => {
  const { layaway, totalMinor, paidMinor, goods } = await putBy();
  expect({ totalMinor, paidMinor, goods }).toEqual({ totalMinor: 1_080, paidMinor: 0, goods: ['Flat white'] });
  // The same again, entered by somebody who knows of the first, is another one.
  expect((await putBy()).layaway).not.toBe(layaway);
  const part = { layaway, amountMinor: 400, tender: 'cash' } as const;
  expect(await ask(entries.payLayaway, { ...part, after: newest() })).toMatchObject({ paidMinor: 400 });
  expect(await ask(entries.payLayaway, { ...part, after: newest() })).toMatchObject({ paidMinor: 800 });
  expect(balance('2300')).toBe(-800);
  const sold = await ask(entries.collectLayaway, { layaway, amountMinor: 280, tender: 'card' });
  expect(sold).toMatchObject({ kind: 'sale', customer: 'K-17', totalMinor: 1_080 });
  expect(sold.tenders.map(({ kind, amountMinor }) => [kind, amountMinor])).toEqual([
    ['card', 280],
    ['deposit', 800],
  ]);
  expect([balance('2300'), balance('1000'), balance('1010')]).toEqual([0, 800, 280]);
  expect(readLayaways(counter.shop).layaways).toHaveLength(1);
});

it('are given up, less what the shop may keep', async () => {
  await counter.shop.book.commit('layaway.policy', { currency: 'GBP', mostFeeMinor: 100 });
  const { layaway } = await putBy();
  await ask(entries.payLayaway, { layaway, amountMinor: 400, tender: 'cash', after: newest() });
  expect(readLayaways(counter.shop).mostFeeMinor).toBe(100);
  const end = { layaway, backMinor: 300, feeMinor: 100, tender: 'cash', reason: 'moved' } as const;
  expect(await ask(entries.cancelLayaway, end)).toMatchObject({ backMinor: 300 });
  expect([balance('2300'), balance('1000'), readLayaways(counter.shop).layaways]).toEqual([0, 100, []]);
});
