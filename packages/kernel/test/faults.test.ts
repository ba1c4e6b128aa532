// What goes wrong under a commit: a full disk, a database that fails after the log is durable, a listener or a schema that throws, a relay that
// claims what it did not sign. Either nothing is stored or the commit says ok; never anything between.
import { type BookStore, defineVerb, KernelError, openBook, sumTable } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import type { LogStore } from '@tallystick/oplog';
import { createFileLogStore } from '@tallystick/oplog/file';
import { createNodeAppendFile } from '@tallystick/oplog/node';
import { createMemoryRelayStore, createRelay, createRelayClient, type RelayClient } from '@tallystick/relay-protocol';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const folder = mkdtempSync(join(tmpdir(), 'tallystick-faults-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const apple = { sku: 'apple', quantity: 1 };

/** A store whose database fails while `failing` matches the statement. */
function brittle(store: BookStore, state: { failing: RegExp | undefined }): BookStore {
  const guard = (sql: string): void => {
    if (state.failing?.test(sql) !== true) return;
    throw Object.assign(new Error('out of memory'), { name: 'SqliteError' });
  };
  const prepare: BookStore['sql']['prepare'] = (sql) => {
    const statement = store.sql.prepare(sql);
    return {
      ...statement,
      run: (params) => {
        guard(sql);
        return statement.run(params);
      },
    };
  };
  const exec = (sql: string): void => {
    guard(sql);
    store.sql.exec(sql);
  };
  return { ...store, sql: { ...store.sql, prepare, exec } };
}

describe('a disk that is really full', () => {
  it('fails the commit with a code, keeps nothing of it, and goes on when there is room', async () => {
    const store = nodeStore(join(folder, 'full.db'));
    const book = await openBook({ store, keys: memoryKeys(), verbs: shopVerbs, edge: testEdge() });
    await book.commit('stock.move', apple);
    const pages = Number(store.sql.query('PRAGMA page_count', [])[0]?.['page_count']);
    // Room for ops and not for their rows.
    store.sql.exec(`PRAGMA max_page_count = ${pages + 12}`);
    let saved = 1;
    const fault: unknown = await fillUp(async () => {
      await book.commit('stock.move', apple);
      saved += 1;
    });
    expect(fault).toBeInstanceOf(KernelError);
    expect(fault).toMatchObject({ code: 'kernel/storage', cause: { code: 'SQLITE_FULL' } });
    // Rows that could not be written are never passed over in silence.
    expect(() => book.query('SELECT onHand FROM stock')).toThrow(expect.objectContaining({ code: 'kernel/storage' }));
    store.sql.exec('PRAGMA max_page_count = 100000');
    expect((await book.commit('stock.move', apple)).ok).toBe(true);
    expect(book.query('SELECT onHand FROM stock')).toEqual([{ onHand: saved + 1 }]);
    expect((await book.prove(nodeStore(':memory:'))).problems).toEqual([]);
    await book.close();
  });

  it('fails a sync with a code, and the next one brings what was missing', async () => {
    const relay = await openRelay();
    const office = await openBook({ store: stores['better-sqlite3'](), keys: memoryKeys(), verbs: shopVerbs });
    for (let n = 0; n < 200; n++) await office.commit('stock.move', { sku: `s${n}`, quantity: 1 });
    await office.sync(relay);
    const store = nodeStore(join(folder, 'reader.db'));
    const reader = await openBook({ store, keys: memoryKeys(), verbs: shopVerbs, book: office.id });
    const pages = Number(store.sql.query('PRAGMA page_count', [])[0]?.['page_count']);
    store.sql.exec(`PRAGMA max_page_count = ${pages + 5}`);
    await expect(reader.sync(relay)).rejects.toMatchObject({ code: 'kernel/storage' });
    expect(reader.query('SELECT * FROM stock')).toEqual([]);
    store.sql.exec('PRAGMA max_page_count = 100000');
    await reader.sync(relay);
    expect(reader.digest()).toEqual(office.digest());
    expect((await reader.prove(nodeStore(':memory:'))).ok).toBe(true);
    await reader.close();
  });
});

it('a database that can neither keep nor give up an op has not committed it', async () => {
  const state: { failing: RegExp | undefined } = { failing: undefined };
  const path = join(folder, 'stuck.db');
  const keys = memoryKeys();
  const book = await openBook({ store: brittle(nodeStore(path), state), keys, verbs: shopVerbs, edge: testEdge() });
  await book.commit('stock.move', apple);
  state.failing = /^(COMMIT|ROLLBACK|BEGIN)$/;
  await expect(book.commit('stock.move', apple)).rejects.toMatchObject({ code: 'kernel/storage' });
  await book.close();
  const again = await openBook({ store: nodeStore(path), keys, verbs: shopVerbs, edge: testEdge(2) });
  expect(again.query('SELECT onHand FROM stock')).toEqual([{ onHand: 1 }]);
  expect((await again.commit('stock.move', apple)).ok).toBe(true);
  await again.close();
});

/** Commits until one fails, and answers what it failed with. */
async function fillUp(commit: () => Promise<unknown>): Promise<unknown> {
  for (let n = 0; n < 5_000; n++) {
    try {
      await commit();
    } catch (error) {
      return error;
    }
  }
  throw new Error('the disk never filled up');
}

describe('a database beside its log', () => {
  const opened = (state: { failing: RegExp | undefined }, log: LogStore, keys = memoryKeys()) =>
    openBook({ store: brittle({ ...stores['sql.js'](), log }, state), keys, verbs: shopVerbs, edge: testEdge() });
  const newLog = (name: string): LogStore => createFileLogStore(createNodeAppendFile(join(folder, name)));

  it('that fails after the log is durable has committed, and says so', async () => {
    const state: { failing: RegExp | undefined } = { failing: undefined };
    const log = newLog('commit.log');
    const book = await opened(state, log);
    await book.commit('stock.move', apple);
    state.failing = /^COMMIT$/;
    const commit = await book.commit('stock.move', apple);
    expect(commit.ok).toBe(true);
    state.failing = undefined;
    expect((await book.commit('stock.move', apple)).ok).toBe(true);
    expect(book.query('SELECT onHand FROM stock')).toEqual([{ onHand: 3 }]);
    expect((await book.prove(stores['sql.js']())).problems).toEqual([]);
    await book.close();
  });

  it('hides no op that it has committed from who reads', async () => {
    const state: { failing: RegExp | undefined } = { failing: undefined };
    const store = brittle({ ...stores['sql.js'](), log: newLog('shown.log') }, state);
    let [ends, fails] = [0, (_end: number): boolean => false];
    const prepare: BookStore['sql']['prepare'] = (sql) => {
      const statement = store.sql.prepare(sql);
      const run: typeof statement.run = (params) => {
        if (sql === 'COMMIT' && fails(ends++))
          throw Object.assign(new Error('disk I/O error'), { name: 'SqliteError' });
        return statement.run(params);
      };
      return { ...statement, run };
    };
    const failing = { ...store, sql: { ...store.sql, prepare } };
    const book = await openBook({ store: failing, keys: memoryKeys(), verbs: shopVerbs, edge: testEdge() });
    const rows = (): unknown => book.query('SELECT onHand FROM stock');
    await book.commit('stock.move', apple);
    expect(rows()).toEqual([{ onHand: 1 }]);
    // Neither the commit nor what tries it again can be ended: it is said, for it is committed.
    [ends, fails] = [0, () => true];
    expect((await book.commit('stock.move', apple)).ok).toBe(true);
    expect(rows).toThrow(expect.objectContaining({ code: 'kernel/storage' }));
    await book.export();
    // The one before is folded now, and the next one itself fails once.
    [ends, fails] = [0, (end) => end === 1];
    expect((await book.commit('stock.move', apple)).ok).toBe(true);
    expect(ends).toBeGreaterThan(1);
    expect(rows()).toEqual([{ onHand: 3 }]);
    fails = () => false;
    expect((await book.prove(stores['sql.js']())).problems).toEqual([]);
    await book.close();
  });

  it('goes on over a log that took nothing, and says so by its own code', async () => {
    const file = createNodeAppendFile(join(folder, 'full.log'));
    let isFull = false;
    const write: typeof file.write = (at, bytes) => {
      if (isFull) throw new Error('ENOSPC');
      file.write(at, bytes);
    };
    const log = createFileLogStore({ ...file, write });
    const book = await opened({ failing: undefined }, log);
    await book.commit('stock.move', apple);
    const { digest } = book.digest();
    isFull = true;
    const failed = { code: 'kernel/storage', cause: { code: 'store/write' } };
    await expect(book.commit('stock.move', apple)).rejects.toMatchObject(failed);
    await expect(book.renew()).rejects.toMatchObject(failed);
    isFull = false;
    expect(book.digest().digest).toBe(digest);
    expect((await book.commit('stock.move', apple)).ok).toBe(true);
    expect((await book.prove(stores['sql.js']())).problems).toEqual([]);
    await book.close();
  });

  it('that cannot take the rows says so to who reads, and takes them when it can', async () => {
    const state: { failing: RegExp | undefined } = { failing: undefined };
    const log = newLog('rows.log');
    const book = await opened(state, log);
    await book.commit('stock.move', apple);
    book.digest();
    state.failing = /stock/;
    expect((await book.commit('stock.move', apple)).ok).toBe(true);
    const storage = expect.objectContaining({ code: 'kernel/storage' });
    expect(() => book.digest()).toThrow(storage);
    expect(() => book.query('SELECT onHand FROM stock')).toThrow(storage);
    await expect(book.commit('stock.move', apple)).rejects.toMatchObject({ code: 'kernel/storage' });
    state.failing = undefined;
    expect((await book.commit('stock.move', apple)).ok).toBe(true);
    expect(book.query('SELECT onHand FROM stock')).toEqual([{ onHand: 3 }]);
    expect((await book.prove(stores['sql.js']())).problems).toEqual([]);
    await book.close();
  });
});

it('a listener that throws does not turn a commit into a failure', async () => {
  const book = await openBook({ store: stores['better-sqlite3'](), keys: memoryKeys(), verbs: shopVerbs });
  const uncaught = Promise.withResolvers<unknown>();
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', uncaught.resolve);
  const heard: string[] = [];
  book.subscribe(() => {
    throw new Error('a listener failed');
  });
  book.subscribe(({ kind }) => heard.push(kind));
  expect((await book.commit('stock.move', apple)).ok).toBe(true);
  expect(heard).toEqual(['commit']);
  expect(await uncaught.promise).toMatchObject({ message: 'a listener failed' });
  for (const listener of others) process.on('uncaughtException', listener);
  await book.close();
});

it('a schema or a plan that throws refuses the op and says nothing that engines name differently', async () => {
  const pile = sumTable('pile', { key: { sku: 'text' }, sums: ['height'] });
  const declare = (name: string, args: z.ZodType<{ sku: string }>, plan: () => never[]) =>
    defineVerb({ name, version: 1, roles: ['owner'], tables: [pile], args, plan });
  const sku = z.strictObject({ sku: z.string().regex(/^[!-?A-~]*$/) });
  const fails = (): never => {
    throw new TypeError('no');
  };
  const verbs = [declare('pile.refine', sku.refine(fails), () => []), declare('pile.plan', sku, fails)] as const;
  const book = await openBook({ store: stores['better-sqlite3'](), keys: memoryKeys(), verbs });
  expect(await book.commit('pile.refine', { sku: 'a' })).toMatchObject({ ok: false, code: 'kernel/bad-args' });
  expect(await book.commit('pile.plan', { sku: 'a' })).toMatchObject({
    ok: false,
    code: 'kernel/verb-failed',
    details: {},
  });
  await book.close();
});

it('an op that the relay only claims to have is not counted as pushed', async () => {
  const relay = await openRelay();
  const book = await openBook({ store: stores['better-sqlite3'](), keys: memoryKeys(), verbs: shopVerbs });
  const sale = await book.commit('stock.move', apple);
  for (const receipts of [[], ['forged']]) {
    const liar: RelayClient = { ...relay, push: async (...args) => ({ ...(await relay.push(...args)), receipts }) };
    await expect(book.sync(liar)).rejects.toMatchObject({ code: 'kernel/bad-receipt' });
    expect(sale.ok && (await sale.stage())).toBe('local');
  }
  expect(await book.sync(relay)).toMatchObject({ pushed: 3 });
  await book.close();
});

async function openRelay(): Promise<RelayClient> {
  const key = await memoryKeys().create('relay');
  const signer = { name: 'relay.example', publicKey: key.publicKey, sign: key.sign };
  const relay = createRelay({ store: createMemoryRelayStore(), signer, ...nodeCrypto, reads: 'public' });
  return createRelayClient({ url: 'http://relay.example', fetch: (request) => relay.fetch(request) });
}

it.each(Object.entries(stores))('a book that is closed in the middle of an exchange says that: %s', async (_, open) => {
  const office = await openBook({ store: open(), keys: memoryKeys(), verbs: shopVerbs, edge: testEdge() });
  await office.commit('stock.move', apple);
  const file = await office.export();
  const joined = () =>
    openBook({ store: open(), keys: memoryKeys(), verbs: shopVerbs, edge: testEdge(2), book: office.id });
  const closed = { code: 'kernel/closed' };
  for (const exchange of [
    (book: typeof office) => book.import(file),
    (book: typeof office) => book.asOf({ sizes: {} }, stores['better-sqlite3']()),
  ]) {
    const book = await joined();
    const [exchanged] = await Promise.allSettled([exchange(book), book.close()]);
    expect(exchanged).toMatchObject({ status: 'rejected', reason: closed });
    await expect(book.stage('' as never)).rejects.toMatchObject(closed);
    await expect(book.anchor()).rejects.toMatchObject(closed);
  }
  await office.close();
});
