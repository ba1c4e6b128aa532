/** Check digits, against GS1's own examples and by property. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { gtinOf, isCheckedKey } from '../../src/index.ts';

it.each([
  ['GTIN-13', '4006381333931'],
  ['GTIN-8', '96385074'],
  ['GTIN-12', '614141007349'],
  ['GTIN-14', '10614141007346'],
  ['SSCC', '106141412345678908'],
  ['GLN', '0614141000012'],
])('knows the check digit of a %s', (_what, digits) => {
  expect(isCheckedKey(digits)).toBe(true);
});

it('finds every single wrong digit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 9 }), { minLength: 12, maxLength: 12 }),
      fc.nat(),
      fc.integer({ min: 1, max: 9 }),
      (head, at, by) => {
        const digit = '0123456789'.split('').find((last) => isCheckedKey(head.join('') + last));
        const whole = [...head, Number(digit)];
        const place = at % whole.length;
        const wrong = whole.with(place, ((whole[place] ?? 0) + by) % 10);
        expect(isCheckedKey(whole.join(''))).toBe(true);
        expect(isCheckedKey(wrong.join(''))).toBe(false);
      },
    ),
    { numRuns: 200 },
  );
});

it('writes a GTIN with 14 digits, and nothing else', () => {
  expect(gtinOf('4006381333931')).toBe('04006381333931');
  expect(gtinOf('96385074')).toBe('00000096385074');
  for (const none of ['4006381333930', '400638133393', '106141412345678908', '4006381333931 ', ''])
    expect(gtinOf(none)).toBeUndefined();
});
