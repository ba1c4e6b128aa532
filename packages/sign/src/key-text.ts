// The text form of a key pair: what a key file holds, and what a sealed backup holds inside its seal (docs/spec/backup.md).
import { decodeHex, encodeHex, type MaybePromise } from '@tallystick/oplog';
import type { Ed25519, KeyPair } from './ed25519.ts';
import { checkSeed } from './seed.ts';

const pattern = /^tallystick\/key\/1\n([0-9a-f]{64})\n([0-9a-f]{64})\n$/;

/** `tallystick/key/1`, the seed and the public key in lowercase hex, a line each. */
export function encodeKeyText(seed: Uint8Array, publicKey: Uint8Array): string {
  return `tallystick/key/1\n${encodeHex(checkSeed(seed))}\n${encodeHex(publicKey)}\n`;
}

export interface KeyMaterial {
  /** The 32 byte RFC 8032 secret. */
  readonly seed: Uint8Array;
  readonly pair: KeyPair;
}

/** Undefined for anything else than one key whose two halves belong together. */
export function parseKeyText(text: string, ed25519: Ed25519): MaybePromise<KeyMaterial | undefined> {
  const [, seedHex, publicKey] = pattern.exec(text) ?? [];
  if (seedHex === undefined) return undefined;
  const seed = decodeHex(seedHex);
  const checked = (pair: KeyPair) => (encodeHex(pair.publicKey) === publicKey ? { seed, pair } : undefined);
  const pair = ed25519.fromSeed(seed);
  return pair instanceof Promise ? pair.then(checked) : checked(pair);
}
