// The Node entry point: Ed25519 by `node:crypto` and keys in files.
export {
  createFileKeyStore,
  createSealedKeyStore,
  type KeySeal,
  resealKeyFile,
  type SealedKeyStoreOptions,
} from './file-key-store.ts';
export { loadSodiumThreads, nodeEd25519, nodeEd25519Threads } from './node-ed25519.ts';
