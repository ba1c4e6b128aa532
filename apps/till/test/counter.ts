// A till without a page, for tests in Node: the real book on a real log file, which can be made to fail.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portableHasher } from '@tallystick/chain';
import { openBook } from '@tallystick/kernel';
import { nodeCrypto } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { type AppendFile, parseScope, type Scope } from '@tallystick/oplog';
import { createFileLogStore } from '@tallystick/oplog/file';
import { createNodeAppendFile } from '@tallystick/oplog/node';
import { createMemoryKeyStore } from '@tallystick/sign';
import initSqlJs from 'sql.js';
import { createClockWatch } from '../src/engine/clock-watch.ts';
import { fillDemoShop } from '../src/engine/demo-shop.ts';
import { type Entry, enter } from '../src/engine/entry.ts';
import { createKeyPlace } from '../src/engine/key-place.ts';
import { type OpenShop, watchShop } from '../src/engine/open-shop.ts';
import type { Outcome, Saved } from '../src/engine/port.ts';
import type { SaleRequest } from '../src/engine/requests.ts';
import { addLookUps, tillVerbs } from '../src/engine/till-book.ts';

/** What the disk under the log does instead of what it is asked. */
export interface DiskFaults {
  /** Throws after the bytes were written, and keeps them when asked to cut them off again. */
  isFlushFailing?: boolean;
  isWriteFailing?: boolean;
  isGone?: boolean;
}

export interface Counter {
  readonly faults: DiskFaults;
  readonly shop: OpenShop;
  /** Lets go of the book and folds it again from the file. */
  openAgain(): Promise<OpenShop>;
  /** Makes an entry; where the book must be opened anew for it, it is. */
  ask<Request, Shown>(entry: Entry<Request, Shown>, request: Request): Promise<Outcome<Saved<Shown>>>;
  close(): Promise<void>;
}

/** A demonstration shop in pounds whose drawer is closed. */
export async function openCounter(): Promise<Counter> {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-counter-'));
  const faults: DiskFaults = {};
  const keys = createMemoryKeyStore(nodeCrypto.ed25519, portableHasher);
  const sqlite = await initSqlJs();

  async function open(): Promise<OpenShop> {
    if (faults.isGone === true) throw new DOMException('the file is gone', 'NotFoundError');
    const log = createFileLogStore(failingFile(createNodeAppendFile(join(folder, 'log')), faults));
    const store = sqljsStore({ sqlite, log });
    const names = { name: 'Corner', deviceName: 'till-1' };
    const book = await openBook({ store, keys, verbs: tillVerbs, crypto: nodeCrypto, ...names });
    addLookUps(store);
    const own = { shop: 'Corner', till: 'till-1', currency: 'GBP' };
    const record = { book: undefined, scope: parseScope('hq') as Scope, relay: undefined, own };
    const place = createKeyPlace(log, undefined, keys);
    return watchShop({ book, log, record, keys: place, sync: undefined, clock: createClockWatch() });
  }

  let shop = await open();
  await fillDemoShop(shop.book, 'GBP', 2, '2026-01-02');
  const openAgain = async (): Promise<OpenShop> => {
    await shop.book.close();
    shop = await open();
    return shop;
  };
  return {
    faults,
    get shop() {
      return shop;
    },
    openAgain,
    ask: (entry, request) => enter(entry, request, shop, openAgain),
    close: async () => {
      await shop.book.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What is shown of an entry that must have been saved. */
export async function done<T>(outcome: Promise<Outcome<Saved<T>>>): Promise<T> {
  const { ok, ...rest } = await outcome;
  if (!ok || !('value' in rest) || rest.value.shown === undefined) throw new Error(JSON.stringify(rest));
  return rest.value.shown;
}

function failingFile(file: AppendFile, faults: DiskFaults): AppendFile {
  const fail = (): never => {
    throw new Error('EIO: i/o error');
  };
  return {
    ...file,
    write: (offset, bytes) => (faults.isWriteFailing === true ? fail() : file.write(offset, bytes)),
    flush: () => (faults.isFlushFailing === true ? fail() : file.flush()),
    truncate: (size) => (faults.isFlushFailing === true ? fail() : file.truncate(size)),
  };
}

/** A cart of flat whites at £3.60 each, paid in cash. */
export function cartOf(key: string, quantity: number, givenMinor: number = quantity * 360): SaleRequest {
  const line = { sku: 'C02', name: 'Flat white', quantity, quantityScale: 0, unitPriceMilliMinor: 360_000 };
  return {
    key,
    lines: [{ ...line, taxRateBasisPoints: 2_000 }],
    tenders: [{ kind: 'cash', amountMinor: givenMinor }],
    changeMinor: givenMinor - quantity * 360,
  };
}
