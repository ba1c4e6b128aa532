/** What lines come to, tax inside the price and on top of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priceLine, priceLines } from '../src/index.ts';

const line = (quantity: number, unitPriceMilliMinor: number, taxRateBasisPoints = 0, quantityScale = 0) => ({
  quantity,
  quantityScale,
  unitPriceMilliMinor,
  taxRateBasisPoints,
});

describe('priceLine', () => {
  it('splits the tax off a price that includes it', () => {
    expect(priceLine(line(1, 1_200_000, 2000), true)).toEqual({ amountMinor: 1000, taxMinor: 200 });
    expect(priceLine(line(1, 999_000, 2000), true)).toEqual({ amountMinor: 832, taxMinor: 167 });
  });

  it('adds the tax to a price that does not', () => {
    expect(priceLine(line(1, 1_000_000, 2000), false)).toEqual({ amountMinor: 1000, taxMinor: 200 });
    expect(priceLine(line(3, 333_000, 1900), false)).toEqual({ amountMinor: 999, taxMinor: 190 });
  });

  it('rounds halves of tax away from zero', () => {
    expect(priceLine(line(1, 10_000, 500), false)).toEqual({ amountMinor: 10, taxMinor: 1 });
  });

  it('takes a line without scale and rate as pieces without tax', () => {
    expect(priceLine({ quantity: 6, unitPriceMilliMinor: 255_000 }, true)).toEqual({ amountMinor: 1530, taxMinor: 0 });
  });

  it('answers undefined where it does not fit', () => {
    expect(priceLine(line(1e9, 1e13), true)).toBeUndefined();
    expect(priceLine(line(900_719_925, 1e10, 100_000), false)).toBeUndefined();
  });
});

describe('priceLine, properties', () => {
  const any = fc.record({
    quantity: fc.integer({ min: 0, max: 1e6 }),
    unitPriceMilliMinor: fc.integer({ min: 0, max: 1e9 }),
    quantityScale: fc.integer({ min: 0, max: 3 }),
    taxRateBasisPoints: fc.integer({ min: 0, max: 10_000 }),
  });

  it('with tax inside, amount and tax add up to the untaxed line', () => {
    fc.assert(
      fc.property(any, (priced) => {
        const { amountMinor = 0, taxMinor = 0 } = priceLine(priced, true) ?? {};
        expect(amountMinor + taxMinor).toBe(priceLine({ ...priced, taxRateBasisPoints: 0 }, true)?.amountMinor);
        expect(amountMinor >= 0 && taxMinor >= 0).toBe(true);
      }),
    );
  });

  it('is odd: a quantity taken back is the amounts taken back', () => {
    fc.assert(
      fc.property(any, fc.boolean(), (priced, taxIncluded) => {
        const there = priceLine(priced, taxIncluded);
        const back = priceLine({ ...priced, quantity: 0 - priced.quantity }, taxIncluded);
        expect(back?.amountMinor).toBe(0 - (there?.amountMinor ?? 0));
        expect(back?.taxMinor).toBe(0 - (there?.taxMinor ?? 0));
      }),
    );
  });
});

describe('priceLines', () => {
  it('adds up the lines', () => {
    expect(priceLines([line(1, 1_200_000, 2000), line(2, 50_000)], true)).toEqual({
      amounts: [
        { amountMinor: 1000, taxMinor: 200 },
        { amountMinor: 100, taxMinor: 0 },
      ],
      amountMinor: 1100,
      taxMinor: 200,
    });
  });

  it('refuses sums that do not fit, naming the line', () => {
    const huge = line(900_719, 10_000_000_000);
    expect(priceLines([huge], false)).toMatchObject({ amountMinor: 9_007_190_000_000 });
    expect(priceLines([huge, huge], false)).toMatchObject({ code: 'retail/amount-range', details: { line: 2 } });
    expect(priceLines([line(1e9, 1e13)], false)).toMatchObject({ code: 'retail/amount-range', details: { line: 1 } });
  });
});
