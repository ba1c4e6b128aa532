/**
 * Exact integer arithmetic for money: one rounding rule and one way to allocate (docs/decisions/010-rounding.md). Results
 * are safe integers or `undefined`; nothing here throws and nothing here ever yields -0.
 */

/**
 * `numerator / denominator` rounded to the nearest integer, halves away from zero, so that what a refund gives back is
 * exactly what the sale took. Undefined where an input is not a safe integer (or bigint), the denominator is not positive,
 * or the result would leave +-(2^53-1).
 */
export function roundHalfAway(numerator: number | bigint, denominator: number | bigint): number | undefined {
  if (typeof numerator === 'bigint' || typeof denominator === 'bigint') return roundLarge(numerator, denominator);
  if (!Number.isSafeInteger(numerator) || !Number.isSafeInteger(denominator) || denominator <= 0) return undefined;
  const rest = numerator % denominator;
  const quotient = (numerator - rest) / denominator;
  const size = rest < 0 ? -rest : rest;
  // Twice the rest might not be exact; the rest against what is left of the denominator always is.
  if (size < denominator - size) return quotient;
  return numerator < 0 ? quotient - 1 : quotient + 1;
}

/** `value * numerator / denominator` by the same rule, exact however large the product is. */
export function scaleHalfAway(value: number, numerator: number, denominator: number): number | undefined {
  if (!Number.isSafeInteger(value) || !Number.isSafeInteger(numerator)) return undefined;
  const product = value * numerator;
  if (Number.isSafeInteger(product)) return roundHalfAway(product, denominator);
  return roundLarge(BigInt(value) * BigInt(numerator), denominator);
}

/** Thousandths of a minor unit in the price of one unit, by quantity scale. */
const DIVISORS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const;

/** The largest scale of a quantity: 6 means millionths of a unit. */
export const maxQuantityScale: number = DIVISORS.length - 1;

/**
 * Amount of a line in minor units. The quantity counts units of 10^-quantityScale (1234 with scale 3 is 1.234 kg), the
 * unit price is in thousandths of a minor unit (2.55 GBP is 255000).
 */
export function lineAmountMinor(
  quantity: number,
  quantityScale: number,
  unitPriceMilliMinor: number,
): number | undefined {
  const divisor = DIVISORS[quantityScale];
  return divisor === undefined ? undefined : scaleHalfAway(quantity, unitPriceMilliMinor, divisor);
}

/** The sum of two amounts, or undefined where it would leave the safe integers. */
export function addMinor(left: number, right: number): number | undefined {
  const sum = left + right;
  return Number.isSafeInteger(sum) && Number.isSafeInteger(left) && Number.isSafeInteger(right) ? sum : undefined;
}

/**
 * Splits an amount in proportion to weights so that the shares add up to it exactly: everybody gets the whole part, and
 * the units left over go to the largest remainders, the earlier share first on a tie. A negative amount is split as its
 * positive twin. Undefined where weights are not safe integers >= 0 or all of them are 0.
 */
export function allocate(amountMinor: number, weights: readonly number[]): readonly number[] | undefined {
  if (!Number.isSafeInteger(amountMinor)) return undefined;
  if (!weights.every((weight) => Number.isSafeInteger(weight) && weight >= 0)) return undefined;
  const whole = weights.reduce((sum, weight) => sum + BigInt(weight), 0n);
  if (whole === 0n) return undefined;
  const size = BigInt(amountMinor < 0 ? -amountMinor : amountMinor);
  const shares = weights.map((weight, index) => {
    const product = size * BigInt(weight);
    return { index, amount: product / whole, rest: product % whole };
  });
  let left = size - shares.reduce((sum, share) => sum + share.amount, 0n);
  for (const share of shares.toSorted(byRest)) {
    if (left === 0n) break;
    share.amount += 1n;
    left -= 1n;
  }
  return shares.map((share) => Number(amountMinor < 0 ? -share.amount : share.amount));
}

function byRest(left: { index: number; rest: bigint }, right: { index: number; rest: bigint }): number {
  if (left.rest !== right.rest) return left.rest > right.rest ? -1 : 1;
  return left.index - right.index;
}

function roundLarge(numerator: number | bigint, denominator: number | bigint): number | undefined {
  if (!isWhole(numerator) || !isWhole(denominator) || denominator <= 0) return undefined;
  const divisor = BigInt(denominator);
  const exact = BigInt(numerator);
  const size = exact < 0n ? -exact : exact;
  const rounded = (2n * size + divisor) / (2n * divisor);
  const result = Number(exact < 0n ? -rounded : rounded);
  return Number.isSafeInteger(result) ? result : undefined;
}

function isWhole(value: number | bigint): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}
