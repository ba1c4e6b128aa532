// Ed25519 by WebCrypto. Keys it makes cannot be extracted.

import type { Ed25519, KeyPair } from './ed25519.ts';
import { rememberKeys } from './key-cache.ts';
import { seedToPkcs8 } from './seed.ts';
import { acceptSignature } from './signature-form.ts';

/** What no platform does for us. */
export interface CurveCode {
  /** As `acceptPublicKey`. */
  accepts(publicKey: Uint8Array): boolean;
  /** Runs everywhere. */
  readonly portable: Ed25519;
}

export function createWebCryptoEd25519(curve: CurveCode, subtle: SubtleCrypto): Ed25519 {
  const verifyEquation = webCryptoEquation(subtle);
  return {
    name: 'webcrypto',
    generate: async () => generateKeyPair(subtle).then(({ pair }) => pair),
    fromSeed: async (seed) => importKeyPair(seed, subtle, curve.portable).then(({ pair }) => pair),
    verify: (publicKey, message, signature) =>
      curve.accepts(publicKey) && verifyEquation(publicKey, message, signature),
  };
}

/** Verification but for the question whether the key may be enrolled. */
export function webCryptoEquation(subtle: SubtleCrypto): Ed25519['verify'] {
  const keyOf = rememberKeys(
    async (publicKey): Promise<CryptoKey> =>
      subtle.importKey('raw', Uint8Array.from(publicKey), 'Ed25519', false, ['verify']),
  );
  return (publicKey, message, signature) => {
    if (!acceptSignature(signature)) return false;
    const [heldSignature, heldMessage] = [Uint8Array.from(signature), Uint8Array.from(message)];
    return keyOf(publicKey).then((key) => subtle.verify('Ed25519', key, heldSignature, heldMessage));
  };
}

/** A pair together with the platform's handle of the private key, which a key store can keep but nobody can read. */
export interface PlatformKeyPair {
  readonly pair: KeyPair;
  readonly privateKey: CryptoKey;
}

const mostAttempts = 8;

/** WebKitGTK 2.50 fails with an `OperationError` for one key in some seventy, and makes the next one. */
export async function generateKeyPair(subtle: SubtleCrypto): Promise<PlatformKeyPair> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await generateOnce(subtle);
    } catch (error) {
      const isPassing = error instanceof DOMException && error.name === 'OperationError';
      if (!isPassing || attempt === mostAttempts) throw error;
    }
  }
}

async function generateOnce(subtle: SubtleCrypto): Promise<PlatformKeyPair> {
  const generated = await subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  if (!('privateKey' in generated)) throw new TypeError('the platform generated no key pair for Ed25519');
  const publicKey = new Uint8Array(await subtle.exportKey('raw', generated.publicKey));
  return { pair: platformKeyPair(publicKey, generated.privateKey, subtle), privateKey: generated.privateKey };
}

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

export function platformKeyPair(publicKey: Uint8Array, privateKey: CryptoKey, subtle: SubtleCrypto): KeyPair {
  return {
    publicKey,
    sign: async (message) => new Uint8Array(await subtle.sign('Ed25519', privateKey, Uint8Array.from(message))),
  };
}
