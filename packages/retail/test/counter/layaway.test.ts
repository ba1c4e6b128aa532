/** Layaways: put by, paid in parts, collected as a sale or cancelled; and credit that is paid back. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type LayawayCollectArgs, openBackorders, openLayaways, reservations, sessionReport } from '../../src/index.ts';
import {
  balancesOf,
  day,
  describeShop,
  drivers,
  exchange,
  idOf,
  joinReplica,
  line,
  openShop,
  product,
  type ShopBook,
  stockOf,
  verbs,
} from '../shop.ts';

const customer = 'c-1';
const terms = { day, currency: 'GBP', taxIncluded: true, customer };
const cash = (amountMinor: number) => (amountMinor === 0 ? [] : [{ kind: 'cash', amountMinor } as const]);
const putBy = async (book: ShopBook, lines = [line()]) => idOf(await book.commit('layaway.open', { ...terms, lines }));
const pay = (book: ShopBook, layaway: string, amountMinor: number) =>
  book.commit('layaway.pay', { layaway, day, currency: 'GBP', tenders: cash(amountMinor) });
const collect = (book: ShopBook, layaway: string, amountMinor: number, rest: Partial<LayawayCollectArgs> = {}) =>
  book.commit('layaway.collect', { layaway, day, currency: 'GBP', tenders: cash(amountMinor), ...rest });
const cancel = (book: ShopBook, layaway: string, amountMinor: number, feeMinor = 0) =>
  book.commit('layaway.cancel', {
    layaway,
    day,
    currency: 'GBP',
    tenders: cash(amountMinor),
    feeMinor,
    reason: 'moved away',
  });
const owed = (book: ShopBook) => book.query('SELECT owedMinor FROM customerAccounts')[0]?.['owedMinor'] ?? 0;
const codes = (book: ShopBook, table: 'corrections' | 'refusals') =>
  book.query(`SELECT code FROM ${table} ORDER BY code`).map(({ code }) => code);

describeShop('layaways', (shop) => {
  it('are reserved until they are collected, and a sale then', async () => {
    const { book } = shop;
    const session = idOf(await book.commit('session.open', { day, currency: 'GBP', floatMinor: 0 }));
    const layaway = await putBy(book, [line({ quantity: 2, taxRateBasisPoints: 2_500 })]);
    expect(stockOf(book)).toEqual({});
    expect(reservations(book)).toEqual([{ scope: 'hq', sku: 'MUG', onHand: 0, reserved: 2, free: -2 }]);
    expect(balancesOf(book)).toEqual({});
    idOf(await book.commit('layaway.pay', { layaway, day, currency: 'GBP', session, tenders: cash(600) }));
    expect(balancesOf(book)).toEqual({ 1000: 600, 2300: -600 });
    expect(openLayaways(book)).toMatchObject([{ layaway, customer, totalMinor: 1_000, paidMinor: 600 }]);
    expect(sessionReport(book, session)).toMatchObject({ sales: 0, payments: 1, paymentsMinor: 600, taxMinor: 0 });
    expect(await collect(book, layaway, 399)).toMatchObject({ code: 'retail/tender-mismatch' });
    const sold = await collect(book, layaway, 500, { session, changeMinor: 100 });
    expect(sold).toMatchObject({ ok: true, correction: undefined });
    expect(balancesOf(book)).toEqual({ 1000: 1_000, 2200: -200, 4000: -800 });
    expect(stockOf(book)).toEqual({ MUG: -2 });
    expect([reservations(book), openLayaways(book)]).toEqual([[], []]);
    expect(sessionReport(book, session)).toMatchObject({ sales: 1, salesMinor: 1_000, expectedMinor: 1_000 });
    expect(await collect(book, layaway, 1_000)).toMatchObject({ code: 'retail/layaway-ended' });
    expect(await pay(book, layaway, 1)).toMatchObject({ code: 'retail/layaway-ended' });
    const document = idOf(sold);
    expect(await book.commit('sale.void', { document, day, reason: '' })).toMatchObject({ code: 'retail/not-a-sale' });
    const back = [{ ...line({ quantity: 2, taxRateBasisPoints: 2_500 }), line: 1 }];
    const refund = { day, currency: 'GBP', taxIncluded: true, original: document, lines: back, reason: '' };
    idOf(await book.commit('sale.refund', { ...refund, tenders: cash(1_000) }));
    expect([balancesOf(book), stockOf(book)]).toEqual([{}, {}]);
  });

  it('are cancelled for no more than the policy keeps, and what is not paid back is credit', async () => {
    const { book } = shop;
    const layaway = await putBy(book);
    idOf(await pay(book, layaway, 300));
    const fee = { code: 'retail/layaway-fee', details: { feeMinor: 1, mostFeeMinor: 0 } };
    expect(await cancel(book, layaway, 299, 1)).toMatchObject(fee);
    idOf(await book.commit('layaway.policy', { currency: 'GBP', mostFeeMinor: 50 }));
    const over = { layaway, paidMinor: 300, backMinor: 251, feeMinor: 50 };
    expect(await cancel(book, layaway, 251, 50)).toMatchObject({ code: 'retail/layaway-balance', details: over });
    expect(await cancel(book, layaway, 200, 50)).toMatchObject({ ok: true, correction: undefined });
    expect(balancesOf(book)).toEqual({ 1000: 100, 1100: -50, 6100: -50 });
    expect([reservations(book), openLayaways(book), stockOf(book)]).toEqual([[], [], {}]);
    expect(await cancel(book, 'none', 0)).toMatchObject({ code: 'retail/unknown-layaway' });
    const foreign = { layaway, day, currency: 'EUR', tenders: [], reason: '' };
    expect(await book.commit('layaway.cancel', foreign)).toMatchObject({ code: 'retail/currency-mismatch' });
  });

  it('leave what is paid above the price to the customer, who has it paid back once', async () => {
    const { book } = shop;
    const layaway = await putBy(book);
    const details = { layaway, customer, creditMinor: 100 };
    expect(await pay(book, layaway, 600)).toMatchObject({ correction: { code: 'retail/layaway-overpaid', details } });
    expect(balancesOf(book)).toEqual({ 1000: 600, 1100: -100, 2300: -500 });
    const back = { customer, day, currency: 'GBP' };
    const over = { code: 'retail/over-credit', details: { customer, owedMinor: 1, limitMinor: 0 } };
    expect(await book.commit('account.return', { ...back, tenders: cash(101) })).toMatchObject(over);
    idOf(await book.commit('account.return', { ...back, tenders: cash(100) }));
    expect(owed(book)).toBe(0);
    const trusted = {
      customer,
      currency: 'GBP',
      limitMinor: 0,
      overLimit: 'correct',
      termsDays: 0,
      active: 1,
    } as const;
    idOf(await book.commit('customer.set', trusted));
    const late = await book.commit('account.return', { ...back, tenders: cash(1) });
    expect(late).toMatchObject({ ok: true, correction: over });
    expect(balancesOf(book)).toEqual({ 1000: 499, 1100: 1, 2300: -500 });
  });

  it('that two tills collect and cancel apart end once; the money of the other is owed, not lost', async () => {
    const { book } = shop;
    const till = await shop.join('till', 'till-4');
    const layaway = await putBy(book);
    idOf(await pay(book, layaway, 500));
    await exchange(book, till);
    idOf(await collect(book, layaway, 0));
    idOf(await cancel(till, layaway, 500));
    await exchange(book, till);
    expect(codes(book, 'refusals')).toEqual([]);
    expect(codes(book, 'corrections')).toEqual(['retail/late-layaway']);
    expect(book.query('SELECT count(*) AS n FROM layawayEnds')).toEqual([{ n: 1 }]);
    expect([owed(book), balancesOf(book), stockOf(book)]).toEqual([500, { 1100: 500, 4000: -500 }, { MUG: -1 }]);
    expect(till.digest()).toEqual(book.digest());
    await till.close();
  });
});

/** What ended a layaway somewhere, and the fee that was asked for it; `undefined` where the goods were handed over. */
interface End {
  readonly id: string;
  readonly layaway: string;
  readonly feeMinor: number | undefined;
}

interface Policy {
  readonly id: string;
  readonly mostFeeMinor: number;
}

/** What was asked for by what ended a layaway first, and what of it the shop may keep: as far as the policy went at its place. */
function feesOf(ends: readonly End[], policies: readonly Policy[]): { askedMinor: number; keptMinor: number } {
  const first = new Map(ends.toSorted(laterFirst).map((end) => [end.layaway, end]));
  const fees = { askedMinor: 0, keptMinor: 0 };
  for (const { id, feeMinor = 0 } of first.values()) {
    fees.askedMinor += feeMinor;
    fees.keptMinor += Math.min(feeMinor, mostOf(policies.filter((policy) => policy.id < id)));
  }
  return fees;
}

const mostOf = (policies: readonly Policy[]): number => policies.toSorted(laterFirst)[0]?.mostFeeMinor ?? 0;

const laterFirst = (left: { readonly id: string }, right: { readonly id: string }): number =>
  left.id < right.id ? 1 : -1;

const step = fc.record({
  isTill: fc.boolean(),
  act: fc.constantFrom('pay', 'pay', 'collect', 'cancel', 'policy', 'meet'),
  which: fc.nat(2),
  amountMinor: fc.integer({ min: 1, max: 400 }),
  feeMinor: fc.constantFrom(0, 20, 40, 60),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
const stepOf = (isTill: boolean, act: Step['act'], which: number, rest: Partial<Step> = {}): Step => ({
  isTill,
  act,
  which,
  amountMinor: 100,
  feeMinor: 40,
  ...rest,
});

/** One keeps as much as it knew of, and the other had lowered it; above what it knows it is told no. */
const feeLowered: Step[] = [
  stepOf(true, 'policy', 0, { feeMinor: 20 }),
  ...[0, 1].map((which) => stepOf(false, 'pay', which)),
  stepOf(false, 'cancel', 0),
  stepOf(false, 'cancel', 1, { feeMinor: 60 }),
];
/** Both lamps are handed over, and one was there. */
const lampsCollected: Step[] = [stepOf(true, 'collect', 1), stepOf(false, 'collect', 2)];

it('stand as they were done at two tills that are apart, whatever the order: money, goods and deposits are plain sums', async () => {
  const [{ store }] = drivers as [(typeof drivers)[number]];
  const met = { kept: 0, lowered: 0, refused: 0, owed: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 16 }), async (steps) => {
      const book = await openShop(store());
      idOf(await book.commit('product.set', product('LAMP', { negativeStock: 'backorder' })));
      const delivered = [{ sku: 'LAMP', name: 'Lamp', quantity: 1, unitCostMilliMinor: 0 }];
      idOf(await book.commit('stock.receive', { day, currency: 'GBP', lines: delivered, reference: 'd-1' }));
      const setPolicy = async (at: ShopBook, mostFeeMinor: number): Promise<Policy> => ({
        id: idOf(await at.commit('layaway.policy', { currency: 'GBP', mostFeeMinor })),
        mostFeeMinor,
      });
      const policies = [await setPolicy(book, 40)];
      // Of a manager, who sets policies, too.
      const till = await joinReplica(book, { store: store(), verbs, role: 'manager', deviceName: 'till-4' });
      const heard = new Map([book, till].map((at) => [at, [...policies]]));
      const lamp = [line({ sku: 'LAMP', name: 'Lamp' })];
      const layaways = [await putBy(book), await putBy(book, lamp), await putBy(book, lamp)];
      await exchange(book, till);
      let cashMinor = 0;
      const collected = { MUG: 0, LAMP: 0 };
      const ends: End[] = [];
      for (const { isTill, act, which, amountMinor, ...asked } of steps) {
        const at = isTill ? till : book;
        const layaway = layaways[which] ?? '';
        const shown = openLayaways(at).find((open) => open.layaway === layaway);
        if (act === 'policy') {
          const policy = await setPolicy(at, asked.feeMinor);
          for (const list of [policies, heard.get(at)!]) list.push(policy);
        }
        if (act === 'meet') {
          await exchange(book, till);
          for (const one of heard.keys()) heard.set(one, [...policies]);
        }
        // A till does what it shows, and asks nothing of what it shows as ended.
        if (act === 'meet' || act === 'policy' || shown === undefined) continue;
        const { paidMinor } = shown;
        if (act === 'pay') {
          idOf(await pay(at, layaway, amountMinor));
          cashMinor += amountMinor;
        } else if (act === 'collect') {
          ends.push({ id: idOf(await collect(at, layaway, 500 - paidMinor)), layaway, feeMinor: undefined });
          cashMinor += 500 - paidMinor;
          collected[which === 0 ? 'MUG' : 'LAMP'] += 1;
        } else {
          const feeMinor = Math.max(0, Math.min(asked.feeMinor, paidMinor));
          const cancelled = await cancel(at, layaway, paidMinor - feeMinor, feeMinor);
          // Whoever knows that the policy does not allow it is told so.
          const isKnown = feeMinor > mostOf(heard.get(at)!);
          expect(cancelled.ok || cancelled.code).toBe(isKnown ? 'retail/layaway-fee' : true);
          met.refused += isKnown ? 1 : 0;
          if (!cancelled.ok) continue;
          ends.push({ id: cancelled.id, layaway, feeMinor });
          cashMinor -= paidMinor - feeMinor;
        }
      }
      await exchange(book, till);
      expect(till.digest()).toEqual(book.digest());
      expect(codes(book, 'refusals')).toEqual([]);
      const open = openLayaways(book);
      const depositsMinor = open.reduce((sum, { paidMinor }) => sum + paidMinor, 0);
      const {
        1000: cashInHand = 0,
        1100: receivables = 0,
        1150: shortages = 0,
        2300: deposits = 0,
        2400: promised = 0,
        4000: sold = 0,
        6100: fees = 0,
      } = balancesOf(book);
      const lampsOwed = Math.max(0, collected.LAMP - 1);
      const handed = collected.MUG + collected.LAMP;
      const { askedMinor, keptMinor } = feesOf(ends, policies);
      // What customers gave, less the goods they have, is what the shop owes them, but for what tills paid out twice and the fees that it keeps.
      expect([cashInHand, fees]).toEqual([cashMinor, 0 - keptMinor]);
      expect([sold, promised]).toEqual([0 - 500 * (handed - lampsOwed), 0 - 500 * lampsOwed]);
      const { MUG: mugs = 0, LAMP: lamps = 0 } = stockOf(book);
      expect([mugs, lamps]).toEqual([0 - collected.MUG, 1 - collected.LAMP]);
      // A lamp that was collected and is not there is still owed.
      expect(openBackorders(book).map(({ sku, quantity }) => [sku, quantity])).toEqual(
        Array.from({ length: lampsOwed }, () => ['LAMP', 1]),
      );
      expect([deposits, receivables + shortages]).toEqual([
        0 - depositsMinor,
        500 * handed + depositsMinor + keptMinor - cashMinor,
      ]);
      expect(owed(book)).toBe(receivables);
      expect(reservations(book).reduce((sum, { reserved }) => sum + reserved, 0)).toBe(open.length);
      met.kept += keptMinor;
      met.lowered += askedMinor - keptMinor;
      met.owed += lampsOwed;
      await till.close();
      await book.close();
    }),
    { seed: 1, numRuns: 15, examples: [[feeLowered], [lampsCollected]] },
  );
  expect(Math.min(met.kept, met.lowered, met.refused, met.owed)).toBeGreaterThan(0);
});
