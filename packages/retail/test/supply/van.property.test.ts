/** Whatever a seller scans and whoever counts, stock ends as it was counted, and what is owed is what was missing, product by product. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Scene } from '../../../guards/test/scene.ts';
import { idOf as idOfHash, manager, mugs, office, openChain, warehouse } from './chain.ts';
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
    { seed: 1, numRuns: 15 },
  );
  expect(Math.min(...Object.values(met))).toBeGreaterThan(0);
});

/** One chain of shops for the properties below: each case trades in a scope of its own. */
let scene: Scene;
let vans = 0;
const phone = 5;
beforeAll(async () => {
  scene = await openChain('van');
});
afterAll(() => scene.close());

const anyDrawer = fc.record({
  loaded: fc.nat({ max: 5 }),
  counted: fc.nat({ max: 5 }),
  /** Scans that the counters do not know of yet, and whether each is paid in cash. */
  late: fc.array(fc.boolean(), { maxLength: 4 }),
  /** What the manager counts in the drawer, away from the float that the books know of. */
  foundMinor: fc.integer({ min: -300, max: 1500 }),
  isClosedBefore: fc.boolean(),
});
type Drawer = typeof anyDrawer extends fc.Arbitrary<infer D> ? D : never;

const floatMinor = 1000;
const priceMinor = 300;

/** A van whose drawer one counts and whose goods another counts, apart from it and from each other; answers what its seller owes once all is together. */
async function settleApart({ loaded, counted, late, foundMinor, isClosedBefore }: Drawer): Promise<number> {
  vans += 1;
  const [scope, seller] = [`v/${vans}`, `E-${vans}`];
  if (loaded > 0) await scene.must(office, 'stock.receive', { ...head, reference: 'D', lines: [mugs(loaded)] }, scope);
  await scene.settle();
  const opened = await scene.must(phone, 'session.open', { ...head, floatMinor }, scope);
  const session = await idOfHash(scene.books[phone]!, opened);
  await scene.settle();
  const countedMinor = floatMinor + foundMinor;
  const goods = {
    ...head,
    session,
    sku: 'MUG',
    name: 'Mug',
    unitPriceMilliMinor: priceMinor * 1000,
    taxIncluded: true,
  };
  for (const isCash of late) await scene.must(phone, 'van.scan', { ...goods, tender: isCash ? 'cash' : 'card' }, scope);
  const lines = [{ sku: 'MUG', name: 'Mug', counted, unitPriceMilliMinor: priceMinor * 1000 }];
  if (isClosedBefore) await scene.must(manager, 'session.close', { session, countedMinor, day }, scope);
  const settlement = { ...head, seller, session, cashMinor: countedMinor, lines };
  await scene.must(warehouse, 'van.settle', settlement, scope);
  for (const device of [manager, warehouse]) await scene.sync(device);
  await scene.settle();
  expect(scene.refusedCodes(office).filter((code) => code.startsWith('retail/'))).toEqual([]);
  const [debt] = scene.books[office]!.query<{ minor: number }>(
    'SELECT coalesce(sum(amountMinor), 0) AS minor FROM sellerDebts WHERE seller = ?',
    [seller],
  );
  return debt?.minor ?? 0;
}

it('scans that come in after the count cost their seller nothing that was counted, whoever counted the drawer', async () => {
  const met = { closed: 0, over: 0, owed: 0 };
  const anyHonest = anyDrawer.map((one) => ({ ...one, late: one.late.slice(0, one.loaded) }));
  const closed: Drawer = { loaded: 2, counted: 1, late: [true], foundMinor: 300, isClosedBefore: true };
  await fc.assert(
    fc.asyncProperty(anyHonest, async (one) => {
      const { loaded, counted, late, foundMinor, isClosedBefore } = one;
      const cashMinor = late.filter(Boolean).length * priceMinor;
      // Of goods, what was missing and nobody sold. Of cash, what was too little where the settlement itself counted it, and what late sales took in beyond what was too much.
      const goodsMinor = Math.max(0, loaded - counted - late.length) * priceMinor;
      const shortMinor = isClosedBefore ? 0 : Math.max(0, 0 - foundMinor);
      const lateMinor = Math.max(0, cashMinor - Math.max(0, foundMinor));
      expect(await settleApart(one)).toBe(goodsMinor + shortMinor + lateMinor);
      met.closed += isClosedBefore ? 1 : 0;
      met.over += Math.min(cashMinor, Math.max(0, foundMinor));
      met.owed += goodsMinor;
    }),
    { seed: 1, numRuns: 10, examples: [[closed], [{ ...closed, isClosedBefore: false }]] },
  );
  expect(Math.min(...Object.values(met))).toBeGreaterThan(0);
});

it('an office counts any drawer by a settlement, a warehouse those of vans and no other', async () => {
  const [till, carrier] = [2, 3];
  const met = { counted: 0, foreign: 0 };
  const anyCount = fc.record({
    holder: fc.constantFrom(phone, till, manager, office),
    counter: fc.constantFrom(office, manager, warehouse, carrier),
    cashMinor: fc.nat({ max: 2000 }),
  });
  await fc.assert(
    fc.asyncProperty(anyCount, async ({ holder, counter, cashMinor }) => {
      vans += 1;
      const [scope, seller] = [`v/${vans}`, `E-${vans}`];
      const opened = await scene.must(holder, 'session.open', { ...head, floatMinor }, scope);
      const session = await idOfHash(scene.books[holder]!, opened);
      if (holder !== counter) await scene.deliver(holder, counter);
      const lines = [{ sku: 'MUG', name: 'Mug', counted: 0, unitPriceMilliMinor: priceMinor * 1000 }];
      const answer = await scene.commit(counter, 'van.settle', { ...head, seller, session, cashMinor, lines }, scope);
      const [row] = scene.books[counter]!.query<{ state: string }>('SELECT state FROM sessions WHERE id = ?', [
        session,
      ]);
      const mayNot = counter === carrier ? 'kernel/role' : 'retail/foreign-session';
      const may = counter === office || counter === manager || (counter === warehouse && holder === phone);
      expect([answer, row?.state]).toEqual(may ? ['ok', 'closed'] : [mayNot, 'open']);
      met[may ? 'counted' : 'foreign'] += 1;
    }),
    {
      seed: 1,
      numRuns: 12,
      examples: [
        [{ holder: till, counter: warehouse, cashMinor: floatMinor }],
        [{ holder: phone, counter: warehouse, cashMinor: floatMinor }],
      ],
    },
  );
  expect(Math.min(...Object.values(met))).toBeGreaterThan(0);
});
