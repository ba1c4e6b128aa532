import { describe, expect, it } from 'vitest';
import { equalBytes, parseDigestHex } from '../src/hex.ts';

describe('hex of a digest', () => {
  it('is 64 lowercase digits and nothing around them', () => {
    expect(parseDigestHex('0f'.repeat(32))).toEqual(new Uint8Array(32).fill(15));
    const digits = 'ab'.repeat(32);
    for (const text of [
      `0${digits}`,
      `${digits}0`,
      `${digits}\n`,
      digits.slice(1),
      digits.toUpperCase(),
      '',
      [digits],
    ]) {
      expect(parseDigestHex(text)).toBeUndefined();
    }
  });
});

describe('equal bytes', () => {
  it('are equal to the last one and in number', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(equalBytes(bytes, Uint8Array.of(1, 2, 3))).toBe(true);
    for (const other of [[1, 2], [1, 2, 3, 0], [0, 2, 3], [1, 2, 4], []]) {
      expect(equalBytes(bytes, Uint8Array.from(other))).toBe(false);
      expect(equalBytes(Uint8Array.from(other), bytes)).toBe(false);
    }
  });
});
