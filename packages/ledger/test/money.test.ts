/** The rounding rule of docs/decisions/010-rounding.md, by example. */
import { describe, expect, it } from 'vitest';
import { addMinor, allocate, lineAmountMinor, roundHalfAway, scaleHalfAway } from '../src/index.ts';

const max = Number.MAX_SAFE_INTEGER;

describe('roundHalfAway', () => {
  it.each([
    [14, 10, 1],
    [15, 10, 2],
    [-14, 10, -1],
    [-15, 10, -2],
    [25, 10, 3],
    [0, 7, 0],
    [max, 1, max],
    [max, max, 1],
    [1, max, 0],
  ])('%d / %d = %d', (numerator, denominator, expected) => {
    expect(roundHalfAway(numerator, denominator)).toBe(expected);
  });

  it('is exact where floats are not: 1.005 rounds up and 2^53-1 over 2 too', () => {
    expect(roundHalfAway(1005, 10)).toBe(101);
    expect(roundHalfAway(max, 2)).toBe(2 ** 52);
    expect(roundHalfAway(-max, 2)).toBe(-(2 ** 52));
  });

  it('takes bigints and answers undefined where the result does not fit', () => {
    expect(roundHalfAway(10n ** 20n, 10n ** 10n)).toBe(10 ** 10);
    expect(roundHalfAway(10n ** 20n, 10)).toBeUndefined();
    expect(roundHalfAway(BigInt(max) * 2n + 1n, 2)).toBeUndefined();
  });

  it.each([
    [0.5, 1],
    [1, 0.5],
    [1, 0],
    [1, -2],
    [Number.NaN, 1],
    [Number.POSITIVE_INFINITY, 1],
    [2 ** 53, 1],
    [1.5, 2n],
  ])('refuses %s / %s without throwing', (numerator, denominator) => {
    expect(roundHalfAway(numerator, denominator)).toBeUndefined();
  });

  it('never yields -0', () => {
    for (const numerator of [-0, 0, -1, -4]) expect(roundHalfAway(numerator, 10)).toBe(0);
    expect(roundHalfAway(-1n, 10n)).toBe(0);
    expect(scaleHalfAway(-3, 0, 10)).toBe(0);
  });
});

describe('lineAmountMinor', () => {
  it('counts thousandths of a minor unit', () => {
    expect(lineAmountMinor(6, 0, 255_000)).toBe(1530);
    expect(lineAmountMinor(3, 0, 500)).toBe(2);
    expect(lineAmountMinor(-3, 0, 500)).toBe(-2);
  });

  it('scales quantities: 1.234 kg at 2.99', () => {
    expect(lineAmountMinor(1234, 3, 299_000)).toBe(369);
  });

  it('is exact beyond 2^53 in between and undefined beyond it at the end', () => {
    expect(lineAmountMinor(1_000_000_000, 6, 9_007_199_254_741)).toBe(9_007_199_254_741);
    expect(lineAmountMinor(1_000_000_000, 0, 10_000_000_000_000)).toBeUndefined();
  });

  it.each([-1, 7, 0.5, Number.NaN])('knows no scale %s', (scale) => {
    expect(lineAmountMinor(1, scale, 1000)).toBeUndefined();
  });
});

describe('addMinor', () => {
  it('adds, or says that it does not fit', () => {
    expect(addMinor(1, 2)).toBe(3);
    expect(addMinor(max, 1)).toBeUndefined();
    expect(addMinor(2 ** 53, -1)).toBeUndefined();
  });
});

describe('allocate', () => {
  it('gives the units left over to the largest remainders, the earlier first', () => {
    expect(allocate(100, [1, 1, 1])).toEqual([34, 33, 33]);
    expect(allocate(5, [3, 7])).toEqual([2, 3]);
    expect(allocate(101, [50, 30, 20])).toEqual([51, 30, 20]);
  });

  it('splits a debt as it splits a credit', () => {
    expect(allocate(-100, [1, 1, 1])).toEqual([-34, -33, -33]);
  });

  it('gives nothing to a weight of nothing', () => {
    expect(allocate(1, [0, 1])).toEqual([0, 1]);
    expect(allocate(-1, [0, 1])).toEqual([0, -1]);
  });

  it.each([[[]], [[0, 0]], [[-1, 2]], [[0.5]], [[Number.NaN]], [[2 ** 53]]])('refuses weights %j', (weights) => {
    expect(allocate(100, weights)).toBeUndefined();
  });

  it('refuses an amount that is none', () => {
    expect(allocate(0.1, [1])).toBeUndefined();
  });
});
