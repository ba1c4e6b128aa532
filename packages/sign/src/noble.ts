// Ed25519 in pure JavaScript. Its own `verify` uses the cofactored equation and so accepts signatures that native code
// refuses; here R is computed and compared byte for byte instead, which is what native code does.
import { getPublicKey, hashes, Point, sign, utils } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { acceptPoint } from './acceptance.ts';
import type { Ed25519, KeyPair } from './ed25519.ts';
import { rememberKeys } from './key-cache.ts';
import { checkSeed } from './seed.ts';
import { acceptSignature, groupOrder } from './signature-form.ts';

// The library brings no hash of its own for calls that answer at once.
hashes.sha512 = sha512;

const pointOf = rememberKeys((publicKey): { point: Point | undefined } => ({ point: acceptPoint(publicKey) }));

/** Runs everywhere; keys are held in memory as bytes. */
export const nobleEd25519: Ed25519 = {
  name: 'noble',
  generate: () => keyPairOf(utils.randomSecretKey()),
  fromSeed: (seed) => keyPairOf(Uint8Array.from(checkSeed(seed))),
  verify(publicKey, message, signature) {
    if (publicKey.length !== 32 || !acceptSignature(signature)) return false;
    const { point } = pointOf(publicKey);
    if (point === undefined) return false;
    const r = signature.subarray(0, 32);
    const s = numberOf(signature.subarray(32));
    const challenge = sha512.create().update(r).update(publicKey).update(message).digest();
    const k = numberOf(challenge) % groupOrder;
    const computed = Point.BASE.multiplyUnsafe(s).subtract(point.multiplyUnsafe(k)).toBytes();
    return computed.every((byte, i) => byte === r[i]);
  },
};

function keyPairOf(seed: Uint8Array): KeyPair {
  return { publicKey: getPublicKey(seed), sign: (message) => sign(message, seed) };
}

function numberOf(littleEndian: Uint8Array): bigint {
  let hex = '';
  for (let i = littleEndian.length - 1; i >= 0; i--) hex += (littleEndian[i] as number).toString(16).padStart(2, '0');
  return BigInt(`0x${hex}`);
}
