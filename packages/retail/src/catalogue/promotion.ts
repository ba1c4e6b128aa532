/**
 * Promotions, kept simple: percents off and bundles, of a product, a category or everything, between two days, with a coupon's code or without. A till
 * works out the discount and records it in the line; the fold works it out again and lets no line claim more.
 */
import {
  type Correction,
  defineVerb,
  type Refusal,
  refuse,
  type RowOf,
  type Verb,
  type View,
} from '@tallystick/kernel';
import { type BookReader, lineAmountMinor, scaleHalfAway } from '@tallystick/ledger';
import { encodeCanonical } from '@tallystick/oplog';
import type { SaleLine } from '../args.ts';
import type { PromotionEndArgs, PromotionSetArgs } from './args.ts';
import { promotionEndArgs, promotionSetArgs } from './schema.ts';
import { products, promotions } from './tables.ts';

export type PromotionRow = RowOf<(typeof promotions)['key'] & (typeof promotions)['columns']>;

/** Announces a promotion, once: its terms never change, so a sale that may claim it always may. */
export const promotionSet: Verb<'promotion.set', PromotionSetArgs> = defineVerb({
  name: 'promotion.set',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [promotions],
  args: promotionSetArgs,
  plan: (view, op, { promotion, name, fromDay, untilDay, offer, sku = '', category = '', coupon = '' }) => {
    if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
    if (view.get(promotions, { promotion }) !== undefined) return refuse('retail/promotion-exists', { promotion });
    const none = { basisPoints: 0, take: 0, pay: 0 };
    return [
      promotions.write({ promotion, name, fromDay, untilDay, endedDay: '', ...none, ...offer, sku, category, coupon }),
    ];
  },
});

/** Ends a promotion before its time. */
export const promotionEnd: Verb<'promotion.end', PromotionEndArgs> = defineVerb({
  name: 'promotion.end',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [promotions],
  args: promotionEndArgs,
  plan: (view, op, { promotion, day }) => {
    if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
    const row = view.get(promotions, { promotion });
    if (row === undefined) return refuse('retail/unknown-promotion', { promotion });
    return [promotions.write({ ...row, endedDay: day })];
  },
});

type Discounted = Pick<SaleLine, 'quantity' | 'quantityScale' | 'unitPriceMilliMinor'>;

/** What a promotion takes off each of the lines that claim it, in minor units; undefined out of range. */
function allowances(row: PromotionRow, lines: readonly Discounted[]): readonly number[] | undefined {
  return row.kind === 'percent' ? percentOff(row.basisPoints, lines) : cheapestFree(row, lines);
}

function percentOff(basisPoints: number, lines: readonly Discounted[]): readonly number[] | undefined {
  const off: number[] = [];
  for (const { quantity, quantityScale = 0, unitPriceMilliMinor } of lines) {
    const quoted = lineAmountMinor(quantity, quantityScale, unitPriceMilliMinor);
    const amount = quoted === undefined ? undefined : scaleHalfAway(quoted, basisPoints, 10_000);
    if (amount === undefined) return undefined;
    off.push(amount);
  }
  return off;
}

/** Of every `take` pieces `take - pay` are free, over all lines together and the cheapest first. */
function cheapestFree({ take, pay }: PromotionRow, lines: readonly Discounted[]): readonly number[] | undefined {
  // Half a kilogram is no piece of a bundle.
  const pieces = lines.map(({ quantity, quantityScale = 0 }) => (quantityScale === 0 ? quantity : 0));
  const taken = pieces.reduce((sum, count) => sum + count, 0);
  let free = Math.floor(taken / take) * (take - pay);
  const off = lines.map(() => 0);
  const cheapest = lines.map((line, index) => ({ price: line.unitPriceMilliMinor, index }));
  cheapest.sort((left, right) => left.price - right.price || left.index - right.index);
  for (const { price, index } of cheapest) {
    const count = Math.min(free, pieces[index] ?? 0);
    const amount = lineAmountMinor(count, 0, price);
    if (amount === undefined) return undefined;
    off[index] = amount;
    free -= count;
  }
  return off;
}

export interface PromotionContext {
  readonly day: string;
  /** Codes that the customer handed in. */
  readonly coupons?: readonly string[];
}

/** Judges what the lines of a sale claim. What was ended early, which the till may not have known, is no refusal but a correction. */
export function checkPromotions(
  view: View,
  lines: readonly SaleLine[],
  context: PromotionContext,
): Refusal | Correction | undefined {
  if (lines.every((line) => line.promotion === undefined)) return undefined;
  let ended: Correction | undefined;
  for (const promotion of new Set(lines.map((line) => line.promotion))) {
    if (promotion === undefined) continue;
    const row = view.hq.get(promotions, { promotion });
    if (row === undefined) return refuse('retail/unknown-promotion', { promotion });
    const claiming = lines.filter((line) => line.promotion === promotion);
    const refusal = judgeClaim(view, row, claiming, context);
    if (refusal !== undefined) return refusal;
    if (row.endedDay !== '' && context.day > row.endedDay) {
      const discountMinor = claiming.reduce((sum, line) => sum + (line.discountMinor ?? 0), 0);
      ended ??= { code: 'retail/promotion-ended', details: { promotion, endedDay: row.endedDay, discountMinor } };
    }
  }
  return ended;
}

function judgeClaim(
  view: View,
  row: PromotionRow,
  claiming: readonly SaleLine[],
  { day, coupons = [] }: PromotionContext,
): Refusal | undefined {
  const { promotion, fromDay, untilDay, coupon } = row;
  if (day < fromDay || day > untilDay) return refuse('retail/promotion-day', { promotion, fromDay, untilDay, day });
  if (coupon !== '' && !coupons.includes(coupon)) return refuse('retail/promotion-coupon', { promotion });
  for (const { sku } of claiming) {
    const category = row.category === '' ? '' : view.hq.get(products, { sku })?.category;
    if (!isOffered(row, sku, category)) return refuse('retail/promotion-goods', { promotion, sku });
  }
  const allowed = allowances(row, claiming);
  const over = claiming.findIndex(({ discountMinor = 0 }, index) => discountMinor > (allowed?.[index] ?? 0));
  const claimed = claiming[over];
  if (claimed === undefined) return undefined;
  const { sku, discountMinor = 0 } = claimed;
  return refuse('retail/promotion-exceeded', { promotion, sku, discountMinor, allowedMinor: allowed?.[over] ?? 0 });
}

function isOffered(row: PromotionRow, sku: string, category: string | undefined): boolean {
  return (row.sku === '' || row.sku === sku) && (row.category === '' || row.category === category);
}

/** Promotions that a sale of this day may claim with these coupons, by their names. */
export function promotionsInForce(book: BookReader, { day, coupons = [] }: PromotionContext): readonly PromotionRow[] {
  const rows = book.query(
    `SELECT promotion, name, fromDay, untilDay, endedDay, kind, basisPoints, take, pay, sku, category, coupon FROM promotions
      WHERE scope = 'hq' AND ? BETWEEN fromDay AND untilDay AND (endedDay = '' OR endedDay >= ?)
        AND (coupon = '' OR coupon IN (SELECT value FROM json_each(?))) ORDER BY promotion`,
    [day, day, encodeCanonical(coupons)],
  );
  return rows as unknown as readonly PromotionRow[];
}

/** What a promotion puts into a line. */
export type Discount = Pick<SaleLine, 'promotion' | 'discountMinor'>;

/**
 * The lines with the discounts that promotions give them, what a till records. Bundles come first, each with all its lines together; what is left of the
 * lines gets the percentage that takes most off. Lines that have a discount already keep it. `category` is the product's, where the caller knows it.
 */
export function applyPromotions<Line extends SaleLine & { readonly category?: string }>(
  lines: readonly Line[],
  offers: readonly PromotionRow[],
): readonly (Line & Discount)[] {
  const applied: (Line & Discount)[] = [...lines];
  // A line that a bundle counts stays with it, or the bundle would be smaller than what it gave.
  const settled = new Set(lines.flatMap((line, index) => (line.discountMinor === undefined ? [] : [index])));
  for (const row of offers.filter(({ kind }) => kind === 'bundle')) {
    const given = discountsOf(row, lines, settled);
    if (!given.some(({ discountMinor }) => discountMinor > 0)) continue;
    for (const { index, line, discountMinor } of given) {
      applied[index] = { ...line, promotion: row.promotion, discountMinor };
      settled.add(index);
    }
  }
  for (const row of offers.filter(({ kind }) => kind === 'percent')) {
    for (const { index, line, discountMinor } of discountsOf(row, lines, settled)) {
      const isBetter = discountMinor > (applied[index]?.discountMinor ?? 0);
      if (isBetter) applied[index] = { ...line, promotion: row.promotion, discountMinor };
    }
  }
  return applied;
}

function discountsOf<Line extends SaleLine & { readonly category?: string }>(
  row: PromotionRow,
  lines: readonly Line[],
  settled: ReadonlySet<number>,
): readonly { readonly index: number; readonly line: Line; readonly discountMinor: number }[] {
  const offered = lines.flatMap((line, index) =>
    !settled.has(index) && isOffered(row, line.sku, line.category) ? [{ line, index }] : [],
  );
  const off = allowances(
    row,
    offered.map(({ line }) => line),
  );
  return off === undefined ? [] : offered.map((one, at) => ({ ...one, discountMinor: off[at] ?? 0 }));
}
