// Device keys in IndexedDB, made and put there.
import { type IndexedDbKeyStoreOptions, loadIndexedDbKey, runRequest, type StoredKey } from './indexed-db.ts';
import { checkKeyName, type DeviceKey, firstDeviceKey, type ImportingKeyStore } from './key-store.ts';
import type { PlatformKeyPair } from './web-crypto.ts';
import { type CurveCode, generateKeyPair } from './web-crypto-keys.ts';

/** `importPair` makes public keys of secrets, which no platform does. */
export function openIndexedDbKeys(
  options: IndexedDbKeyStoreOptions,
  importPair: CurveCode['importPair'],
): ImportingKeyStore {
  const { subtle } = globalThis.crypto;
  const keep = async (name: string, { pair, privateKey }: PlatformKeyPair): Promise<DeviceKey> => {
    const stored: StoredKey = { publicKey: pair.publicKey, privateKey };
    // `add`, never `put`: of two tabs that create at once, one keeps its key and the other is told.
    await runRequest(options.database, 'readwrite', (keys) => keys.add(stored, name));
    return firstDeviceKey(pair, options.hasher);
  };
  return {
    load: (name) => loadIndexedDbKey(options, name),
    create: async (name) => keep(checkKeyName(name), await generateKeyPair(subtle)),
    import: async (name, seed) => keep(checkKeyName(name), await importPair(seed, subtle)),
  };
}
