import { encodeCanonical, encodeOp, type Json, type Op, OplogError } from '@tallystick/oplog';
import { parseOp } from '@tallystick/oplog/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { op, sampleOp } from './arbitraries.ts';

const { prev: _, ...withoutPrev } = sampleOp();
const genesis = { ...withoutPrev, seq: 1, verb: 'book.open@1' };
const hash = 'ab'.repeat(32);
const otherHash = 'cd'.repeat(32);

function encodeCode(value: unknown): string {
  try {
    encodeOp(value as Op);
  } catch (error) {
    if (error instanceof OplogError) return error.code;
    throw error;
  }
  return 'accepted';
}

function parseCode(value: unknown): string {
  const parsed = parseOp(encodeCanonical(value as Json));
  return parsed.ok ? 'accepted' : parsed.code;
}

describe('op', () => {
  it('is its canonical text', () => {
    expect(encodeOp(sampleOp())).toBe(
      '{"args":{"quantity":2,"sku":"tea"},"at":1764500000000,' +
        '"device":"d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0",' +
        '"id":"019aa2c6-0000-7000-8000-000000000001",' +
        '"prev":"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1",' +
        '"scope":"hq","seq":2,"verb":"sale.complete@1"}',
    );
  });

  it.each([
    ['the least', {}],
    ['empty args', { args: {} }],
    ['seq 1 with a prev', { seq: 1 }],
    ['the largest seq', { seq: Number.MAX_SAFE_INTEGER }],
    ['the first and last ms', { at: 0 }],
    ['the last ms', { at: 253_402_300_799_999 }],
    ['a branch', { scope: 'b/042' }],
    ['a scope of 64 characters', { scope: 'a'.repeat(64) }],
    ['a verb of one word', { verb: 'noop@1' }],
    ['a verb of 64 characters', { verb: `${'a'.repeat(57)}@999999` }],
    ['seen heads', { seen: { heads: [hash] } }],
    ['seen root and size', { seen: { root: hash, size: 1 } }],
    ['16 heads', { seen: { heads: Array.from({ length: 16 }, (_, i) => `${i + 10}`.repeat(32)) } }],
    ['all of seen', { seen: { heads: [hash, otherHash], root: hash, size: 1042 } }],
  ])('accepts %s', (_name, parts) => {
    const value = { ...sampleOp(), ...parts };
    expect(encodeCode(value)).toBe('accepted');
    expect(parseCode(value)).toBe('accepted');
  });

  it('accepts the genesis op', () => {
    expect(encodeCode(genesis)).toBe('accepted');
    expect(parseCode(genesis)).toBe('accepted');
  });

  it.each([
    ['an unknown member', { ...sampleOp(), note: 'x' }, 'op/member'],
    ['a member called __proto__', JSON.parse(`{"__proto__":1,${encodeOp(sampleOp()).slice(1)}`), 'op/member'],
    ['args that are a list', { ...sampleOp(), args: [] }, 'op/args'],
    ['args that are text', { ...sampleOp(), args: '{}' }, 'op/args'],
    ['a time before 1970', { ...sampleOp(), at: -1 }, 'op/at'],
    ['a time after 9999', { ...sampleOp(), at: 253_402_300_800_000 }, 'op/at'],
    ['a time as text', { ...sampleOp(), at: '1764500000000' }, 'op/at'],
    ['a short device', { ...sampleOp(), device: 'd0' }, 'op/device'],
    ['a device in capitals', { ...sampleOp(), device: 'D0'.repeat(32) }, 'op/device'],
    ['a UUIDv4', { ...sampleOp(), id: '019aa2c6-0000-4000-8000-000000000001' }, 'op/id'],
    ['a UUID of another variant', { ...sampleOp(), id: '019aa2c6-0000-7000-c000-000000000001' }, 'op/id'],
    ['a UUID in capitals', { ...sampleOp(), id: '019AA2C6-0000-7000-8000-000000000001' }, 'op/id'],
    ['a UUID and a line feed', { ...sampleOp(), id: '019aa2c6-0000-7000-8000-000000000001\n' }, 'op/id'],
    ['a prev that is no hash', { ...sampleOp(), prev: 'genesis' }, 'op/prev'],
    ['no prev', withoutPrev, 'op/prev'],
    ['an empty scope', { ...sampleOp(), scope: '' }, 'op/scope'],
    ['a scope in capitals', { ...sampleOp(), scope: 'HQ' }, 'op/scope'],
    ['a scope that starts with a slash', { ...sampleOp(), scope: '/hq' }, 'op/scope'],
    ['a scope of 65 characters', { ...sampleOp(), scope: 'a'.repeat(65) }, 'op/scope'],
    ['seq 0', { ...sampleOp(), seq: 0 }, 'op/seq'],
    ['a seq as text', { ...sampleOp(), seq: '2' }, 'op/seq'],
    ['a verb without a version', { ...sampleOp(), verb: 'sale.complete' }, 'op/verb'],
    ['version 0', { ...sampleOp(), verb: 'sale.complete@0' }, 'op/verb'],
    ['a version with a leading zero', { ...sampleOp(), verb: 'sale.complete@01' }, 'op/verb'],
    ['a verb of 65 characters', { ...sampleOp(), verb: `${'a'.repeat(58)}@999999` }, 'op/verb'],
    ['seen that is a list', { ...sampleOp(), seen: [] }, 'op/seen'],
    ['seen that says nothing', { ...sampleOp(), seen: {} }, 'op/seen'],
    ['seen with another member', { ...sampleOp(), seen: { heads: [hash], at: 1 } }, 'op/seen'],
    ['a root without a size', { ...sampleOp(), seen: { root: hash } }, 'op/seen'],
    ['a size without a root', { ...sampleOp(), seen: { size: 1 } }, 'op/seen'],
    ['an empty log as seen', { ...sampleOp(), seen: { root: hash, size: 0 } }, 'op/seen'],
    ['a root that is no hash', { ...sampleOp(), seen: { root: 'r', size: 1 } }, 'op/seen'],
    ['no heads', { ...sampleOp(), seen: { heads: [] } }, 'op/seen'],
    ['heads that are text', { ...sampleOp(), seen: { heads: hash } }, 'op/seen'],
    ['heads out of order', { ...sampleOp(), seen: { heads: [otherHash, hash] } }, 'op/seen'],
    ['a head twice', { ...sampleOp(), seen: { heads: [hash, hash] } }, 'op/seen'],
    ['a head that is no hash', { ...sampleOp(), seen: { heads: ['h'] } }, 'op/seen'],
    [
      '17 heads',
      { ...sampleOp(), seen: { heads: Array.from({ length: 17 }, (_, i) => `${i + 10}`.repeat(32)) } },
      'op/seen',
    ],
    ['a second genesis in the chain', { ...genesis, prev: hash }, 'op/genesis'],
    ['a genesis in a branch', { ...genesis, scope: 'b/042' }, 'op/genesis'],
    ['a genesis that is not first', { ...genesis, seq: 2 }, 'op/genesis'],
    ['a genesis that saw something', { ...genesis, seen: { heads: [hash] } }, 'op/genesis'],
    ...['args', 'at', 'device', 'id', 'scope', 'seq', 'verb'].map((member): [string, object, string] => {
      const { [member as keyof Op]: _gone, ...rest } = sampleOp();
      return [`an op without ${member}`, rest, `op/${member}`];
    }),
  ])('refuses %s', (_name, value, code) => {
    expect(encodeCode(value)).toBe(code);
    expect(parseCode(value)).toBe(code);
  });

  it.each(['[]', '"op"', '1', 'true'])('refuses %s, which is no object', (text) => {
    expect(parseOp(text)).toMatchObject({ ok: false, code: 'op/shape' });
  });

  it('refuses a text that is not canonical before it looks at the op', () => {
    expect(parseOp(`${encodeOp(sampleOp())} `)).toMatchObject({ ok: false, code: 'canonical/form' });
  });

  it('decode(encode(op)) = op (property)', () => {
    fc.assert(
      fc.property(op, (value) => {
        expect(parseOp(encodeOp(value))).toEqual({ ok: true, value });
      }),
    );
  });
});
