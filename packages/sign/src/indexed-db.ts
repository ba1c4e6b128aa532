// Device keys in IndexedDB: the private half is a CryptoKey that nothing can extract, kept by the browser itself. They are put there by indexed-db-keys.ts.
import type { Hasher } from '@tallystick/chain';
import { SignError } from './errors.ts';
import { checkKeyName, type DeviceKey, firstDeviceKey } from './key-store.ts';
import { platformKeyPair } from './web-crypto.ts';

export interface IndexedDbKeyStoreOptions {
  readonly hasher: Hasher;
  /** Name of the database; one per origin and product by default. */
  readonly database?: string;
}

export interface StoredKey {
  readonly publicKey: Uint8Array;
  readonly privateKey: CryptoKey;
}

const storeName = 'keys';

/** The key of this name; undefined where there is none. */
export async function loadIndexedDbKey(
  { hasher, database }: IndexedDbKeyStoreOptions,
  name: string,
): Promise<DeviceKey | undefined> {
  checkKeyName(name);
  // The DOM types leave open what a store holds; here it is what indexed-db-keys.ts added.
  const ask = (keys: IDBObjectStore) => keys.get(name) as IDBRequest<StoredKey | undefined>;
  const stored = await runRequest(database, 'readonly', ask);
  if (stored === undefined) return undefined;
  return firstDeviceKey(platformKeyPair(stored.publicKey, stored.privateKey, globalThis.crypto.subtle), hasher);
}

/** Runs one request in a transaction of its own and waits until that is durable. */
export async function runRequest<T>(
  database: string = 'tallystick-keys',
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
