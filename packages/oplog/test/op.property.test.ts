import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeCanonical, type Json, parseCanonical } from '../src/canonical.ts';
import { encodeOp, type Op, parseOp } from '../src/op.ts';
import { op as anyOp } from './arbitraries.ts';

/** Something else at one place of a text: another sign, one more, one less, or two members for one. */
const anyEdit = fc.record({
  at: fc.nat({ max: 400 }),
  remove: fc.nat({ max: 2 }),
  insert: fc.constantFrom(
    '',
    '0',
    '-',
    ' ',
    '"',
    ',',
    '{',
    '}',
    '[]',
    '"a":1,',
    '"args":{},',
    'ü',
    '\u0000',
    '\\u0041',
    '\ud800',
    '1e3',
  ),
});

describe('an op whose args are parsed when somebody asks', () => {
  test('is read from no other text than the strict reader takes, and is what that reads', () => {
    let taken = 0;
    fc.assert(
      fc.property(anyOp, fc.array(anyEdit, { maxLength: 2 }), (op, edits) => {
        let text = encodeOp(op);
        for (const { at, remove, insert } of edits) {
          const place = at % text.length;
          text = text.slice(0, place) + insert + text.slice(place + remove);
        }
        const strict = parseCanonical(text);
        const parsed = parseOp(text);
        if (!strict.ok) expect(parsed).toMatchObject({ ok: false, code: strict.code });
        if (!parsed.ok) return;
        taken += 1;
        expect(parsed.value).toEqual(strict.ok && strict.value);
        expect(encodeCanonical({ ...parsed.value } as unknown as Json)).toBe(text);
        expect(JSON.parse(JSON.stringify(parsed.value))).toEqual(JSON.parse(text));
      }),
      { numRuns: 400 },
    );
    expect(taken).toBeGreaterThan(50);
  });

  test('has the same args each time, and in a copy of it, also where it is frozen', () => {
    fc.assert(
      fc.property(anyOp, fc.boolean(), (op, isFrozen) => {
        const parsed = parseOp(encodeOp(op));
        if (!parsed.ok) throw new Error(parsed.message);
        const read: Op = isFrozen ? Object.freeze(parsed.value) : parsed.value;
        expect(structuredClone(read).args).toEqual(op.args);
        expect(new Proxy(read, {}).args).toEqual(op.args);
        expect(read.args).toEqual(op.args);
        expect(Object.keys(read).sort()).toEqual(Object.keys(op).sort());
      }),
      { numRuns: 50 },
    );
  });
});
