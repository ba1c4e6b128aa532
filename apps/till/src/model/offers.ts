// What the offers in force take off a cart, by the rule of the fold that will judge the sale.
import { applyPromotions, type PromotionRow } from '@tallystick/retail';
import type { SaleLine } from './sale-line.ts';

export type Offer = PromotionRow;

/** The lines with the discounts that the offers give. Without offers they are the very lines that came in. */
export function offeredLines(
  lines: readonly SaleLine[],
  offers: readonly Offer[],
  categoryOf: (sku: string) => string,
): readonly SaleLine[] {
  if (offers.length === 0 || lines.length === 0) return lines;
  const inCategories = lines.map((line) => ({ ...line, category: categoryOf(line.sku) }));
  return applyPromotions(inCategories, offers).map(({ category: _, ...line }) => line);
}
