/** What entitlements paid for is not given back as money: by example, apart, and by any row of refunds and exchanges. */
import type { Commit } from '@tallystick/kernel';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { MoneyTender, SaleExchangeArgs, SaleRefundArgs, Tender } from '../../src/index.ts';
import { exchange, idOf, line } from '../shop.ts';
import { balancesOf, day, describeShop, type ShopBook, tender, verdictOf } from './desk.ts';

const trade = { day, currency: 'GBP', taxIncluded: true, reason: 'unwanted' } as const;
const mug = line({ taxRateBasisPoints: 2_000 });
const cash = (amountMinor: number): MoneyTender => ({ kind: 'cash', amountMinor });
const refundArgs = (original: string, quantity: number, tenders: readonly MoneyTender[]): SaleRefundArgs => ({
  ...trade,
  original,
  customer: 'c-1',
  lines: [{ ...mug, quantity, line: 1 }],
  tenders,
});
/** Even: so many mugs for as many others. */
const exchangeArgs = (original: string, back: number, quantity: number): SaleExchangeArgs => {
  const difference = 500 * (quantity - back);
  const tenders = difference === 0 ? [] : [cash(Math.abs(difference))];
  return { ...trade, original, back: [{ ...mug, quantity: back, line: 1 }], lines: [{ ...mug, quantity }], tenders };
};

/** Mugs at 5.00 each, paid by these. */
async function sell(book: ShopBook, quantity: number, tenders: readonly Tender[]): Promise<string> {
  const { reason: _, ...terms } = trade;
  return idOf(await book.commit('sale.complete', { ...terms, lines: [{ ...mug, quantity }], tenders }));
}
const coupon = (amountMinor: number) => tender(1, { entitlement: 'coupon', amountMinor, claim: '0'.repeat(64) });
const gift = (amountMinor: number) => tender(2, { amountMinor, claim: '0'.repeat(64) });

describeShop('what entitlements paid for', (shop) => {
  const refund = (...args: Parameters<typeof refundArgs>): Promise<Commit> =>
    shop.book.commit('sale.refund', refundArgs(...args));

  it('of a coupon is not given back at all, of a gift not in money', async () => {
    const { book } = shop;
    const half = await sell(book, 2, [coupon(500), cash(500)]);
    expect(verdictOf(await refund(half, 2, [cash(1_000)]))).toBe('retail/refund-tender');
    expect(verdictOf(await refund(half, 1, [cash(500)]))).toBe('ok');
    expect(verdictOf(await refund(half, 1, [cash(500)]))).toBe('retail/refund-tender');
    expect(verdictOf(await refund(half, 1, [{ kind: 'account', amountMinor: 500 }]))).toBe('retail/refund-tender');
    const given = await sell(book, 1, [gift(500)]);
    expect(verdictOf(await refund(given, 1, [cash(500)]))).toBe('retail/refund-tender');
    expect(verdictOf(await refund(given, 1, [{ kind: 'account', amountMinor: 500 }]))).toBe('ok');
  });

  it('stays so by an exchange', async () => {
    const { book } = shop;
    const sold = await sell(book, 2, [coupon(500), cash(500)]);
    const even = idOf(await book.commit('sale.exchange', exchangeArgs(sold, 2, 2)));
    const back = (quantity: number) => refundArgs(even, quantity, [cash(500 * quantity)]);
    const ofNew = ({ lines, ...args }: SaleRefundArgs) => ({
      ...args,
      lines: lines.map((one) => ({ ...one, line: 2 })),
    });
    expect(verdictOf(await book.commit('sale.refund', ofNew(back(2))))).toBe('retail/refund-tender');
    expect(verdictOf(await book.commit('sale.refund', ofNew(back(1))))).toBe('ok');
    expect(verdictOf(await book.commit('sale.refund', ofNew(back(1))))).toBe('retail/refund-tender');
    // Nor does a cheaper one bring out what the coupon paid.
    const other = await sell(book, 2, [coupon(1_000)]);
    expect(verdictOf(await book.commit('sale.exchange', exchangeArgs(other, 2, 1)))).toBe('retail/refund-tender');
  });

  it('and was paid out at two tills apart, is owed by the later', async () => {
    const { book } = shop;
    const till = await shop.join('till', 'till-4');
    const sold = await sell(book, 2, [coupon(500), cash(500)]);
    await exchange(book, till);
    for (const one of [book, till])
      expect(verdictOf(await one.commit('sale.refund', refundArgs(sold, 1, [cash(500)])))).toBe('ok');
    await exchange(book, till);
    for (const one of [book, till]) {
      expect(one.query('SELECT code FROM corrections')).toEqual([{ code: 'retail/refund-tender' }]);
      // Half of the sale stands, with its tax, because the coupon paid for it.
      expect(balancesOf(one)).toEqual({ '1000': -500, '1150': 500, '2200': -83, '2310': 500, '4000': -417 });
    }
    await till.close();
  });

  it('one good is not two prizes', async () => {
    const goods = { sku: 'MUG', quantity: 1 };
    const prize = (n: number) => tender(n, { entitlement: 'prize', claim: '0'.repeat(64), goods });
    const lines = [line(), line({ sku: 'BOWL' })];
    const { reason: _, ...terms } = trade;
    const sold = await shop.book.commit('sale.complete', { ...terms, lines, tenders: [prize(1), prize(2)] });
    expect(verdictOf(sold)).toBe('retail/entitled-goods');
    expect(verdictOf(await shop.book.commit('sale.complete', { ...terms, lines: [line()], tenders: [prize(1)] }))).toBe(
      'ok',
    );
  });

  it('never leaves the drawer by any row of refunds and exchanges', async () => {
    const act = fc.record({
      of: fc.nat(9),
      isExchange: fc.boolean(),
      quantity: fc.integer({ min: 1, max: 3 }),
      more: fc.nat(2),
      kind: fc.constantFrom('cash', 'account'),
    });
    const parts = fc.tuple(
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 0, max: 2 }),
    );
    const row = fc.array(act, { minLength: 4, maxLength: 9 });
    let paidBack = 0;
    await fc.assert(
      fc.asyncProperty(parts, row, async ([free, stored, paid], acts) => {
        const quantity = free + stored + paid;
        if (quantity === 0 || free + stored === 0) return;
        const tenders = [coupon(free * 500), gift(stored * 500), cash(paid * 500)].filter((one) => one.amountMinor > 0);
        const documents = [{ id: await sell(shop.book, quantity, tenders), line: 1 }];
        let [inMinor, moneyOutMinor, outMinor] = [paid * 500, 0, 0];
        for (const { of, isExchange, quantity: back, more, kind } of acts) {
          const document = documents[of % documents.length] ?? documents[0]!;
          const lines = [{ ...mug, quantity: back, line: document.line }];
          const worthMinor = 500 * back;
          if (isExchange) {
            const args = exchangeArgs(document.id, back, more + 1);
            const commit = await shop.book.commit('sale.exchange', { ...args, back: lines });
            if (!commit.ok) continue;
            documents.push({ id: commit.id, line: 2 });
            const differenceMinor = 500 * (more + 1) - worthMinor;
            inMinor += Math.max(0, differenceMinor);
            moneyOutMinor += Math.max(0, 0 - differenceMinor);
            outMinor += Math.max(0, 0 - differenceMinor);
          } else {
            const args = refundArgs(document.id, back, [{ kind, amountMinor: worthMinor }]);
            if (!(await shop.book.commit('sale.refund', { ...args, lines })).ok) continue;
            outMinor += worthMinor;
            if (kind === 'cash') moneyOutMinor += worthMinor;
          }
        }
        paidBack += outMinor;
        expect(moneyOutMinor).toBeLessThanOrEqual(inMinor);
        expect(outMinor).toBeLessThanOrEqual(inMinor + stored * 500);
      }),
      { seed: 1, numRuns: 40 },
    );
    expect(paidBack).toBeGreaterThan(0);
  });
});
