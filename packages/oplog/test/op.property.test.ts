import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeCanonical, type Json } from '../src/canonical.ts';
import type { KeyId } from '../src/brands.ts';
import { forgetArgs } from '../src/held-args.ts';
import { encodeOp, type Op } from '../src/op.ts';
import { encodeRecord } from '../src/record.ts';
import { decodeRecord, parseCanonical, parseOp } from '../src/strict.ts';
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
      { seed: 1, numRuns: 400 },
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

  test('is the same after its args were left to the bytes of its record, as often as that is done', () => {
    const keyId = '00'.repeat(32) as KeyId;
    fc.assert(
      fc.property(anyOp, fc.boolean(), fc.boolean(), (op, isAsked, isFrozen) => {
        const decoded = decodeRecord(encodeRecord(keyId, new Uint8Array(64), encodeOp(op)));
        if (!decoded.ok) throw new Error(decoded.message);
        const record = decoded.value;
        if (isFrozen) Object.freeze(record.op);
        for (let round = 0; round < 2; round++) {
          if (isAsked) expect(record.op.args).toEqual(op.args);
          forgetArgs(record);
          expect(record.op).toEqual(op);
          expect(encodeOp(record.op)).toBe(record.text);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('has its own args where they hold what stands after them', () => {
    const args = { a: 'x,"at":1,"device":"', at: [{ at: 3 }] };
    const [op] = fc.sample(anyOp, { numRuns: 1, seed: 1 }) as [Op];
    const text = encodeOp({ ...op, args });
    const decoded = decodeRecord(encodeRecord('00'.repeat(32) as KeyId, new Uint8Array(64), text));
    if (!decoded.ok) throw new Error(decoded.message);
    forgetArgs(decoded.value);
    expect(decoded.value.op.args).toEqual(args);
  });
});
