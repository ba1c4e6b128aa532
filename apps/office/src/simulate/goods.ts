// The goods that a simulated firm sells, with one price in each currency that its branches trade in.
import type { Dice } from './dice.ts';
import type { Request } from './firm.ts';

export interface Goods {
  readonly sku: string;
  readonly name: string;
  readonly unitScale: 0 | 3;
  readonly taxRateBasisPoints: number;
  /** In tenths of a unit of money, whatever the currency: 35 is 3.50, or 350 yen. */
  readonly price: number;
}

export const goods: readonly Goods[] = [
  { sku: 'TEA', name: 'tea', unitScale: 0, taxRateBasisPoints: 0, price: 35 },
  { sku: 'BREAD', name: 'bread', unitScale: 0, taxRateBasisPoints: 0, price: 18 },
  { sku: 'CHEESE', name: 'cheese', unitScale: 3, taxRateBasisPoints: 500, price: 140 },
  { sku: 'APPLES', name: 'apples', unitScale: 3, taxRateBasisPoints: 0, price: 25 },
  { sku: 'SOAP', name: 'soap', unitScale: 0, taxRateBasisPoints: 2_000, price: 22 },
  { sku: 'CANDLE', name: 'candle', unitScale: 0, taxRateBasisPoints: 2_000, price: 49 },
  { sku: 'LAMP', name: 'lamp', unitScale: 0, taxRateBasisPoints: 2_000, price: 310 },
  { sku: 'HONEY', name: 'honey', unitScale: 0, taxRateBasisPoints: 725, price: 64 },
];

export const currencies = ['GBP', 'EUR', 'JPY'] as const;
export type Currency = (typeof currencies)[number];

/** Minor units of one unit, or of one kilogram. */
export function priceMinor({ price }: Goods, currency: Currency): number {
  return currency === 'JPY' ? price * 10 : price * 10 + 9;
}

export interface PickedLine {
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly quantityScale: 0 | 3;
  readonly unitPriceMilliMinor: number;
  readonly taxRateBasisPoints: number;
  readonly discountMinor?: number;
  readonly promotion?: string;
}

/** All year long: a tenth off soap. */
const promotion = { promotion: 'SOAP-10', name: 'a tenth off soap', sku: 'SOAP' };

/** A line of a basket. */
export function pickLine(dice: Dice, currency: Currency): PickedLine {
  const picked = dice.pick(goods);
  const { sku, name, unitScale, taxRateBasisPoints } = picked;
  const quantity = unitScale === 0 ? 1 + dice.below(4) : 100 + dice.below(1_400);
  const discountMinor = Math.floor((quantity * priceMinor(picked, currency)) / 10);
  return {
    ...(sku === promotion.sku ? { discountMinor, promotion: promotion.promotion } : {}),
    sku,
    name,
    quantity,
    quantityScale: unitScale,
    unitPriceMilliMinor: priceMinor(picked, currency) * 1000,
    taxRateBasisPoints,
  };
}

/** What a line is paid with: worked out here by itself, and compared with what the books make of it. */
export function paidMinor({ quantity, quantityScale, unitPriceMilliMinor, discountMinor = 0 }: PickedLine): number {
  return Math.round((quantity * unitPriceMilliMinor) / 1000 / 10 ** quantityScale) - discountMinor;
}

/** The catalogue of a year that begins on a day, for `hq`. */
export function catalogue(fromDay: string): readonly Request[] {
  const offer = { kind: 'percent', basisPoints: 1_000 };
  const announced = { ...promotion, offer, fromDay, untilDay: '9999-12-31' };
  return [...products(), { verb: 'promotion.set', args: announced }];
}

function products(): readonly Request[] {
  return goods.flatMap((one): Request[] => {
    const { sku, name, unitScale, taxRateBasisPoints } = one;
    const product = { sku, name, category: '', unitScale, taxRateBasisPoints, negativeStock: 'allow', active: 1 };
    return [
      { verb: 'product.set', args: product },
      ...currencies.map((currency): Request => {
        const unitPriceMilliMinor = priceMinor(one, currency) * 1000;
        return { verb: 'price.set', args: { sku, currency, unitPriceMilliMinor } };
      }),
    ];
  });
}
