import { describe, expect, it } from 'vitest';
import { rememberKeys } from '../src/key-cache.ts';

const key = (byte: number): Uint8Array => Uint8Array.of(byte);

describe('rememberKeys', () => {
  it('derives once, also a false', () => {
    const derived: number[] = [];
    const isEven = rememberKeys(([byte = 0]) => derived.push(byte) > 0 && byte % 2 === 0);
    expect([isEven(key(1)), isEven(key(1)), isEven(key(2))]).toEqual([false, false, true]);
    expect(derived).toEqual([1, 2]);
  });

  it('drops the least recently used and never holds more than its limit', () => {
    const derived: number[] = [];
    const name = rememberKeys(([byte = 0]) => ({ order: derived.push(byte) }), 2);
    for (const byte of [1, 2, 1, 3, 1, 2]) name(key(byte));
    expect(derived).toEqual([1, 2, 3, 2]);
  });

  it('does not keep what threw', () => {
    let calls = 0;
    const failing = rememberKeys((): boolean => {
      calls += 1;
      throw new Error('once more');
    });
    for (let i = 0; i < 2; i++) expect(() => failing(key(1))).toThrow('once more');
    expect(calls).toBe(2);
  });

  it('does not keep what rejected', async () => {
    let calls = 0;
    const failing = rememberKeys(async (): Promise<object> => {
      calls += 1;
      throw new Error('once more');
    });
    for (let i = 0; i < 2; i++) await expect(failing(key(1))).rejects.toThrow('once more');
    expect(calls).toBe(2);
  });
});
