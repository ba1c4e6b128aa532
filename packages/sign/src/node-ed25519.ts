// Ed25519 by `node:crypto` (OpenSSL), synchronous.
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { acceptPublicKey } from './acceptance.ts';
import type { Ed25519, KeyPair } from './ed25519.ts';
import { rememberKeys } from './key-cache.ts';
import { createVerifyThreads } from './node-verify-threads.ts';
import { isByTheRule } from './platform.ts';
import { seedToPkcs8 } from './seed.ts';
import { acceptSignature } from './signature-form.ts';

const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const keyOf = rememberKeys(publicKeyObject);

export const nodeEd25519: Ed25519 = {
  name: 'node',
  generate: () => keyPairOf(randomBytes(32)),
  fromSeed: keyPairOf,
  verify(publicKey, message, signature) {
    if (!acceptPublicKey(publicKey) || !acceptSignature(signature)) return false;
    return verify(null, message, keyOf(publicKey), signature);
  },
};

/** The same, with signatures checked on other threads: for who has many to check at once and other work meanwhile. */
export const nodeEd25519Threads: Ed25519 = onThreads('node-threads', undefined);

/**
 * The same by libsodium, which needs less than half the time, where the application has the package `sodium-native`: `sodiumPath` is its main file.
 * Undefined where it does not load on this machine, or gives other verdicts than the acceptance rule.
 */
export async function loadSodiumThreads(sodiumPath: string): Promise<Ed25519 | undefined> {
  const sodium = onThreads('sodium-threads', sodiumPath);
  return (await isByTheRule(sodium)) ? sodium : undefined;
}

function onThreads(name: string, sodiumPath: string | undefined): Ed25519 {
  let threads: ReturnType<typeof createVerifyThreads> | undefined;
  return {
    ...nodeEd25519,
    name,
    verify(publicKey, message, signature) {
      if (!acceptPublicKey(publicKey) || !acceptSignature(signature)) return false;
      threads ??= createVerifyThreads({ sodiumPath });
      return threads(publicKey, message, signature);
    },
  };
}

function keyPairOf(seed: Uint8Array): KeyPair {
  const key = createPrivateKey({ key: Buffer.from(seedToPkcs8(seed)), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicKey: Uint8Array.from(spki.subarray(spkiPrefix.length)),
    sign: (message) => sign(null, message, key),
  };
}

function publicKeyObject(publicKey: Uint8Array): KeyObject {
  const x = Buffer.from(publicKey).toString('base64url');
  // Half as dear as from DER, which OpenSSL reads with much ceremony.
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}
