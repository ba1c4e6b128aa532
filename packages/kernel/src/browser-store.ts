/** Everything a book needs in a browser, as `nodeStore` is in Node: the log on the disk, the rows in sql.js, the keys in IndexedDB. */
import { portableHasher } from '@tallystick/chain/hashing';
import type { KeyStore } from '@tallystick/sign';
import { createIndexedDbKeyStore, latePlatformEd25519 } from '@tallystick/sign/device';
import type { SqlJsStatic } from 'sql.js';
import { loadActs } from './acts.ts';
import { type BrowserLog, type BrowserLogOptions, openBrowserLog } from './browser-log.ts';
import type { BookStore } from './driver.ts';
import { useLateFiles } from './late-files.ts';
import { storeOver } from './sqljs-rows.ts';

export interface BrowserStoreOptions extends BrowserLogOptions {
  /** What `initSqlJs()` resolves to. */
  readonly sqlite: SqlJsStatic;
  /** Names the build of your program: rows that another build saved are folded again. */
  readonly release?: string;
}

export interface BrowserStore extends BookStore {
  readonly log: BrowserLog;
  readonly keys: KeyStore;
}

/** Opens the store `name` of this origin. Call in a dedicated worker; throws as `openBrowserLog`. */
export async function browserStore(name: string, options: BrowserStoreOptions): Promise<BrowserStore> {
  useLateFiles();
  const { sqlite, release = '', ...logOptions } = options;
  const crypto = { hasher: portableHasher, ed25519: latePlatformEd25519(loadActs) };
  const keys = createIndexedDbKeyStore({ hasher: portableHasher, database: `tallystick-${name}-keys` }, loadActs);
  const log = await openBrowserLog(name, logOptions);
  return { ...storeOver({ sqlite, log, release, images: log.images }), log, keys, crypto };
}
