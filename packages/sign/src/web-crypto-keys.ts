// Ed25519 by WebCrypto, whole. Keys it makes cannot be extracted.
import type { Ed25519 } from './ed25519.ts';
import { type PlatformKeyPair, platformKeyPair, webCryptoEquation } from './web-crypto.ts';

/** What no platform does for us. */
export interface CurveCode {
  /** As `acceptPublicKey`. */
  accepts(publicKey: Uint8Array): boolean;
  /** As `acceptSignature`. */
  acceptsForm(signature: Uint8Array): boolean;
  /** As `fromSeed`, with the platform's handle of the key. */
  importPair(seed: Uint8Array, subtle: SubtleCrypto): Promise<PlatformKeyPair>;
}

export function createWebCryptoEd25519(curve: CurveCode, subtle: SubtleCrypto): Ed25519 {
  const verifyEquation = webCryptoEquation(subtle);
  return {
    name: 'webcrypto',
    generate: async () => generateKeyPair(subtle).then(({ pair }) => pair),
    fromSeed: async (seed) => curve.importPair(seed, subtle).then(({ pair }) => pair),
    verify: (publicKey, message, signature) =>
      curve.acceptsForm(signature) && curve.accepts(publicKey) && verifyEquation(publicKey, message, signature),
  };
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
