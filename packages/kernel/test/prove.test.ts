// "Prove the books" and its falsifiers: an honest database passes; one value changed by hand in any row of any table makes it red.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Book, openBook } from '@tallystick/kernel';
import { betterSqliteDriver, nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { parseScope, type Scope } from '@tallystick/oplog';
import { createSqliteLogStore } from '@tallystick/oplog/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFleet, createTestRelay, provenDigest, type ShopBook } from './fleet.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const dir = mkdtempSync(join(tmpdir(), 'tallystick-prove-'));
const path = join(dir, 'book.db');
/** The bytes of an honest database. */
let honest: Buffer;
const keys = memoryKeys();

beforeAll(async () => {
  const relay = await createTestRelay();
  const book = await openBook({ store: nodeStore(path), keys, verbs: shopVerbs, edge: testEdge() });
  for (let index = 0; index < 5; index++) await book.commit('stock.move', { sku: `sku-${index}`, quantity: index + 1 });
  await book.commit('seat.take', { row: 1, seat: 1 });
  await book.commit('price.set', { sku: 'apple', priceMinor: 100 });
  await book.sync(relay);
  await book.commit('price.set', { sku: 'apple', priceMinor: 120 });
  await book.commit('stock.move', { sku: 'sku-1', quantity: 7 });
  await book.close();
  const db = new Database(path);
  // A database in memory cannot write ahead.
  db.pragma('journal_mode = DELETE');
  honest = db.serialize();
  db.close();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** In memory: hundreds of copies are edited, and none has to outlive anything. */
async function withCopy<T>(edit: (db: Database.Database) => void, work: (book: Book) => Promise<T>): Promise<T> {
  const db = new Database(honest);
  try {
    edit(db);
    const store = {
      log: createSqliteLogStore(db),
      sql: betterSqliteDriver(db),
      crypto: nodeCrypto,
      close: () => void db.close(),
    };
    const book = (await openBook({ store, keys, verbs: shopVerbs })) as unknown as Book;
    return await work(book);
  } finally {
    db.close();
  }
}

async function proveCopy(edit: (db: Database.Database) => void) {
  try {
    return await withCopy(edit, async (book) => {
      const fresh = stores['better-sqlite3']();
      const report = await book.prove(fresh);
      await fresh.close();
      return report;
    });
  } catch (error) {
    // A database so damaged that it does not open is named by the error.
    return { ok: false, problems: [{ table: 'open', row: '', why: String(error) }] };
  }
}

/** Changes the column in the first row that has something in it. */
function changeFirst(db: Database.Database, table: string, column: string, type: string): void {
  const changed =
    type === 'INTEGER'
      ? `coalesce("${column}", 0) + 1000`
      : type === 'BLOB'
        ? `CAST(CASE substr("${column}", 1, 1) WHEN X'00' THEN X'01' ELSE X'00' END || substr("${column}", 2) AS BLOB)`
        : `"${column}" || 'x'`;
  const whole = `SELECT * FROM "${table}" WHERE "${column}" IS NOT NULL LIMIT 1`;
  const first = db.prepare<[], Record<string, unknown>>(whole).get();
  if (first === undefined) return;
  const where = Object.keys(first).map((name) => `"${name}" IS ?`);
  db.prepare(`UPDATE "${table}" SET "${column}" = ${changed} WHERE ${where.join(' AND ')}`).run(
    ...(Object.values(first) as never[]),
  );
}

describe('prove', () => {
  it('passes an honest database', async () => {
    expect(await proveCopy(() => undefined)).toMatchObject({ ok: true, problems: [] });
  });

  it('passes where something was refused in a scope that nothing was ever written in', async () => {
    const book = await openBook({
      store: nodeStore(':memory:'),
      keys: memoryKeys(),
      verbs: shopVerbs,
      edge: testEdge(),
    });
    const scope = parseScope('b/9') as Scope;
    const refused = await book.commit('stock.move', { sku: 'sku-1', quantity: 1 }, { scope });
    expect(refused).toMatchObject({ ok: false, code: 'kernel/unknown-device' });
    await book.commit('stock.move', { sku: 'sku-1', quantity: 1 });
    const fresh = stores['better-sqlite3']();
    expect((await book.prove(fresh)).problems).toEqual([]);
    await Promise.all([book.close(), fresh.close()]);
  });

  it('passes where sums went up and down by the bound in another order than their ops have now', async () => {
    const fleet = await createFleet(3);
    const [office, till, other] = fleet.books as [ShopBook, ShopBook, ShopBook];
    const move = (book: ShopBook, quantity: number) => book.commit('stock.move', { sku: 'sku', quantity });
    await move(office, 2 ** 51 - 1);
    for (const book of [office, till, other]) await book.sync(fleet.relay);
    await move(till, -10);
    await move(other, 5);
    await other.sync(fleet.relay);
    expect(await till.import(await other.export())).toMatchObject({ refolded: 0 });
    expect(till.pendingOps()).toHaveLength(1);
    await provenDigest(till);
    await fleet.close();
  });

  it('goes red for every column of every table', async () => {
    const db = new Database(honest);
    const tables = db
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .pluck()
      .all();
    // Rows that another fold wrote are folded again at opening; see migration.test.ts.
    tables.splice(tables.indexOf('kernel_tables'), 1);
    const passed: string[] = [];
    let tried = 0;
    for (const table of tables) {
      // In a table without rows there is nothing to change.
      if (db.prepare(`SELECT count(*) FROM "${table}"`).pluck().get() === 0) continue;
      const columns = db.prepare<[], { name: string; type: string }>(
        `SELECT name, type FROM pragma_table_info('${table}')`,
      );
      for (const { name, type } of columns.all()) {
        tried += 1;
        const report = await proveCopy((copy) => changeFirst(copy, table, name, type));
        if (report.ok) passed.push(`${table}.${name}`);
      }
    }
    db.close();
    expect(passed).toEqual([]);
    expect(tried).toBeGreaterThan(100);
  });

  it('names table and row', async () => {
    const report = await proveCopy((db) => void db.exec("UPDATE stock SET onHand = 99 WHERE sku = 'sku-3'"));
    expect(report.problems).toEqual([{ table: 'stock', row: 'hq sku-3', why: 'holds [99], the log says [4]' }]);
    const added = await proveCopy((db) => void db.exec("INSERT INTO stock VALUES ('hq', 'ghost', 5)"));
    expect(added.problems).toEqual([{ table: 'stock', row: 'hq ghost', why: 'holds [5], the log has no such row' }]);
    const removed = await proveCopy((db) => void db.exec("DELETE FROM moves WHERE sku = 'sku-4'"));
    expect(removed.problems[0]).toMatchObject({ table: 'moves', why: expect.stringContaining('is missing') as string });
  });

  it('names an op whose signature was edited, though a later one covers it', async () => {
    const mid = (where: string) => `
      UPDATE log_records SET signature = CAST(substr(signature, 1, 5) || X'00FF' || substr(signature, 8) AS BLOB) WHERE ordinal = (
        SELECT min(ordinal) FROM log_records WHERE ${where} AND seq > 2)`;
    for (const where of ['position IS NULL', 'position IS NOT NULL']) {
      const report = await proveCopy((db) => void db.exec(mid(where)));
      const named = report.problems.filter(({ why }) => why.startsWith('chain/signature'));
      expect(named).toMatchObject([{ table: 'log_records' }]);
    }
  });

  it('sees the last line of a receipt counted otherwise, which changes no order', async () => {
    const moved = await proveCopy((db) => {
      db.exec('UPDATE log_receipt_lines SET line = line + 1 WHERE line = (SELECT max(line) FROM log_receipt_lines)');
    });
    expect(moved.problems).toMatchObject([{ table: 'log_receipt_lines' }]);
  });

  it.each([0, 1, 4, 6])('names the place of a dropped op, and checks what is before it: %i', async (position) => {
    const drop = `DELETE FROM log_records WHERE position = ${position}`;
    const [first, named] = await withCopy(
      (db) => void db.exec(drop),
      async (book) => {
        const [{ settled } = { settled: 0 }] = book.status().scopes;
        expect(settled).toBe(9);
        const { problems } = await book.verify();
        const fresh = stores['better-sqlite3']();
        const proof = await book.prove(fresh);
        await fresh.close();
        expect(proof.ops).toBeGreaterThanOrEqual(position);
        return [problems[0], proof.problems[0]];
      },
    );
    expect(first).toMatchObject({ code: 'log/missing', position });
    expect(named).toMatchObject({ table: 'log_records', row: `hq position ${position}` });
  });

  it('names the last op of a chain that is gone', async () => {
    const drop = 'DELETE FROM log_records WHERE ordinal = (SELECT max(ordinal) FROM log_records)';
    const { problems } = await proveCopy((db) => void db.exec(drop));
    expect(problems[0]).toEqual({
      table: 'log_heads',
      row: expect.stringMatching(/^hq [0-9a-f]{64}$/) as string,
      why: 'names no op that is here, the chain ends at op 8',
    });
  });

  it('sees a reordered pair and a foreign table', async () => {
    const swapped = await proveCopy((db) => {
      db.exec(
        'UPDATE log_records SET position = 1000 WHERE position = 3; UPDATE log_records SET position = 3 WHERE position = 4; UPDATE log_records SET position = 4 WHERE position = 1000',
      );
    });
    expect(swapped.problems.length).toBeGreaterThan(0);
    const foreign = await proveCopy((db) => void db.exec('CREATE TABLE notes (x)'));
    expect(foreign.problems).toMatchObject([{ table: 'notes' }]);
  });
});
