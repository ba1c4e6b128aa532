// How a device proves that it goes on under a new key (docs/spec/sign.md, "Rotation"). A device that only sells never does.
import { decodeHex, encodeHex, type OpHash } from '@tallystick/oplog';
import type { RotateArgs } from './chain-key.ts';
import type { KeyPair } from './ed25519.ts';
import { preimagesOf } from './preimage.ts';

const rotation = preimagesOf('rotate');

/** "tallystick/rotate/1\n" || hash of the op before the rotation (32 raw bytes) || new public key (32 bytes). */
export function rotationPreimage(prev: OpHash, publicKey: Uint8Array): Uint8Array {
  return rotation(decodeHex(prev), publicKey);
}

/** The args by which a chain whose head is `prev` goes on under `key`. Throws when the signer does. */
export async function proveRotation(prev: OpHash, key: KeyPair): Promise<RotateArgs> {
  const proof = await key.sign(rotationPreimage(prev, key.publicKey));
  return { key: encodeHex(key.publicKey), proof: encodeHex(proof) };
}
