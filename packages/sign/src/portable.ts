// As noble.ts and native.ts, for a device that only signs at most starts: the curve comes with the first call that needs it, from where the program has it. Such
// a call rejects where that cannot be had, and the next one asks again.
import type { MaybePromise } from '@tallystick/oplog';
import type { Ed25519 } from './ed25519.ts';
import { type IndexedDbKeyStoreOptions, loadIndexedDbKey } from './indexed-db.ts';
import type * as judging from './judging.ts';
import type { ImportingKeyStore } from './key-store.ts';

/** Brings what `@tallystick/sign/judging` exports, by `import()` for instance; answers at once where it is here already. */
export type LoadJudging = () => MaybePromise<Pick<typeof judging, keyof typeof judging>>;

/** The portable provider. Answers with promises until the curve is here. */
export function lateEd25519(load: LoadJudging): Ed25519 {
  return lateProvider('noble', async () => (await load()).nobleEd25519);
}

/** WebCrypto where it holds to the acceptance rule, which is tried with the first call; otherwise the portable provider. Answers with promises until that is known. */
export function latePlatformEd25519(load: LoadJudging): Ed25519 {
  return lateProvider('platform', async () => (await load()).choosePlatformEd25519());
}

function lateProvider(name: string, load: () => Promise<Ed25519>): Ed25519 {
  let here: Ed25519 | undefined;
  const provider = async (): Promise<Ed25519> => (here ??= await load());
  return {
    name,
    generate: async () => (await provider()).generate(),
    fromSeed: async (seed) => (await provider()).fromSeed(seed),
    verify(...signed) {
      if (here !== undefined) return here.verify(...signed);
      // Whoever asks may write over them meanwhile.
      const held = signed.map((bytes) => Uint8Array.from(bytes)) as typeof signed;
      return provider().then((loaded) => loaded.verify(...held));
    },
  };
}

/** Works in windows and workers. Opens the database for each call, so no other tab is ever held up by it. */
export function createIndexedDbKeyStore(options: IndexedDbKeyStoreOptions, load: LoadJudging): ImportingKeyStore {
  const keys = async (): Promise<ImportingKeyStore> => (await load()).createIndexedDbKeyStore(options);
  return {
    load: (name) => loadIndexedDbKey(options, name),
    create: async (name) => (await keys()).create(name),
    import: async (name, seed) => (await keys()).import(name, seed),
  };
}
