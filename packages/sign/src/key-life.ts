// Keys that follow one another (docs/spec/sign.md, "Rotation"): which key signs an op is decided by the op before it in its chain.
import { type Hasher, nobleHasher } from '@tallystick/chain';
import {
  type DeviceId,
  decodeHex,
  encodeHex,
  type Json,
  type KeyId,
  type MaybePromise,
  type Op,
  type OpHash,
  type OpRecord,
  type Result,
} from '@tallystick/oplog';
import { acceptPublicKey } from './acceptance.ts';
import type { Ed25519, KeyPair } from './ed25519.ts';
import { SignError } from './errors.ts';
import { type DeviceKey, keyIdOf } from './key-store.ts';
import { badArgs, badKey, parseMembers } from './roles.ts';

/** The verb by which a device goes on under a new key. */
export const rotateVerb = 'device.rotate@1';

/** Args of `device.rotate@1`: the new public key and its signature over the place of the op, both in hex. */
export interface RotateArgs {
  readonly key: string;
  readonly proof: string;
}

/** Who may sign an op next. */
export interface ChainKey {
  readonly keyId: KeyId;
  readonly publicKey: Uint8Array;
}

const domain = new TextEncoder().encode('tallystick/rotate/1\n');
const keyPattern = /^[0-9a-f]{64}$/;
const proofPattern = /^[0-9a-f]{128}$/;

/** Refusals: `sign/args`, `sign/key` when the key is not one that may be enrolled. */
export function parseRotateArgs(value: Json): Result<RotateArgs> {
  const args = parseMembers(value, ['key', 'proof']);
  const { key, proof } = args ?? {};
  if (typeof proof !== 'string' || !proofPattern.test(proof)) return badArgs(rotateVerb);
  const isKey = typeof key === 'string' && keyPattern.test(key) && acceptPublicKey(decodeHex(key));
  return isKey ? { ok: true, value: { key, proof } } : badKey(key);
}

/** "tallystick/rotate/1\n" || hash of the op before the rotation (32 raw bytes) || new public key (32 bytes). */
export function rotationPreimage(prev: OpHash, publicKey: Uint8Array): Uint8Array {
  const preimage = new Uint8Array(domain.length + 64);
  preimage.set(domain);
  preimage.set(decodeHex(prev), domain.length);
  preimage.set(publicKey, domain.length + 32);
  return preimage;
}

/** The args by which a chain whose head is `prev` goes on under `key`. Throws when the signer fails. */
export async function proveRotation(prev: OpHash, key: KeyPair): Promise<RotateArgs> {
  const proof = await key.sign(rotationPreimage(prev, key.publicKey));
  if (!(proof instanceof Uint8Array) || proof.length !== 64) {
    throw new SignError('sign/signer', 'the signer gave something else than 64 bytes');
  }
  return { key: encodeHex(key.publicKey), proof: encodeHex(proof) };
}

/**
 * Whether the owner of the new key agreed to the rotation at this place. `keyId` signs the op itself. Refusals: `sign/args`, `sign/key` (not
 * acceptable, or in force already), `sign/proof`.
 */
export async function judgeRotation(
  op: Op,
  keyId: KeyId,
  ed25519: Ed25519,
  hasher: Hasher,
): Promise<Result<RotateArgs>> {
  const args = parseRotateArgs(op.args);
  if (!args.ok) return args;
  if (op.prev === undefined) return badArgs(rotateVerb);
  const publicKey = decodeHex(args.value.key);
  if (keyIdOf(publicKey, hasher) === keyId) return badKey(args.value.key);
  const isProven = await ed25519.verify(publicKey, rotationPreimage(op.prev, publicKey), decodeHex(args.value.proof));
  return isProven ? args : { ok: false, code: 'sign/proof', message: 'the new key did not sign its place' };
}

/** The key that a rotation brings; undefined for every other op. */
export function keyRotatedTo(
  { verb, args }: Pick<Op, 'verb' | 'args'>,
  hasher: Hasher = nobleHasher,
): ChainKey | undefined {
  const { key } = args;
  if (verb !== rotateVerb || typeof key !== 'string' || !keyPattern.test(key)) return undefined;
  const publicKey = decodeHex(key);
  return { keyId: keyIdOf(publicKey, hasher), publicKey };
}

/** The id of the key that signs the op after this one. The record must have passed the door. */
export function keyIdAfter({ op, keyId }: OpRecord, hasher: Hasher = nobleHasher): KeyId {
  return keyRotatedTo(op, hasher)?.keyId ?? keyId;
}

/** A later key of the device. */
export function laterKey(device: DeviceId, key: KeyPair & { readonly keyId: KeyId }): DeviceKey {
  return { device, keyId: key.keyId, publicKey: key.publicKey, sign: (message) => key.sign(message) };
}

/** What a reader knows of the chains that it checks. */
export interface KeysKnown {
  /** The raw key if it ever was one of this device's. */
  keyOf(device: DeviceId, keyId: KeyId): Uint8Array | undefined;
  /** Whether the device ever had another key than its first. */
  hasRotated(device: DeviceId): boolean;
  /** An op of the records that are being checked. */
  offered(hash: OpHash): OpRecord | undefined;
  /** An op that passed the door before. */
  stored(hash: OpHash): MaybePromise<OpRecord | undefined>;
  readonly hasher: Hasher;
}

/**
 * The key of a record, if it is the one in force at its place: that of the rotation which it links to, else the one that signed the op
 * before it, else the device's first. Only the ops before it in its own chain matter, so every reader agrees. For one batch of records.
 */
export function createKeyInForce(
  known: KeysKnown,
): (keyId: KeyId, device: DeviceId, record: OpRecord) => MaybePromise<Uint8Array | undefined> {
  const { hasher } = known;
  const keyByHash = new Map<OpHash, ChainKey | undefined>();

  function keyNamed(device: DeviceId, keyId: KeyId): ChainKey | undefined {
    const publicKey = known.keyOf(device, keyId);
    return publicKey && { keyId, publicKey };
  }

  async function keyAt(record: OpRecord): Promise<ChainKey | undefined> {
    const { device } = record.op;
    const walked: OpHash[] = [];
    let key: ChainKey | undefined;
    // From the record back to what settles the question: a rotation, an op that passed the door, or the start of the chain.
    for (let at: OpRecord | undefined = record; at !== undefined && key === undefined; ) {
      const { hash, op }: OpRecord = at;
      if (keyByHash.has(hash)) {
        key = keyByHash.get(hash);
        break;
      }
      walked.push(hash);
      if (op.prev === undefined || op.seq === 1) {
        key = keyNamed(device, device as string as KeyId);
        break;
      }
      const offered: OpRecord | undefined = known.offered(op.prev);
      const before: OpRecord | undefined = offered ?? (await known.stored(op.prev));
      key = before && keyRotatedTo(before.op, hasher);
      if (before !== undefined && offered === undefined) key ??= keyNamed(device, before.keyId);
      at = offered;
    }
    for (const hash of walked) keyByHash.set(hash, key);
    return key;
  }

  return (keyId, device, record) => {
    if (!known.hasRotated(device)) return (keyId as string) === device ? known.keyOf(device, keyId) : undefined;
    return keyAt(record).then((key) => (key?.keyId === keyId ? key.publicKey : undefined));
  };
}
