/** What a sale costs before this project has done anything: its rows in plain SQLite, one signature, one wait for the disk, its text read strictly. */
import { join } from 'node:path';
import { hashOp } from '@tallystick/chain';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import type { OpRecord } from '@tallystick/oplog';
import { decodeRecord } from '@tallystick/oplog/strict';
import Database from 'better-sqlite3';
import { openTill, recordsOf, trade } from '../sales.ts';
import { type Case, type Counts, mustBe, opsPerSecond, type Suite, timed } from '../suite.ts';

/** The tables in which every sale puts rows of its own, and how many a sale of three lines puts. */
const rowsByTable: Readonly<Record<string, number>> = { documents: 1, documentLines: 3, tenders: 1, postings: 3 };
const ROWS_AT_ONCE = 16;

export const floor: Suite = {
  name: 'floor',
  summary: 'the parts of a sale that nobody can leave out: its rows, a signature, a wait for the disk, strict reading',
  async prepare({ ops, commits }, folder) {
    const path = join(folder, 'floor.db');
    const till = await openTill({ store: nodeStore(path) });
    await trade(till, ops);
    const records = (await recordsOf(till.book)).filter(({ op }) => op.verb === 'sale.complete@1');
    mustBe('sales', records.length, ops);
    const key = await nodeCrypto.ed25519.fromSeed(new Uint8Array(32).fill(7));
    await till.book.close();
    const source = new Database(path, { readonly: true });
    const disk = openDisk(join(folder, 'floor-disk.db'));
    return {
      cases: [
        floorCase('floor-rows', ops, () => insertRows(source), { rows: 8 }),
        floorCase('floor-sign', commits, () => signEach(records, commits, (message) => key.sign(message)), {
          signatures: 1,
        }),
        floorCase('floor-disk', commits, () => commitEach(disk, commits), { fsyncs: 1 }),
        floorCase('floor-read', ops, () => readEach(records), { hashes: 1 }),
      ],
      close: async () => {
        source.close();
        disk.close();
      },
    };
  },
};

function floorCase(name: string, ops: number, work: () => number, counts: Counts): Case {
  return {
    figures: [
      { name, unit: 'ops/s' },
      { name: `${name}-cpu`, unit: 'ops/s' },
    ],
    count: async () => counts,
    run: async () => {
      const { ms, cpuMs, value } = await timed(work);
      mustBe(`${name}: ops`, value, ops);
      return [opsPerSecond(ops, ms), opsPerSecond(ops, cpuMs)];
    },
  };
}

/** Every set row of the book into empty tables of the same declaration, in memory, in one transaction, many rows a statement. */
function insertRows(source: Database.Database): number {
  const db = new Database(':memory:');
  let sales = 0;
  db.exec('BEGIN');
  for (const [table, perSale] of Object.entries(rowsByTable)) {
    db.exec(
      source.prepare<[string], string>('SELECT sql FROM sqlite_schema WHERE name = ?').pluck().get(table) as string,
    );
    const rows = source.prepare<[], (string | number)[]>(`SELECT * FROM "${table}"`).raw().all();
    const row = `(?${', ?'.repeat((rows[0]?.length ?? 1) - 1)})`;
    const one = db.prepare<(string | number)[]>(`INSERT INTO "${table}" VALUES ${row}`);
    const many = db.prepare<(string | number)[]>(
      `INSERT INTO "${table}" VALUES ${Array.from({ length: ROWS_AT_ONCE }, () => row).join(', ')}`,
    );
    const whole = rows.length - (rows.length % ROWS_AT_ONCE);
    for (let at = 0; at < whole; at += ROWS_AT_ONCE) many.run(...rows.slice(at, at + ROWS_AT_ONCE).flat());
    for (const rest of rows.slice(whole)) one.run(...rest);
    sales = rows.length / perSale;
  }
  db.exec('COMMIT');
  db.close();
  return sales;
}

function signEach(records: readonly OpRecord[], count: number, sign: (message: Uint8Array) => unknown): number {
  let signed = 0;
  for (let at = 0; at < count; at++)
    if (sign((records[at % records.length] as OpRecord).bytes.subarray(0, 81)) !== undefined) signed += 1;
  return signed;
}

function openDisk(path: string): Database.Database {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec('CREATE TABLE sales (id INTEGER PRIMARY KEY, text TEXT NOT NULL)');
  return db;
}

/** A transaction of one row each. */
function commitEach(db: Database.Database, count: number): number {
  const insert = db.prepare<[string]>('INSERT INTO sales (text) VALUES (?)');
  let done = 0;
  for (let at = 0; at < count; at++) done += insert.run('a sale').changes;
  return done;
}

/** Strict decoding with the canonical check, and the hash. */
function readEach(records: readonly OpRecord[]): number {
  let good = 0;
  for (const { bytes, hash } of records) {
    const decoded = decodeRecord(bytes);
    if (decoded.ok && hashOp(decoded.value.text, nodeCrypto.hasher) === hash) good += 1;
  }
  return good;
}
