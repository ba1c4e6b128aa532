import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { portableHasher } from '../src/index.ts';
import { nodeHasher } from '../src/node.ts';

describe('hashers', () => {
  it('give the FIPS 180-4 example', () => {
    const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    for (const hasher of [portableHasher, nodeHasher]) expect(hasher.sha256Hex('abc')).toBe(expected);
  });

  it('give the digest of a million letters', () => {
    const expected = 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0';
    for (const hasher of [portableHasher, nodeHasher]) expect(hasher.sha256Hex('a'.repeat(1_000_000))).toBe(expected);
  });

  it('agree on every length around the ends of blocks', () => {
    const bytes = Uint8Array.from({ length: 260 }, (_, index) => index * 151 + 7);
    for (let length = 0; length <= bytes.length; length++) {
      const message = bytes.subarray(bytes.length - length);
      expect(portableHasher.sha256Hex(message)).toBe(nodeHasher.sha256Hex(message));
    }
  });

  it('agree on any bytes and any text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'grapheme' }), (bytes, text) => {
        expect(new Uint8Array(nodeHasher.sha256(bytes))).toEqual(portableHasher.sha256(bytes));
        expect(nodeHasher.sha256Hex(bytes)).toBe(portableHasher.sha256Hex(bytes));
        expect(nodeHasher.sha256Hex(text)).toBe(portableHasher.sha256Hex(text));
        expect(nodeHasher.sha256Hex(text)).toBe(nodeHasher.sha256Hex(new TextEncoder().encode(text)));
      }),
    );
  });
});
