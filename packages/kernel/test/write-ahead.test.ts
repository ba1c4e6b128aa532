// Small commits find room in the write-ahead log, made ahead of them without anything that a reader, a crash or another program would notice.
import { openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import Database from 'better-sqlite3';
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keepLogRoom } from '../src/write-ahead.ts';
import { memoryKeys, shopVerbs, testEdge } from './shop.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kernel-room-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const path = (name = 'book.db'): string => join(directory, name);

function pagesOf(db: Database.Database): { readonly used: number; readonly held: number } {
  const [{ log: used = -1 } = {}] = db.pragma('wal_checkpoint(NOOP)') as { log?: number }[];
  return { used, held: (statSync(`${path()}-wal`).size - 32) / (4096 + 24) };
}

it('single commits write over what the log has room for, and a crash finds every op', async () => {
  const keys = memoryKeys();
  const open = (name?: string) => openBook({ store: nodeStore(path(name)), keys, verbs: shopVerbs, edge: testEdge() });
  const book = await open();
  for (let n = 0; n < 80; n++) expect((await book.commit('stock.move', { sku: 'apple', quantity: 1 })).ok).toBe(true);
  const beside = new Database(path());
  const { used, held } = pagesOf(beside);
  expect(held).toBeGreaterThan(used * 1.3);
  const size = Number(beside.pragma('page_count', { simple: true }));
  expect(size).toBeLessThan(held);
  expect(beside.pragma('integrity_check', { simple: true })).toBe('ok');
  beside.close();
  for (const end of ['', '-wal']) cpSync(`${path()}${end}`, `${path('crashed.db')}${end}`);
  const again = await open('crashed.db');
  expect(again.query('SELECT onHand FROM stock')).toEqual([{ onHand: 80 }]);
  expect((await again.prove(nodeStore(':memory:'))).problems).toEqual([]);
  await again.close();
  await book.close();
});

/** A database whose commits are as small, with the table that room is made in. */
function openPlain(hasTail: boolean): { readonly db: Database.Database; readonly write: (rows?: number) => void } {
  const db = new Database(path());
  db.pragma('journal_mode = WAL');
  db.pragma('wal_autocheckpoint = 4000');
  db.exec('CREATE TABLE plain (text TEXT)');
  if (hasTail) db.exec('CREATE TABLE tail (scope TEXT, ordinal INTEGER, hash TEXT, outline TEXT, touched TEXT)');
  const insert = db.prepare('INSERT INTO plain VALUES (hex(zeroblob(1500)))');
  const write = db.transaction((rows = 1) => {
    for (let row = 0; row < rows; row++) insert.run();
  });
  return { db, write };
}

it('room is made in steps, of no more than is used, and for small commits alone', () => {
  const { db, write } = openPlain(true);
  const keepRoom = keepLogRoom(db);
  for (let n = 0; n < 200; n++) {
    write();
    keepRoom();
    const { used, held } = pagesOf(db);
    expect(held).toBeLessThanOrEqual(used * 2 + 8);
  }
  expect(pagesOf(db).held).toBeGreaterThan(pagesOf(db).used);
  for (let n = 0; n < 20; n++) {
    write(100);
    keepRoom();
  }
  expect(pagesOf(db).held).toBe(pagesOf(db).used);
  expect(db.prepare('SELECT count(*) FROM tail').pluck().get()).toBe(0);
  db.close();
});

it('what cannot be made is left, with the connection as it was', () => {
  const { db, write } = openPlain(false);
  const before = db.pragma('cache_size', { simple: true });
  const keepRoom = keepLogRoom(db);
  for (let n = 0; n < 40; n++) {
    write();
    keepRoom();
  }
  expect(pagesOf(db).held).toBe(pagesOf(db).used);
  expect([db.inTransaction, db.pragma('cache_size', { simple: true })]).toEqual([false, before]);
  db.close();
});

it('what could not be made once is made later', () => {
  const { db, write } = openPlain(false);
  const keepRoom = keepLogRoom(db);
  const writeSome = (commits: number): void => {
    for (let n = 0; n < commits; n++) {
      write();
      keepRoom();
    }
  };
  writeSome(40);
  db.exec('CREATE TABLE tail (scope TEXT, ordinal INTEGER, hash TEXT, outline TEXT, touched TEXT)');
  writeSome(560);
  expect(pagesOf(db).held).toBeGreaterThan(pagesOf(db).used);
  db.close();
});

it('another program that writes is not waited for, and room is made after it', () => {
  const { db, write } = openPlain(true);
  db.pragma('busy_timeout = 60000');
  const keepRoom = keepLogRoom(db);
  const other = new Database(path());
  for (let n = 0; n < 16; n++) {
    write();
    other.exec('BEGIN IMMEDIATE');
    const before = performance.now();
    keepRoom();
    expect(performance.now() - before).toBeLessThan(50_000);
    other.exec('ROLLBACK');
  }
  expect(pagesOf(db).held).toBe(pagesOf(db).used);
  expect(db.pragma('busy_timeout', { simple: true })).toBe(60_000);
  for (let n = 0; n < 16; n++) {
    write();
    keepRoom();
  }
  expect(pagesOf(db).held).toBeGreaterThan(pagesOf(db).used);
  other.close();
  db.close();
});
