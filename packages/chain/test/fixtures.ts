// Chains for tests, signed with a stand-in for Ed25519: a hash that only the named key makes, checked by making it again.
import {
  type DeviceId,
  decodeHex,
  encodeOp,
  encodeRecord,
  type JsonObject,
  type KeyId,
  type Op,
  type OpHash,
  type OpId,
  type OpRecord,
  parseDeviceId,
  parseKeyId,
  parseOpId,
  parseScope,
  parseVerbRef,
  type Scope,
  signatureOf,
  type VerbRef,
} from '@tallystick/oplog';
import fc from 'fast-check';
import { type Hasher, hashOp, openRecord, type VerifyRecord } from '../src/index.ts';
import { nodeHasher } from '../src/node.ts';

function minted<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the fixture is malformed');
  return value;
}

/**
 * Any character but half a surrogate pair. What `unit: 'binary'` means, without the three seconds that its tables cost a
 * process.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 0x10ffff - 0x800 })
  .map((point) => String.fromCodePoint(point < 0xd800 ? point : point + 0x800));

export const hasher: Hasher = nodeHasher;
export const hq: Scope = minted(parseScope('hq'));
export const branch: Scope = minted(parseScope('b/042'));
export const sale: VerbRef = minted(parseVerbRef('sale.complete@1'));
export const rotate: VerbRef = minted(parseVerbRef('device.rotate@1'));
const open: VerbRef = minted(parseVerbRef('book.open@1'));

export function keyNamed(name: string): KeyId {
  return minted(parseKeyId(hasher.sha256Hex(`key ${name}`)));
}

export function deviceNamed(name: string): DeviceId {
  return minted(parseDeviceId(hasher.sha256Hex(`key ${name}`)));
}

export function fakeSignature(keyId: KeyId, hash: OpHash): Uint8Array {
  const signature = new Uint8Array(64);
  signature.set(hasher.sha256(decodeHex(keyId + hash)));
  signature.set(hasher.sha256(decodeHex(hash + keyId)), 32);
  return signature;
}

/** The verifier that goes with `fakeSignature`. */
export function isValid(record: OpRecord): boolean {
  const expected = fakeSignature(record.keyId, record.hash);
  return signatureOf(record).every((byte, i) => byte === expected[i]);
}

/** A verifier that counts what it is asked. */
export function countingVerifier(): { verify: VerifyRecord; count(): number } {
  let checked = 0;
  return {
    verify(record) {
      checked += 1;
      return isValid(record);
    },
    count: () => checked,
  };
}

export interface Draft {
  readonly device: DeviceId;
  readonly scope?: Scope;
  readonly seq: number;
  readonly prev: OpHash | undefined;
  readonly args?: JsonObject;
  readonly keyId?: KeyId;
  readonly verb?: VerbRef;
}

export function makeRecord({ device, scope = hq, seq, prev, args = { seq }, keyId, verb = sale }: Draft): OpRecord {
  const id: OpId = minted(parseOpId(`019acf63-7a00-7000-8000-${seq.toString(16).padStart(12, '0')}`));
  const base = { args, at: 1_764_500_000_000 + seq, device, id, scope, seq };
  const op: Op = prev === undefined ? { ...base, verb: open } : { ...base, prev, verb };
  const text = encodeOp(op);
  const key = keyId ?? minted(parseKeyId(device));
  const hash = hashOp(text, hasher);
  return { op, hash, keyId: key, bytes: encodeRecord(key, fakeSignature(key, hash), text) };
}

/** `length` ops of one device from sequence 1 on, rooted in `enrolment`; without one the first is a genesis op. */
export function makeChain(device: DeviceId, length: number, enrolment?: OpHash, scope: Scope = hq): OpRecord[] {
  const chain: OpRecord[] = [];
  for (let seq = 1; seq <= length; seq++) {
    chain.push(makeRecord({ device, scope, seq, prev: chain.at(-1)?.hash ?? enrolment }));
  }
  return chain;
}

/** The same op under a signature that is not valid. */
export function spoilSignature(record: OpRecord): OpRecord {
  return flipBit(record, 32 * 8);
}

/** The record with one bit of its bytes changed and everything else as it was. */
export function flipBit(record: OpRecord, bit: number): OpRecord {
  const bytes = record.bytes.slice();
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  return { ...record, bytes };
}

/** What a reader makes of the bytes, if they are a record at all. */
export function reopened(bytes: Uint8Array): OpRecord | undefined {
  const opened = openRecord(bytes, hasher);
  return opened.ok ? opened.value : undefined;
}
