// The goods that a simulated firm sells, with one price in each currency that its branches trade in.
import { retailAccounts } from '@tallystick/retail';
import type { Dice } from './dice.ts';
import type { PaperEntry } from './expected.ts';
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

/** All year long: a tenth off soap, and half off candles for who shows the coupon. */
const promotions = [
  { promotion: 'SOAP-10', name: 'a tenth off soap', sku: 'SOAP', basisPoints: 1_000 },
  { promotion: 'CANDLE-50', name: 'half off candles', sku: 'CANDLE', basisPoints: 5_000, coupon: 'LIGHT' },
] as const;

/** A line of a basket; who has `coupons` shows them. */
export function pickLine(dice: Dice, currency: Currency, coupons: readonly string[] = []): PickedLine {
  const picked = dice.pick(goods);
  const { sku, unitScale } = picked;
  const line = lineOf(picked, currency, unitScale === 0 ? 1 + dice.below(4) : 100 + dice.below(1_400));
  const offer = promotions.find((one) => one.sku === sku && (!('coupon' in one) || coupons.includes(one.coupon)));
  if (offer === undefined) return line;
  // A whole number of the promised part, rounded down: what is claimed is never more than what is given.
  const discountMinor = Math.floor((line.quantity * priceMinor(picked, currency) * offer.basisPoints) / 10_000);
  return { ...line, discountMinor, promotion: offer.promotion };
}

/** A line of goods at their price. */
export function lineOf(one: Goods, currency: Currency, quantity: number): PickedLine {
  const { sku, name, unitScale, taxRateBasisPoints } = one;
  const unitPriceMilliMinor = priceMinor(one, currency) * 1000;
  return { sku, name, quantity, quantityScale: unitScale, unitPriceMilliMinor, taxRateBasisPoints };
}

/** The coupon that some customers have. */
export const coupon = 'LIGHT';

/** What a line is paid with: worked out here by itself, and compared with what the books make of it. */
export function paidMinor({ quantity, quantityScale, unitPriceMilliMinor, discountMinor = 0 }: PickedLine): number {
  return Math.round((quantity * unitPriceMilliMinor) / 1000 / 10 ** quantityScale) - discountMinor;
}

/** The tax within what a line is paid with. */
export function taxMinor(line: PickedLine): number {
  const { taxRateBasisPoints } = line;
  return Math.round((paidMinor(line) * taxRateBasisPoints) / (10_000 + taxRateBasisPoints));
}

/** What so much of the goods cost, at half their price. */
export function costMinor(one: Goods, currency: Currency, quantity: number): number {
  return Math.round((quantity * priceMinor(one, currency) * 500) / 1000 / 10 ** one.unitScale);
}

/** What lines come to: the whole, and the tax in it. */
export function worthOf(lines: readonly PickedLine[]): { readonly totalMinor: number; readonly taxMinor: number } {
  return {
    totalMinor: lines.reduce((sum, line) => sum + paidMinor(line), 0),
    taxMinor: lines.reduce((sum, line) => sum + taxMinor(line), 0),
  };
}

/** What goods that are sold come to beside their tenders: sales and tax. */
export function soldEntry(lines: readonly PickedLine[], sign: 1 | -1 = 1): PaperEntry {
  const { totalMinor, taxMinor } = worthOf(lines);
  return { [retailAccounts.sales]: sign * (taxMinor - totalMinor), [retailAccounts.taxPayable]: sign * (0 - taxMinor) };
}

/** The catalogue of a year that begins on a day, for `hq`. */
export function catalogue(fromDay: string): readonly Request[] {
  const announced = promotions.map(({ basisPoints, ...terms }): Request => {
    const offer = { kind: 'percent', basisPoints };
    return { verb: 'promotion.set', args: { ...terms, offer, fromDay, untilDay: '9999-12-31' } };
  });
  return [...products(), ...announced];
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
