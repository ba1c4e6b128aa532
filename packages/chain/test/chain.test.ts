import type { OpRecord } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import { type ChainBreak, verifyChain } from '../src/index.ts';
import {
  branch,
  countingVerifier,
  deviceNamed,
  hasher,
  keyNamed,
  makeChain,
  makeRecord,
  rotate,
  spoilSignature,
  isValid,
} from './fixtures.ts';

const root = deviceNamed('root');
const till = deviceNamed('till');
const honest = makeChain(root, 12);
const genesis = honest[0] as OpRecord;
const check = { hasher, verify: isValid };

function at(records: readonly OpRecord[], index: number): OpRecord {
  return records[index] as OpRecord;
}

async function breakOf(records: readonly OpRecord[], every = false): Promise<[ChainBreak, number] | 'ok'> {
  const verdict = await verifyChain(records, { ...check, every });
  return verdict.ok ? 'ok' : [verdict.code, verdict.index];
}

describe('verifyChain', () => {
  it('answers the head of a chain that begins with the genesis op', async () => {
    const last = at(honest, 11);
    expect(await verifyChain(honest, check)).toEqual({ ok: true, head: { seq: 12, hash: last.hash } });
  });

  it('checks one signature a run, or each when asked', async () => {
    const once = countingVerifier();
    await verifyChain(honest, { hasher, verify: once.verify });
    const each = countingVerifier();
    await verifyChain(honest, { hasher, verify: each.verify, every: true });
    expect([once.count(), each.count()]).toEqual([1, 12]);
  });

  it('continues from a head, and from the enrolment of a device', async () => {
    const third = at(honest, 2);
    const rest = await verifyChain(honest.slice(3), { ...check, start: { seq: 3, hash: third.hash } });
    expect(rest.ok).toBe(true);
    const ofTill = makeChain(till, 4, genesis.hash, branch);
    expect((await verifyChain(ofTill, { ...check, start: { enrolment: genesis.hash } })).ok).toBe(true);
    expect(await verifyChain(ofTill, { ...check, start: { enrolment: third.hash } })).toMatchObject({
      code: 'chain/link',
      index: 0,
      expected: third.hash,
      got: genesis.hash,
    });
    expect(await verifyChain(ofTill, check)).toMatchObject({ code: 'chain/link', index: 0, expected: 'none' });
  });

  it('answers the start for no records', async () => {
    const head = { seq: 3, hash: at(honest, 2).hash };
    expect(await verifyChain([], { ...check, start: head })).toEqual({ ok: true, head });
    expect(await verifyChain([], { ...check, start: { enrolment: genesis.hash } })).toEqual({
      ok: true,
      head: undefined,
    });
    expect(await verifyChain([], check)).toEqual({ ok: true, head: undefined });
  });

  it('names a gap, a fork, a wrong link, a stranger and a wrong hash', async () => {
    expect(await breakOf(honest.toSpliced(5, 1))).toEqual(['chain/gap', 5]);
    expect(await breakOf(honest.toSpliced(6, 0, at(honest, 5)))).toEqual(['chain/fork', 6]);
    const again = await verifyChain(honest.toSpliced(6, 0, at(honest, 5)), check);
    expect(again).toMatchObject({ expected: 'seq 7', got: 'seq 6' });
    const stray = makeRecord({ device: root, seq: 8, prev: at(honest, 3).hash });
    expect(await breakOf(honest.toSpliced(7, 1, stray))).toEqual(['chain/link', 7]);
    const stranger = makeRecord({ device: till, seq: 8, prev: at(honest, 6).hash });
    expect(await breakOf(honest.toSpliced(7, 1, stranger))).toEqual(['chain/device', 7]);
    const elsewhere = makeRecord({ device: root, scope: branch, seq: 8, prev: at(honest, 6).hash });
    expect(await breakOf(honest.toSpliced(7, 1, elsewhere))).toEqual(['chain/device', 7]);
    expect(await breakOf(honest.with(7, { ...at(honest, 7), hash: at(honest, 6).hash }))).toEqual(['chain/hash', 7]);
    expect(await breakOf(honest.with(7, { ...at(honest, 7), bytes: new Uint8Array(5) }))).toEqual([
      'chain/canonical',
      7,
    ]);
  });

  it('says expected, got and where', async () => {
    const verdict = await verifyChain(honest.toSpliced(5, 1), check);
    const { hash } = at(honest, 6);
    expect(verdict).toEqual({
      ok: false,
      code: 'chain/gap',
      index: 5,
      hash,
      expected: 'seq 6',
      got: 'seq 7',
      message: `op ${hash} at index 5: expected seq 6, got seq 7`,
    });
  });

  it('lets a later signature of the same key stand for an earlier one, and an audit does not', async () => {
    const covered = honest.with(4, spoilSignature(at(honest, 4)));
    expect(await breakOf(covered)).toBe('ok');
    expect(await breakOf(covered, true)).toEqual(['chain/signature', 4]);
  });

  it('walks back to the last valid signature and names the op after it', async () => {
    const tail = honest.map((record, i) => (i >= 9 ? spoilSignature(record) : record));
    expect(await breakOf(tail)).toEqual(['chain/signature', 9]);
    expect(await verifyChain(tail, check)).toMatchObject({ got: 'none' });
    expect(await breakOf(honest.map(spoilSignature))).toEqual(['chain/signature', 0]);
  });

  it('names an edited op and not the one whose link it broke', async () => {
    const { op, bytes } = at(honest, 5);
    const edited = makeRecord({ device: root, seq: 6, prev: op.prev, args: { amountMinor: 1 } });
    const forged = { ...edited, bytes: edited.bytes.slice() };
    forged.bytes.set(bytes.subarray(0, 96));
    expect(await breakOf(honest.with(5, forged))).toEqual(['chain/signature', 5]);
  });

  it('wants the last signature of every key, not only of the last', async () => {
    const next = keyNamed('root, rotated');
    const rotated: OpRecord[] = honest.slice(0, 6);
    for (let seq = 7; seq <= 12; seq++) {
      rotated.push(makeRecord({ device: root, seq, prev: at(rotated, seq - 2).hash, keyId: next }));
    }
    expect(await breakOf(rotated)).toBe('ok');
    expect(await breakOf(rotated.with(5, spoilSignature(at(rotated, 5))))).toEqual(['chain/signature', 5]);
    expect(await breakOf(rotated.with(4, spoilSignature(at(rotated, 4))))).toBe('ok');
  });

  it('lets no later signature stand for a rotation', async () => {
    const rotation = makeRecord({ device: root, seq: 3, prev: at(honest, 1).hash, verb: rotate });
    const rotated = [...honest.slice(0, 2), rotation, makeRecord({ device: root, seq: 4, prev: rotation.hash })];
    expect(await breakOf(rotated)).toBe('ok');
    expect(await breakOf(rotated.with(2, spoilSignature(rotation)))).toEqual(['chain/signature', 2]);
    expect(await breakOf(rotated.with(1, spoilSignature(at(rotated, 1))))).toBe('ok');
  });

  it('is only as good as its verifier', async () => {
    const verdict = await verifyChain(honest.map(spoilSignature), { hasher, verify: () => true, every: true });
    expect(verdict.ok).toBe(true);
  });
});
