// A platform's key from a secret that a person brings back.
import type { Ed25519 } from './ed25519.ts';
import { seedToPkcs8 } from './seed.ts';
import { type PlatformKeyPair, platformKeyPair } from './web-crypto.ts';

/** From the 32 byte secret, which the platform takes in and does not give back. */
export async function importKeyPair(
  seed: Uint8Array,
  subtle: SubtleCrypto,
  portable: Ed25519,
): Promise<PlatformKeyPair> {
  const { publicKey } = await portable.fromSeed(seed);
  const privateKey = await subtle.importKey('pkcs8', seedToPkcs8(seed), 'Ed25519', false, ['sign']);
  return { pair: platformKeyPair(publicKey, privateKey, subtle), privateKey };
}
