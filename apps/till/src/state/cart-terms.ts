// Keeps the prices and offers of the cart's own customer and codes beside those of the shop: asked for when they are named, and again when
// the shop's own change.
import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { CustomerPrices, Product, TillEngine } from '../engine/port.ts';
import type { Cart } from '../model/cart.ts';
import type { Offer } from '../model/offers.ts';

export interface CartTerms {
  /** Undefined while nobody is named, and until the answer is here. */
  readonly prices: ReadonlySignal<CustomerPrices | undefined>;
  /** Of the codes in the cart. */
  readonly offers: ReadonlySignal<readonly Offer[]>;
}

export interface CartTermsOptions {
  readonly engine: Pick<TillEngine, 'customerPrices' | 'couponOffers'>;
  readonly cart: Signal<Cart>;
  /** The shop's own: when they change, those of the cart may have changed, too. */
  readonly products: ReadonlySignal<readonly Product[] | undefined>;
  readonly shopOffers: ReadonlySignal<readonly Offer[]>;
}

export function createCartTerms({ engine, cart, products, shopOffers }: CartTermsOptions): CartTerms {
  const prices = signal<CustomerPrices | undefined>(undefined);
  const offers = signal<readonly Offer[]>([]);
  const customer = computed(() => cart.value.customer);
  const codes = computed(() => (cart.value.coupons ?? []).join('\n'));
  effect(() => {
    const named = customer.value;
    if (products.value === undefined || named === undefined) return void (prices.value = undefined);
    void engine.customerPrices(named).then((read) => {
      if (cart.peek().customer === named) prices.value = read.ok ? read.value : undefined;
    });
  });
  effect(() => {
    const asked = codes.value;
    void shopOffers.value;
    if (asked === '') return void (offers.value = []);
    void Promise.all(asked.split('\n').map((code) => engine.couponOffers(code))).then((read) => {
      if (codes.peek() === asked) offers.value = read.flatMap((one) => (one.ok ? one.value : []));
    });
  });
  return { prices, offers };
}

/** The goods at the prices of whoever is named. */
export function pricedFor(
  products: readonly Product[] | undefined,
  prices: CustomerPrices | undefined,
): readonly Product[] | undefined {
  if (products === undefined || prices === undefined || prices.prices.length === 0) return products;
  const priceBySku = new Map(prices.prices.map(({ sku, unitPriceMilliMinor }) => [sku, unitPriceMilliMinor]));
  return products.map((product) => {
    const unitPriceMilliMinor = priceBySku.get(product.sku);
    return unitPriceMilliMinor === undefined ? product : { ...product, unitPriceMilliMinor };
  });
}
