import type { ChainHead, DeviceId, OpHash, OpRecord, Scope } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import { type RunsReport, verifyRuns } from '../src/index.ts';
import {
  branch,
  countingVerifier,
  deviceNamed,
  keyNamed,
  makeChain,
  makeRecord,
  rotate,
  spoilSignature,
  isValid,
} from './fixtures.ts';

const root = deviceNamed('root');
const till = deviceNamed('till');
const ofRoot = makeChain(root, 6);
const genesis = at(ofRoot, 0);
const ofTill = makeChain(till, 6, at(ofRoot, 1).hash, branch);

function at(records: readonly OpRecord[], index: number): OpRecord {
  return records[index] as OpRecord;
}

/** A reader that has stored some records and knows some enrolments. */
function reader(stored: readonly OpRecord[] = [], enrolled: readonly DeviceId[] = [root, till]) {
  const byHash = new Map(stored.map((record) => [record.hash, record]));
  const enrolments = new Map([
    [root, genesis.hash],
    [till, at(ofRoot, 1).hash],
  ]);
  return {
    headOf(device: DeviceId, scope: Scope): ChainHead | undefined {
      const chain = stored.filter(({ op }) => op.device === device && op.scope === scope);
      const highest = Math.max(...chain.map(({ op }) => op.seq));
      const head = chain.find(({ op }) => op.seq === highest);
      return head && { seq: head.op.seq, hash: head.hash };
    },
    enrolmentOf: (device: DeviceId) => (enrolled.includes(device) ? enrolments.get(device) : undefined),
    has: (hash: OpHash) => byHash.has(hash),
    opOf: async (hash: OpHash) => byHash.get(hash)?.op,
    verify: isValid,
  };
}

function summary({ accepted, forks, refused, waiting, known, verified }: RunsReport) {
  return {
    accepted: accepted.map(({ op }) => op.seq),
    forks: forks.map(({ record }) => record.op.seq),
    refused: refused.map(({ record, code }) => [record.op.seq, code]),
    waiting: waiting.map(({ record, code }) => [record.op.seq, code]),
    known: known.map(({ op }) => op.seq),
    verified,
  };
}

const nothing = { accepted: [], forks: [], refused: [], waiting: [], known: [], verified: 0 };

describe('verifyRuns', () => {
  it('accepts mixed chains in the order given, one signature a run', async () => {
    const mixed = ofRoot.flatMap((record, i) => (i === 0 ? [record] : [record, at(ofTill, i - 1)]));
    const report = await verifyRuns(mixed, reader());
    expect(report.accepted).toEqual(mixed);
    expect(summary(report)).toMatchObject({ forks: [], refused: [], waiting: [], known: [], verified: 2 });
  });

  it('costs one signature for a long run, and all of them for an audit', async () => {
    const long = makeChain(root, 500);
    const once = countingVerifier();
    const each = countingVerifier();
    const first = { ...reader([], []), verify: once.verify };
    expect((await verifyRuns(long, first)).accepted).toHaveLength(500);
    expect((await verifyRuns(long, { ...first, verify: each.verify, every: true })).accepted).toHaveLength(500);
    expect([once.count(), each.count()]).toEqual([1, 500]);
  });

  it('continues from the stored head', async () => {
    const report = await verifyRuns(ofTill.slice(3), reader([...ofRoot, ...ofTill.slice(0, 3)]));
    expect(summary(report)).toEqual({ ...nothing, accepted: [4, 5, 6], verified: 1 });
  });

  it('knows what is stored and what is handed over twice', async () => {
    const report = await verifyRuns([...ofTill, at(ofTill, 5)], reader([...ofRoot, ...ofTill.slice(0, 3)]));
    expect(summary(report)).toEqual({ ...nothing, accepted: [4, 5, 6], known: [6, 1, 2, 3].sort(), verified: 1 });
  });

  it('lets ops wait behind a gap, whoever else is in the batch', async () => {
    const report = await verifyRuns([...ofTill.toSpliced(2, 1), ...ofRoot], reader());
    expect(summary(report)).toEqual({
      ...nothing,
      accepted: [1, 2, 1, 2, 3, 4, 5, 6],
      waiting: [4, 5, 6].map((seq) => [seq, 'chain/gap']),
      verified: 2,
    });
  });

  it('lets the ops of a device wait until its enrolment is applied', async () => {
    const first = await verifyRuns([...ofRoot, ...ofTill], reader([], []));
    expect(first.accepted).toEqual(ofRoot);
    expect(first.waiting.map(({ code }) => code)).toEqual(ofTill.map(() => 'chain/unknown-device'));
    const held = first.waiting.map(({ record }) => record);
    expect((await verifyRuns(held, reader(ofRoot))).accepted).toEqual(ofTill);
  });

  it('lets ops wait that come after the last valid signature', async () => {
    const tail = ofRoot.map((record, i) => (i >= 4 ? spoilSignature(record) : record));
    expect(summary(await verifyRuns(tail, reader()))).toEqual({
      ...nothing,
      accepted: [1, 2, 3, 4],
      waiting: [5, 6].map((seq) => [seq, 'chain/signature']),
      verified: 3,
    });
  });

  it('covers a bad signature inside a run; an audit does not', async () => {
    const hidden = ofRoot.with(2, spoilSignature(at(ofRoot, 2)));
    expect((await verifyRuns(hidden, reader())).accepted).toEqual(hidden);
    expect(summary(await verifyRuns(hidden, { ...reader(), every: true }))).toMatchObject({
      accepted: [1, 2],
      waiting: [3, 4, 5, 6].map((seq) => [seq, 'chain/signature']),
    });
  });

  it('wants a valid signature of each key', async () => {
    const keyId = keyNamed('root, rotated');
    const fifth = makeRecord({ device: root, seq: 5, prev: at(ofRoot, 3).hash, keyId });
    const sixth = makeRecord({ device: root, seq: 6, prev: fifth.hash, keyId });
    const rotated = [...ofRoot.slice(0, 4), fifth, sixth];
    expect(summary(await verifyRuns(rotated, reader()))).toMatchObject({ accepted: [1, 2, 3, 4, 5, 6], verified: 2 });
    const unclosed = rotated.with(3, spoilSignature(at(rotated, 3)));
    expect(summary(await verifyRuns(unclosed, reader()))).toMatchObject({
      accepted: [1, 2, 3],
      waiting: [4, 5, 6].map((seq) => [seq, 'chain/signature']),
    });
  });

  it('lets no later signature stand for a rotation', async () => {
    const rotation = makeRecord({ device: root, seq: 4, prev: at(ofRoot, 2).hash, verb: rotate });
    const after = makeRecord({ device: root, seq: 5, prev: rotation.hash });
    const rotated = [...ofRoot.slice(0, 3), rotation, after];
    expect(summary(await verifyRuns(rotated, reader()))).toMatchObject({ accepted: [1, 2, 3, 4, 5], verified: 2 });
    const forged = rotated.with(3, spoilSignature(rotation));
    expect(summary(await verifyRuns(forged, reader()))).toMatchObject({
      accepted: [1, 2, 3],
      waiting: [4, 5].map((seq) => [seq, 'chain/signature']),
    });
  });

  it('asks about many runs at once, and never about more than 64', async () => {
    const devices = Array.from({ length: 150 }, (_, i) => deviceNamed(`till ${i}`));
    const firsts = devices.map((device) => makeRecord({ device, seq: 1, prev: genesis.hash }));
    let [open, most] = [0, 0];
    const verify = async (record: OpRecord): Promise<boolean> => {
      open += 1;
      most = Math.max(most, open);
      await Promise.resolve();
      open -= 1;
      return isValid(record);
    };
    const report = await verifyRuns(firsts, { ...reader(), enrolmentOf: () => genesis.hash, verify });
    expect([report.accepted.length, report.verified, most]).toEqual([150, 150, 64]);
  });

  it('takes the valid one of two copies of an op, whichever comes first', async () => {
    const forged = spoilSignature(at(ofRoot, 5));
    const report = await verifyRuns([...ofRoot.slice(0, 5), forged, at(ofRoot, 5)], reader());
    expect(report.accepted).toEqual(ofRoot);
    expect(report.known).toEqual([forged]);
    const late = await verifyRuns([...ofRoot.slice(0, 5), forged, forged, at(ofRoot, 5)], reader());
    expect(late.accepted).toEqual(ofRoot);
    expect(late.known).toEqual([forged, forged]);
    expect([report.verified, late.verified]).toEqual([2, 3]);
  });

  it('accepts both branches of a fork and says which ops are off the first', async () => {
    const other = makeRecord({ device: root, seq: 4, prev: at(ofRoot, 2).hash, args: { total: 1 } });
    const after = makeRecord({ device: root, seq: 5, prev: other.hash, args: { total: 2 } });
    const inBatch = await verifyRuns([...ofRoot, other, after], reader());
    expect(inBatch.accepted).toEqual([...ofRoot, other, after]);
    expect(inBatch.forks).toEqual([{ record: other }, { record: after }]);
    const onStored = await verifyRuns([other, after], reader(ofRoot));
    expect(onStored.accepted).toEqual([other, after]);
    expect(onStored.forks).toEqual([{ record: other }, { record: after }]);
  });

  it('sees two ops on one head for a fork, whatever lies between them', async () => {
    const other = makeRecord({ device: root, seq: 4, prev: at(ofRoot, 2).hash, args: { total: 1 } });
    const stored = reader([...ofRoot.slice(0, 3), ...ofTill.slice(0, 3)]);
    const report = await verifyRuns([at(ofRoot, 3), at(ofTill, 3), other, at(ofTill, 4)], stored);
    expect(summary(report)).toMatchObject({ accepted: [4, 4, 4, 5], forks: [4] });
    expect(report.forks).toEqual([{ record: other }]);
  });

  it('lets the chain go on at its head beside a fork below it', async () => {
    const other = makeRecord({ device: root, seq: 4, prev: at(ofRoot, 2).hash, args: { total: 1 } });
    const next = makeRecord({ device: root, seq: 7, prev: at(ofRoot, 5).hash });
    const report = await verifyRuns([other, next], reader(ofRoot));
    expect(report.accepted).toEqual([other, next]);
    expect(report.forks).toEqual([{ record: other }]);
  });

  it('asks for the enrolment that the first op names', async () => {
    const asked: unknown[] = [];
    const admitted = { ...reader(), enrolmentOf: (...of: unknown[]) => (asked.push(of), of[1] as OpHash) };
    const again = makeRecord({ device: till, scope: branch, seq: 1, prev: at(ofRoot, 3).hash });
    const report = await verifyRuns([genesis, at(ofTill, 0), again], admitted);
    expect(report.accepted).toEqual([genesis, at(ofTill, 0), again]);
    expect(asked).toEqual([
      [root, genesis.hash],
      [till, at(ofRoot, 1).hash],
      [till, at(ofRoot, 3).hash],
    ]);
  });

  it('does not take a fork on the word of a bad signature', async () => {
    const other = makeRecord({ device: root, seq: 4, prev: at(ofRoot, 2).hash, args: { total: 1 } });
    const report = await verifyRuns([spoilSignature(other)], reader(ofRoot));
    expect(summary(report)).toEqual({ ...nothing, waiting: [[4, 'chain/signature']], verified: 1 });
    const ahead = await verifyRuns([...ofRoot.slice(0, 3), spoilSignature(other), ...ofRoot.slice(3)], reader());
    expect(summary(ahead)).toMatchObject({ accepted: [1, 2, 3, 4, 5, 6], forks: [] });
  });

  it('takes a second first op for a fork and another enrolment for a wrong link', async () => {
    const again = makeRecord({ device: till, scope: branch, seq: 1, prev: at(ofRoot, 1).hash, args: { total: 1 } });
    expect(summary(await verifyRuns([...ofTill, again], reader()))).toMatchObject({ forks: [1] });
    const stray = makeRecord({ device: till, scope: branch, seq: 1, prev: genesis.hash });
    expect(summary(await verifyRuns([stray], reader()))).toEqual({ ...nothing, refused: [[1, 'chain/link']] });
  });

  it('refuses a link into another chain or to another sequence, stored or not, and all that builds on it', async () => {
    const stolen = makeRecord({ device: till, scope: branch, seq: 4, prev: at(ofRoot, 2).hash });
    const after = makeRecord({ device: till, scope: branch, seq: 5, prev: stolen.hash });
    const jump = makeRecord({ device: till, scope: branch, seq: 6, prev: at(ofTill, 2).hash });
    const refused = [stolen, after, jump].map(({ op }) => [op.seq, 'chain/link']);
    const stored = reader([...ofRoot, ...ofTill.slice(0, 3)]);
    expect(summary(await verifyRuns([stolen, after, jump], stored))).toEqual({ ...nothing, refused });
    const all = [...ofRoot, ...ofTill.slice(0, 3), stolen, after, jump];
    expect(summary(await verifyRuns(all, reader()))).toMatchObject({ refused });
  });

  it('refuses a second genesis for a book that is known', async () => {
    const other = makeRecord({ device: root, seq: 1, prev: undefined, args: { name: 'another' } });
    expect(summary(await verifyRuns([other], reader()))).toEqual({ ...nothing, refused: [[1, 'chain/link']] });
  });

  it('accepts a chain handed over backwards', async () => {
    const report = await verifyRuns(ofRoot.toReversed(), reader());
    expect(summary(report)).toMatchObject({ accepted: [1, 2, 3, 4, 5, 6], forks: [], verified: 1 });
  });

  it('takes an op that the store cannot read for missing', async () => {
    const blind = { ...reader(ofRoot), opOf: () => undefined };
    const other = makeRecord({ device: root, seq: 4, prev: at(ofRoot, 2).hash, args: { total: 1 } });
    expect(summary(await verifyRuns([other], blind))).toMatchObject({ waiting: [[4, 'chain/gap']] });
  });

  it('passes on that a verifier failed, because that is no verdict on any op', async () => {
    const broken = { ...reader(), verify: () => Promise.reject(new Error('the key store is gone')) };
    await expect(verifyRuns(ofRoot, broken)).rejects.toThrow('the key store is gone');
  });
});
