import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSqliteLogStore } from '@tallystick/oplog/node';
import { type OpHash, type OpRecord, type Scope } from '@tallystick/oplog';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeChain, record as recordArbitrary } from './arbitraries.ts';
import { logStoreContract, refusal } from './contract.ts';

const hq = 'hq' as Scope;
let folder: string;
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oplog-sqlite-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function openFile(path: string): Database.Database {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  return db;
}

function newPath(): string {
  files += 1;
  return join(folder, `${files}.db`);
}

logStoreContract('SQLite', () => {
  const path = newPath();
  let db = openFile(path);
  function reopen() {
    db.close();
    db = openFile(path);
    return createSqliteLogStore(db);
  }
  return { store: createSqliteLogStore(db), reopen };
});

logStoreContract('SQLite inside a transaction of the caller', () => {
  const db = new Database(':memory:');
  const store = createSqliteLogStore(db);
  db.exec('BEGIN');
  return { store, reopen: () => store };
});

describe('SQLite log store', () => {
  it('takes in no op twice whose chain has lost its head', () => {
    const path = newPath();
    const db = openFile(path);
    const chain = makeChain(400);
    createSqliteLogStore(db).append(chain);
    db.exec('DELETE FROM log_heads');
    const store = createSqliteLogStore(db);
    store.append(chain);
    expect(store.pending(hq)).toHaveLength(400);
    store.settle(hq, 0, chain, { size: 400, frontier: [], note: '' });
    expect(store.pending(hq)).toEqual([]);
    db.close();
  });

  it('syncs every commit, although the driver opens WAL files with less', async () => {
    const path = newPath();
    createSqliteLogStore(openFile(path)).append(makeChain(1));
    const levelAfter = (prepare: (db: Database.Database) => void): unknown => {
      const db = new Database(path);
      prepare(db);
      db.prepare('SELECT count(*) FROM log_records').get();
      const level: unknown = db.pragma('synchronous', { simple: true });
      db.close();
      return level;
    };
    expect(levelAfter(() => undefined)).toBe(1);
    expect(levelAfter(createSqliteLogStore)).toBe(2);
    expect(levelAfter((db) => (db.pragma('synchronous = EXTRA'), createSqliteLogStore(db)))).toBe(3);
    const db = new Database(path);
    db.exec('BEGIN');
    expect(await refusal(() => createSqliteLogStore(db))).toBe('store/transaction');
    db.close();
  });

  it('leaves nothing behind when the caller rolls back, and integers given out then do no harm', () => {
    const db = openFile(newPath());
    const store = createSqliteLogStore(db);
    const lost = makeChain(2, { scope: 'lost', device: '11'.repeat(32) });
    const kept = makeChain(2, { scope: 'kept', device: '22'.repeat(32) });
    const rollBack = db.transaction(() => {
      store.append(lost);
      store.settle('lost' as Scope, 0, [lost[0]?.hash as OpHash], { size: 1, frontier: [], note: '' });
      store.setMeta('cursor', '1');
      expect(store.head(lost[0]?.op.device as never, 'lost' as Scope)?.seq).toBe(2);
      throw new Error('the projection failed');
    });
    expect(() => rollBack()).toThrow('the projection failed');
    store.refresh();
    expect(store.scopes()).toEqual([]);
    expect(store.has(lost[0]?.hash as OpHash)).toBe(false);
    expect(store.meta('cursor')).toBeUndefined();
    store.append(kept);
    expect(store.pending('kept' as Scope)).toEqual(kept);
    expect(store.pending('lost' as Scope)).toEqual([]);
    db.close();
  });

  it('undoes its own part when it fails inside a transaction that the caller still commits', async () => {
    const db = openFile(newPath());
    const store = createSqliteLogStore(db);
    const [first, second] = makeChain(2) as [OpRecord, OpRecord];
    db.exec('BEGIN');
    store.append([first]);
    const code = await refusal(() =>
      store.settle(hq, 0, [first.hash, second.hash], { size: 2, frontier: [], note: '' }),
    );
    db.exec('COMMIT');
    expect(code).toBe('store/missing');
    expect(store.pending(hq)).toEqual([first]);
    expect(store.tip(hq).size).toBe(0);
    db.close();
  });

  it.each([
    ['short', 'log_journal WHEN NEW.place = 2', 2],
    ['long', 'log_records WHEN NEW.seq = 40', 40],
  ])('appends all of a %s batch or none of it', (_length, when, count) => {
    const db = openFile(newPath());
    const store = createSqliteLogStore(db);
    const records = makeChain(count);
    db.exec(`CREATE TRIGGER full AFTER INSERT ON ${when} BEGIN SELECT RAISE(ABORT, 'disk full'); END`);
    expect(() => store.append(records)).toThrow('disk full');
    expect(store.has((records[0] as OpRecord).hash)).toBe(false);
    expect(store.scopes()).toEqual([]);
    db.exec('DROP TRIGGER full');
    store.append(records);
    expect(store.pending(hq)).toEqual(records);
    db.close();
  });

  it('sees what another connection wrote', () => {
    const path = newPath();
    const [ours, theirs] = [openFile(path), openFile(path)];
    const [here, there] = [createSqliteLogStore(ours), createSqliteLogStore(theirs)];
    const records = makeChain(3);
    there.append(records);
    there.settle(hq, 0, [records[0]?.hash as OpHash], { size: 1, frontier: [], note: 'n' });
    here.refresh();
    expect(here.head(records[0]?.op.device as never, hq)?.seq).toBe(3);
    expect(here.tip(hq)).toEqual({ size: 1, frontier: [], note: 'n' });
    expect(here.pending(hq)).toEqual(records.slice(1));
    ours.close();
    theirs.close();
  });

  it('refuses tables of another version', async () => {
    const db = openFile(newPath());
    createSqliteLogStore(db);
    db.exec('UPDATE log_format SET version = 99');
    expect(await refusal(() => createSqliteLogStore(db))).toBe('store/newer');
    db.exec('UPDATE log_format SET version = 0');
    expect(await refusal(() => createSqliteLogStore(db))).toBe('store/format');
    db.close();
  });

  it('says which stored record is no longer readable', async () => {
    const db = openFile(newPath());
    const store = createSqliteLogStore(db);
    const [record] = makeChain(1) as [OpRecord];
    store.append([record]);
    // Its row is in the table of records then.
    store.close();
    db.exec(`UPDATE log_records SET body = '{"n":'`);
    expect(await refusal(() => store.get(record.hash)?.record.op.args)).toBe('record/corrupt');
    db.close();
  });

  it.each([
    ['the last position moved up', 'UPDATE log_records SET position = 3 WHERE position = 2'],
    ['a position cleared', 'UPDATE log_records SET position = NULL WHERE position = 1'],
    ['a settled op removed', 'DELETE FROM log_records WHERE position = 0'],
    ['a pending op given a position', 'UPDATE log_records SET position = 3 WHERE position IS NULL'],
    ['the size of the tip lowered', 'UPDATE log_tips SET size = 2'],
    ['the tip removed', 'DELETE FROM log_tips'],
  ])('does not take %s for a log', async (_name, sql) => {
    const db = openFile(newPath());
    const store = createSqliteLogStore(db);
    const records = makeChain(4);
    const hashes = records.slice(0, 3).map(({ hash }) => hash);
    store.append(records);
    store.settle(hq, 0, hashes, { size: 3, frontier: [], note: '' });
    expect(store.settled(hq, 0, 10)).toEqual(records.slice(0, 3));
    db.exec(sql);
    expect(await refusal(() => store.settled(hq, 0, 10))).toBe('store/damaged');
    db.close();
  });

  it('gives back any record as it was (property)', () => {
    const db = openFile(newPath());
    const store = createSqliteLogStore(db);
    fc.assert(
      fc.property(recordArbitrary, (record) => {
        store.append([record]);
        expect(store.get(record.hash)?.record).toEqual(record);
      }),
    );
    db.close();
  });

  it('stores a payload of 177 bytes, chained, signed and settled, in at most 420', () => {
    const db = new Database(':memory:');
    const store = createSqliteLogStore(db);
    const records = makeChain(2_000, { args: { payload: 'x'.repeat(163) } });
    store.append(records);
    store.settle(
      hq,
      0,
      records.map(({ hash }) => hash),
      { size: records.length, frontier: [], note: '' },
    );
    const size = Number(db.pragma('page_count', { simple: true })) * Number(db.pragma('page_size', { simple: true }));
    expect(size / records.length).toBeLessThan(420);
    db.close();
  });
});
