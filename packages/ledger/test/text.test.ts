/** Days, currencies and names: what is accepted is exactly what exists. */
import { describe, expect, it } from 'vitest';
import { isCurrency, isDay, isPlainText } from '../src/index.ts';

describe('isDay', () => {
  it('agrees with the calendar on every day from 1896 to 2104', () => {
    for (let year = 1896; year <= 2104; year++) {
      for (let month = 1; month <= 12; month++) {
        for (let day = 1; day <= 31; day++) {
          const text = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
          const date = new Date(Date.UTC(year, month - 1, day));
          expect(isDay(text), text).toBe(date.toISOString().slice(0, 10) === text);
        }
      }
    }
  });

  it.each(['2026-11-00', '2026-00-10', '2026-13-10', '2026-1-01', ' 2026-01-01', '2026-01-01\n', '+12026-01-01', ''])(
    'refuses %j',
    (text) => expect(isDay(text)).toBe(false),
  );
});

describe('isCurrency', () => {
  it('wants three capital letters', () => {
    expect(isCurrency('GBP')).toBe(true);
    for (const text of ['gbp', 'GB', 'GBPX', 'GB1', '', 'ĞBP', 'GBP\n']) expect(isCurrency(text)).toBe(false);
  });
});

describe('isPlainText', () => {
  it('counts UTF-16 units and refuses control characters', () => {
    expect(isPlainText('Crème brûlée 🍮', 15)).toBe(true);
    expect(isPlainText('abcd', 3)).toBe(false);
    for (const unit of ['\0', '\n', '\t', '\u001f', '\u007f']) expect(isPlainText(`a${unit}`, 9)).toBe(false);
  });
});
