// Device keys in IndexedDB: the private half is a CryptoKey that nothing can extract, kept by the browser itself.
import type { Hasher } from '@tallystick/chain';
import { SignError } from './errors.ts';
import { checkKeyName, type DeviceKey, firstDeviceKey, type ImportingKeyStore } from './key-store.ts';
import { type CurveCode, generateKeyPair, type PlatformKeyPair, platformKeyPair } from './web-crypto.ts';

export interface IndexedDbKeyStoreOptions {
  readonly hasher: Hasher;
  /** Name of the database; one per origin and product by default. */
  readonly database?: string;
}

interface StoredKey {
  readonly publicKey: Uint8Array;
  readonly privateKey: CryptoKey;
}

const storeName = 'keys';

/** `importPair` makes public keys of secrets, which no platform does. */
export function openIndexedDbKeys(
  { hasher, database = 'tallystick-keys' }: IndexedDbKeyStoreOptions,
  importPair: CurveCode['importPair'],
): ImportingKeyStore {
  const { subtle } = globalThis.crypto;
  const keep = async (name: string, { pair, privateKey }: PlatformKeyPair): Promise<DeviceKey> => {
    const stored: StoredKey = { publicKey: pair.publicKey, privateKey };
    // `add`, never `put`: of two tabs that create at once, one keeps its key and the other is told.
    await runRequest(database, 'readwrite', (keys) => keys.add(stored, name));
    return firstDeviceKey(pair, hasher);
  };
  return {
    async load(name) {
      checkKeyName(name);
      // The DOM types leave open what a store holds; here it is what `keep` added.
      const ask = (keys: IDBObjectStore) => keys.get(name) as IDBRequest<StoredKey | undefined>;
      const stored = await runRequest(database, 'readonly', ask);
      if (stored === undefined) return undefined;
      return firstDeviceKey(platformKeyPair(stored.publicKey, stored.privateKey, subtle), hasher);
    },
    create: async (name) => keep(checkKeyName(name), await generateKeyPair(subtle)),
    import: async (name, seed) => keep(checkKeyName(name), await importPair(seed, subtle)),
  };
}

/** Runs one request in a transaction of its own and waits until that is durable. */
async function runRequest<T>(
  database: string,
  mode: IDBTransactionMode,
  ask: (keys: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const connection = await openDatabase(database);
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = connection.transaction(storeName, mode, { durability: 'strict' });
      const request = ask(transaction.objectStore(storeName));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(storageError(database, request.error ?? transaction.error));
    });
  } finally {
    connection.close();
  }
}

function openDatabase(database: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = globalThis.indexedDB.open(database, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(storeName);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(storageError(database, request.error));
  });
}

function storageError(database: string, cause: DOMException | null): SignError {
  const exists = cause?.name === 'ConstraintError';
  const message = exists ? `there is a key of this name in ${database} already` : `cannot use database ${database}`;
  return new SignError(exists ? 'sign/key-exists' : 'sign/key-storage', message, { cause });
}
