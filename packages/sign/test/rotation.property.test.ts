// Who signed what under which key, whatever thieves and owners write: the checks of chains against the rules of docs/spec/sign.md, "Rotation", op by op.
import { encodeHex, type Op, type OpHash, type OpRecord } from '@tallystick/oplog';
import { verifyChain, verifyRuns } from '@tallystick/chain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecordVerifier, type DeviceKey, rotateVerb, signOp } from '../src/index.ts';
import { nodeEd25519 } from '../src/node.ts';
import { createKeyInForce, laterKey, proveRotation } from '../src/rotation.ts';
import { hasher, makeOp, newKey, now, openBook } from './fixtures.ts';

const owner = newKey();
/** The owner's first key, another of his, and one that nobody gave anything. */
const keys = [owner, laterKey(owner.device, newKey()), laterKey(owner.device, newKey())] as const;
const { genesis, book } = openBook(owner);

interface Step {
  /** How many ops back the one is that it builds on. */
  readonly back: number;
  readonly by: number;
  /** The key that it rotates to; no rotation without. */
  readonly to: number | undefined;
  readonly isProven: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  back: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) }),
  by: fc.nat(keys.length - 1),
  to: fc.option(fc.nat(keys.length - 1), { nil: undefined }),
  isProven: fc.boolean(),
});

interface Written {
  readonly record: OpRecord;
  /** Whether it and all before it are what their device agreed to. */
  readonly isGood: boolean;
  /** Signs what follows it. */
  readonly next: DeviceKey;
}

/** Every op is well signed by the key that it names. */
async function write(steps: readonly Step[]): Promise<Written[]> {
  const written: Written[] = [{ record: genesis, isGood: true, next: owner }];
  for (const { back, by, to, isProven } of steps) {
    const before = written.at(-Math.min(back, written.length)) as Written;
    const [key, target] = [keys[by] as DeviceKey, to === undefined ? undefined : (keys[to] as DeviceKey)];
    const place = { prev: before.record.hash, seq: before.record.op.seq + 1 };
    let op: Op = makeOp({ key, verb: 'test.note@1', args: {}, ...place });
    if (target !== undefined) {
      const proof = await proveRotation(isProven ? place.prev : genesis.hash, target);
      op = makeOp({ key, verb: rotateVerb, args: { ...proof, key: encodeHex(target.publicKey) }, ...place });
    }
    const isAgreed = target === undefined || (target !== key && (isProven || place.prev === genesis.hash));
    written.push({
      // No op is written twice.
      record: now(signOp({ ...op, at: op.at + written.length }, key, book, hasher)),
      isGood: before.isGood && key === before.next && isAgreed,
      next: target ?? before.next,
    });
  }
  return written;
}

function verifierOf(records: readonly OpRecord[], stored: ReadonlyMap<OpHash, OpRecord>) {
  const publicKeyOf = createKeyInForce({
    keyOf: (_, keyId) => keys.find((key) => key.keyId === keyId)?.publicKey,
    firstKeyOf: () => owner,
    hasRotated: () => true,
    offered: (hash) => records.find((record) => record.hash === hash),
    stored: (hash) => stored.get(hash),
    hasher,
  });
  return createRecordVerifier({ book, ed25519: nodeEd25519, publicKeyOf });
}

/** Hands the records over, so many at a time, and answers those that were accepted. */
async function accept(records: readonly OpRecord[], atOnce: number, every: boolean): Promise<OpHash[]> {
  const stored = new Map<OpHash, OpRecord>();
  for (let at = 0; at < records.length; at += atOnce) {
    const batch = records.slice(at, at + atOnce);
    const { accepted } = await verifyRuns(batch, {
      headOf: () => undefined,
      enrolmentOf: () => genesis.hash,
      has: (hash) => stored.has(hash),
      opOf: (hash) => stored.get(hash)?.op,
      verify: verifierOf(batch, stored),
      every,
    });
    for (const record of accepted) stored.set(record.hash, record);
  }
  return records.filter(({ hash }) => stored.has(hash)).map(({ hash }) => hash);
}

describe('whoever writes in the name of a device', () => {
  it('is believed where the key in force at the place signed, however the records are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 9 }),
        async (steps, cut) => {
          const written = await write(steps);
          const records = written.map(({ record }) => record);
          const good = written.filter(({ isGood }) => isGood).map(({ record }) => record.hash);
          for (const every of [false, true]) expect(await accept(records, cut, every)).toEqual(good);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('is named at the first op that is not the device’s', async () => {
    const straight = fc.array(
      step.map((one) => ({ ...one, back: 1 })),
      { minLength: 1, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(straight, fc.boolean(), async (steps, every) => {
        const written = await write(steps);
        const records = written.map(({ record }) => record);
        const verdict = await verifyChain(records, { hasher, verify: verifierOf(records, new Map()), every });
        const index = written.findIndex(({ isGood }) => !isGood);
        const expected = index < 0 ? { ok: true } : { ok: false, code: 'chain/signature', index };
        expect(verdict).toMatchObject(expected);
      }),
      { numRuns: 100 },
    );
  });
});
