// Storage of a browser that lost or changed what stood in the middle of a log, to the end: nothing is cut, what reads is preserved and what does not is said, the place is
// cleared, and the book comes back whole from what was preserved and from the relay. Runs in a worker of each browser; see scripts/browsers.
import { portableHasher } from '@tallystick/chain';
import { type Book, openBook } from '@tallystick/kernel';
import { bookFile } from '@tallystick/kernel/backup';
import { type BrowserLogKind, browserStore, openBrowserLog, readBrowserLog } from '@tallystick/kernel/browser';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import type { Scope } from '@tallystick/oplog';
import { salvageLogFile } from '@tallystick/oplog/file';
import { createMemoryRelayStore, createRelay, createRelayClient, type RelayClient } from '@tallystick/relay-protocol';
import { createMemoryKeyStore, nobleEd25519 } from '@tallystick/sign';
import type { SqlJsStatic } from 'sql.js';
import { describe, expect, it } from 'vitest';
import { verbs } from './browser-shop.ts';

const hq = 'hq' as Scope;
const hitSku = 'what-stands-in-the-middle';

export function browserDamageSuite(kind: BrowserLogKind, sqlite: SqlJsStatic): void {
  describe(`a damaged browser log: ${kind}`, () => {
    it('is preserved, named, cleared, and comes back whole from what reads and from the relay', async () => {
      const name = `damaged-${kind}`;
      const relay = await newRelay();
      const open = async (id?: Book<typeof verbs>['id']): Promise<Book<typeof verbs>> => {
        const store = await browserStore(name, { sqlite, kind });
        return openBook({ store, verbs, ...(id === undefined ? {} : { book: id }) });
      };
      const book = await open();
      const { id, device } = book;
      await book.commit('stock.move', { sku: 'before', quantity: 1 });
      await book.commit('stock.move', { sku: hitSku, quantity: 2 });
      await book.sync(relay);
      // The relay has never heard of these.
      await book.commit('stock.move', { sku: 'behind', quantity: 3 });
      await book.commit('stock.move', { sku: 'behind', quantity: 4 });
      const { digest } = book.digest();
      await book.close();
      await damage(name, kind);

      let code: unknown = 'none';
      await openBrowserLog(name, { kind }).catch((error: unknown) => {
        code = (error as { readonly code?: unknown }).code;
      });
      expect(code).toBe('store/damaged');
      const bytes = new Uint8Array((await (await readBrowserLog(name, kind))?.arrayBuffer()) ?? new ArrayBuffer(0));
      const { records, book: said, damaged } = salvageLogFile(bytes);
      expect(said).toBe(id);
      expect(damaged.length).toBeGreaterThanOrEqual(1);
      const moved = records.flatMap(({ op }) => (op.verb === 'stock.move@1' ? [op.args['quantity']] : []));
      expect(moved).toEqual([1, 3, 4]);

      await clear(name, kind);
      const again = await open(id);
      // Its key is here and its log is not: it writes nothing before it knows what it did last.
      const early = await again.commit('stock.move', { sku: 'early', quantity: 9 });
      expect(early.ok).toBe(false);
      await again.import(bookFile(id, [{ scope: hq, from: 0, size: 0, note: '', receipts: [] }], records));
      await again.sync(relay);
      expect([again.device, again.digest().digest]).toEqual([device, digest]);
      expect((await again.prove(sqljsStore({ sqlite }))).ok).toBe(true);
      const next = await again.commit('stock.move', { sku: 'after', quantity: 5 });
      expect(next.ok).toBe(true);
      await again.sync(relay);
      expect(again.query('SELECT sum(onHand) AS onHand FROM stock')).toEqual([{ onHand: 15 }]);
      expect(again.status().scopes.map(({ pending, waiting, forked }) => [pending, waiting, forked])).toEqual([
        [0, 0, false],
      ]);
      await again.close();
    });
  });
}

async function newRelay(): Promise<RelayClient> {
  const key = await createMemoryKeyStore(nobleEd25519, portableHasher).create('relay');
  const signer = { name: 'relay.test', publicKey: key.publicKey, sign: (message: Uint8Array) => key.sign(message) };
  const store = createMemoryRelayStore();
  const relay = createRelay({ store, signer, hasher: portableHasher, ed25519: nobleEd25519, reads: 'public' });
  return createRelayClient({
    url: 'http://relay.test',
    fetch: async (request) => relay.fetch(await withBody(request)),
  });
}

/** Firefox gives the body of a request out whole and not as a stream, which the relay reads. */
async function withBody(request: Request): Promise<Request> {
  const { body } = new Response(await request.clone().arrayBuffer());
  if (request.method !== 'GET') Object.defineProperty(request, 'body', { value: body });
  return request;
}

/** Of a file eight bytes are changed where the op stands; in the database the record that holds it is gone. */
async function damage(name: string, kind: BrowserLogKind): Promise<void> {
  const bytes = new Uint8Array((await (await readBrowserLog(name, kind))?.arrayBuffer()) ?? new ArrayBuffer(0));
  const at = new TextDecoder('latin1').decode(bytes).indexOf(hitSku);
  if (at < 0) throw new Error('the op does not stand in the log');
  if (kind === 'opfs') await flip(`${name}.log`, at);
  else await dropPiece(`tallystick-${name}`, at);
}

interface SyncHandle {
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  flush(): void;
  close(): void;
}

async function flip(path: string, at: number): Promise<void> {
  const folder = await navigator.storage.getDirectory();
  const file = (await folder.getFileHandle(path)) as unknown as { createSyncAccessHandle(): Promise<SyncHandle> };
  const handle = await file.createSyncAccessHandle();
  handle.write(new Uint8Array(8).fill(165), { at });
  handle.flush();
  handle.close();
}

/** The piece that begins at or before the byte. */
function dropPiece(database: string, at: number): Promise<void> {
  return inPieces(database, (pieces) => {
    const before = pieces.openCursor(IDBKeyRange.upperBound(at), 'prev');
    before.onsuccess = () => void before.result?.delete();
  });
}

async function clear(name: string, kind: BrowserLogKind): Promise<void> {
  if (kind === 'opfs') await (await navigator.storage.getDirectory()).removeEntry(`${name}.log`);
  else await inPieces(`tallystick-${name}`, (pieces) => void pieces.clear());
}

function inPieces(database: string, work: (pieces: IDBObjectStore) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(database);
    opening.onerror = () => reject(opening.error ?? new Error('no database'));
    opening.onsuccess = () => {
      const transaction = opening.result.transaction('pieces', 'readwrite');
      work(transaction.objectStore('pieces'));
      transaction.onerror = () => reject(transaction.error ?? new Error('no transaction'));
      transaction.oncomplete = () => {
        opening.result.close();
        resolve();
      };
    };
  });
}
