/** What a promotion takes off: one rule for the till that offers it and the fold that judges it. No verb is here, so that a screen can load it alone. */
import type { RowOf } from '@tallystick/kernel';
import { lineAmountMinor, scaleHalfAway } from '@tallystick/ledger';
import type { SaleLine } from '../args.ts';
import type { promotions } from './tables.ts';

export type PromotionRow = RowOf<(typeof promotions)['key'] & (typeof promotions)['columns']>;

type Discounted = Pick<SaleLine, 'quantity' | 'quantityScale' | 'unitPriceMilliMinor'>;

/** What a promotion takes off each of the lines that claim it, in minor units; undefined out of range. */
export function allowances(row: PromotionRow, lines: readonly Discounted[]): readonly number[] | undefined {
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

/** Whether a promotion is for these goods. */
export function isOffered(row: PromotionRow, sku: string, category: string | undefined): boolean {
  return (row.sku === '' || row.sku === sku) && (row.category === '' || row.category === category);
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
