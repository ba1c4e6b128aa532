// Keys that follow one another (docs/spec/sign.md, "Rotation"): whether a rotation holds at its place.
import type { Hasher } from '@tallystick/chain';
import { decodeHex, type Json, type KeyId, type Op, type Result } from '@tallystick/oplog';
import { type RotateArgs, rotateVerb } from './chain-key.ts';
import { badArgs, badKey, isAcceptedKey, parseMembers } from './device-args.ts';
import type { Ed25519 } from './ed25519.ts';
import { keyIdOf } from './key-store.ts';
import { proofPattern } from './preimage.ts';
import { rotationPreimage } from './rotation-proof.ts';

/** Refusals: `sign/args`, `sign/key` when the key is not one that may be enrolled. */
export function parseRotateArgs(value: Json): Result<RotateArgs> {
  const args = parseMembers(value, ['key', 'proof']);
  const { key, proof } = args ?? {};
  if (typeof proof !== 'string' || !proofPattern.test(proof)) return badArgs(rotateVerb);
  return isAcceptedKey(key) ? { ok: true, value: { key, proof } } : badKey(key);
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
