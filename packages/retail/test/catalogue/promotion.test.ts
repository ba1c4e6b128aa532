/** Promotions: what a till proposes is what the fold accepts, and not a penny more. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  applyPromotions,
  type PromotionSetArgs,
  promotionsInForce,
  priceLines,
  type SaleLine,
} from '../../src/index.ts';
import { balancesOf, day, describeShop, drivers, exchange, idOf, line, openShop, product, sale } from '../shop.ts';

const tenth: PromotionSetArgs = {
  promotion: 'TENTH',
  name: 'a tenth off',
  fromDay: day,
  untilDay: '2026-11-30',
  offer: { kind: 'percent', basisPoints: 1_000 },
};
const threeForTwo: PromotionSetArgs = { ...tenth, promotion: '3FOR2', offer: { kind: 'bundle', take: 3, pay: 2 } };

const claim = (discountMinor: number, rest: Partial<SaleLine> = {}): SaleLine =>
  line({ promotion: 'TENTH', discountMinor, ...rest });

describeShop('promotions', (shop) => {
  const sell = (lines: readonly SaleLine[], rest: object = {}) => {
    const priced = priceLines(lines, true);
    if ('code' in priced) throw new Error(priced.code);
    return shop.book.commit('sale.complete', sale(priced.amountMinor + priced.taxMinor, { lines, ...rest }));
  };

  it('take off what they say, recorded beside the line', async () => {
    idOf(await shop.book.commit('promotion.set', tenth));
    const sold = idOf(await sell([claim(50), line()]));
    expect(shop.book.query('SELECT line, promotion, amountMinor FROM discounts')).toEqual([
      { line: 1, promotion: 'TENTH', amountMinor: 50 },
    ]);
    expect(balancesOf(shop.book)).toMatchObject({ 4000: -950 });
    const given = { ...line({ discountMinor: 50 }), line: 1 };
    const tenders = [{ kind: 'cash', amountMinor: 450 }] as const;
    const back = { day, currency: 'GBP', taxIncluded: true, lines: [given], tenders, original: sold, reason: '' };
    idOf(await shop.book.commit('sale.refund', back));
    expect(shop.book.query('SELECT sum(amountMinor) AS off FROM discounts WHERE promotion = ?', ['TENTH'])).toEqual([
      { off: 0 },
    ]);
    const other = idOf(await sell([claim(40)]));
    idOf(await shop.book.commit('sale.void', { document: other, day, reason: '' }));
    expect(shop.book.query('SELECT sum(amountMinor) AS off FROM discounts')).toEqual([{ off: 0 }]);
  });

  it.each([
    ['retail/promotion-exceeded', {}, [claim(51)], {}],
    ['retail/promotion-day', {}, [claim(50)], { day: '2026-12-01' }],
    ['retail/promotion-day', {}, [claim(50)], { day: '2026-11-20' }],
    ['retail/promotion-goods', { sku: 'VASE' }, [claim(50)], {}],
    ['retail/promotion-coupon', { coupon: 'XMAS' }, [claim(50)], { coupons: ['EASTER'] }],
    ['retail/unknown-promotion', {}, [claim(50, { promotion: 'OTHER' })], {}],
  ])('%s', async (code, terms, lines, rest) => {
    idOf(await shop.book.commit('promotion.set', { ...tenth, ...terms }));
    expect(await sell(lines, rest)).toMatchObject({ code });
  });

  it('count the pieces of a bundle over all its lines, the cheapest free', async () => {
    idOf(await shop.book.commit('promotion.set', threeForTwo));
    const of = { promotion: '3FOR2', discountMinor: 0 };
    const lines = [line({ ...of, quantity: 2 }), line({ ...of, unitPriceMilliMinor: 300_000, discountMinor: 300 })];
    idOf(await sell(lines));
    expect(await sell([line({ ...of, quantity: 2, discountMinor: 500 })])).toMatchObject({
      code: 'retail/promotion-exceeded',
    });
  });

  it('accept a coupon, and goods of the category', async () => {
    idOf(await shop.book.commit('promotion.set', { ...tenth, coupon: 'XMAS', category: 'goods' }));
    idOf(await sell([claim(50)], { coupons: ['XMAS'] }));
    expect(promotionsInForce(shop.book, { day })).toEqual([]);
    expect(promotionsInForce(shop.book, { day, coupons: ['XMAS'] })).toHaveLength(1);
  });

  it('never change their terms, and end early by correction of whoever did not know', async () => {
    idOf(await shop.book.commit('promotion.set', tenth));
    expect(await shop.book.commit('promotion.set', tenth)).toMatchObject({ code: 'retail/promotion-exists' });
    expect(await shop.book.commit('promotion.end', { promotion: 'X', day })).toMatchObject({
      code: 'retail/unknown-promotion',
    });
    const manager = await shop.join('manager', 'manager');
    idOf(await manager.commit('promotion.end', { promotion: 'TENTH', day }));
    const apart = sale(450, { lines: [claim(50)], day: '2026-11-22' });
    expect(await shop.book.commit('sale.complete', apart)).toMatchObject({ ok: true, correction: undefined });
    await exchange(shop.book, manager);
    expect(shop.book.query('SELECT code, details ->> ? AS off FROM corrections', ['discountMinor'])).toEqual([
      { code: 'retail/promotion-ended', off: 50 },
    ]);
    expect(promotionsInForce(shop.book, { day: '2026-11-22' })).toEqual([]);
    await manager.close();
  });

  it('of a category stand by correction where the office moved the goods elsewhere meanwhile', async () => {
    idOf(await shop.book.commit('promotion.set', { ...tenth, category: 'goods' }));
    const manager = await shop.join('manager', 'manager');
    idOf(await manager.commit('product.set', product('MUG', { category: 'kitchen' })));
    const paid = idOf(await sell([claim(50)]));
    await exchange(shop.book, manager);
    expect(shop.book.query('SELECT code FROM refusals')).toEqual([]);
    expect(shop.book.query('SELECT id, code, details ->> ? AS off FROM corrections', ['discountMinor'])).toEqual([
      { id: paid, code: 'retail/promotion-goods', off: 50 },
    ]);
    await manager.close();
  });

  it('leave a discount that somebody at the till gave to the rules of the owner', async () => {
    idOf(await sell([line({ discountMinor: 100 })]));
    expect(balancesOf(shop.book)).toMatchObject({ 4000: -400 });
    expect(
      await shop.book.commit('sale.complete', sale(0, { lines: [line({ discountMinor: 501 })], tenders: [] })),
    ).toMatchObject({ code: 'retail/amount-range' });
  });
});

it('proposes what the fold accepts, whatever is offered and bought, and a penny more is refused', async () => {
  const [{ store }] = drivers as [(typeof drivers)[number]];
  const offer = fc.oneof(
    fc.record({ kind: fc.constant('percent' as const), basisPoints: fc.integer({ min: 1, max: 10_000 }) }),
    fc.record({
      kind: fc.constant('bundle' as const),
      take: fc.integer({ min: 2, max: 4 }),
      pay: fc.integer({ min: 0, max: 1 }),
    }),
  );
  const offers = fc.array(fc.record({ offer, sku: fc.option(fc.constantFrom('MUG', 'TEA'), { nil: undefined }) }), {
    maxLength: 3,
  });
  const bought = fc.array(
    fc.record({
      sku: fc.constantFrom('MUG', 'TEA', 'other'),
      quantity: fc.integer({ min: 1, max: 7 }),
      unitPriceMilliMinor: fc.nat({ max: 900_000 }),
    }),
    { minLength: 1, maxLength: 5 },
  );
  let discounted = 0;
  let exceeded = 0;
  await fc.assert(
    fc.asyncProperty(offers, bought, async (given, wanted) => {
      const book = await openShop(store());
      for (const [index, { offer: terms, sku }] of given.entries()) {
        const named = { ...tenth, promotion: `P${index}`, offer: terms };
        idOf(await book.commit('promotion.set', sku === undefined ? named : { ...named, sku }));
      }
      const lines = applyPromotions(
        wanted.map((one) => line({ ...one, ...(one.sku === 'TEA' ? { quantityScale: 3 } : {}) })),
        promotionsInForce(book, { day }),
      );
      discounted += lines.filter((one) => (one.discountMinor ?? 0) > 0).length;
      const priced = priceLines(lines, true);
      if ('code' in priced) throw new Error(priced.code);
      const at = lines.findIndex((one) => (one.discountMinor ?? 0) > 0);
      const dearer = lines.map((one, index) =>
        index === at ? { ...one, discountMinor: (one.discountMinor ?? 0) + 1 } : one,
      );
      const more = priceLines(dearer, true);
      // Nobody takes a penny off what is free.
      if (at >= 0 && !('code' in more)) {
        const tenders = [{ kind: 'card', amountMinor: more.amountMinor + more.taxMinor }] as const;
        const code = 'retail/promotion-exceeded';
        expect(await book.commit('sale.complete', sale(0, { lines: dearer, tenders }))).toMatchObject({ code });
        exceeded += 1;
      }
      const paid = { lines, tenders: [{ kind: 'card', amountMinor: priced.amountMinor + priced.taxMinor }] } as const;
      idOf(await book.commit('sale.complete', sale(0, paid)));
      await book.close();
    }),
    { seed: 1, numRuns: 25 },
  );
  // Offers that give nothing prove nothing.
  expect(Math.min(discounted, exceeded)).toBeGreaterThan(0);
});
