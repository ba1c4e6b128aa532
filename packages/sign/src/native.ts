// What the platform does for us, with the curve beside it for what it does not.
import { acceptPublicKey } from './acceptance.ts';
import type { Ed25519 } from './ed25519.ts';
import type { IndexedDbKeyStoreOptions } from './indexed-db.ts';
import { openIndexedDbKeys } from './indexed-db-keys.ts';
import type { ImportingKeyStore } from './key-store.ts';
import { nobleEd25519 } from './noble.ts';
import { importKeyPair } from './imported-key.ts';
import { isByTheRule } from './platform.ts';
import { acceptSignature } from './signature-form.ts';
import { type CurveCode, createWebCryptoEd25519 } from './web-crypto-keys.ts';

const importPair: CurveCode['importPair'] = (seed, subtle) => importKeyPair(seed, subtle, nobleEd25519);

/** `subtle` is the platform's own by default. Where it has no Ed25519, every call rejects with the platform's error. */
export function webCryptoEd25519(subtle: SubtleCrypto = globalThis.crypto.subtle): Ed25519 {
  return createWebCryptoEd25519({ accepts: acceptPublicKey, acceptsForm: acceptSignature, importPair }, subtle);
}

/**
 * `candidate` (WebCrypto by default) if it is there and gives the right verdict on a plain signature and on one that only
 * the cofactored equation accepts; otherwise the portable provider. Ask once, at start.
 */
export async function choosePlatformEd25519(candidate: Ed25519 = webCryptoEd25519()): Promise<Ed25519> {
  return (await isByTheRule(candidate)) ? candidate : nobleEd25519;
}

/** Works in windows and workers. Opens the database for each call, so no other tab is ever held up by it. */
export function createIndexedDbKeyStore(options: IndexedDbKeyStoreOptions): ImportingKeyStore {
  return openIndexedDbKeys(options, importPair);
}
