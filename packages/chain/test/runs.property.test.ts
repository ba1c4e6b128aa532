import type { ChainHead, DeviceId, OpHash, OpRecord, Scope } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RunCode, verifyRuns } from '../src/index.ts';
import { branch, deviceNamed, hq, isValid, keyNamed, makeRecord, spoilSignature } from './fixtures.ts';

/** One op to be made: whose, on which earlier op of that chain it builds, and what is wrong with it. */
interface Step {
  readonly writer: number;
  readonly back: number;
  readonly rotated: boolean;
  readonly fault: 'none' | 'signature' | 'lost' | 'twice' | 'stolen-link' | 'jump';
}

const root = deviceNamed('root');
const writers = [
  { device: root, scope: hq },
  { device: deviceNamed('till'), scope: hq },
  { device: deviceNamed('till'), scope: branch },
] as const;

const step = (faults: readonly Step['fault'][]): fc.Arbitrary<Step> =>
  fc.record({
    writer: fc.nat(writers.length - 1),
    back: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
    rotated: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.boolean() }),
    fault: fc.constantFrom(...faults),
  });

/** Three chains grown side by side, with whatever the steps break. */
function grow(steps: readonly Step[]): { records: OpRecord[]; genesis: OpRecord } {
  const genesis = makeRecord({ device: root, seq: 1, prev: undefined });
  const chains: OpRecord[][] = [[genesis], [], []];
  const records = [genesis];
  for (const [index, { writer, back, rotated, fault }] of steps.entries()) {
    const chain = chains[writer] as OpRecord[];
    const { device, scope } = writers[writer] as (typeof writers)[number];
    const before = chain.at(-1 - Math.min(back, chain.length - 1));
    const stolen = records[index % records.length] as OpRecord;
    const prev = fault === 'stolen-link' ? stolen.hash : (before?.hash ?? genesis.hash);
    const seq = (before?.op.seq ?? 0) + (fault === 'jump' ? 2 : 1);
    const keyId = keyNamed(rotated ? 'new' : device);
    const record = makeRecord({ device, scope, seq, prev, args: { index }, keyId });
    chain.push(record);
    if (fault === 'lost') continue;
    if (fault === 'twice') records.push(spoilSignature(record));
    records.push(fault === 'signature' ? spoilSignature(record) : record);
  }
  return { records, genesis };
}

/** The definition, written for reading: every signature is checked and every op asks the ops around it. */
function oracle(
  batch: readonly OpRecord[],
  stored: readonly OpRecord[],
  genesis: OpHash,
): Map<OpHash, RunCode | 'accepted'> {
  const known = new Set(stored.map(({ hash }) => hash));
  const all = [...stored, ...batch];
  const fresh = [...new Set(batch.map(({ hash }) => hash))].filter((hash) => !known.has(hash));
  const find = (hash: OpHash | undefined) => all.find((record) => record.hash === hash);
  const isSigned = (hash: OpHash) => batch.some((record) => record.hash === hash && isValid(record));
  const linkOf = (hash: OpHash): RunCode | 'linked' => {
    if (known.has(hash)) return 'linked';
    const { op } = find(hash) as OpRecord;
    if (op.seq === 1) return (op.prev ?? hash) === genesis ? 'linked' : 'chain/link';
    const before = find(op.prev);
    if (before === undefined) return 'chain/gap';
    const fits = before.op.device === op.device && before.op.scope === op.scope && before.op.seq === op.seq - 1;
    return fits ? linkOf(before.hash) : 'chain/link';
  };
  const isCovered = (hash: OpHash): boolean =>
    isSigned(hash) ||
    fresh.some((next) => {
      const [op, nextOp] = [find(hash) as OpRecord, find(next) as OpRecord];
      return nextOp.op.prev === hash && nextOp.keyId === op.keyId && linkOf(next) === 'linked' && isCovered(next);
    });
  const verdictOf = (hash: OpHash): RunCode | 'accepted' => {
    if (known.has(hash)) return 'accepted';
    const link = linkOf(hash);
    if (link !== 'linked') return link;
    const before = find((find(hash) as OpRecord).op.prev);
    const isHeld = before !== undefined && before.op.scope === (find(hash) as OpRecord).op.scope;
    if (!isCovered(hash)) return 'chain/signature';
    const isFirst = (find(hash) as OpRecord).op.seq === 1;
    return isHeld && !isFirst ? verdictOf(before.hash) : 'accepted';
  };
  return new Map(fresh.map((hash) => [hash, verdictOf(hash)]));
}

function storeOf(stored: readonly OpRecord[], genesis: OpHash) {
  return {
    headOf(device: DeviceId, scope: Scope): ChainHead | undefined {
      const chain = stored.filter(({ op }) => op.device === device && op.scope === scope);
      const seq = Math.max(...chain.map(({ op }) => op.seq));
      const head = chain.find(({ op }) => op.seq === seq);
      return head && { seq, hash: head.hash };
    },
    enrolmentOf: () => genesis,
    has: (hash: OpHash) => stored.some((record) => record.hash === hash),
    opOf: (hash: OpHash) => stored.find((record) => record.hash === hash)?.op,
    verify: isValid,
  };
}

const honest = fc.array(
  step(['none']).map((honestStep) => ({ ...honestStep, back: 0 })),
  { maxLength: 40 },
);
const hostile = fc.array(step(['none', 'none', 'none', 'signature', 'lost', 'twice', 'stolen-link', 'jump']), {
  maxLength: 40,
});

async function expectOracle(steps: readonly Step[], cut: number, shuffle: boolean): Promise<void> {
  const { records, genesis } = grow(steps);
  const first = records.slice(0, Math.floor(records.length * cut));
  const { accepted: stored } = await verifyRuns(first, storeOf([], genesis.hash));
  const rest = records.slice(Math.floor(first.length / 2));
  const batch = shuffle ? rest.toReversed() : rest;
  const report = await verifyRuns(batch, storeOf(stored, genesis.hash));
  const expected = oracle(batch, stored, genesis.hash);
  const got = new Map<OpHash, RunCode | 'accepted'>(report.accepted.map(({ hash }) => [hash, 'accepted']));
  for (const { record, code } of [...report.refused, ...report.waiting]) got.set(record.hash, code);
  expect(new Map([...got].sort())).toEqual(new Map([...expected].sort()));
  const listed = [
    report.accepted,
    report.known,
    ...[report.refused, report.waiting].map((l) => l.map((x) => x.record)),
  ];
  expect(
    listed
      .flat()
      .map(({ hash }) => hash)
      .sort(),
  ).toEqual(batch.map(({ hash }) => hash).sort());
}

describe('verifyRuns, for any batch', () => {
  it('accepts all of what honest devices wrote, at one signature a run', async () => {
    await fc.assert(
      fc.asyncProperty(honest, async (steps) => {
        const { records, genesis } = grow(steps);
        const report = await verifyRuns(records, storeOf([], genesis.hash));
        expect(report.accepted).toEqual(records);
        expect(report.forks).toEqual([]);
        const isRunEnd = ({ hash, keyId }: OpRecord) =>
          !records.some((next) => next.op.prev === hash && next.op.seq > 1 && next.keyId === keyId);
        expect(report.verified).toBe(records.filter(isRunEnd).length);
      }),
    );
  });

  it('agrees with the check of every signature, in order and backwards, with and without a store', async () => {
    await fc.assert(fc.asyncProperty(hostile, fc.constantFrom(0, 0.3, 0.7), fc.boolean(), expectOracle), {
      numRuns: 500,
    });
  });

  it('lists as forks exactly the ops that are off the branch first taken', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (steps) => {
        const { records, genesis } = grow(steps);
        const { accepted, forks } = await verifyRuns(records, storeOf([], genesis.hash));
        const branchHeads = new Map<string, OpHash | undefined>();
        const expected = accepted.filter(({ op, hash }) => {
          const chain = `${op.device} ${op.scope}`;
          const isNext = op.seq === 1 ? !branchHeads.has(chain) : branchHeads.get(chain) === op.prev;
          if (isNext) branchHeads.set(chain, hash);
          return !isNext;
        });
        expect(forks).toEqual(expected.map((record) => ({ record })));
      }),
      { numRuns: 300 },
    );
  });

  it('never throws, and never accepts what does not verify', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (steps) => {
        const { records, genesis } = grow(steps);
        const refusing = { ...storeOf([], genesis.hash), verify: () => false };
        expect((await verifyRuns(records, refusing)).accepted).toEqual([]);
      }),
    );
  });
});
