/** What a scanner reads, in every writing that is met at a counter. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scan } from '../../src/scan.ts';

const gtin = '09506000134352';
const full = { gtin, lot: 'ABC-1', expiry: '2030-06-30', serial: 'S9' };

describe('one code, written differently', () => {
  it.each([
    ['in brackets', `(01)${gtin}(17)300630(10)ABC-1(21)S9`],
    ['as GS1-128', `]C101${gtin}1730063010ABC-1\u001d21S9`],
    ['as a DataMatrix', `]d201${gtin}1730063010ABC-1\u001d21S9`],
    ['raw, with FNC1 before it', `\u001d01${gtin}1730063010ABC-1\u001d21S9`],
    ['raw', `01${gtin}1730063010ABC-1\u001d21S9`],
    ['as a Digital Link', `https://id.gs1.org/01/${gtin}/10/ABC-1/21/S9?17=300630`],
    [
      'as a Digital Link of a shop, with a GTIN-13',
      'https://example.com/some/where/01/9506000134352/10/ABC%2D1/21/S9?17=300630&lang=en',
    ],
  ])('%s', (_how, text) => {
    expect(scan(text)).toEqual({ ok: true, value: full });
  });
});

it.each([
  ['a GTIN-13', '9506000134352', { gtin }],
  ['a GTIN-13 with its symbology', ']E09506000134352', { gtin }],
  ['an SSCC', '(00)106141412345678908', { sscc: '106141412345678908' }],
  [
    'a pallet and what is on it',
    `(00)106141412345678908(02)${gtin}(37)24`,
    { sscc: '106141412345678908', gtin, quantity: 24, quantityScale: 0 },
  ],
  ['a weight', `(01)${gtin}(3103)001234`, { gtin, quantity: 1234, quantityScale: 3 }],
  ['a price', `(01)${gtin}(3922)995`, { gtin, price: { amount: 995, decimals: 2 } }],
  [
    'a price and its currency',
    `(01)${gtin}(3932)826995`,
    { gtin, price: { amount: 995, decimals: 2, currencyNumber: '826' } },
  ],
  ['use by rather than best before', `(01)${gtin}(15)300101(17)300630`, { gtin, expiry: '2030-06-30' }],
  ["a shop's own code", 'SHELF-17', { code: 'SHELF-17' }],
  ['a link that is nobody’s product', 'https://example.com/menu', { code: 'https://example.com/menu' }],
])('reads %s', (_what, text, value) => {
  expect(scan(text)).toEqual({ ok: true, value });
});

it.each([
  ['a wrong check digit', '(01)09506000134353', 'check-digit'],
  ['a wrong check digit in a link', 'https://id.gs1.org/01/09506000134353', 'check-digit'],
  ['a wrong check digit of an EAN symbol', ']E09506000134353', 'check-digit'],
  ['half an element', '(01)0950600013', 'truncated fixed length element'],
  ['what is no GS1 key', ']C1(99)x', 'nothing-known'],
  ['a bracket inside a link', 'https://id.gs1.org/01/09506000134352/10/(21)9', 'not-a-link'],
  ['control characters', 'A\u0000B', 'characters'],
  ['a novel', 'x'.repeat(513), 'too-long'],
])('refuses %s', (_what, text, reason) => {
  expect(scan(text)).toEqual({ ok: false, code: 'retail/scan', reason });
});

it('never throws', () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789()]dC1\u001d%/?=ahtps:'.split('')), maxLength: 60 });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        digits,
        digits.map((text) => `https://x/${text}`),
        digits.map((text) => `(01)${text}`),
      ),
      (text) => {
        expect(typeof scan(text).ok).toBe('boolean');
      },
    ),
    { numRuns: 500 },
  );
});
