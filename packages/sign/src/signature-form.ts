// Which byte strings may be signatures at all: consensus, as the rest of docs/decisions/001-signature-acceptance.md, and decided without a point of the curve.
import { encodeHex } from '@tallystick/oplog';

// Little-endian, as on the wire.
const fieldPrime = littleEndian((1n << 255n) - 19n);
/** How many points the subgroup of the base point has. */
export const groupOrder: bigint = (1n << 252n) + 27742317777372353535851937790883648493n;
const groupOrderBytes = littleEndian(groupOrder);
/** Every canonical encoding of a point of small order, with the sign bit cleared. */
const smallOrderEncodings: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

const smallOrderStarts: ReadonlySet<number> = new Set(
  [...smallOrderEncodings].map((encoding) => Number.parseInt(encoding.slice(0, 2), 16)),
);

/** 64 bytes, S < L, R canonical and not of small order. What remains to be checked is the equation. */
export function acceptSignature(signature: Uint8Array): boolean {
  if (signature.length !== 64 || !isBelow(signature, 32, 0xff, groupOrderBytes)) return false;
  return isBelow(signature, 0, 0x7f, fieldPrime) && !isSmallOrder(signature);
}

/** Of the 32 bytes from `start` on, the last one under `lastMask`. */
function isBelow(bytes: Uint8Array, start: number, lastMask: number, bound: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const byte = bytes[start + i] as number;
    const difference = (i === 31 ? byte & lastMask : byte) - (bound[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Of the first 32 bytes, whatever their sign bit. All but one in fifty is told by its first byte. */
function isSmallOrder(bytes: Uint8Array): boolean {
  if (!smallOrderStarts.has(bytes[0] as number)) return false;
  // A copy also of a Buffer, whose own `slice` is not one.
  const y = Uint8Array.from(bytes.subarray(0, 32));
  y[31] = (y[31] as number) & 0x7f;
  return smallOrderEncodings.has(encodeHex(y));
}

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}
