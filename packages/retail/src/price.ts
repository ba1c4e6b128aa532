/** What lines come to: rounded once per line, tax split off or added per line (docs/decisions/010-rounding.md). */
import { type Refusal, refuse } from '@tallystick/kernel';
import { lineAmountMinor, scaleHalfAway } from '@tallystick/ledger';
import type { SaleLine } from './args.ts';

/**
 * The largest amount of one document, 100 billion of a currency with cents. Sums are bounded by 2^53: an amount near that, true or not, would leave no room
 * for anybody else's.
 */
export const maxAmountMinor = 1e13;

/** The largest quantity of one line, for the same reason; what moves by a line is never more, in whatever scale. */
export const maxQuantity = 1e9;

export interface LineAmounts {
  /** Without tax. */
  readonly amountMinor: number;
  readonly taxMinor: number;
}

/** What a price is made of; `SaleLine` and every other line of goods has these. */
export type Priced = Pick<
  SaleLine,
  'quantity' | 'quantityScale' | 'unitPriceMilliMinor' | 'taxRateBasisPoints' | 'discountMinor'
>;

/** The lines' amounts in order, and their sums. */
export interface PricedLines extends LineAmounts {
  readonly amounts: readonly LineAmounts[];
}

/**
 * The amount of a line and its tax. With `taxIncluded` the rounded line amount is what is paid and the tax is its share of
 * that; otherwise the tax comes on top. Either way amount and tax add up to what is paid. Undefined out of range, or where a discount is more than its line.
 */
export function priceLine(line: Priced, taxIncluded: boolean): LineAmounts | undefined {
  const whole = lineAmountMinor(line.quantity, line.quantityScale ?? 0, line.unitPriceMilliMinor);
  if (whole === undefined) return undefined;
  const discountMinor = line.discountMinor ?? 0;
  if (discountMinor > 0 && discountMinor > whole) return undefined;
  const quoted = whole - discountMinor;
  const rate = line.taxRateBasisPoints ?? 0;
  if (rate === 0) return { amountMinor: quoted, taxMinor: 0 };
  const taxMinor = scaleHalfAway(quoted, rate, taxIncluded ? 10_000 + rate : 10_000);
  if (taxMinor === undefined) return undefined;
  return { amountMinor: taxIncluded ? quoted - taxMinor : quoted, taxMinor };
}

/** Prices all lines of a document, or refuses `retail/amount-range` naming the line. */
export function priceLines(lines: readonly Priced[], taxIncluded: boolean): PricedLines | Refusal {
  const amounts: LineAmounts[] = [];
  let amountMinor = 0;
  let taxMinor = 0;
  for (const line of lines) {
    const priced = priceLine(line, taxIncluded);
    if (priced === undefined) return outOfRange(amounts);
    amounts.push(priced);
    amountMinor += priced.amountMinor;
    taxMinor += priced.taxMinor;
    if (!isBounded(amountMinor) || !isBounded(taxMinor) || !isBounded(amountMinor + taxMinor))
      return outOfRange(amounts);
  }
  return { amounts, amountMinor, taxMinor };
}

/** What a document comes to, for rules to judge: in minor units, the discount as it was taken off the prices. */
export function totalsOf(
  lines: readonly Priced[],
  { amountMinor, taxMinor }: LineAmounts,
): { readonly totalMinor: number; readonly taxMinor: number; readonly discountMinor: number } {
  let discountMinor = 0;
  for (const line of lines) discountMinor += line.discountMinor ?? 0;
  return { totalMinor: amountMinor + taxMinor, taxMinor, discountMinor };
}

/** Each term was a safe integer, so the first sum that is too large shows at once and not later. */
const isBounded = (amountMinor: number): boolean => amountMinor >= 0 - maxAmountMinor && amountMinor <= maxAmountMinor;

function outOfRange(priced: readonly LineAmounts[]): Refusal {
  return refuse('retail/amount-range', { line: Math.max(1, priced.length) });
}
