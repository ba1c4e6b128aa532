// Ed25519 by WebCrypto, as far as every start needs it: signing, and the equation of verification. Keys are made by web-crypto-keys.ts.

import type { Ed25519, KeyPair } from './ed25519.ts';
import { rememberKeys } from './key-cache.ts';

/** Verification but for the questions whether the key may be enrolled, and whether the signature has the form of one. */
export function webCryptoEquation(subtle: SubtleCrypto): Ed25519['verify'] {
  const keyOf = rememberKeys(
    async (publicKey): Promise<CryptoKey> =>
      subtle.importKey('raw', Uint8Array.from(publicKey), 'Ed25519', false, ['verify']),
  );
  return (publicKey, message, signature) => {
    const [heldSignature, heldMessage] = [Uint8Array.from(signature), Uint8Array.from(message)];
    return keyOf(publicKey).then((key) => subtle.verify('Ed25519', key, heldSignature, heldMessage));
  };
}

/** A pair together with the platform's handle of the private key, which a key store can keep but nobody can read. */
export interface PlatformKeyPair {
  readonly pair: KeyPair;
  readonly privateKey: CryptoKey;
}

export function platformKeyPair(publicKey: Uint8Array, privateKey: CryptoKey, subtle: SubtleCrypto): KeyPair {
  return {
    publicKey,
    sign: async (message) => new Uint8Array(await subtle.sign('Ed25519', privateKey, Uint8Array.from(message))),
  };
}
