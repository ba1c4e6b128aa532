/** Exchanges: what comes back is bounded by its sale, what leaves is sold, and only the difference is paid. */
import { describe, expect, it } from 'vitest';
import type { SaleExchangeArgs } from '../../src/index.ts';
import { balancesOf, day, describeShop, idOf, line, sale, stockOf } from '../shop.ts';

describeShop('exchanges', (shop) => {
  const swap = (original: string, rest: Partial<SaleExchangeArgs> = {}) =>
    shop.book.commit('sale.exchange', {
      day,
      currency: 'GBP',
      taxIncluded: true,
      original,
      back: [{ ...line(), line: 1 }],
      lines: [line({ sku: 'BOWL' })],
      tenders: [],
      reason: 'colour',
      ...rest,
    });
  const sell = async (): Promise<string> =>
    idOf(
      await shop.book.commit('sale.complete', sale(1_000, { lines: [line({ quantity: 2, taxRateBasisPoints: 0 })] })),
    );

  it.each([
    ['even', 500, [], 1_000],
    ['for something dearer', 700, [{ kind: 'cash', amountMinor: 200 }], 1_200],
    ['for something cheaper', 350, [{ kind: 'cash', amountMinor: 150 }], 850],
  ] as const)('%s', async (_how, price, tenders, cash) => {
    const sold = await sell();
    const id = idOf(await swap(sold, { lines: [line({ sku: 'BOWL', unitPriceMilliMinor: price * 1_000 })], tenders }));
    expect(balancesOf(shop.book)).toEqual({ 1000: cash, 4000: 0 - cash });
    expect(stockOf(shop.book)).toEqual({ BOWL: -1, MUG: -1 });
    expect(shop.book.query('SELECT number, totalMinor FROM documents WHERE id = ?', [id])).toEqual([
      { number: `EXC/till-3/${day}/1`, totalMinor: price - 500 },
    ]);
  });

  it('give change, and bound what comes back by its sale', async () => {
    const sold = await sell();
    const dearer = { lines: [line({ sku: 'BOWL', unitPriceMilliMinor: 700_000 })] };
    idOf(await swap(sold, { ...dearer, tenders: [{ kind: 'cash', amountMinor: 500 }], changeMinor: 300 }));
    idOf(await swap(sold));
    expect(await swap(sold)).toMatchObject({ code: 'retail/over-refunded' });
    expect(await swap('none')).toMatchObject({ code: 'retail/unknown-document' });
    expect(await shop.book.commit('sale.void', { document: sold, day, reason: '' })).toMatchObject({
      code: 'retail/refunded',
    });
  });

  it('are exchanged again, and not voided', async () => {
    const once = idOf(await swap(await sell()));
    const twice = { back: [{ ...line({ sku: 'BOWL' }), line: 2 }], lines: [line()] };
    idOf(await swap(once, twice));
    expect(await swap(once, twice)).toMatchObject({ code: 'retail/over-refunded' });
    // What came back there was never sold by it.
    expect(await swap(once)).toMatchObject({ code: 'retail/over-refunded' });
    expect(await shop.book.commit('sale.void', { document: once, day, reason: '' })).toMatchObject({
      code: 'retail/not-a-sale',
    });
  });

  it('are refused whose difference is not what is paid', async () => {
    expect(await swap(await sell(), { tenders: [{ kind: 'cash', amountMinor: 1 }] })).toMatchObject({
      code: 'retail/tender-mismatch',
    });
  });
});

describeShop('returns without the sale', (shop) => {
  const back = (kind: 'cash' | 'account', customer?: string, amountMinor = 500) =>
    shop.book.commit('sale.refund', {
      day,
      currency: 'GBP',
      taxIncluded: true,
      lines: [line({ unitPriceMilliMinor: amountMinor * 1_000 })],
      tenders: [{ kind, amountMinor }],
      reason: 'a gift',
      ...(customer === undefined ? {} : { customer }),
    });
  const policy = (rest: object) =>
    shop.book.commit('returns.policy', { currency: 'GBP', allowed: 1, refundTo: 'any', ...rest });

  describe('follow the policy', () => {
    it.each([
      ['no policy', undefined, [undefined, undefined, undefined]],
      ['not at all', { allowed: 0 }, ['not-allowed', 'not-allowed', 'not-allowed']],
      ['as credit alone', { refundTo: 'account' }, ['only-account', 'only-account', undefined]],
      ['up to so much a day', { mostMinor: 900 }, ['no-customer', undefined, undefined]],
    ] as const)('%s', async (_what, terms, [plain, named, account]) => {
      if (terms !== undefined) idOf(await policy(terms));
      const reasons = [];
      for (const commit of [await back('cash'), await back('cash', 'c-1'), await back('account', 'c-2')]) {
        reasons.push(commit.ok ? undefined : commit.details['reason']);
        if (!commit.ok) expect(commit.code).toBe('retail/open-return');
      }
      expect(reasons).toEqual([plain, named, account]);
    });
  });

  it('are bounded by customer and day', async () => {
    idOf(await policy({ mostMinor: 900 }));
    idOf(await back('cash', 'c-1'));
    expect(await back('cash', 'c-1')).toMatchObject({
      code: 'retail/open-return',
      details: { reason: 'too-much', beforeMinor: 500 },
    });
    idOf(await back('cash', 'c-1', 400));
    idOf(await back('cash', 'c-2'));
  });
});
