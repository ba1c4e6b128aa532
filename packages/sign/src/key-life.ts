// Keys that follow one another (docs/spec/sign.md, "Rotation"): which key signs an op is decided by the op before it in its chain.
import { type Hasher, nobleHasher } from '@tallystick/chain/hashing';
import { decodeHex, type Json, type KeyId, type Op, type OpHash, type OpRecord, type Result } from '@tallystick/oplog';
import type { Ed25519 } from './ed25519.ts';
import { keyIdOf } from './key-store.ts';
import { preimagesOf, proofPattern } from './preimage.ts';
import { badArgs, badKey, isAcceptedKey, keyPattern, parseMembers } from './roles.ts';

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

const rotation = preimagesOf('rotate');

/** Refusals: `sign/args`, `sign/key` when the key is not one that may be enrolled. */
export function parseRotateArgs(value: Json): Result<RotateArgs> {
  const args = parseMembers(value, ['key', 'proof']);
  const { key, proof } = args ?? {};
  if (typeof proof !== 'string' || !proofPattern.test(proof)) return badArgs(rotateVerb);
  return isAcceptedKey(key) ? { ok: true, value: { key, proof } } : badKey(key);
}

/** "tallystick/rotate/1\n" || hash of the op before the rotation (32 raw bytes) || new public key (32 bytes). */
export function rotationPreimage(prev: OpHash, publicKey: Uint8Array): Uint8Array {
  return rotation(decodeHex(prev), publicKey);
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
export function keyRotatedTo(op: Pick<Op, 'verb' | 'args'>, hasher: Hasher = nobleHasher): ChainKey | undefined {
  if (op.verb !== rotateVerb) return undefined;
  const { key } = op.args;
  if (typeof key !== 'string' || !keyPattern.test(key)) return undefined;
  const publicKey = decodeHex(key);
  return { keyId: keyIdOf(publicKey, hasher), publicKey };
}

/** The id of the key that signs the op after this one. The record must have passed the door. */
export function keyIdAfter({ op, keyId }: OpRecord, hasher: Hasher = nobleHasher): KeyId {
  return keyRotatedTo(op, hasher)?.keyId ?? keyId;
}
