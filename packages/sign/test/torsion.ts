// Signatures and keys with a component of small order, which only someone who holds the secret can make.
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';

const { Point, utils } = ed25519;
const order = Point.Fn.ORDER;
const generator = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');

/** The eight points of small order, in canonical encoding. */
export const smallOrderPoints: readonly Uint8Array[] = Array.from({ length: 8 }, (_, i) =>
  Point.ZERO.add(i === 0 ? Point.ZERO : generator.multiplyUnsafe(BigInt(i))).toBytes(),
);

export interface TorsionCase {
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * A signature over `message` whose key carries `keyTorsion` and whose R carries `rTorsion` times a point of order 8. It
 * satisfies the cofactored equation always, the cofactorless one where the two cancel out.
 */
export function signWithTorsion(
  seed: Uint8Array,
  message: Uint8Array,
  keyTorsion: number,
  rTorsion: number,
): TorsionCase {
  const { prefix } = utils.getExtendedPublicKey(seed);
  const nonce = numberOf(sha512(Uint8Array.of(...prefix, ...message))) % order;
  return signWithNonce(seed, message, nonce, keyTorsion, rTorsion);
}

/** The same with a nonce of zero: R is of small order, and with no torsion the cofactorless equation holds all the same. */
export function signWithSmallR(seed: Uint8Array, message: Uint8Array, rTorsion: number): TorsionCase {
  return signWithNonce(seed, message, 0n, 0, rTorsion);
}

function signWithNonce(
  seed: Uint8Array,
  message: Uint8Array,
  nonce: bigint,
  keyTorsion: number,
  rTorsion: number,
): TorsionCase {
  const { scalar, point } = utils.getExtendedPublicKey(seed);
  const publicKey = point.add(times(keyTorsion)).toBytes();
  const r = Point.BASE.multiplyUnsafe(nonce).add(times(rTorsion)).toBytes();
  const challenge = numberOf(sha512(Uint8Array.of(...r, ...publicKey, ...message))) % order;
  const s = (nonce + challenge * scalar) % order;
  return { publicKey, signature: Uint8Array.of(...r, ...bytesOf(s)) };
}

/** The same signature with S + L in place of S, which lax verifiers accept. */
export function addOrder(signature: Uint8Array): Uint8Array {
  const s = numberOf(signature.subarray(32)) + order;
  return Uint8Array.of(...signature.subarray(0, 32), ...bytesOf(s));
}

function times(torsion: number): InstanceType<typeof Point> {
  return torsion % 8 === 0 ? Point.ZERO : generator.multiplyUnsafe(BigInt(torsion % 8));
}

function numberOf(littleEndian: Uint8Array): bigint {
  return littleEndian.reduceRight((number, byte) => (number << 8n) + BigInt(byte), 0n);
}

function bytesOf(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((number >> BigInt(8 * i)) & 0xffn));
}
