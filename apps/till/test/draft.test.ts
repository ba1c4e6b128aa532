import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDraft } from '../src/state/draft.ts';

const line = {
  sku: 'C1',
  name: 'Flat white',
  quantity: 2,
  quantityScale: 0,
  unitPriceMilliMinor: 360_000,
  taxRateBasisPoints: 2_000,
};

describe('the cart between reloads', () => {
  it('comes back as it was', () => {
    const cart = { key: 'k', lines: [line] };
    expect(parseDraft(JSON.stringify(cart))).toEqual(cart);
    const left = { ...cart, isOlderThanBook: true };
    expect(parseDraft(JSON.stringify(left))).toEqual(left);
  });

  it.each([
    undefined,
    '',
    'null',
    '[]',
    '{"key":"","lines":[]}',
    '{"key":"k"}',
    '{"key":"sold before","lines":[]}',
    '{"key":"k","lines":[null]}',
    JSON.stringify({ key: 'k', lines: [line, { ...line, quantity: 1.5 }] }),
    JSON.stringify({ key: 'k', lines: [{ ...line, quantity: -1 }] }),
    JSON.stringify({ key: 'k', lines: [{ ...line, unitPriceMilliMinor: '360000' }] }),
    JSON.stringify({ key: 'k', lines: [{ ...line, sku: 7 }] }),
    JSON.stringify({ key: 'k', lines: [{ ...line, lot: 7 }] }),
    JSON.stringify({ key: 'k', lines: [{ ...line, discountMinor: 720 }] }),
  ])('is dropped whole when it is %.60j', (text) => {
    expect(parseDraft(text)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseDraft(text)));
  });
});
