// The journal before the tables of the SQLite log store: what waits there is stored, whoever asks and whatever dies.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSqliteLogStore, salvageSqliteLog } from '@tallystick/oplog/node';
import type { OpHash, OpRecord, Scope, Tip } from '@tallystick/oplog';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeChain, makeRecord } from './arbitraries.ts';
import { refusal } from './contract.ts';

const hq = 'hq' as Scope;
const most = 256;
let folder: string;
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oplog-journal-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function newPath(): string {
  files += 1;
  return join(folder, `${files}.db`);
}

function openFile(path: string): Database.Database {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  return db;
}

const tipOf = (size: number): Tip => ({ size, frontier: [], note: `${size}` });
const count = (db: Database.Database, table: string): unknown =>
  db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
/** Rows in the journal and in the table of records. */
const kept = (db: Database.Database): unknown => [count(db, 'log_journal'), count(db, 'log_records')];

it('an op costs one row until as many wait as may', () => {
  const db = openFile(newPath());
  const store = createSqliteLogStore(db);
  const records = makeChain(most + 2);
  for (const [at, record] of records.slice(0, most).entries()) {
    store.append([record]);
    if (at % 100 === 0) expect(kept(db)).toEqual([at + 1, 0]);
  }
  expect(store.pending(hq)).toEqual(records.slice(0, most));
  expect(kept(db)).toEqual([most, 0]);
  store.append(records.slice(most, most + 1));
  expect(kept(db)).toEqual([0, most + 1]);
  store.append(records.slice(most + 1));
  expect(kept(db)).toEqual([1, most + 1]);
  expect(store.pending(hq)).toEqual(records);
  expect(store.head((records[0] as OpRecord).op.device, hq)?.seq).toBe(records.length);
  db.close();
});

it('great ops wait up to a megabyte, whatever their number, and a start counts them too', () => {
  const path = newPath();
  let db = openFile(path);
  let store = createSqliteLogStore(db);
  const [, like] = makeChain(2) as [OpRecord, OpRecord];
  const text = 'x'.repeat(50_000);
  const great = Array.from({ length: 24 }, (_, n) => makeRecord({ ...like.op, seq: n + 2, args: { n, text } }));
  const roomFor = Math.floor(1_048_576 / (great[0] as OpRecord).bytes.length);
  for (const record of great.slice(0, roomFor - 1)) store.append([record]);
  db.close();
  db = openFile(path);
  store = createSqliteLogStore(db);
  store.append(great.slice(roomFor - 1, roomFor));
  expect(kept(db)).toEqual([roomFor, 0]);
  store.append(great.slice(roomFor, roomFor + 1));
  expect(kept(db)).toEqual([0, roomFor + 1]);
  expect(store.pending(hq)).toEqual(great.slice(0, roomFor + 1));
  // More at once than may wait goes past the journal.
  store.append(great.slice(roomFor + 1));
  expect(store.pending(hq)).toEqual(great);
  db.close();
});

it('what gets a position, other bytes or a base is in the tables by then', () => {
  const [first, second, third] = makeChain(3) as [OpRecord, OpRecord, OpRecord];
  const { device } = second.op;
  const heads = [{ device, seq: 2, hash: second.hash, keyId: second.keyId }];
  const works: ((store: ReturnType<typeof createSqliteLogStore>) => void)[] = [
    (store) => store.settle(hq, 0, [first.hash], tipOf(1)),
    (store) => store.replace([second]),
    (store) => store.begin(hq, { size: 2, frontier: [], heads }),
  ];
  const db = openFile(newPath());
  const store = createSqliteLogStore(db);
  store.append([first, second]);
  for (const work of works.slice(0, 2)) {
    store.append([third]);
    work(store);
    expect(kept(db)).toEqual([0, 3]);
  }
  store.settle(hq, 1, [second.hash], tipOf(2));
  store.append([third]);
  works[2]?.(store);
  expect(store.pending(hq)).toEqual([third]);
  db.close();
});

it('a program that dies leaves all of it, one that closes leaves it in the tables', () => {
  const path = newPath();
  const dying = openFile(path);
  const records = makeChain(3);
  createSqliteLogStore(dying).append(records);
  dying.close();
  const db = openFile(path);
  const store = createSqliteLogStore(db);
  expect(kept(db)).toEqual([3, 0]);
  expect(store.pending(hq)).toEqual(records);
  expect(store.scopes()).toEqual([hq]);
  store.close();
  expect(kept(db)).toEqual([0, 3]);
  expect(store.pending(hq)).toEqual(records);
  db.close();
});

it('two connections see what the other one journaled, moved and settled, without being told', () => {
  const path = newPath();
  const [ours, theirs] = [openFile(path), openFile(path)];
  const [here, there] = [createSqliteLogStore(ours), createSqliteLogStore(theirs)];
  const records = makeChain(4);
  const [first, second, third, fourth] = records as [OpRecord, OpRecord, OpRecord, OpRecord];
  here.append([first]);
  expect(there.has(first.hash)).toBe(true);
  there.append([second]);
  expect(here.get(second.hash)).toEqual({ record: second, position: undefined });
  expect(here.head(first.op.device, hq)).toEqual({ seq: 2, hash: second.hash });
  expect(here.pending(hq)).toEqual([first, second]);
  here.append([third]);
  // What this one knows of the journal is behind now.
  there.settle(hq, 0, [first.hash, second.hash], tipOf(2));
  expect(kept(ours)).toEqual([0, 3]);
  expect(here.pending(hq)).toEqual([third]);
  expect(here.get(first.hash)?.position).toBe(0);
  here.append([fourth]);
  here.settle(hq, 2, [third.hash], tipOf(3));
  expect(there.pending(hq)).toEqual([fourth]);
  expect(kept(theirs)).toEqual([0, 4]);
  ours.close();
  theirs.close();
});

it('a read passes over nothing that was committed since one within the transaction', () => {
  const path = newPath();
  const [ours, theirs] = [openFile(path), openFile(path)];
  const [here, there] = [createSqliteLogStore(ours), createSqliteLogStore(theirs)];
  const [record] = makeChain(1) as [OpRecord];
  ours.exec('BEGIN IMMEDIATE');
  here.append([record]);
  expect(there.pending(hq)).toEqual([]);
  ours.exec('COMMIT');
  expect(there.pending(hq)).toEqual([record]);
  ours.close();
  theirs.close();
});

it('two stores on one connection lose nothing that the other one journaled', () => {
  const db = openFile(newPath());
  const [here, there] = [createSqliteLogStore(db), createSqliteLogStore(db)];
  const [first, second] = makeChain(2) as [OpRecord, OpRecord];
  expect(there.pending(hq)).toEqual([]);
  here.append([first]);
  expect(there.pending(hq)).toEqual([first]);
  there.append([second]);
  there.settle(hq, 0, [first.hash], tipOf(1));
  for (const store of [here, there, createSqliteLogStore(db)]) {
    expect(store.get(first.hash)?.position).toBe(0);
    expect(store.pending(hq)).toEqual([second]);
  }
  db.close();
});

it('an op that comes again and again makes the journal no longer', () => {
  const db = openFile(newPath());
  const store = createSqliteLogStore(db);
  const [record] = makeChain(1) as [OpRecord];
  for (let time = 0; time <= most; time += 1) store.append([record]);
  expect(kept(db)).toEqual([0, 1]);
  expect(store.pending(hq)).toEqual([record]);
  db.close();
});

it('a transaction that is rolled back takes what it journaled along, and brings back what it moved', () => {
  const db = openFile(newPath());
  const store = createSqliteLogStore(db);
  const [first, second] = makeChain(2) as [OpRecord, OpRecord];
  store.append([first]);
  db.exec('BEGIN IMMEDIATE');
  store.append([second]);
  store.settle(hq, 0, [first.hash], tipOf(1));
  expect(kept(db)).toEqual([0, 2]);
  db.exec('ROLLBACK');
  store.refresh();
  expect(kept(db)).toEqual([1, 0]);
  expect(store.pending(hq)).toEqual([first]);
  expect(store.head(first.op.device, hq)?.seq).toBe(1);
  db.close();
});

it('an op that is stored already, or journaled twice, counts once, and the first of a fork is the head', () => {
  const db = openFile(newPath());
  const store = createSqliteLogStore(db);
  const [first, second, third] = makeChain(3) as [OpRecord, OpRecord, OpRecord];
  const fork = makeRecord({ ...second.op, args: { n: -2 } });
  store.append([first, second]);
  store.settle(hq, 0, [first.hash], tipOf(1));
  for (const record of [first, fork, third, third, second]) store.append([record]);
  const hashes = [second, fork, third].map(({ hash }) => hash);
  for (const current of [store, createSqliteLogStore(db)]) {
    expect(current.pending(hq).map(({ hash }) => hash)).toEqual(hashes);
    expect(current.get(first.hash)?.position).toBe(0);
  }
  expect(store.head(first.op.device, hq)).toEqual({ seq: 3, hash: third.hash });
  store.close();
  expect(kept(db)).toEqual([0, 4]);
  db.close();
});

it('tables of the release before are given one, and that release refuses them from then on', async () => {
  const path = newPath();
  const db = openFile(path);
  const records = makeChain(2);
  const before = createSqliteLogStore(db);
  before.append(records.slice(0, 1));
  before.close();
  db.exec('DROP TABLE log_journal; UPDATE log_format SET version = 1');
  const store = createSqliteLogStore(db);
  store.append(records.slice(1));
  expect(store.pending(hq)).toEqual(records);
  expect(db.prepare('SELECT version FROM log_format').pluck().get()).toBe(2);
  db.exec('UPDATE log_format SET version = 3');
  expect(await refusal(() => createSqliteLogStore(db))).toBe('store/newer');
  db.close();
});

it('a row that cannot be read is said, and salvage takes the others', async () => {
  const db = openFile(newPath());
  const records = makeChain(3);
  const first = createSqliteLogStore(db);
  first.append(records);
  db.exec('UPDATE log_journal SET record = zeroblob(200) WHERE place = 2');
  const store = createSqliteLogStore(db);
  expect(await refusal(() => store.has((records[2] as OpRecord).hash))).toBe('record/corrupt');
  expect(await refusal(() => store.settle(hq, 0, [(records[0] as OpRecord).hash], tipOf(1)))).toBe('record/corrupt');
  store.close();
  expect(kept(db)).toEqual([3, 0]);
  // One that has read the journal, and is told to forget it, does not take what it reads before that row for all.
  first.refresh();
  for (let time = 0; time < 2; time += 1) expect(await refusal(() => first.pending(hq))).toBe('record/corrupt');
  const { records: found, unreadable } = salvageSqliteLog(db);
  expect(found.map(({ record }) => record.hash)).toEqual([0, 2].map((at): OpHash => (records[at] as OpRecord).hash));
  expect(unreadable).toBe(1);
  db.close();
});

it('salvage says of a table without a readable end that something is lost, not how much', () => {
  const path = newPath();
  const db = openFile(path);
  const records = makeChain(5);
  const store = createSqliteLogStore(db);
  store.append(records.slice(0, 2));
  store.settle(hq, 0, [(records[0] as OpRecord).hash], tipOf(1));
  store.append(records.slice(2));
  const root = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'log_journal'").pluck().get() as number;
  const pageBytes = db.pragma('page_size', { simple: true }) as number;
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, (root - 1) * pageBytes, root * pageBytes);
  writeFileSync(path, bytes);
  const damaged = openFile(path);
  const { records: found, unreadable, isEndUnknown } = salvageSqliteLog(damaged);
  expect(found.map(({ record }) => record.hash)).toEqual(records.slice(0, 2).map(({ hash }) => hash));
  expect([unreadable, isEndUnknown]).toEqual([1, true]);
  damaged.close();
});

it('salvage finds the rows of a log whose beginning is long gone', () => {
  const db = openFile(newPath());
  const [first] = makeChain(1) as [OpRecord];
  const records = [first, makeRecord({ ...first.op, args: { n: -1 } })];
  const store = createSqliteLogStore(db);
  store.settle(hq, 0, records.slice(0, 1), tipOf(1));
  db.exec('UPDATE log_records SET ordinal = 50000');
  store.settle(hq, 1, records.slice(1), tipOf(2));
  const { records: found, unreadable, isEndUnknown } = salvageSqliteLog(db);
  expect(found.map(({ record }) => record.hash)).toEqual(records.map(({ hash }) => hash));
  expect([unreadable, isEndUnknown]).toEqual([0, false]);
  db.close();
});
