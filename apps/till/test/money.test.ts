import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  currencyDigits,
  decimalText,
  formatMoney,
  formatQuantity,
  formatUnitPrice,
  parseDecimal,
  wholeUnitText,
} from '../src/model/money.ts';

describe('what a price is for', () => {
  it('is one whole unit, with the decimals of its scale', () => {
    expect(wholeUnitText(3, 'en')).toBe('1.000');
    expect(wholeUnitText(2, 'de')).toBe('1,00');
  });
});

describe('money on the screen', () => {
  it.each([
    [123456, 'GBP', '£1,234.56'],
    [-5, 'GBP', '-£0.05'],
    [350, 'JPY', '¥350'],
    [1234, 'KWD', 'KWD 1.234'],
    [3_000_000_000, 'USD', '$30,000,000.00'],
    [Number.MAX_SAFE_INTEGER, 'USD', '$90,071,992,547,409.91'],
  ])('formats %i %s as %s', (amountMinor, currency, text) => {
    expect(formatMoney(amountMinor, currency, 'en-US').replaceAll('\u00a0', ' ')).toBe(text);
  });

  it('knows the decimals of a currency', () => {
    expect(['GBP', 'JPY', 'KWD'].map(currencyDigits)).toEqual([2, 0, 3]);
  });

  it.each([
    [255_000, '£2.55'],
    [255_500, '£2.555'],
    [255, '£0.00255'],
    [0, '£0.00'],
  ])('formats a unit price of %i thousandths as %s', (price, text) => {
    expect(formatUnitPrice(price, 'GBP', 'en-GB')).toBe(text);
  });

  it('formats quantities without empty decimals', () => {
    expect(formatQuantity(1_250, 3, 'en')).toBe('1.25');
    expect(formatQuantity(3, 0, 'en')).toBe('3');
  });
});

describe('numbers as typed', () => {
  it.each([
    ['12', 2, 1200],
    ['12.5', 2, 1250],
    ['12,50', 2, 1250],
    ['.5', 2, 50],
    ['12.', 2, 1200],
    ['0.245', 3, 245],
    ['7', 0, 7],
  ])('reads %s at scale %i', (text, scale, value) => {
    expect(parseDecimal(text, scale)).toBe(value);
  });

  it.each([
    ['', 2],
    ['.', 2],
    ['1.005', 2],
    ['1.5', 0],
    ['-1', 2],
    ['1e3', 2],
    ['1 000', 2],
    ['12345678901234', 2],
    ['9999999999999.99', 6],
    ['٣', 0],
  ])('refuses %j at scale %i', (text, scale) => {
    expect(parseDecimal(text, scale)).toBeUndefined();
  });

  it('reads back what it writes, for every amount and scale', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999_999 }), fc.integer({ min: 0, max: 6 }), (value, scale) => {
        expect(parseDecimal(decimalText(value, scale), scale)).toBe(value);
      }),
    );
  });

  it('never answers anything but a safe integer', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 6 }), (text, scale) => {
        const value = parseDecimal(text, scale);
        expect(value === undefined || (Number.isSafeInteger(value) && value >= 0)).toBe(true);
      }),
    );
  });
});
