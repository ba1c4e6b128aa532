/** Whatever a seller scans and whoever counts, stock ends as it was counted, and what is owed is what was missing, product by product. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { balancesOf, day, drivers, idOf, openShop, type ShopBook, stockOf } from '../shop.ts';

const [{ store }] = drivers as [(typeof drivers)[number]];
const head = { day, currency: 'GBP' };
const skus = ['MUG', 'CUP'] as const;
const prices = { MUG: 200_000, CUP: 300_000 };
const anyDay = fc.record({
  loaded: fc.record({ MUG: fc.nat({ max: 5 }), CUP: fc.nat({ max: 5 }) }),
  scans: fc.array(fc.constantFrom(...skus), { maxLength: 8 }),
  counted: fc.record({ MUG: fc.nat({ max: 6 }), CUP: fc.nat({ max: 6 }) }),
  cashMinor: fc.nat({ max: 5000 }),
  /** How many are sold after the count was handed over. */
  soldOn: fc.nat({ max: 2 }),
  /** What the seller pays of the debt afterwards, in hundredths of it: no more than it is. */
  paidPercent: fc.nat({ max: 100 }),
});
type Day = typeof anyDay extends fc.Arbitrary<infer D> ? D : never;

/** The naive reference: plain counters. */
async function live(
  book: ShopBook,
  { loaded, scans, counted, cashMinor, soldOn }: Day,
): Promise<{ owed: number; sold: number; soldOn: number; drawerOff: number }> {
  for (const sku of skus) {
    if (loaded[sku] === 0) continue;
    const lines = [{ sku, name: sku, quantity: loaded[sku], unitCostMilliMinor: 100_000 }];
    idOf(await book.commit('stock.receive', { ...head, reference: 'D', lines }));
  }
  const before = { ...stockOf(book) };
  const session = idOf(await book.commit('session.open', { ...head, floatMinor: 1000 }));
  const goods = { ...head, session, taxIncluded: true, tender: 'cash' } as const;
  let drawer = 1000;
  let sold = 0;
  const scan = async (sku: (typeof skus)[number]): Promise<void> => {
    const scanned = await book.commit('van.scan', { ...goods, sku, name: sku, unitPriceMilliMinor: prices[sku] });
    expect(scanned.ok).toBe((before[sku] ?? 0) > 0);
    if (!scanned.ok) return;
    before[sku] = (before[sku] ?? 0) - 1;
    drawer += prices[sku] / 1000;
    sold += 1;
  };
  for (const sku of scans) await scan(sku);
  const handedOver = sold;
  for (let more = 0; more < soldOn; more++) await scan(skus[more % 2] as (typeof skus)[number]);
  const lines = skus.map((sku) => ({ sku, name: sku, counted: counted[sku], unitPriceMilliMinor: prices[sku] }));
  const settlement = { ...head, seller: 'E-1', session, cashMinor, lines } as const;
  if (sold > handedOver) {
    // What was counted before the last sales is not what there is: nobody owes anything by it.
    const settled = await book.commit('van.settle', { ...settlement, documents: handedOver });
    expect([settled, balancesOf(book)['1150']]).toMatchObject([{ code: 'retail/sold-on' }, undefined]);
  }
  idOf(await book.commit('van.settle', { ...settlement, documents: sold }));
  const missing = skus.map((sku) => Math.max(0, (before[sku] ?? 0) - counted[sku]) * (prices[sku] / 1000));
  const owed = missing.reduce((sum, amount) => sum + amount, Math.max(0, drawer - cashMinor));
  expect(stockOf(book)).toEqual(
    Object.fromEntries(
      Object.entries(counted)
        .filter(([, n]) => n > 0)
        .sort(),
    ),
  );
  return { owed, sold, soldOn: sold - handedOver, drawerOff: cashMinor - drawer };
}

it('a van’s day comes to what was counted, and its seller owes what was missing', async () => {
  const met = { owed: 0, sold: 0, soldOn: 0, paid: 0 };
  await fc.assert(
    fc.asyncProperty(anyDay, async (one) => {
      const book = await openShop(store());
      const { owed, sold, soldOn, drawerOff } = await live(book, one);
      expect(balancesOf(book)['1150'] ?? 0).toBe(owed);
      const [debt] = book.query('SELECT amountMinor FROM sellerDebts');
      expect(debt?.['amountMinor'] ?? 0).toBe(owed);
      // The drawer stands as it was counted, less the float that nobody posts; what is too much in it is nobody's.
      const { 1000: cashMinor = 0, 6900: overMinor = 0 } = balancesOf(book);
      expect([cashMinor, overMinor]).toEqual([one.cashMinor - 1000, 0 - Math.max(0, drawerOff)]);
      const paid = Math.trunc((owed * one.paidPercent) / 100);
      if (paid > 0) {
        const toBank = { ...head, seller: 'E-1', account: '1010' } as const;
        idOf(await book.commit('seller.pay', { ...toBank, amountMinor: paid }));
        expect(balancesOf(book)).toMatchObject({ 1010: paid });
        const tooMuch = await book.commit('seller.pay', { ...toBank, amountMinor: owed - paid + 1 });
        expect(tooMuch).toMatchObject({ code: 'retail/over-paid' });
      }
      const [left] = book.query('SELECT amountMinor FROM sellerDebts');
      expect([balancesOf(book)['1150'] ?? 0, left?.['amountMinor'] ?? 0]).toEqual([owed - paid, owed - paid]);
      met.paid += paid;
      met.owed += owed;
      met.sold += sold;
      met.soldOn += soldOn;
      await book.close();
    }),
    { numRuns: 15 },
  );
  expect(Math.min(...Object.values(met))).toBeGreaterThan(0);
});
