/** Random small shops: a catalogue with prices, tax rates, weighed goods, and goods whose stock may not go below zero. */
import type { PriceSetArgs, ProductSetArgs } from '@tallystick/retail';
import fc from 'fast-check';

export interface ShopProduct extends ProductSetArgs {
  readonly unitPriceMilliMinor: number;
}

export interface Shop {
  readonly currency: string;
  readonly taxIncluded: boolean;
  readonly products: readonly ShopProduct[];
}

const names = [
  'tea',
  'bread',
  'apples',
  'soap',
  'candle',
  'cheese',
  'twine',
  'honey',
  'flour',
  'brush',
  'Müsli',
  'お茶',
];

const product = (index: number): fc.Arbitrary<ShopProduct> =>
  fc.record({
    sku: fc.constant(`SKU-${String(index + 1).padStart(3, '0')}`),
    name: fc.constantFrom(...names),
    category: fc.constantFrom('', 'larder', 'household'),
    unitScale: fc.constantFrom(0, 0, 0, 3),
    taxRateBasisPoints: fc.constantFrom(0, 500, 725, 2_000),
    negativeStock: fc.constantFrom('allow', 'allow', 'refuse'),
    active: fc.constant(1),
    // Fractions of a minor unit, free goods and dear ones are all real.
    unitPriceMilliMinor: fc.oneof(fc.integer({ min: 0, max: 2_000_000 }), fc.constantFrom(0, 1, 499, 500, 255_000)),
  });

/** A shop of one to `maxProducts` products. */
export function anyShop({ maxProducts = 6 }: { readonly maxProducts?: number } = {}): fc.Arbitrary<Shop> {
  return fc.record({
    currency: fc.constantFrom('GBP', 'EUR', 'JPY'),
    taxIncluded: fc.boolean(),
    products: fc
      .integer({ min: 1, max: maxProducts })
      .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => product(index)))),
  });
}

export function productSetArgs({ unitPriceMilliMinor: _, ...args }: ShopProduct): ProductSetArgs {
  return args;
}

export function priceSetArgs({ currency }: Shop, { sku, unitPriceMilliMinor }: ShopProduct): PriceSetArgs {
  return { sku, currency, unitPriceMilliMinor };
}
