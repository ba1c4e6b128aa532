// What happens to a book in a file: reopened, opened twice, killed between any two steps, restored half.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import type { LogStore, SyncLogStore } from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import { createFileLogStore } from '@tallystick/oplog/file';
import { createNodeAppendFile } from '@tallystick/oplog/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import initSqlJs from 'sql.js';
import { provenDigest } from './fleet.ts';
import { installedSqlite, unfitSqlite } from '../src/unfit-sqlite.ts';
import { memoryKeys, shopVerbs, testEdge } from './shop.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tallystick-store-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('a book in a SQLite file', () => {
  it('is the same book with the same device after a reopen', async () => {
    const path = join(dir, 'book.db');
    const book = await openBook({ store: nodeStore(path), verbs: shopVerbs });
    for (let index = 0; index < 5; index++) await book.commit('stock.move', { sku: 'apple', quantity: 2 });
    const before = { digest: book.digest(), status: book.status() };
    await book.close();
    const again = await openBook({ store: nodeStore(path), verbs: shopVerbs });
    expect({ digest: again.digest(), status: again.status() }).toEqual(before);
    expect((await again.commit('stock.move', { sku: 'apple', quantity: 1 })).ok).toBe(true);
    expect(again.query('SELECT onHand FROM stock')).toEqual([{ onHand: 11 }]);
    await provenDigest(again);
    await again.close();
  });

  it('says which better-sqlite3 a Node needs before one that does not run there ends the process', () => {
    expect(unfitSqlite('20.20.2', '13.2.0')).toMatch(
      /13\.2\.0 needs Node 22 .* 20\.20\.2: npm install better-sqlite3@12$/,
    );
    expect(unfitSqlite('20.20.2', '12.11.1')).toBeUndefined();
    expect(unfitSqlite(process.versions.node, installedSqlite())).toBeUndefined();
    expect(installedSqlite()).toMatch(/^\d+\.\d+\.\d+/);
    // A bundler has put it into the program.
    expect(unfitSqlite('20.20.2', undefined)).toBeUndefined();
  });

  it('in memory keeps its keys there too, and its status is what an enrolment names', async () => {
    const office = await openBook({ store: nodeStore(':memory:'), verbs: shopVerbs });
    const till = await openBook({ store: nodeStore(':memory:'), verbs: shopVerbs, book: office.id });
    expect(till.device).not.toBe(office.device);
    const { device, publicKey, role } = till.status();
    expect(role).toBeUndefined();
    const enrolled = await office.commit('device.enroll', { device, key: publicKey, name: 'till-1', role: 'till' });
    expect(enrolled.ok).toBe(true);
    await till.import(await office.export());
    expect(till.status()).toMatchObject({ role: 'till', deviceName: 'till-1' });
    await office.close();
    await till.close();
  });

  it('may be open in two programs: neither forks the chain, both see the sum', async () => {
    const path = join(dir, 'book.db');
    const one = await openBook({ store: nodeStore(path), verbs: shopVerbs });
    const two = await openBook({ store: nodeStore(path), verbs: shopVerbs });
    for (let index = 0; index < 4; index++) {
      expect((await one.commit('stock.move', { sku: 'apple', quantity: 1 })).ok).toBe(true);
      expect((await two.commit('stock.move', { sku: 'apple', quantity: 1 })).ok).toBe(true);
    }
    expect(one.query('SELECT onHand FROM stock')).toEqual([{ onHand: 8 }]);
    await one.commit('stock.move', { sku: 'apple', quantity: 1 });
    await provenDigest(one);
    await one.close();
    await two.close();
  });

  it('finishes the opening of a book that was stored but not bound', async () => {
    const path = join(dir, 'book.db');
    const keys = memoryKeys();
    const store = nodeStore(path);
    const setMeta = store.log.setMeta.bind(store.log);
    store.log.setMeta = () => {
      throw new Error('killed');
    };
    await expect(openBook({ store, keys, verbs: shopVerbs })).rejects.toThrow('killed');
    store.log.setMeta = setMeta;
    await store.close();
    const book = await openBook({ store: nodeStore(path), keys, verbs: shopVerbs });
    expect(book.status()).toMatchObject({ role: 'owner', scopes: [{ pending: 2 }] });
    expect((await book.commit('stock.move', { sku: 'apple', quantity: 1 })).ok).toBe(true);
    await provenDigest(book);
    await book.close();
  });

  it('loses no acknowledged op when the process is killed', async () => {
    const path = join(dir, 'book.db');
    const child = fork(join(import.meta.dirname, 'seller.ts'), [path], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    let acknowledged = 0;
    await new Promise<void>((resolve) => {
      child.on('message', (count) => {
        acknowledged = Number(count);
        if (acknowledged === 150) child.kill('SIGKILL');
      });
      child.on('exit', () => resolve());
    });
    const book = await openBook({ store: nodeStore(path), verbs: shopVerbs });
    const [row] = book.query<{ n: number }>('SELECT count(*) AS n FROM moves');
    expect(row?.n).toBeGreaterThanOrEqual(acknowledged);
    expect(acknowledged).toBeGreaterThanOrEqual(150);
    await provenDigest(book);
    await book.close();
  });
});

describe('a book whose log is an append file', () => {
  it('rebuilds its projections when it opens and drops a torn tail', async () => {
    const sqlite = await initSqlJs();
    const keys = memoryKeys();
    const path = join(dir, 'book.log');
    const open = () =>
      openBook({
        store: sqljsStore({ sqlite, keys, log: createFileLogStore(createNodeAppendFile(path)) }),
        verbs: shopVerbs,
        edge: testEdge(),
      });
    const book = await open();
    for (let index = 0; index < 3; index++) await book.commit('stock.move', { sku: 'apple', quantity: 1 });
    const { digest } = book.digest();
    await book.commit('stock.move', { sku: 'apple', quantity: 1 });
    await book.close();
    const file = createNodeAppendFile(path);
    file.truncate(file.size() - 3);
    file.close();
    const again = await open();
    expect(again.digest().digest).toBe(digest);
    expect((await again.commit('stock.move', { sku: 'pear', quantity: 1 })).ok).toBe(true);
    await again.close();
  });
});

describe('a book whose log answers later, as IndexedDB does', () => {
  /** Changes are there, and done, a turn of the event loop after they were asked for. */
  function later(log: SyncLogStore): LogStore {
    const delayed =
      <Args extends unknown[]>(change: (...args: Args) => void) =>
      async (...args: Args): Promise<void> => {
        await new Promise((resolve) => setImmediate(resolve));
        change(...args);
      };
    return {
      ...log,
      append: delayed(log.append),
      replace: delayed(log.replace),
      settle: delayed(log.settle),
      addReceipt: delayed(log.addReceipt),
      setAside: delayed(log.setAside),
      dropAsides: delayed(log.dropAsides),
      setMeta: delayed(log.setMeta),
      get: (hash) => Promise.resolve(log.get(hash)),
      settled: (scope, from, limit) => Promise.resolve(log.settled(scope, from, limit)),
      pending: (scope) => Promise.resolve(log.pending(scope)),
    };
  }

  it('commits one after another, meets others, and opens again with all of it', async () => {
    const sqlite = await initSqlJs();
    const [log, keys] = [createMemoryLogStore(), memoryKeys()];
    const open = () => openBook({ store: sqljsStore({ sqlite, log: later(log), keys }), verbs: shopVerbs });
    const book = await open();
    const till = await openBook({ store: nodeStore(':memory:'), verbs: shopVerbs, book: book.id });
    const { device, publicKey } = till.status();
    // Nobody waits for one before asking for the next.
    const commits = await Promise.all([
      book.commit('device.enroll', { device, key: publicKey, name: 'till-1', role: 'till' }),
      ...[1, 2, 3].map((quantity) => book.commit('stock.move', { sku: 'apple', quantity })),
    ]);
    expect(commits.map(({ ok }) => ok)).toEqual([true, true, true, true]);
    await till.import(await book.export());
    await till.commit('stock.move', { sku: 'apple', quantity: 10 });
    await book.import(await till.export());
    expect(book.query('SELECT onHand FROM stock')).toEqual([{ onHand: 16 }]);
    const before = book.digest().digest;
    expect(before).toBe(till.digest().digest);
    const again = await open();
    expect(again.digest().digest).toBe(before);
    await till.close();
  });
});
