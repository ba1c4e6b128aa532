// Wrapped keys in a SQLite file of their own, which no copy of the logs has. What is deleted is zeros: in the file by `secure_delete`, in its journal by our own hand.
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { type DeviceId, encodeHex } from '@tallystick/oplog';
import Database from 'better-sqlite3';
import { RelayError } from './errors.ts';
import { maxSkewSeconds } from './request-signature.ts';
import { barSeconds, createMemoryWrappedKeys, type WrappedKeyStore } from './wrapped-keys.ts';

interface Row {
  readonly device: Uint8Array;
}

interface KeyRow extends Row {
  readonly text: string;
  readonly signed: number;
}

const schemaVersion = 2;
// `signed` is the latest `signedAt` of what was put under the name since there was none.
const keyTable = `CREATE TABLE keys (book BLOB NOT NULL, name TEXT NOT NULL, device BLOB NOT NULL, text TEXT NOT NULL,
  signed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (book, name)) STRICT, WITHOUT ROWID`;
const barTable = `CREATE TABLE bars (book BLOB NOT NULL, name TEXT NOT NULL, bar INTEGER NOT NULL,
  PRIMARY KEY (book, name)) STRICT, WITHOUT ROWID;
  CREATE INDEX bars_by_age ON bars (bar)`;
const floorTable = 'CREATE TABLE IF NOT EXISTS floor (seconds INTEGER NOT NULL) STRICT';

/**
 * Beside a file of logs, made with it. Where there are logs and no keys, as after a restore, nobody knows what was deleted: a request that put a key there, copied on
 * the way, must put none.
 */
export function createSqliteKeys(logsPath: string, areLogsNew: boolean): WrappedKeyStore & { close(): void } {
  if (logsPath === ':memory:') return { ...createMemoryWrappedKeys(), close: () => undefined };
  const path = `${logsPath.replace(/\.sqlite$/, '')}-keys.sqlite`;
  const file = createKeyFile(path, { barsOld: !areLogsNew });
  if (areLogsNew || !existsSync(path)) file.ids();
  return file;
}

export interface KeyFile extends WrappedKeyStore {
  /** The names that this file has given itself, one as a rule; see `createKeptKeys`. */
  ids(): readonly string[];
  /** Durable when it answers. */
  setIds(ids: readonly string[]): void;
  /** No key is put from now on by what was signed up to then: a bar for every name, durable when it answers. */
  setFloor(seconds: number): void;
  /** Destroys all keys and bars; the names stay. */
  wipe(): void;
  close(): void;
}

/**
 * Opened, or made, when it is first asked. One process has it alone. `barsOld`: a file that is made, or has nothing in it, begins with the floor that bars what was
 * signed before; in one transaction with its tables, for whoever ends between the two would not come back to it.
 */
export function createKeyFile(path: string, { barsOld = false }: { readonly barsOld?: boolean } = {}): KeyFile {
  let opened: Open | undefined;
  const open = (): Open => (opened ??= openKeys(path, barsOld));
  return {
    get(book, name) {
      const row = open().get.get(hexToBlob(book), name) as KeyRow | undefined;
      return row && { device: blobToDevice(row.device), text: row.text, signedAt: row.signed };
    },
    put(book, name, { device, text }, signedAt) {
      const bar = open().bar.pluck().get(hexToBlob(book), name) as number | null;
      if (bar !== null && signedAt <= bar) return bar;
      open().put.run(hexToBlob(book), name, hexToBlob(device), text, signedAt);
      clearJournal(path);
      return undefined;
    },
    delete(book, name, atSeconds) {
      const isGone = deleteKey(open(), hexToBlob(book), name, atSeconds);
      clearJournal(path);
      return isGone;
    },
    list: (book) =>
      (open().list.all(hexToBlob(book)) as (Row & { name: string; sizeBytes: number })[]).map(
        ({ name, device, sizeBytes }) => ({ name, device: blobToDevice(device), sizeBytes }),
      ),
    ids: () => open().ids.pluck().all() as string[],
    setIds(ids) {
      const { db, addId } = open();
      db.transaction(() => {
        db.exec('DELETE FROM ids');
        for (const id of ids) addId.run(id);
      })();
      clearJournal(path);
    },
    setFloor(seconds) {
      const { db } = open();
      db.transaction(() => writeFloor(db, seconds))();
      clearJournal(path);
    },
    wipe() {
      open().db.exec('BEGIN; DELETE FROM keys; DELETE FROM bars; COMMIT');
      clearJournal(path);
    },
    close() {
      opened?.db.close();
      opened = undefined;
    },
  };
}

/** The key and its bar in one transaction. */
function deleteKey(
  { db, sweep, raiseBar, delete: drop }: Open,
  book: Buffer,
  name: string,
  atSeconds: number,
): boolean {
  return db.transaction(() => {
    sweep.run(atSeconds - barSeconds);
    raiseBar.run(atSeconds, book, name);
    return drop.run(book, name).changes > 0;
  })();
}

interface Open {
  readonly db: Database.Database;
  readonly bar: Database.Statement;
  /** Where there is a key. */
  readonly raiseBar: Database.Statement;
  readonly sweep: Database.Statement;
  readonly get: Database.Statement;
  readonly put: Database.Statement;
  readonly delete: Database.Statement;
  readonly list: Database.Statement;
  readonly ids: Database.Statement;
  readonly addId: Database.Statement;
}

function openKeys(path: string, barsOld: boolean): Open {
  try {
    const db = new Database(path);
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = PERSIST');
    db.pragma('synchronous = FULL');
    db.pragma('secure_delete = ON');
    const version = db.pragma('user_version', { simple: true });
    const barsFrom = Math.floor(Date.now() / 1000) + maxSkewSeconds;
    if (version === 0) makeTables(db, keyTable, barsOld ? barsFrom : undefined);
    // Before there were bars.
    else if (version === 1) makeTables(db, 'ALTER TABLE keys ADD COLUMN signed INTEGER NOT NULL DEFAULT 0');
    else if (version !== schemaVersion) throw new Error(`its schema is ${String(version)}`);
    db.exec('CREATE TABLE IF NOT EXISTS ids (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID');
    db.exec(floorTable);
    // Of a process that ended between the two.
    clearJournal(path);
    return {
      db,
      get: db.prepare('SELECT device, text, signed FROM keys WHERE book = ? AND name = ?'),
      bar: db.prepare(`SELECT max(bar) FROM (SELECT bar FROM bars WHERE book = ? AND name = ?
        UNION ALL SELECT seconds FROM floor)`),
      raiseBar: db.prepare(`INSERT INTO bars SELECT book, name, max(signed, ?) FROM keys WHERE book = ? AND name = ?
        ON CONFLICT DO UPDATE SET bar = max(bar, excluded.bar)`),
      sweep: db.prepare('DELETE FROM bars WHERE bar < ?'),
      put: db.prepare(`INSERT INTO keys VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET device = excluded.device, text = excluded.text, signed = max(signed, excluded.signed)`),
      delete: db.prepare('DELETE FROM keys WHERE book = ? AND name = ?'),
      list: db.prepare('SELECT name, device, octet_length(text) AS sizeBytes FROM keys WHERE book = ? ORDER BY name'),
      ids: db.prepare('SELECT id FROM ids ORDER BY id'),
      addId: db.prepare('INSERT INTO ids VALUES (?)'),
    };
  } catch (cause) {
    throw new RelayError('relay/store', `cannot open ${path}`, { cause });
  }
}

function makeTables(db: Database.Database, keys: string, floor?: number): void {
  db.transaction(() => {
    db.exec(keys);
    db.exec(barTable);
    db.exec(floorTable);
    if (floor !== undefined) writeFloor(db, floor);
    db.pragma(`user_version = ${schemaVersion}`);
  })();
}

/** Within a transaction. */
function writeFloor(db: Database.Database, seconds: number): void {
  db.exec('DELETE FROM floor');
  db.prepare('INSERT INTO floor VALUES (?)').run(seconds);
}

/** A journal holds what stood in the pages before; between two transactions nobody reads it. */
function clearJournal(path: string): void {
  const journal = `${path}-journal`;
  if (!existsSync(journal)) return;
  const file = openSync(journal, 'r+');
  try {
    const { size } = fstatSync(file);
    writeSync(file, new Uint8Array(size), 0, size, 0);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function hexToBlob(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

function blobToDevice(bytes: Uint8Array): DeviceId {
  return encodeHex(bytes) as DeviceId;
}
