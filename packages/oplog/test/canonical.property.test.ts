import { encodeCanonical, type Json } from '@tallystick/oplog';
import { parseCanonical } from '@tallystick/oplog/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPlain } from '../src/plain.ts';
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

  describe('the short way', () => {
    /** Small texts of what JSON is made of, and writings of values that differ from the canonical one in little. */
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '-',
      '0',
      '7',
      '42',
      '1.5',
      '1e2',
      'true',
      'false',
      'null',
      ' ',
      '\n',
    ];
    const names = ['""', '"a"', '"a!"', '"aa"', '"b"', '"\\u0061"', '"\\""', '"\u001f"', '"\ud800"', '"😀"', '"é"'];
    const numbers = ['-0', '00', '999999999999999', '1000000000000000', '9007199254740991', '9007199254740992', '-'];
    const hostile = fc.oneof(
      fc.array(fc.constantFrom(...pieces, ...names, ...numbers), { maxLength: 8 }).map((parts) => parts.join('')),
      fc
        .array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...pieces, ...names, ...numbers)), { maxLength: 3 })
        .map((members) => `{${members.map(([name, value]) => `${name}:${value}`).join()}}`),
      fc.tuple(json, fc.nat(), fc.constantFrom(...pieces, '"', '\\')).map(([value, at, insert]) => {
        const text = encodeCanonical(value);
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + insert + text.slice(cut + (at % 3));
      }),
    );
    const isCanonical = (text: string): boolean => {
      try {
        return encodeCanonical(JSON.parse(text) as Json) === text;
      } catch {
        return false;
      }
    };

    it('says yes to canonical texts alone, and leaves no verdict other than the long one', () => {
      fc.assert(
        fc.property(hostile, fc.boolean(), (text, nested) => {
          const tried = nested ? `{"a":[${text}]}` : text;
          if (isPlain(tried, 16)) expect(isCanonical(tried)).toBe(true);
          expect(parseCanonical(tried).ok).toBe(isCanonical(tried));
        }),
        { numRuns: 3000 },
      );
    });

    it('says yes to every canonical text of the common kind', () => {
      const word = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '!', '~', 'é'), maxLength: 3 });
      const common = fc.letrec<{ value: Json }>((tie) => ({
        value: fc.oneof(
          { maxDepth: 4, withCrossShrink: true },
          word,
          fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }),
          fc.boolean(),
          fc.array(tie('value'), { maxLength: 3 }),
          fc.dictionary(word, tie('value'), { minKeys: 2, maxKeys: 5 }),
        ),
      })).value;
      fc.assert(fc.property(common, (value) => isPlain(encodeCanonical(value), 16)));
    });

    it.each([
      [
        'what is cut off or misplaced',
        ['', '"', '"a', '[', ']', '{', '}', '[1', '[1;2]', '[1,]', '[,1]', '[1]]', ' 1', '1 ', '1,2'],
      ],
      [
        'members that are none',
        [
          '{"a":1',
          '{"a"',
          '{"a":',
          '{"a":}',
          '{"a":[1}',
          '{1:1}',
          '{a":1}',
          '{"a";1}',
          '{"a"1}',
          '{"a":1,}',
          '{"a":1;"b":2}',
          '{"a":1,b":2}',
          '{"a":1,"b"}',
        ],
      ],
      [
        'keys out of order',
        ['{"a":1,"a":2}', '{"b":1,"a":2}', '{"aa":1,"a":2}', '{"a":1,"":2}', '{"a!":1,"a":2}', '{"ab":1,"aa":2}'],
      ],
      [
        'scalars of another kind',
        [
          '-',
          '-0',
          '00',
          '01',
          '-01',
          '1.5',
          '1e2',
          '+1',
          '1000000000000000',
          '-1000000000000000',
          'tru',
          'fals',
          'null',
          '"\\n"',
          '"\n"',
          '"😀"',
        ],
      ],
    ] as const)('says no to %s', (_name, texts) => {
      for (const text of texts) {
        expect(isPlain(text, 16), text).toBe(false);
        expect(isPlain(`[${text}]`, 16), text).toBe(text === '' || text === '1,2');
        expect(isPlain(`{"":${text}}`, 16), text).toBe(false);
      }
    });

    it.each([
      ['[]', 1],
      ['{}', 1],
      ['[[0]]', 2],
      ['{"a":{"b":[]}}', 3],
    ])('counts the levels of %s', (text, levels) => {
      expect(isPlain(text, levels)).toBe(true);
      for (let fewer = 0; fewer < levels; fewer++) expect(isPlain(text, fewer)).toBe(false);
      expect([isPlain('[', 0), isPlain('{', 0)]).toEqual([false, false]);
    });
  });
});
