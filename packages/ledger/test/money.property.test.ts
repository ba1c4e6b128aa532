/** Properties of rounding and allocation, against exact rational arithmetic. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate, lineAmountMinor, roundHalfAway } from '../src/index.ts';

const amount = fc.maxSafeInteger();
const edgy = fc.oneof(
  amount,
  fc.integer({ min: -1000, max: 1000 }),
  fc.constantFrom(0, 1, -1, 2 ** 53 - 1, 1 - 2 ** 53),
);
const divisor = fc.oneof(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));

/** The definition: the nearest integer, and of two equally near ones the one farther from zero. */
function isRounded(result: number, numerator: bigint, denominator: bigint): boolean {
  const size = numerator < 0n ? -numerator : numerator;
  const rounded = BigInt(Math.abs(result));
  const twiceOff = 2n * (rounded * denominator - size);
  const hasSign = result === 0 || result < 0 === numerator < 0n;
  return hasSign && twiceOff > -denominator && twiceOff <= denominator;
}

describe('roundHalfAway', () => {
  it('is the nearest integer, halves away from zero', () => {
    fc.assert(
      fc.property(edgy, divisor, (numerator, denominator) => {
        const result = roundHalfAway(numerator, denominator);
        return result !== undefined && isRounded(result, BigInt(numerator), BigInt(denominator));
      }),
    );
  });

  it('is symmetric: what a refund gives back is what the sale took', () => {
    fc.assert(
      fc.property(edgy, divisor, (numerator, denominator) => {
        const there = roundHalfAway(numerator, denominator) ?? Number.NaN;
        expect(roundHalfAway(0 - numerator, denominator)).toBe(0 - there);
      }),
    );
  });

  it('says the same of numbers and of bigints', () => {
    fc.assert(
      fc.property(edgy, divisor, (numerator, denominator) => {
        expect(roundHalfAway(BigInt(numerator), denominator)).toBe(roundHalfAway(numerator, denominator));
      }),
    );
  });

  it('would be caught rounding half to even (falsifier)', () => {
    expect(isRounded(2, 25n, 10n)).toBe(false);
    expect(isRounded(3, 25n, 10n)).toBe(true);
  });
});

describe('lineAmountMinor', () => {
  it('is the exact product rounded once, or undefined exactly where that does not fit', () => {
    const quantity = fc.integer({ min: -1e9, max: 1e9 });
    const price = fc.integer({ min: -1e13, max: 1e13 });
    fc.assert(
      fc.property(quantity, fc.integer({ min: 0, max: 6 }), price, (count, scale, unitPrice) => {
        const numerator = BigInt(count) * BigInt(unitPrice);
        const denominator = 1000n * 10n ** BigInt(scale);
        const result = lineAmountMinor(count, scale, unitPrice);
        if (result === undefined) {
          const size = numerator < 0n ? -numerator : numerator;
          expect((2n * size + denominator) / (2n * denominator) > BigInt(Number.MAX_SAFE_INTEGER)).toBe(true);
        } else {
          expect(isRounded(result, numerator, denominator)).toBe(true);
          expect(Object.is(result, -0)).toBe(false);
        }
      }),
    );
  });
});

describe('allocate', () => {
  const weights = fc.array(fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: Number.MAX_SAFE_INTEGER })), {
    minLength: 1,
    maxLength: 40,
  });

  it('loses nothing, strays less than one unit, and never crosses zero', () => {
    fc.assert(
      fc.property(edgy, weights, (total, parts) => {
        fc.pre(parts.some((part) => part > 0));
        const shares = allocate(total, parts) ?? [];
        const whole = parts.reduce((sum, part) => sum + BigInt(part), 0n);
        expect(shares.reduce((sum, share) => sum + BigInt(share), 0n)).toBe(BigInt(total));
        for (const [index, share] of shares.entries()) {
          const off = BigInt(share) * whole - BigInt(total) * BigInt(parts[index] ?? 0);
          expect(off < whole && off > -whole).toBe(true);
          expect(share === 0 || share < 0 === total < 0).toBe(true);
          expect(Object.is(share, -0)).toBe(false);
        }
      }),
    );
  });

  it('never gives a smaller weight more', () => {
    fc.assert(
      fc.property(fc.nat(), weights, (total, parts) => {
        fc.pre(parts.some((part) => part > 0));
        const shares = allocate(total, parts) ?? [];
        for (const [left, part] of parts.entries()) {
          for (const [right, other] of parts.entries()) {
            if (part > other) expect((shares[left] ?? 0) >= (shares[right] ?? 0)).toBe(true);
          }
        }
      }),
    );
  });
});
