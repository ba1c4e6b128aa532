// Child process of kill.test.ts: appends one op after another to the store named by its arguments and prints each seq once the
// store says it is durable.
import { writeSync } from 'node:fs';
import type { OpRecord } from '@tallystick/oplog';
import { createFileLogStore } from '@tallystick/oplog/file';
import { createNodeAppendFile, createSqliteLogStore } from '@tallystick/oplog/node';
import Database from 'better-sqlite3';
import { makeChain } from './arbitraries.ts';

const [kind, path] = process.argv.slice(2) as ['file' | 'sqlite', string];
const store = kind === 'file' ? createFileLogStore(createNodeAppendFile(path)) : createSqliteLogStore(openWal(path));
for (const record of chainForever()) {
  store.append([record]);
  writeSync(1, `${record.op.seq}\n`);
}

function* chainForever(): Generator<OpRecord> {
  for (let from = 1; ; from += 100) yield* makeChain(100, { from });
}

function openWal(file: string): Database.Database {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  return db;
}
