// Sales on account on the real book: once, up to the limit, and back off the account.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDrawerReport } from '../src/engine/drawer-report.ts';
import { readReceipt } from '../src/engine/documents.ts';
import { describeShop, documentReader, readSession } from '../src/engine/open-shop.ts';
import { readCustomer } from '../src/engine/customers.ts';
import { entries } from '../src/engine/entries.ts';
import type { SaleRequest } from '../src/engine/requests.ts';
import { reportRows } from '../src/model/report-rows.ts';
import { addOnAccount, addTender, dueMinor, removeTender } from '../src/model/tender.ts';
import { refusalText } from '../src/model/words.ts';
import { cartOf, type Counter, done, openCounter } from './counter.ts';

let counter: Counter;
beforeEach(async () => {
  counter = await openCounter();
  await done(counter.ask(entries.openSession, 0));
});
afterEach(() => counter.close());

function owedMinor(): number {
  const read = readCustomer(counter.shop, 'K-17');
  return read.ok ? read.value.owedMinor : Number.NaN;
}

function onAccount(key: string, quantity: number): SaleRequest {
  const tenders = [{ kind: 'account', amountMinor: quantity * 360 }] as const;
  return { ...cartOf(key, quantity), customer: 'K-17', tenders, changeMinor: 0 };
}

describe('a sale on account', () => {
  it('is written once, says whose it is, and comes back off the account', async () => {
    const sold = await done(counter.ask(entries.sell, onAccount('a', 3)));
    expect(await done(counter.ask(entries.sell, onAccount('a', 3)))).toMatchObject({ id: sold.id, customer: 'K-17' });
    expect(sold.tenders).toEqual([{ kind: 'account', amountMinor: 1_080 }]);
    expect(owedMinor()).toBe(1_080);
    expect(await counter.ask(entries.sell, { ...onAccount('a', 3), customer: 'K-18' })).toMatchObject({
      code: 'till/key-used',
    });
    const refund = { key: 'r', document: sold.id, lines: [{ line: 1, quantity: 1 }], reason: 'Damaged' };
    await done(counter.ask(entries.refund, { ...refund, tender: 'account' }));
    expect(owedMinor()).toBe(720);
    expect(counter.shop.book.query('SELECT amountMinor FROM drawers')).toEqual([]);
  });

  it('is paid back in money as far as it was paid, and the rest only off the account', async () => {
    const tenders = [
      { kind: 'account', amountMinor: 720 },
      { kind: 'cash', amountMinor: 360 },
    ] as const;
    const sold = await done(counter.ask(entries.sell, { ...onAccount('a', 3), tenders }));
    expect(sold.moneyLeftMinor).toBe(360);
    const refund = { document: sold.id, reason: 'Damaged' };
    const [one, two] = [[{ line: 1, quantity: 1 }], [{ line: 1, quantity: 2 }]];
    for (const tender of ['cash', 'card'] as const)
      expect(await counter.ask(entries.refund, { ...refund, key: tender, lines: two, tender })).toMatchObject({
        code: 'till/off-the-account',
      });
    await done(counter.ask(entries.refund, { ...refund, key: 'c', lines: one, tender: 'account' }));
    await done(counter.ask(entries.refund, { ...refund, key: 'd', lines: one, tender: 'cash' }));
    const left = await counter.ask(entries.refund, { ...refund, key: 'e', lines: one, tender: 'cash' });
    expect(left).toMatchObject({ code: 'till/off-the-account' });
    const swap = { ...cartOf('f', 1), document: sold.id, back: one, reason: 'Damaged', changeMinor: 0 };
    const half = swap.lines.map((line) => ({ ...line, unitPriceMilliMinor: 180_000 }));
    const paidBack = (kind: 'cash' | 'account') => ({ ...swap, lines: half, tenders: [{ kind, amountMinor: 180 }] });
    expect(await counter.ask(entries.exchange, paidBack('cash'))).toMatchObject({ code: 'till/off-the-account' });
    await done(counter.ask(entries.exchange, paidBack('account')));
    expect(owedMinor()).toBe(720 - 360 - 180);
    expect(readReceipt(documentReader(counter.shop), sold.id, describeShop(counter.shop))?.moneyLeftMinor).toBe(0);
  });

  it('is not paid back in money by way of an exchange either', async () => {
    const sold = await done(counter.ask(entries.sell, onAccount('a', 2)));
    const [one, two] = [[{ line: 1, quantity: 1 }], [{ line: 1, quantity: 2 }]];
    const swap = { ...cartOf('b', 2), tenders: [], changeMinor: 0, back: two, reason: 'Another size' };
    const swapped = await done(counter.ask(entries.exchange, { ...swap, document: sold.id }));
    expect(swapped).toMatchObject({ totalMinor: 0, moneyLeftMinor: 0 });
    // Of an exchange, what came back is its first line.
    const left = one.map((line) => ({ ...line, line: 2 }));
    const refund = { document: swapped.id, lines: left, reason: 'Damaged' };
    expect(await counter.ask(entries.refund, { ...refund, key: 'c', tender: 'cash' })).toMatchObject({
      code: 'till/off-the-account',
    });
    await done(counter.ask(entries.refund, { ...refund, key: 'd', tender: 'account' }));
    expect(owedMinor()).toBe(360);
    const again = { ...swap, ...cartOf('e', 1), tenders: [], document: swapped.id, back: left };
    const last = await done(counter.ask(entries.exchange, again));
    const rest = { key: 'f', document: last.id, lines: left, reason: 'Damaged', tender: 'card' } as const;
    expect(await counter.ask(entries.refund, rest)).toMatchObject({ code: 'till/off-the-account' });
    expect(counter.shop.book.query('SELECT amountMinor FROM drawers')).toEqual([]);
  });

  it('is refused above the limit, and nothing is owed for it', async () => {
    const refused = await counter.ask(entries.sell, onAccount('a', 6));
    expect(refused).toMatchObject({ ok: false, code: 'retail/over-credit' });
    expect(refusalText('retail/over-credit', '')).toContain('more than this customer may owe');
    expect(owedMinor()).toBe(0);
    await done(counter.ask(entries.sell, onAccount('a', 5)));
    expect(owedMinor()).toBe(1_800);
  });

  it('is for customers whom the office entered, and who may still buy', async () => {
    expect(readCustomer(counter.shop, 'K-71')).toMatchObject({ code: 'till/unknown-customer', message: 'K-71' });
    const terms = { customer: 'K-17', currency: 'GBP', limitMinor: 100, overLimit: 'correct', termsDays: 0 } as const;
    await counter.shop.book.commit('customer.set', { ...terms, active: 1 });
    expect(readCustomer(counter.shop, 'K-17')).toMatchObject({ ok: true, value: { isRefusedAbove: false } });
    await counter.shop.book.commit('customer.set', { ...terms, active: 0 });
    expect(readCustomer(counter.shop, 'K-17')).toMatchObject({ ok: true, value: { isActive: false } });
    expect(await counter.ask(entries.sell, onAccount('c', 1))).toMatchObject({ ok: true });
  });

  it('is paid, once, into the drawer', async () => {
    await done(counter.ask(entries.sell, onAccount('a', 3)));
    const payment = { key: 'p', customer: 'K-17', amountMinor: 1_000, tender: 'cash' } as const;
    expect(await done(counter.ask(entries.payAccount, payment))).toMatchObject({ owedMinor: 80, customer: 'K-17' });
    await done(counter.ask(entries.payAccount, payment));
    expect(await counter.ask(entries.payAccount, { ...payment, amountMinor: 900 })).toMatchObject({
      code: 'till/key-used',
    });
    expect(owedMinor()).toBe(80);
    const session = readSession(counter.shop)?.id ?? '';
    await done(counter.ask(entries.closeSession, { session, countedMinor: 1_000 }));
    const report = readDrawerReport(counter.shop);
    if (!report.ok || report.value === undefined) throw new Error('no report');
    expect(report.value).toMatchObject({ expectedMinor: 1_000, payments: 1 });
    const rows = reportRows(report.value).map(({ name, amountMinor }) => [name, amountMinor]);
    expect(rows).toContainEqual(['Payments on account', 1_000]);
    expect(rows).toContainEqual(['Put on account', 1_080]);
  });
});

describe('a payment with an account in it', () => {
  it('puts no more on it than is due, and has one customer or none', () => {
    const part = addOnAccount(addTender({ totalMinor: 500, tenders: [] }, 'cash', 200), 'K-17', 900);
    expect(part).toMatchObject({ customer: 'K-17', tenders: [{ amountMinor: 200 }, { amountMinor: 300 }] });
    const other = addOnAccount(addOnAccount({ totalMinor: 500, tenders: [] }, 'K-17', 100), 'K-18', 150);
    expect(other).toEqual({ totalMinor: 500, customer: 'K-18', tenders: [{ kind: 'account', amountMinor: 150 }] });
    expect(dueMinor(other)).toBe(350);
    expect(removeTender(other, 'account')).toEqual({ totalMinor: 500, tenders: [] });
  });
});
