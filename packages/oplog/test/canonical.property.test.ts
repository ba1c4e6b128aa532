import { encodeCanonical, type Json, parseCanonical } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyCharacter, json } from './arbitraries.ts';

/** The slow way: JSON.stringify with the members of every object in sorted order. */
function naive(value: Json): string {
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(naive).join()}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${naive(member)}`).join()}}`;
}

/** Members in another order, and numbers as they were: the same value. */
function shuffled(value: Json): Json {
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(shuffled);
  const object = {};
  for (const [key, member] of Object.entries(value).reverse()) {
    Object.defineProperty(object, key, { value: shuffled(member), enumerable: true });
  }
  return object;
}

describe('canonical text (properties)', () => {
  it('decode(encode(x)) = x', () => {
    fc.assert(
      fc.property(json, (value) => {
        const parsed = parseCanonical(encodeCanonical(value));
        expect(parsed).toEqual({ ok: true, value });
      }),
    );
  });

  it('is what the naive writer writes', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(encodeCanonical(value)).toBe(naive(value));
      }),
    );
  });

  it('does not depend on the order of insertion', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(encodeCanonical(shuffled(value))).toBe(encodeCanonical(value));
      }),
    );
  });

  it('accepts a text only if it is its own canonical form, and never throws', () => {
    const nearly = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.json(),
      fc.tuple(json, fc.nat(), fc.string({ unit: anyCharacter, maxLength: 2 })).map(([value, at, insert]) => {
        const text = encodeCanonical(value);
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + insert + text.slice(cut + (at % 2));
      }),
    );
    fc.assert(
      fc.property(nearly, (text) => {
        const parsed = parseCanonical(text);
        if (parsed.ok) expect(encodeCanonical(parsed.value)).toBe(text);
        else expect(parsed.code).toMatch(/^canonical\/[a-z-]+$/);
      }),
      { numRuns: 500 },
    );
  });
});
