// Wrapped keys in a SQLite file of their own, which no copy of the logs has. What is deleted is zeros: in the file by `secure_delete`, in its journal by our own hand.
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { type DeviceId, encodeHex } from '@tallystick/oplog';
import Database from 'better-sqlite3';
import { RelayError } from './errors.ts';
import { createMemoryWrappedKeys, type WrappedKeyStore } from './wrapped-keys.ts';

interface Row {
  readonly device: Uint8Array;
}

const schemaVersion = 1;
const table = `CREATE TABLE keys (book BLOB NOT NULL, name TEXT NOT NULL, device BLOB NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY (book, name)) STRICT, WITHOUT ROWID`;

/** Opened, or made, when it is first asked. The process that has the logs has these alone. */
export function createSqliteKeys(logsPath: string): WrappedKeyStore & { close(): void } {
  if (logsPath === ':memory:') return { ...createMemoryWrappedKeys(), close: () => undefined };
  const path = `${logsPath.replace(/\.sqlite$/, '')}-keys.sqlite`;
  let opened: Open | undefined;
  const open = (): Open => (opened ??= openKeys(path));
  return {
    get(book, name) {
      const row = open().get.get(hexToBlob(book), name) as (Row & { text: string }) | undefined;
      return row === undefined ? undefined : { device: blobToDevice(row.device), text: row.text };
    },
    put(book, name, { device, text }) {
      open().put.run(hexToBlob(book), name, hexToBlob(device), text);
      clearJournal(path);
    },
    delete(book, name) {
      const isGone = open().delete.run(hexToBlob(book), name).changes > 0;
      if (isGone) clearJournal(path);
      return isGone;
    },
    list: (book) =>
      (open().list.all(hexToBlob(book)) as (Row & { name: string; sizeBytes: number })[]).map(
        ({ name, device, sizeBytes }) => ({ name, device: blobToDevice(device), sizeBytes }),
      ),
    close() {
      opened?.db.close();
      opened = undefined;
    },
  };
}

interface Open {
  readonly db: Database.Database;
  readonly get: Database.Statement;
  readonly put: Database.Statement;
  readonly delete: Database.Statement;
  readonly list: Database.Statement;
}

function openKeys(path: string): Open {
  try {
    const db = new Database(path);
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = PERSIST');
    db.pragma('synchronous = FULL');
    db.pragma('secure_delete = ON');
    const version = db.pragma('user_version', { simple: true });
    if (version === 0) {
      db.exec(table);
      db.pragma(`user_version = ${schemaVersion}`);
    } else if (version !== schemaVersion) throw new Error(`its schema is ${String(version)}`);
    // Of a process that ended between the two.
    clearJournal(path);
    return {
      db,
      get: db.prepare('SELECT device, text FROM keys WHERE book = ? AND name = ?'),
      put: db.prepare('INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?)'),
      delete: db.prepare('DELETE FROM keys WHERE book = ? AND name = ?'),
      list: db.prepare('SELECT name, device, octet_length(text) AS sizeBytes FROM keys WHERE book = ? ORDER BY name'),
    };
  } catch (cause) {
    throw new RelayError('relay/store', `cannot open ${path}`, { cause });
  }
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
