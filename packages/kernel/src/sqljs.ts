/**
 * The sql.js driver: projections in memory, in a browser, a worker or Node. The log lives elsewhere (an append file, memory); what is here is
 * rebuilt from it when the book opens.
 */
import { portableHasher } from '@tallystick/chain/hashing';
import type { LogStore } from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import type { KeyStore } from '@tallystick/sign';
import { createMemoryKeyStore, lateEd25519 } from '@tallystick/sign/device';
import { loadActs } from './acts.ts';
import type { BookStore } from './driver.ts';
import { useLateFiles } from './late-files.ts';
import { type RowsOptions, storeOver } from './sqljs-rows.ts';

export { sqljsDriver } from './sqljs-rows.ts';

export interface SqlJsStoreOptions extends Omit<RowsOptions, 'log'> {
  /** Where ops are durable; memory when left out, which is for tests and throw-away replays only. */
  readonly log?: LogStore;
  /** In memory when the log is, too. */
  readonly keys?: KeyStore;
}

export function sqljsStore({ log, keys, ...rows }: SqlJsStoreOptions): BookStore {
  useLateFiles();
  const store = storeOver({ ...rows, log: log ?? createMemoryLogStore() });
  const held = keys ?? (log === undefined ? createMemoryKeyStore(lateEd25519(loadActs), portableHasher) : undefined);
  return held === undefined ? store : { ...store, keys: held };
}
