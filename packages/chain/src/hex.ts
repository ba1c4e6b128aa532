// Hashes are lowercase hex in text and raw bytes in preimages; this is the passage between the two for untrusted input.
import { decodeHex } from '@tallystick/oplog';

const digestPattern = /^[0-9a-f]{64}$/;

/** The 32 bytes of a lowercase hex SHA-256, or undefined. */
export function parseDigestHex(text: unknown): Uint8Array | undefined {
  return typeof text === 'string' && digestPattern.test(text) ? decodeHex(text) : undefined;
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}
