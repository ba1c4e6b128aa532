// What stands in a database: tables of the book are named in it and nothing else is ever dropped; rows that cannot come again stay.
import { openBook, type OpenBookOptions } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestRelay, type ShopBook } from './fleet.ts';
import { memoryKeys, move, shopVerbs, testEdge } from './shop.ts';

let directory = '';
let edges = 0;
const path = (name = 'book.db'): string => join(directory, name);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kernel-database-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function open(options: Partial<OpenBookOptions<typeof shopVerbs>> = {}, name?: string): Promise<ShopBook> {
  return openBook({ store: nodeStore(path(name)), verbs: shopVerbs, edge: testEdge((edges += 1)), ...options });
}

/** Everything in the file but the log, as text. */
function contentOf(name?: string): string {
  const db = new Database(path(name), { readonly: true });
  const names = db.prepare(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'log%' ORDER BY name",
  );
  const content = (names.pluck().all() as string[]).map((table) => [
    table,
    db.prepare(`SELECT * FROM "${table}"`).all(),
  ]);
  db.close();
  return JSON.stringify(content);
}

function edit(sql: string, name?: string): void {
  const db = new Database(path(name));
  db.exec(sql);
  db.close();
}

describe('a table of the same name that is not of the book', () => {
  it.each([
    'CREATE TABLE stock (mine TEXT)',
    'CREATE TABLE Seats (mine TEXT)',
    'CREATE TABLE seats_history (mine TEXT)',
    'CREATE VIEW prices AS SELECT 1 AS mine',
    'CREATE TABLE tail (mine TEXT)',
    'CREATE TABLE kernel_tables (mine TEXT)',
  ])('is left as it is, and the book is not opened: %s', async (sql) => {
    edit(`CREATE TABLE other (mine TEXT); INSERT INTO other VALUES ('kept'); ${sql}`);
    const before = contentOf();
    const opening = open({ keys: memoryKeys() });
    await expect(opening).rejects.toMatchObject({ code: 'kernel/bad-table' });
    expect(contentOf()).toBe(before);
  });

  it('may come later, and one of another name is not touched', async () => {
    const keys = memoryKeys();
    const first = await openBook({ store: nodeStore(path()), keys, verbs: [move], edge: testEdge() });
    await first.commit('stock.move', { sku: 'tea', quantity: 2 });
    await first.close();
    edit("CREATE TABLE mine (x TEXT); INSERT INTO mine VALUES ('kept'); CREATE TABLE seats_history (x TEXT)");
    await expect(open({ keys })).rejects.toMatchObject({ code: 'kernel/bad-table' });
    edit("DROP TABLE seats_history; UPDATE kernel_tables SET shape = '0' WHERE name = '@fold'");
    const again = await open({ keys });
    expect(again.query('SELECT x FROM mine')).toEqual([{ x: 'kept' }]);
    expect(again.query('SELECT sku, onHand FROM stock')).toEqual([{ sku: 'tea', onHand: 2 }]);
    await again.close();
  });
});

it('rows of a newer kernel are left as they are by this one', async () => {
  const keys = memoryKeys();
  const book = await open({ keys });
  await book.commit('seat.take', { row: 1, seat: 1 });
  await book.commit('stock.move', { sku: 'tea', quantity: 2 });
  await book.close();
  edit("UPDATE kernel_tables SET shape = '10' WHERE name = '@fold'");
  const before = contentOf();
  await expect(open({ keys })).rejects.toMatchObject({ code: 'kernel/newer-kernel' });
  expect(contentOf()).toBe(before);
  edit("UPDATE kernel_tables SET shape = '3' WHERE name = '@fold'");
  const again = await open({ keys });
  expect(again.query('SELECT sku, onHand FROM stock')).toEqual([{ sku: 'tea', onHand: 2 }]);
  await again.close();
});

it('rows whose ops are in an archive are never dropped, but for a snapshot that reaches past it', async () => {
  const [keys, relay] = [memoryKeys(), await createTestRelay()];
  const files = new Map<string, Uint8Array>();
  const place = {
    load: (name: string) => files.get(name),
    save: (name: string, parts: readonly Uint8Array[]) => void files.set(name, new Uint8Array(Buffer.concat(parts))),
  };
  const book = await open({ keys });
  await book.commit('stock.move', { sku: 'tea', quantity: 2 });
  await book.sync(relay);
  await book.saveSnapshot(place);
  const early = new Map(files);
  await book.commit('stock.move', { sku: 'jam', quantity: 3 });
  await book.sync(relay);
  await book.saveSnapshot(place);
  await book.archive({ to: place });
  await book.commit('seat.take', { row: 1, seat: 1 });
  const { digest, id } = { digest: book.digest(), id: book.id };
  await book.close();
  for (const sql of ["UPDATE kernel_tables SET shape = '0' WHERE name = '@fold'", 'DROP TABLE kernel_tables']) {
    edit(sql);
    const before = contentOf();
    const tooEarly = { from: { load: (name: string) => early.get(name) } };
    for (const snapshot of [undefined, tooEarly, { from: { load: () => new Uint8Array(9) } }]) {
      const opening = open({ keys, ...(snapshot === undefined ? {} : { snapshot, book: id }) });
      await expect(opening).rejects.toMatchObject({ code: 'kernel/needs-snapshot' });
      expect(contentOf()).toBe(before);
    }
    const again = await open({ keys, book: id, snapshot: { from: place } });
    expect(again.digest()).toEqual(digest);
    await again.close();
  }
});
