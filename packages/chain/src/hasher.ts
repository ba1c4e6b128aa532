// The SHA-256 port and its portable provider. Everything here that hashes takes a `Hasher`, so that a host with a native
// SHA-256 can lend it.
import { encodeHex } from '@tallystick/oplog';
import { sha256 } from './sha256.ts';

/** SHA-256, synchronous. A string is hashed as its UTF-8 bytes. */
export interface Hasher {
  sha256(data: Uint8Array): Uint8Array;
  /** Lowercase hex, 64 characters. */
  sha256Hex(data: Uint8Array | string): string;
}

const utf8 = new TextEncoder();

/** Pure JavaScript, runs everywhere. */
export const portableHasher: Hasher = {
  sha256,
  sha256Hex: (data) => encodeHex(sha256(typeof data === 'string' ? utf8.encode(data) : data)),
};
