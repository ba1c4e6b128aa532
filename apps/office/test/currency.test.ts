import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMinor, isCurrency, minorDecimals, parseUnitPrice } from '../src/currency.ts';

describe('currencies', () => {
  it('knows ISO 4217 codes, in capitals only', () => {
    expect(['GBP', 'JPY', 'KWD'].map(isCurrency)).toEqual([true, true, true]);
    expect(['ZZZ', 'gbp', '', 'GB', 'POUND'].map(isCurrency)).toEqual([false, false, false, false, false]);
  });

  it('knows how many decimals a currency has', () => {
    expect(['GBP', 'JPY', 'KWD', 'IQD', 'CLF'].map(minorDecimals)).toEqual([2, 0, 3, 3, 4]);
  });
});

function reasonOf(price: string): string {
  const parsed = parseUnitPrice(price, 'GBP');
  return parsed.ok ? '' : parsed.reason;
}

describe('parseUnitPrice', () => {
  it('keeps tenths of a penny and finer exactly', () => {
    const cases = {
      '2.55': 255_000,
      '0.001': 100,
      '0.00001': 1,
      '4.0': 400_000,
      '-11062.06': -1_106_206_000,
      '7': 700_000,
    };
    for (const [text, milliMinor] of Object.entries(cases)) {
      expect(parseUnitPrice(text, 'GBP')).toEqual({ ok: true, milliMinor });
    }
    expect(parseUnitPrice('1.0050000000', 'GBP')).toEqual({ ok: true, milliMinor: 100_500 });
    expect(parseUnitPrice('-0.00', 'GBP')).toEqual({ ok: true, milliMinor: 0 });
    expect(parseUnitPrice('120', 'JPY')).toEqual({ ok: true, milliMinor: 120_000 });
  });

  it('refuses everything that is not a plain decimal', () => {
    for (const text of [
      '',
      ' ',
      '2,55',
      '1e3',
      '0x10',
      '+1',
      '.5',
      '5.',
      'NaN',
      'Infinity',
      '--1',
      '1.2.3',
      '£2.55',
      '１',
    ]) {
      expect(parseUnitPrice(text, 'GBP')).toEqual({ ok: false, reason: 'is not a decimal number' });
    }
  });

  it('says which currency a price names', () => {
    expect(parseUnitPrice('2.55 QQQ', 'GBP')).toEqual({ ok: false, reason: 'names the unknown currency QQQ' });
    expect(reasonOf('EUR 2.55')).toContain('names the currency EUR');
  });

  it('refuses what it could not keep exactly, and what an op could not carry', () => {
    expect(reasonOf('0.000001')).toContain('5 decimals');
    expect(parseUnitPrice('999999999999', 'GBP')).toEqual({ ok: false, reason: 'is too large' });
  });

  it('never loses a digit: parsing what was formatted gives it back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(10 ** 12), max: 10 ** 12 }),
        fc.constantFrom('GBP', 'JPY', 'KWD'),
        (minor, currency) => {
          expect(parseUnitPrice(formatMinor(minor, currency), currency)).toMatchObject({
            ok: Math.abs(minor) <= 10 ** 10,
            ...(Math.abs(minor) <= 10 ** 10 ? { milliMinor: minor * 1000 } : {}),
          });
        },
      ),
    );
  });
});

describe('formatMinor', () => {
  it('writes minor units as people write money', () => {
    expect(formatMinor(130_895_728, 'GBP', true)).toBe('1,308,957.28');
    expect(formatMinor(-5, 'GBP')).toBe('-0.05');
    expect(formatMinor(1_500, 'JPY', true)).toBe('1,500');
  });
});
