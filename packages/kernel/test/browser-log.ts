// What the log of a browser does beyond the contract of every log store. Runs in a worker of each browser; see scripts/browsers.
import { type Book, openBook } from '@tallystick/kernel';
import {
  type BrowserLog,
  type BrowserLogKind,
  browserStore,
  openBrowserLog,
  readBrowserLog,
} from '@tallystick/kernel/browser';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import type { OpRecord, Scope } from '@tallystick/oplog';
import type { SqlJsStatic } from 'sql.js';
import { describe, expect, it } from 'vitest';
import { makeChain } from '../../oplog/test/arbitraries.ts';
import { logStoreContract } from '../../oplog/test/contract.ts';
import { verbs } from './browser-shop.ts';

const hq = 'hq' as Scope;
let names = 0;
const newName = (): string => `test-${(names += 1)}`;

export function browserLogSuite(kind: BrowserLogKind, sqlite: SqlJsStatic): void {
  logStoreContract(kind, async () => {
    const name = newName();
    let log = await openBrowserLog(name, { kind });
    const reopen = async (): Promise<BrowserLog> => {
      await log.close();
      log = await openBrowserLog(name, { kind });
      return log;
    };
    return { store: log, reopen };
  });

  describe(`browser log: ${kind}`, () => {
    it('is for one tab at a time; the next waits, or is told', async () => {
      const name = newName();
      const log = await openBrowserLog(name, { kind });
      expect(await codeOf(() => openBrowserLog(name, { kind }))).toBe('kernel/locked-elsewhere');
      const next = openBrowserLog(name, { kind, wait: true });
      await log.append(makeChain(1));
      await log.close();
      const opened = await next;
      expect(opened.pending(hq).length).toBe(1);
      await opened.close();
    });

    it('stays where it is', async () => {
      const name = newName();
      const log = await openBrowserLog(name, { kind });
      await log.append(makeChain(1));
      await log.close();
      const again = await openBrowserLog(name);
      expect(again.kind).toBe(kind);
      await again.close();
    });

    it('hides no second log, and opens the one that has something in it', async () => {
      const name = newName();
      const other: BrowserLogKind = kind === 'opfs' ? 'indexeddb' : 'opfs';
      const usual = await openBrowserLog(newName());
      await usual.close();
      if (usual.kind === 'indexeddb') return;
      const [first, second] = makeChain(2) as [OpRecord, OpRecord];
      await (await openBrowserLog(name, { kind: other })).close();
      await fill(name, kind, [first]);
      const chosen = await openBrowserLog(name);
      expect([chosen.kind, chosen.pending(hq).length]).toEqual([kind, 1]);
      await chosen.close();
      await fill(name, other, [second]);
      expect(await codeOf(() => openBrowserLog(name))).toBe('kernel/two-logs');
      const sizeOf = async (one?: BrowserLogKind): Promise<number> => (await readBrowserLog(name, one))?.size ?? 0;
      expect(await sizeOf()).toBe(Math.max(await sizeOf(kind), await sizeOf(other)));
      await (await openBrowserLog(name, { kind })).close();
    });

    it('begins no second log where the place of the first cannot be opened for once', async () => {
      if (kind === 'indexeddb') return;
      const name = newName();
      await (await openBrowserLog(name, { kind })).close();
      // A file that was begun without a word about it is noted when it is found.
      await (await openBrowserLog(name)).close();
      const { getDirectory } = StorageManager.prototype;
      StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('not now', 'UnknownError'));
      const whileAway = await codeOf(() => openBrowserLog(name));
      StorageManager.prototype.getDirectory = getDirectory;
      expect(whileAway).toBe('kernel/storage');
    });

    it('hands its bytes out, open or not', async () => {
      const name = newName();
      expect(await readBrowserLog(name)).toBeUndefined();
      const log = await openBrowserLog(name, { kind });
      await log.append(makeChain(1));
      const whileOpen = await readBrowserLog(name);
      await log.close();
      const bytes = new Uint8Array((await (await readBrowserLog(name))?.arrayBuffer()) ?? new ArrayBuffer(0));
      expect(new TextDecoder().decode(bytes).startsWith('tallystick-log/1')).toBe(true);
      expect(whileOpen?.size).toBe(bytes.length);
    });

    it('recovers what stands before a torn end, and says what was lost', async () => {
      const name = newName();
      const records = makeChain(3);
      await fill(name, kind, records);
      const size = await editEnd(name, kind, 7);
      const log = await openBrowserLog(name, { kind });
      expect(log.pending(hq).map(({ hash }) => hash)).toEqual(records.slice(0, 2).map(({ hash }) => hash));
      expect((log.recovered?.tornAt ?? 0) + (log.recovered?.lostBytes ?? 0)).toBe(size);
      await log.append(records.slice(2));
      await log.close();
      const again = await openBrowserLog(name, { kind });
      expect(again.recovered).toBeUndefined();
      expect(again.pending(hq)).toEqual(records);
      await again.close();
    });

    it('appends nothing where storage takes nothing, and goes on when it does again', async () => {
      const name = newName();
      const [first, second, third] = makeChain(3) as [OpRecord, OpRecord, OpRecord];
      const log = await openBrowserLog(name, { kind });
      await log.append([first]);
      const mend = breakStorage(kind);
      expect(await codeOf(() => log.append([second]))).toBe('store/write');
      mend();
      expect(log.has(second.hash)).toBe(false);
      await log.append([third]);
      await log.close();
      const again = await openBrowserLog(name, { kind });
      expect(again.pending(hq)).toEqual([first, third]);
      await again.close();
    });

    it('keeps a whole book, with keys of the browser', async () => {
      const name = newName();
      const open = async (): Promise<Book<typeof verbs>> =>
        openBook({ store: await browserStore(name, { sqlite, kind }), verbs });
      const book = await open();
      const commits = await Promise.all([1, 2, 3].map((quantity) => book.commit('stock.move', { sku: 'a', quantity })));
      expect(commits.map(({ ok }) => ok)).toEqual([true, true, true]);
      const { device } = book;
      const { digest } = book.digest();
      await book.close();
      const again = await open();
      expect(again.device).toBe(device);
      expect(again.digest().digest).toBe(digest);
      expect(again.query('SELECT onHand FROM stock')).toEqual([{ onHand: 6 }]);
      expect((await again.prove(sqljsStore({ sqlite }))).ok).toBe(true);
      await again.close();
    });

    it('says how it is kept', async () => {
      const log = await openBrowserLog(newName(), { kind });
      const storage = await log.storage();
      expect(storage.kind).toBe(kind);
      expect([typeof storage.persisted, typeof storage.quotaBytes, typeof storage.usedBytes]).toEqual([
        'boolean',
        'number',
        'number',
      ]);
      await log.close();
    });
  });
}

async function fill(name: string, kind: BrowserLogKind, records: readonly OpRecord[]): Promise<void> {
  const log = await openBrowserLog(name, { kind });
  for (const record of records) await log.append([record]);
  await log.close();
}

async function codeOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return 'none';
  } catch (error) {
    return (error as { readonly code?: unknown }).code;
  }
}

/** Takes bytes off the end of a closed log; answers the size that is left. */
function editEnd(name: string, kind: BrowserLogKind, bytes: number): Promise<number> {
  return kind === 'opfs' ? cutFile(`${name}.log`, bytes) : cutPiece(`tallystick-${name}`, bytes);
}

interface SyncHandle {
  getSize(): number;
  truncate(size: number): void;
  close(): void;
}

async function cutFile(path: string, bytes: number): Promise<number> {
  const folder = await navigator.storage.getDirectory();
  const file = (await folder.getFileHandle(path)) as unknown as { createSyncAccessHandle(): Promise<SyncHandle> };
  const handle = await file.createSyncAccessHandle();
  const size = handle.getSize() - bytes;
  handle.truncate(size);
  handle.close();
  return size;
}

function cutPiece(database: string, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(database);
    opening.onerror = () => reject(opening.error ?? new Error('no database'));
    opening.onsuccess = () => {
      const transaction = opening.result.transaction('pieces', 'readwrite');
      const last = transaction.objectStore('pieces').openCursor(null, 'prev');
      let size = 0;
      last.onsuccess = () => {
        const { key, value } = last.result as IDBCursorWithValue;
        const piece = (value as Uint8Array).slice(0, -bytes);
        last.result?.update(piece);
        size = Number(key) + piece.length;
      };
      transaction.oncomplete = () => {
        opening.result.close();
        resolve(size);
      };
    };
  });
}

/** Makes every write fail as a full disk does. Returns how to mend it. */
function breakStorage(kind: BrowserLogKind): () => void {
  const [prototype, method, broken] =
    kind === 'opfs'
      ? ([Reflect.get(globalThis, 'FileSystemSyncAccessHandle'), 'write', () => 0] as const)
      : ([IDBObjectStore, 'add', full] as const);
  const target = (prototype as { readonly prototype: Record<string, unknown> }).prototype;
  const real = target[method];
  target[method] = broken;
  return () => {
    target[method] = real;
  };
}

function full(): never {
  throw new DOMException('there is no space left', 'QuotaExceededError');
}
