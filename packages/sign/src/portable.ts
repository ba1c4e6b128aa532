// As noble.ts and native.ts, for a device that only signs at most starts: the curve comes with the first call that needs it, from where the program has it. Such
// a call rejects where that cannot be had, and the next one asks again.
import type { MaybePromise } from '@tallystick/oplog';
import type { Ed25519 } from './ed25519.ts';
import { type IndexedDbKeyStoreOptions, openIndexedDbKeys } from './indexed-db.ts';
import type * as judging from './judging.ts';
import type { ImportingKeyStore } from './key-store.ts';
import { isByTheRule } from './platform.ts';
import { type CurveCode, createWebCryptoEd25519, webCryptoEquation } from './web-crypto.ts';

/** Brings what `@tallystick/sign/judging` exports, by `import()` for instance; answers at once where it is here already. */
export type LoadJudging = () => MaybePromise<Pick<typeof judging, keyof typeof judging>>;

/** The portable provider. Answers with promises. */
export function lateEd25519(load: LoadJudging): Ed25519 {
  return {
    name: 'noble',
    generate: async () => (await load()).nobleEd25519.generate(),
    fromSeed: async (seed) => (await load()).nobleEd25519.fromSeed(seed),
    verify: async (publicKey, message, signature) => (await load()).nobleEd25519.verify(publicKey, message, signature),
  };
}

/** WebCrypto where it holds to the acceptance rule; otherwise the portable provider. Ask once, at start. */
export async function choosePlatformEd25519(load: LoadJudging): Promise<Ed25519> {
  const { subtle } = globalThis.crypto;
  // The key of the probe may be enrolled, so nothing that judges keys is loaded for it.
  const isRight = await isByTheRule({ verify: webCryptoEquation(subtle) });
  return isRight ? webCryptoOf(subtle, load) : lateEd25519(load);
}

function webCryptoOf(subtle: SubtleCrypto, load: LoadJudging): Ed25519 {
  let here: Awaited<ReturnType<LoadJudging>> | undefined;
  const accepts = (publicKey: Uint8Array): boolean => here?.acceptPublicKey(publicKey) === true;
  const acceptsForm = (signature: Uint8Array): boolean => here?.acceptSignature(signature) === true;
  const native = createWebCryptoEd25519({ accepts, acceptsForm, importPair: pairImport(load) }, subtle);
  return {
    ...native,
    verify(publicKey, message, signature) {
      if (here !== undefined) return native.verify(publicKey, message, signature);
      const held = [publicKey, message, signature].map((bytes) => Uint8Array.from(bytes));
      return Promise.resolve(load()).then((loaded) => {
        here = loaded;
        return native.verify(...(held as [Uint8Array, Uint8Array, Uint8Array]));
      });
    },
  };
}

function pairImport(load: LoadJudging): CurveCode['importPair'] {
  return async (seed, subtle) => (await load()).importKeyPair(seed, subtle, lateEd25519(load));
}

/** Works in windows and workers. Opens the database for each call, so no other tab is ever held up by it. */
export function createIndexedDbKeyStore(options: IndexedDbKeyStoreOptions, load: LoadJudging): ImportingKeyStore {
  return openIndexedDbKeys(options, pairImport(load));
}
