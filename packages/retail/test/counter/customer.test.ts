/** Customers on account: limits, payments, statements, and what a void or refund takes off again. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { customerStatement, type CustomerSetArgs, sessionReport } from '../../src/index.ts';
import { balancesOf, day, describeShop, drivers, exchange, idOf, line, openShop, sale } from '../shop.ts';

const terms: CustomerSetArgs = {
  customer: 'c-1',
  currency: 'GBP',
  limitMinor: 1_000,
  overLimit: 'refuse',
  termsDays: 30,
  active: 1,
};
const onAccount = (amountMinor: number, customer = 'c-1') =>
  sale(0, {
    customer,
    lines: [line({ unitPriceMilliMinor: amountMinor * 1_000 })],
    tenders: [{ kind: 'account', amountMinor }],
  });

describeShop('customers', (shop) => {
  const owed = () => shop.book.query('SELECT owedMinor FROM customerAccounts').map((row) => row['owedMinor'])[0] ?? 0;

  it('get back on their own account what they bought, whether or not the refund names them', async () => {
    const original = idOf(await shop.book.commit('sale.complete', onAccount(600)));
    const lines = [{ ...line({ unitPriceMilliMinor: 300_000 }), line: 1 }];
    const tenders = [{ kind: 'account', amountMinor: 300 }] as const;
    const back = { day, currency: 'GBP', taxIncluded: true, original, lines, tenders, reason: '' };
    expect(await shop.book.commit('sale.refund', { ...back, customer: 'c-2' })).toMatchObject({
      code: 'retail/other-customer',
    });
    const swap = { ...back, lines: [line({ unitPriceMilliMinor: 0 })], back: lines, customer: 'c-2' };
    expect(await shop.book.commit('sale.exchange', swap)).toMatchObject({ code: 'retail/other-customer' });
    idOf(await shop.book.commit('sale.refund', back));
    expect(shop.book.query('SELECT customer, owedMinor FROM customerAccounts')).toEqual([
      { customer: 'c-1', owedMinor: 300 },
    ]);
  });

  it('buy up to their limit, and pay', async () => {
    idOf(await shop.book.commit('customer.set', terms));
    idOf(await shop.book.commit('sale.complete', onAccount(600)));
    expect(await shop.book.commit('sale.complete', onAccount(401))).toMatchObject({
      code: 'retail/over-credit',
      details: { customer: 'c-1', owedMinor: 1_001, limitMinor: 1_000 },
    });
    idOf(await shop.book.commit('sale.complete', onAccount(400)));
    const session = idOf(await shop.book.commit('session.open', { day, currency: 'GBP', floatMinor: 0 }));
    const pay = { customer: 'c-1', currency: 'GBP', day: '2026-11-22', session };
    idOf(
      await shop.book.commit('account.pay', {
        ...pay,
        tenders: [
          { kind: 'cash', amountMinor: 700 },
          { kind: 'card', amountMinor: 100 },
        ],
      }),
    );
    expect(owed()).toBe(200);
    expect(balancesOf(shop.book)).toEqual({ 1000: 700, 1010: 100, 1100: 200, 4000: -1_000 });
    expect(
      customerStatement(shop.book, 'c-1').map(({ amountMinor, owedMinor, termsDays }) => [
        amountMinor,
        owedMinor,
        termsDays,
      ]),
    ).toEqual([
      [600, 600, 30],
      [400, 1_000, 30],
      [-800, 200, 30],
    ]);
    expect(sessionReport(shop.book, session)).toMatchObject({
      payments: 1,
      paymentsMinor: 800,
      sales: 0,
      expectedMinor: 700,
    });
  });

  it('owe less by a void and a refund', async () => {
    idOf(await shop.book.commit('customer.set', terms));
    const voided = idOf(await shop.book.commit('sale.complete', onAccount(600)));
    idOf(await shop.book.commit('sale.void', { document: voided, day, reason: 'wrong' }));
    expect(owed()).toBe(0);
    const kept = idOf(await shop.book.commit('sale.complete', onAccount(900)));
    const lines = [{ ...line({ unitPriceMilliMinor: 900_000 }), line: 1 }];
    const back = {
      day,
      currency: 'GBP',
      taxIncluded: true,
      customer: 'c-1',
      original: kept,
      reason: '',
      lines,
    } as const;
    idOf(await shop.book.commit('sale.refund', { ...back, tenders: [{ kind: 'account', amountMinor: 900 }] }));
    expect(owed()).toBe(0);
  });

  it('above the limit of whom the shop trusts are a correction, and of the inactive too', async () => {
    idOf(await shop.book.commit('customer.set', { ...terms, overLimit: 'correct' }));
    const over = await shop.book.commit('sale.complete', onAccount(1_200));
    expect(over).toMatchObject({ ok: true, correction: { code: 'retail/over-credit', details: { owedMinor: 1_200 } } });
    idOf(await shop.book.commit('customer.set', { ...terms, customer: 'c-2', active: 0 }));
    expect(await shop.book.commit('sale.complete', onAccount(1, 'c-2'))).toMatchObject({ code: 'retail/over-credit' });
    expect(await shop.book.commit('customer.set', { ...terms, currency: 'EUR' })).toMatchObject({
      code: 'retail/currency-mismatch',
    });
    idOf(await shop.book.commit('sale.complete', onAccount(99_999, 'c-3')));
  });

  it('that bought at two tills apart go over the limit once, in the order', async () => {
    idOf(await shop.book.commit('customer.set', terms));
    const till = await shop.join('till', 'till-4');
    idOf(await shop.book.commit('sale.complete', onAccount(700)));
    idOf(await till.commit('sale.complete', onAccount(700)));
    await exchange(shop.book, till);
    expect(owed()).toBe(1_400);
    expect(shop.book.query('SELECT code FROM refusals')).toEqual([]);
    expect(shop.book.query('SELECT code FROM corrections')).toEqual([{ code: 'retail/over-credit' }]);
    expect(till.digest()).toEqual(shop.book.digest());
    await till.close();
  });
});

it('owe what a plain sum says, and never more than the limit', async () => {
  const [{ store }] = drivers as [(typeof drivers)[number]];
  const steps = fc.array(fc.record({ isSale: fc.boolean(), amountMinor: fc.integer({ min: 1, max: 700 }) }), {
    minLength: 4,
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const book = await openShop(store());
      idOf(await book.commit('customer.set', terms));
      let owedMinor = 0;
      for (const { isSale, amountMinor } of taken) {
        const payment = { customer: 'c-1', currency: 'GBP', day, tenders: [{ kind: 'cash', amountMinor }] } as const;
        const commit = isSale
          ? await book.commit('sale.complete', onAccount(amountMinor))
          : await book.commit('account.pay', payment);
        expect(commit.ok).toBe(!isSale || owedMinor + amountMinor <= 1_000);
        if (commit.ok) owedMinor += isSale ? amountMinor : -amountMinor;
        expect(balancesOf(book)['1100'] ?? 0).toBe(owedMinor);
        expect(customerStatement(book, 'c-1').at(-1)?.owedMinor ?? 0).toBe(owedMinor);
      }
      await book.close();
    }),
    { numRuns: 12 },
  );
});
