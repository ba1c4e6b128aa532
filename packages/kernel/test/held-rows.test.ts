// The rows of a commit may be written after it: who reads through the book never notices, a crash loses nothing, and two programs on one file agree.
import { openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Edge } from '../src/author.ts';
import { betterSqliteDriver } from '../src/node.ts';
import type { ShopBook } from './fleet.ts';
import { memoryKeys, shopVerbs, testEdge } from './shop.ts';

const apple = { sku: 'apple', quantity: 1 };
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kernel-held-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const keys = memoryKeys();
const path = (name = 'book.db'): string => join(directory, name);
const open = (name?: string, edge: Edge = testEdge()): Promise<ShopBook> =>
  openBook({ store: nodeStore(path(name)), keys, verbs: shopVerbs, edge });

/** What another program finds in the file. */
function beside(sql: string, name?: string): unknown {
  const db = new Database(path(name), { readonly: true });
  const found = db.prepare(sql).pluck().get();
  db.close();
  return found;
}

async function sell(book: ShopBook, times: number): Promise<void> {
  for (let n = 0; n < times; n++) expect((await book.commit('stock.move', apple)).ok).toBe(true);
}

const onHand = (book: ShopBook): unknown => book.query('SELECT onHand FROM stock')[0]?.['onHand'];
const proven = async (book: ShopBook): Promise<unknown> => (await book.prove(nodeStore(':memory:'))).problems;

it('the op is in the file when commit returns, its rows when somebody reads or many wait', async () => {
  const book = await open();
  const stored = 'SELECT (SELECT count(*) FROM log_records) + (SELECT count(*) FROM log_journal)';
  const ops = Number(beside(stored));
  await sell(book, 3);
  expect(beside(stored)).toBe(ops + 3);
  expect(beside('SELECT onHand FROM stock')).toBe(undefined);
  expect(onHand(book)).toBe(3);
  expect(beside('SELECT onHand FROM stock')).toBe(3);
  await sell(book, 300);
  expect(Number(beside('SELECT onHand FROM stock'))).toBeGreaterThanOrEqual(256);
  expect(onHand(book)).toBe(303);
  expect(await proven(book)).toEqual([]);
  await book.close();
});

it('a program that has nothing else to do writes them by itself', async () => {
  const due: (() => void)[] = [];
  const book = await open(undefined, { ...testEdge(), later: (work) => void due.push(work) });
  await sell(book, 2);
  expect(due.length).toBe(1);
  expect(beside('SELECT onHand FROM stock')).toBe(undefined);
  due.pop()?.();
  // Waits its turn behind what has been asked for.
  await book.export();
  expect(beside('SELECT onHand FROM stock')).toBe(2);
  await book.close();
  await open().then((again) => again.close());
});

it('a crash before that folds them from the log, once', async () => {
  const book = await open();
  await sell(book, 2);
  expect(onHand(book)).toBe(2);
  await sell(book, 5);
  for (const end of ['', '-wal']) cpSync(`${path()}${end}`, `${path('crashed.db')}${end}`);
  expect(beside('SELECT onHand FROM stock', 'crashed.db')).toBe(2);
  const again = await open('crashed.db');
  expect(onHand(again)).toBe(7);
  expect(again.digest()).toEqual(book.digest());
  expect(await proven(again)).toEqual([]);
  await book.close();
  await again.close();
});

it('two programs that write one file in turn fold each other’s ops and fork nothing', async () => {
  const one = await open();
  const two = await open(undefined, testEdge(2));
  for (let turn = 0; turn < 4; turn++) {
    await sell(one, 2);
    await sell(two, 3);
  }
  await sell(one, 1);
  for (const book of [one, two]) {
    expect(onHand(book)).toBe(21);
    expect(book.status().scopes.map(({ forked }) => forked)).toEqual([false]);
    expect(await proven(book)).toEqual([]);
  }
  expect(two.digest()).toEqual(one.digest());
  await one.close();
  await two.close();
});

it('a commit that fails takes none of those with it that were held', async () => {
  const book = await open();
  await sell(book, 3);
  await expect(book.commitAll([{ verb: 'stock.move', args: apple, at: Number.NaN }])).resolves.toMatchObject([
    { ok: false },
  ]);
  await sell(book, 1);
  expect((await book.commit('stock.move', { sku: 'apple', quantity: Number.MAX_SAFE_INTEGER })).ok).toBe(false);
  expect(onHand(book)).toBe(4);
  expect(await proven(book)).toEqual([]);
  await book.close();
});

it('a row that stands where no op put it is met, and said', async () => {
  const store = nodeStore(path());
  const book = await openBook({ store, keys, verbs: shopVerbs, edge: testEdge() });
  await sell(book, 1);
  expect(onHand(book)).toBe(1);
  // The next op puts a row of its own id; this one stands there already.
  const next = await open('twin.db', testEdge());
  await sell(next, 2);
  const id = next.query('SELECT max(id) AS id FROM moves')[0]?.['id'];
  store.sql.exec(`INSERT INTO moves SELECT scope, '${String(id)}', sku, quantity FROM moves`);
  await sell(book, 1);
  expect(() => onHand(book)).toThrow(expect.objectContaining({ code: 'kernel/storage' }));
  await book.close();
  await next.close();
});

it('who writes something else into the file hides no sale from who reads', async () => {
  const book = await open();
  await sell(book, 3);
  const db = new Database(path());
  db.exec('CREATE VIEW short AS SELECT sku FROM stock WHERE onHand < 5');
  expect(onHand(book)).toBe(3);
  expect(book.query('SELECT sku FROM short')).toEqual([{ sku: 'apple' }]);
  await sell(book, 1);
  db.exec('DROP VIEW short');
  db.close();
  expect(onHand(book)).toBe(4);
  expect(await proven(book)).toEqual([]);
  await book.close();
});

it('a commit is stored also where another program writes between what it follows and itself', async () => {
  const store = nodeStore(path());
  const db = new Database(path());
  let writes = 0;
  const prepare: typeof store.sql.prepare = (sql) => {
    const statement = store.sql.prepare(sql);
    const run: typeof statement.run = (params) => {
      const answer = statement.run(params);
      if (sql === 'COMMIT' && writes-- > 0) db.exec('INSERT INTO mine VALUES (1)');
      return answer;
    };
    return { ...statement, run };
  };
  const book = await openBook({
    store: { ...store, sql: { ...store.sql, prepare } },
    keys,
    verbs: shopVerbs,
    edge: testEdge(),
  });
  db.exec('CREATE TABLE mine (x)');
  writes = 3;
  await sell(book, 1);
  expect(writes).toBeLessThan(1);
  expect(onHand(book)).toBe(1);
  db.close();
  await book.close();
});

it('what is held goes on waiting while another program writes', async () => {
  const store = nodeStore(path());
  const book = await openBook({ store, keys, verbs: shopVerbs, edge: testEdge() });
  await sell(book, 2);
  store.sql.exec('PRAGMA busy_timeout = 1');
  const db = new Database(path());
  db.exec('BEGIN IMMEDIATE');
  expect(() => onHand(book)).toThrow(expect.objectContaining({ code: 'kernel/storage' }));
  db.exec('ROLLBACK');
  db.close();
  expect(onHand(book)).toBe(2);
  await book.close();
});

it('a long batch does not wait in memory whole', async () => {
  const store = nodeStore(path());
  let most = 0;
  const edge = testEdge();
  const now = (): number => {
    most = Math.max(most, Number(store.sql.prepare('SELECT count(*) FROM tail').get([])?.[0] ?? 0));
    return edge.now();
  };
  const book = await openBook({ store, keys, verbs: shopVerbs, edge: { ...edge, now } });
  await book.commitAll(Array.from({ length: 300 }, () => ({ verb: 'stock.move' as const, args: apple })));
  expect(most).toBeGreaterThanOrEqual(256);
  expect(onHand(book)).toBe(300);
  expect(await proven(book)).toEqual([]);
  await book.close();
});

it('a transaction that waits for no disk, and cannot be ended at once, makes none after it the same', () => {
  const db = new Database(path());
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec('CREATE TABLE notes (text); INSERT INTO notes VALUES (1), (2)');
  const driver = betterSqliteDriver(db);
  let reading: IterableIterator<unknown> | undefined;
  const dies = (): void => {
    driver.prepare('BEGIN IMMEDIATE').run([]);
    reading = driver.prepare('SELECT text FROM notes').iterate([]);
    reading.next();
    throw new Error('here');
  };
  expect(() => driver.withoutSync?.(dies)).toThrow();
  expect(db.inTransaction).toBe(true);
  reading?.return?.();
  driver.exec('ROLLBACK');
  expect(db.pragma('synchronous', { simple: true })).toBe(2);
  db.close();
});
