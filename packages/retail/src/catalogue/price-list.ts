/** Price lists: what a till proposes. What was charged is recorded in the line, so a price that changes changes no sale. */
import { defineVerb, refuse, type Verb } from '@tallystick/kernel';
import type { BookReader } from '@tallystick/ledger';
import type { PriceSetArgs } from './args.ts';
import { priceSetArgs } from './schema.ts';
import { prices, products } from './tables.ts';

/** Sets the price of a product in one currency, on a list and from a day on. */
export const priceSet: Verb<'price.set', PriceSetArgs> = defineVerb({
  name: 'price.set',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [prices, products],
  args: priceSetArgs,
  plan: (view, op, { list = '', fromDay = '', ...args }) => {
    if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
    if (view.get(products, { sku: args.sku }) === undefined) return refuse('retail/unknown-product', { sku: args.sku });
    return [prices.write({ list, fromDay, ...args })];
  },
});

export interface PriceAsked {
  readonly sku: string;
  readonly currency: string;
  /** The business day of the sale. */
  readonly day: string;
  /** The customer's list; a product that is not on it has the price of the shop's own. */
  readonly list?: string;
}

/** The price in force, in thousandths of a minor unit; undefined where the product has none. */
export function priceOf(book: BookReader, { sku, currency, day, list = '' }: PriceAsked): number | undefined {
  const [row] = book.query(
    `SELECT unitPriceMilliMinor FROM prices WHERE scope = 'hq' AND list IN (?, '') AND sku = ? AND currency = ? AND fromDay <= ?
      ORDER BY list = '', fromDay DESC LIMIT 1`,
    [list, sku, currency, day],
  );
  return row === undefined ? undefined : Number(row['unitPriceMilliMinor']);
}
