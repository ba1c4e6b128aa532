// Generators and small builders that the tests of this package share.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  type DeviceId,
  encodeOp,
  encodeRecord,
  type Json,
  type JsonObject,
  type KeyId,
  type Op,
  type OpHash,
  type OpId,
  type OpRecord,
  type RootHash,
  type Scope,
  type Seen,
  trustedRecord,
  type VerbRef,
} from '@tallystick/oplog';

export const hex64: fc.Arbitrary<string> = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));

/**
 * Any character but half a surrogate pair. What `unit: 'binary'` means, without the three seconds that its tables cost a
 * process.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 0x10ffff - 0x800 })
  .map((point) => String.fromCodePoint(point < 0xd800 ? point : point + 0x800));

const text: fc.Arbitrary<string> = fc.string({ unit: anyCharacter, maxLength: 20 });
const key: fc.Arbitrary<string> = fc.oneof(
  text,
  fc.constantFrom('__proto__', 'constructor', 'toString', '10', '9', ''),
);

/** Any value of the canonical subset, nested at most `depth` deep. */
export const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 5, withCrossShrink: true },
    text,
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 5 }),
    tie('object'),
  ),
  object: fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map(ownMembers),
})).value;

export const jsonObject: fc.Arbitrary<JsonObject> = fc.array(fc.tuple(key, json), { maxLength: 5 }).map(ownMembers);

/** `Object.fromEntries` with `__proto__` as a member like any other. */
function ownMembers(entries: readonly (readonly [string, Json])[]): JsonObject {
  const object = {};
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

export const opId: fc.Arbitrary<OpId> = fc.uuid({ version: 7 }).map((id) => id as OpId);
export const scope: fc.Arbitrary<Scope> = fc.stringMatching(/^[a-z0-9][a-z0-9/_-]{0,12}$/).map((name) => name as Scope);
const verb: fc.Arbitrary<VerbRef> = fc
  .stringMatching(/^[a-z][a-z0-9_-]{0,8}\.[a-z][a-z0-9_-]{0,8}@[1-9][0-9]{0,2}$/)
  .map((name) => name as VerbRef);

const heads: fc.Arbitrary<readonly OpHash[]> = fc
  .uniqueArray(hex64, { minLength: 1, maxLength: 16 })
  .map((hashes) => hashes.sort() as OpHash[]);
const checkpoint = fc.record({ root: hex64.map((root) => root as RootHash), size: fc.integer({ min: 1 }) });
export const seen: fc.Arbitrary<Seen> = fc.oneof(
  fc.record({ heads }),
  checkpoint,
  fc.tuple(fc.record({ heads }), checkpoint).map(([a, b]) => ({ ...a, ...b })),
);

export const op: fc.Arbitrary<Op> = fc
  .record(
    {
      args: jsonObject,
      at: fc.integer({ min: 0, max: 253_402_300_799_999 }),
      device: hex64.map((device) => device as DeviceId),
      id: opId,
      prev: hex64.map((prev) => prev as OpHash),
      scope,
      seen,
      seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      verb,
    },
    { requiredKeys: ['args', 'at', 'device', 'id', 'prev', 'scope', 'seq', 'verb'] },
  )
  .filter((candidate) => candidate.verb !== 'book.open@1');

const signature: fc.Arbitrary<Uint8Array> = fc.uint8Array({ minLength: 64, maxLength: 64 });

export const record: fc.Arbitrary<OpRecord> = fc
  .tuple(op, hex64, signature)
  .map(([value, keyId, bytes]) => makeRecord(value, keyId as KeyId, bytes));

/** The record of an op, hashed as the spec says, with a signature that nobody checks here. */
export function makeRecord(
  value: Op,
  keyId: KeyId = '5e'.repeat(32) as KeyId,
  signatureBytes: Uint8Array = new Uint8Array(64).fill(7),
): OpRecord {
  const canonical = encodeOp(value);
  return trustedRecord(encodeRecord(keyId, signatureBytes, canonical), hashText(canonical));
}

export function hashText(canonical: string): OpHash {
  return createHash('sha256').update(`tallystick/op/1\n${canonical}`).digest('hex') as OpHash;
}

/** A small valid op; `parts` replaces members. */
export function sampleOp(parts: Partial<Op> = {}): Op {
  return {
    args: { sku: 'tea', quantity: 2 },
    at: 1_764_500_000_000,
    device: 'd0'.repeat(32) as DeviceId,
    id: '019aa2c6-0000-7000-8000-000000000001' as OpId,
    prev: 'a1'.repeat(32) as OpHash,
    scope: 'hq' as Scope,
    seq: 2,
    verb: 'sale.complete@1' as VerbRef,
    ...parts,
  };
}

export interface ChainParts {
  readonly device?: string;
  readonly scope?: string;
  readonly from?: number;
  readonly args?: JsonObject;
}

/** `count` ops of one device in one scope, linked, seq `from`.. */
export function makeChain(count: number, parts: ChainParts = {}): OpRecord[] {
  const { device = 'd0'.repeat(32), scope: scopeName = 'hq', from = 1, args } = parts;
  const records: OpRecord[] = [];
  let prev = 'a1'.repeat(32) as OpHash;
  for (let i = 0; i < count; i++) {
    const seq = from + i;
    const id = `019aa2c6-${seq.toString(16).padStart(4, '0')}-7000-8000-${device.slice(0, 12)}` as OpId;
    const value = sampleOp({
      args: args ?? { n: seq },
      device: device as DeviceId,
      id,
      prev,
      scope: scopeName as Scope,
      seq,
    });
    const made = makeRecord(value);
    records.push(made);
    prev = made.hash;
  }
  return records;
}
