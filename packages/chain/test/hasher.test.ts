import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nobleHasher } from '../src/index.ts';
import { nodeHasher } from '../src/node.ts';

describe('hashers', () => {
  it('give the FIPS 180-4 example', () => {
    const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    for (const hasher of [nobleHasher, nodeHasher]) expect(hasher.sha256Hex('abc')).toBe(expected);
  });

  it('agree on any bytes and any text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'grapheme' }), (bytes, text) => {
        expect(new Uint8Array(nodeHasher.sha256(bytes))).toEqual(nobleHasher.sha256(bytes));
        expect(nodeHasher.sha256Hex(bytes)).toBe(nobleHasher.sha256Hex(bytes));
        expect(nodeHasher.sha256Hex(text)).toBe(nobleHasher.sha256Hex(text));
        expect(nodeHasher.sha256Hex(text)).toBe(nodeHasher.sha256Hex(new TextEncoder().encode(text)));
      }),
    );
  });
});
