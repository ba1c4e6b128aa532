// The customer's price list and the codes of offers: what the real book says of them, and what the cart makes of it.
import { signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCouponOffers, readCustomerPrices } from '../src/engine/cart-terms.ts';
import { entries } from '../src/engine/entries.ts';
import { enter } from '../src/engine/entry.ts';
import type { CustomerPrices, Outcome, Product } from '../src/engine/port.ts';
import { type Cart, emptyCart, repriced } from '../src/model/cart.ts';
import type { Offer } from '../src/model/offers.ts';
import { createCartTerms, pricedFor } from '../src/state/cart-terms.ts';
import { parseDraft } from '../src/state/draft.ts';
import { cartOf, type Counter, openCounter } from './counter.ts';

describe('of the book', () => {
  let counter: Counter;
  beforeEach(async () => {
    counter = await openCounter();
  });
  afterEach(() => counter.close());

  it('are the prices of the customer’s list that are in force, and the offers that a code opens', async () => {
    const { book } = counter.shop;
    const trade = { sku: 'S01', currency: 'GBP', list: 'trade' } as const;
    await book.commit('price.set', { ...trade, unitPriceMilliMinor: 1, fromDay: '2099-12-31' });
    const prices = [{ sku: 'S01', unitPriceMilliMinor: 1_000_000 }];
    expect(readCustomerPrices(counter.shop, 'K-17')).toMatchObject({ ok: true, value: { list: 'trade', prices } });
    expect(readCustomerPrices(counter.shop, 'K-71')).toMatchObject({ ok: false, code: 'till/unknown-customer' });
    const opened = readCouponOffers(counter.shop, 'TEN');
    expect(opened.ok && opened.value.map(({ promotion }) => promotion)).toEqual(['TEN']);
    expect(readCouponOffers(counter.shop, 'JAM')).toMatchObject({ ok: false, code: 'till/unknown-coupon' });
  });

  it('let a sale claim what its code opens, and no other', async () => {
    const again = (): Promise<typeof counter.shop> => counter.openAgain();
    await enter(entries.openSession, 0, counter.shop, again);
    const [line] = cartOf('', 1).lines;
    if (line === undefined) throw new Error('no line');
    const off = { ...line, promotion: 'TEN', discountMinor: 36 };
    const request = {
      ...cartOf('a', 1),
      lines: [off],
      tenders: [{ kind: 'cash', amountMinor: 324 }],
      changeMinor: 0,
    } as const;
    expect(await enter(entries.sell, request, counter.shop, again)).toMatchObject({ code: 'retail/promotion-coupon' });
    const sold = await enter(entries.sell, { ...request, coupons: ['TEN'] }, counter.shop, again);
    expect(sold).toMatchObject({ ok: true, value: { shown: { totalMinor: 324 } } });
  });
});

describe('of the cart', () => {
  const blend: Product = {
    sku: 'S01',
    name: 'Blend',
    category: '',
    unitScale: 0,
    taxRateBasisPoints: 0,
    unitPriceMilliMinor: 1_150_000,
    onHand: undefined,
  };

  it('come when somebody is named, and go with them, however late they are answered', async () => {
    const cart = signal<Cart>(emptyCart('a'));
    const answers = new Map<string, (read: Outcome<CustomerPrices>) => void>();
    const engine = {
      customerPrices: (customer: string) =>
        new Promise<Outcome<CustomerPrices>>((resolve) => void answers.set(customer, resolve)),
      couponOffers: async (code: string): Promise<Outcome<readonly Offer[]>> => ({ ok: false, code, message: code }),
    };
    const terms = createCartTerms({ engine, cart, products: signal([blend]), shopOffers: signal([]) });
    cart.value = { ...cart.value, customer: 'K-1' };
    cart.value = { ...cart.value, customer: 'K-2' };
    const value = (customer: string): Outcome<CustomerPrices> => ({
      ok: true,
      value: { customer, list: 'trade', prices: [{ sku: 'S01', unitPriceMilliMinor: 1_000_000 }] },
    });
    answers.get('K-2')?.(value('K-2'));
    answers.get('K-1')?.(value('K-1'));
    await expect.poll(() => terms.prices.value?.customer).toBe('K-2');
    expect(pricedFor([blend], terms.prices.value)).toEqual([{ ...blend, unitPriceMilliMinor: 1_000_000 }]);
    cart.value = emptyCart('b');
    expect(terms.prices.value).toBeUndefined();
  });

  it('make every line cost what its goods cost now, and are kept over a reload', () => {
    const cart = { ...emptyCart('a'), lines: cartOf('', 2).lines, customer: 'K-17', coupons: ['TEN'] };
    expect(repriced(cart, [blend])).toBe(cart);
    const cheaper = repriced(cart, [{ sku: 'C02', unitPriceMilliMinor: 300_000 }]);
    expect(cheaper.lines.map(({ unitPriceMilliMinor }) => unitPriceMilliMinor)).toEqual([300_000]);
    expect(parseDraft(JSON.stringify(cart))).toEqual(cart);
    const { customer: _, coupons: _codes, ...nobodys } = cart;
    expect(parseDraft(JSON.stringify({ ...cart, customer: 7, coupons: [7] }))).toEqual(nobodys);
  });
});
