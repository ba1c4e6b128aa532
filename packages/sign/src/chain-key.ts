// Which key signs the next op of a chain (docs/spec/sign.md, "Rotation"), for whoever has checked that a rotation holds, and how a device goes on under one.
import { type Hasher, portableHasher } from '@tallystick/chain/hashing';
import { type DeviceId, decodeHex, type KeyId, type Op, type OpRecord } from '@tallystick/oplog';
import type { KeyPair } from './ed25519.ts';
import { type DeviceKey, keyIdOf } from './key-store.ts';

/** The verb by which a device goes on under a new key. */
export const rotateVerb = 'device.rotate@1';
/** A public key as args hold it: 32 bytes in hex. */
export const keyPattern: RegExp = /^[0-9a-f]{64}$/;

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

/** A later key of the device. */
export function laterKey(device: DeviceId, key: KeyPair & { readonly keyId: KeyId }): DeviceKey {
  return { device, keyId: key.keyId, publicKey: key.publicKey, sign: (message) => key.sign(message) };
}

/** The key that a rotation brings; undefined for every other op. */
export function keyRotatedTo(op: Pick<Op, 'verb' | 'args'>, hasher: Hasher = portableHasher): ChainKey | undefined {
  if (op.verb !== rotateVerb) return undefined;
  const { key } = op.args;
  if (typeof key !== 'string' || !keyPattern.test(key)) return undefined;
  const publicKey = decodeHex(key);
  return { keyId: keyIdOf(publicKey, hasher), publicKey };
}

/** The id of the key that signs the op after this one. The record must have passed the door. */
export function keyIdAfter({ op, keyId }: OpRecord, hasher: Hasher = portableHasher): KeyId {
  return keyRotatedTo(op, hasher)?.keyId ?? keyId;
}
