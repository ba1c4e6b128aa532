// The acceptance rule as DESIGN.md section 3 words it, checked point by point and without any shortcut.
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';

const { Point } = ed25519;
const order = Point.Fn.ORDER;
type EdwardsPoint = InstanceType<typeof Point>;

/** Canonical, torsion-free and not the identity. */
export function isPrimeOrderEncoding(bytes: Uint8Array): boolean {
  const point = decodeStrictly(bytes);
  return point !== undefined && !point.is0() && timesOrder(point).is0();
}

/** Both points in order, S < L, and [S]B = R + [k]A. */
export function isValidByTheBook(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const rBytes = signature.subarray(0, 32);
  const s = numberOf(signature.subarray(32));
  if (signature.length !== 64 || s >= order) return false;
  if (!isPrimeOrderEncoding(publicKey) || !isPrimeOrderEncoding(rBytes)) return false;
  const k = numberOf(sha512(Uint8Array.of(...rBytes, ...publicKey, ...message))) % order;
  const right = Point.fromBytes(rBytes).add(Point.fromBytes(publicKey).multiplyUnsafe(k));
  return Point.BASE.multiplyUnsafe(s).equals(right);
}

function decodeStrictly(bytes: Uint8Array): EdwardsPoint | undefined {
  try {
    const point = Point.fromBytes(bytes);
    return point.toBytes().every((byte, i) => byte === bytes[i]) ? point : undefined;
  } catch {
    return undefined;
  }
}

function timesOrder(point: EdwardsPoint): EdwardsPoint {
  return point.multiplyUnsafe(order - 1n).add(point);
}

function numberOf(littleEndian: Uint8Array): bigint {
  return littleEndian.reduceRight((number, byte) => (number << 8n) + BigInt(byte), 0n);
}
