import type { OpRecord } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../src/index.ts';
import { deviceNamed, flipBit, hasher, makeChain, reopened, isValid } from './fixtures.ts';

const honest = makeChain(deviceNamed('root'), 20);
const check = { hasher, verify: isValid };
const anyBit = fc.nat(honest.length - 1).chain((index) => {
  const bits = (honest[index] as OpRecord).bytes.length * 8;
  return fc.record({ index: fc.constant(index), bit: fc.nat(bits - 1) });
});

describe('verifyChain, for any chain', () => {
  it('names the op in which one bit flipped', async () => {
    await fc.assert(
      fc.asyncProperty(anyBit, async ({ index, bit }) => {
        const damaged = honest.with(index, flipBit(honest[index] as OpRecord, bit));
        const verdict = await verifyChain(damaged, { ...check, every: true });
        expect(verdict).toMatchObject({ ok: false, index });
      }),
      { numRuns: 400 },
    );
  });

  it('names it also to a reader who only has the bytes, and then without an audit wherever hashes can tell', async () => {
    await fc.assert(
      fc.asyncProperty(anyBit, async ({ index, bit }) => {
        const damaged = reopened(flipBit(honest[index] as OpRecord, bit).bytes);
        fc.pre(damaged !== undefined);
        const records = honest.with(index, damaged);
        expect(await verifyChain(records, { ...check, every: true })).toMatchObject({ ok: false, index });
        // A changed signature inside a run is covered by the one that closes the run; all else shows at once.
        const isCovered = bit >= 32 * 8 && bit < 96 * 8 && index < honest.length - 1;
        expect(await verifyChain(records, check)).toMatchObject(isCovered ? { ok: true } : { ok: false, index });
      }),
      { numRuns: 400 },
    );
  });

  it('keeps verifying as a prefix however it is truncated', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: honest.length }), async (length) => {
        const last = honest[length - 1] as OpRecord;
        const verdict = await verifyChain(honest.slice(0, length), check);
        expect(verdict).toEqual({ ok: true, head: { seq: length, hash: last.hash } });
      }),
    );
  });
});
