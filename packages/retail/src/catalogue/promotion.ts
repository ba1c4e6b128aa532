/**
 * Promotions, kept simple: percents off and bundles, of a product, a category or everything, between two days, with a coupon's code or without. A till
 * works out the discount (offer.ts) and records it in the line; the fold works it out again and lets no line claim more.
 */
import { defineVerb, type Refusal, refuse, type Verb, type View } from '@tallystick/kernel';
import type { BookReader } from '@tallystick/ledger';
import { encodeCanonical } from '@tallystick/oplog';
import type { SaleLine } from '../args.ts';
import { contested, noted, type Remark } from '../remark.ts';
import type { PromotionEndArgs, PromotionSetArgs } from './args.ts';
import { allowances, type PromotionRow } from './offer.ts';
import { promotionEndArgs, promotionSetArgs } from './schema.ts';
import { products, promotions } from './tables.ts';

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

export interface PromotionContext {
  readonly day: string;
  /** Codes that the customer handed in. */
  readonly coupons?: readonly string[];
}

/**
 * Judges what the lines of a sale claim. What the office changed meanwhile, which the till may not have known, is noted: a promotion that
 * was ended early, goods that went into another category. What the promotion does not give is contested.
 */
export function checkPromotions(
  view: View,
  lines: readonly SaleLine[],
  context: PromotionContext,
  remarks: Remark[],
): void {
  if (lines.every((line) => line.promotion === undefined)) return;
  for (const promotion of new Set(lines.map((line) => line.promotion))) {
    if (promotion === undefined) continue;
    const row = view.hq.get(promotions, { promotion });
    const claiming = lines.filter((line) => line.promotion === promotion);
    const reason =
      row === undefined ? refuse('retail/unknown-promotion', { promotion }) : judgeClaim(row, claiming, context);
    if (reason !== undefined) remarks.push(contested(reason));
    if (row === undefined) continue;
    const details = { promotion, discountMinor: claiming.reduce((sum, line) => sum + (line.discountMinor ?? 0), 0) };
    if (row.endedDay !== '' && context.day > row.endedDay)
      remarks.push(noted({ code: 'retail/promotion-ended', details: { ...details, endedDay: row.endedDay } }));
    const moved = claiming.find(({ sku }) => !isInCategory(view, row, sku));
    if (moved !== undefined)
      remarks.push(noted({ code: 'retail/promotion-goods', details: { ...details, sku: moved.sku } }));
  }
}

function isInCategory(view: View, { category }: PromotionRow, sku: string): boolean {
  return category === '' || view.hq.get(products, { sku })?.category === category;
}

function judgeClaim(
  row: PromotionRow,
  claiming: readonly SaleLine[],
  { day, coupons = [] }: PromotionContext,
): Refusal | undefined {
  const { promotion, fromDay, untilDay, coupon } = row;
  if (day < fromDay || day > untilDay) return refuse('retail/promotion-day', { promotion, fromDay, untilDay, day });
  if (coupon !== '' && !coupons.includes(coupon)) return refuse('retail/promotion-coupon', { promotion });
  for (const { sku } of claiming) {
    if (row.sku !== '' && row.sku !== sku) return refuse('retail/promotion-goods', { promotion, sku });
  }
  const allowed = allowances(row, claiming);
  const over = claiming.findIndex(({ discountMinor = 0 }, index) => discountMinor > (allowed?.[index] ?? 0));
  const claimed = claiming[over];
  if (claimed === undefined) return undefined;
  const { sku, discountMinor = 0 } = claimed;
  return refuse('retail/promotion-exceeded', { promotion, sku, discountMinor, allowedMinor: allowed?.[over] ?? 0 });
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
