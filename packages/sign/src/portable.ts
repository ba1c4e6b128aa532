// As noble.ts and native.ts, for a device that only signs at most starts: the curve comes with the first call that needs it. Such a call rejects where its file
// cannot be had, and the next one tries again.
import type { Ed25519 } from './ed25519.ts';
import { type IndexedDbKeyStoreOptions, openIndexedDbKeys } from './indexed-db.ts';
import type * as judging from './judging.ts';
import type { ImportingKeyStore } from './key-store.ts';
import { isByTheRule } from './platform.ts';
import { type CurveCode, createWebCryptoEd25519, webCryptoEquation } from './web-crypto.ts';

let here: typeof judging | undefined;
const load = async (): Promise<typeof judging> => (here ??= await import('./judging.ts'));

/** Answers with promises. */
export const portableEd25519: Ed25519 = {
  name: 'noble',
  generate: async () => (await load()).nobleEd25519.generate(),
  fromSeed: async (seed) => (await load()).nobleEd25519.fromSeed(seed),
  verify: async (publicKey, message, signature) => (await load()).nobleEd25519.verify(publicKey, message, signature),
};

const importPair: CurveCode['importPair'] = async (seed, subtle) =>
  (await load()).importKeyPair(seed, subtle, portableEd25519);

/** WebCrypto where it holds to the acceptance rule; otherwise the portable provider. Ask once, at start. */
export async function choosePlatformEd25519(): Promise<Ed25519> {
  const { subtle } = globalThis.crypto;
  // The key of the probe may be enrolled, so nothing that judges keys is loaded for it.
  const isRight = await isByTheRule({ verify: webCryptoEquation(subtle) });
  return isRight ? webCryptoOf(subtle) : portableEd25519;
}

function webCryptoOf(subtle: SubtleCrypto): Ed25519 {
  const accepts = (publicKey: Uint8Array): boolean => here?.acceptPublicKey(publicKey) === true;
  const acceptsForm = (signature: Uint8Array): boolean => here?.acceptSignature(signature) === true;
  const native = createWebCryptoEd25519({ accepts, acceptsForm, importPair }, subtle);
  return {
    ...native,
    verify(publicKey, message, signature) {
      if (here !== undefined) return native.verify(publicKey, message, signature);
      const held = [publicKey, message, signature].map((bytes) => Uint8Array.from(bytes));
      return load().then(() => native.verify(...(held as [Uint8Array, Uint8Array, Uint8Array])));
    },
  };
}

/** Works in windows and workers. Opens the database for each call, so no other tab is ever held up by it. */
export function createIndexedDbKeyStore(options: IndexedDbKeyStoreOptions): ImportingKeyStore {
  return openIndexedDbKeys(options, importPair);
}
