// The tables of the SQLite log store.
import type BetterSqlite3 from 'better-sqlite3';
import { signedByBytes } from './aside-key.ts';
import { OplogError } from './errors.ts';

/** Version 1 had no journal: who does not read it would miss the newest ops. */
const version = 2;
const versionWithoutJournal = 1;

// A hash is split into `tag`, its first 48 bits, and `rest`: an index over an integer is a third of one over the hash.
// `prev` is the ordinal of the previous op where it is stored, its hash where it is not. `body` is the text of the args, or
// the whole record (a BLOB) where the text around the args is not the usual one.
const tables = `
CREATE TABLE IF NOT EXISTS log_format (version INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS log_names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS log_records (
  ordinal INTEGER PRIMARY KEY,
  tag INTEGER NOT NULL,
  rest BLOB NOT NULL,
  scope INTEGER NOT NULL,
  position INTEGER,
  key INTEGER NOT NULL,
  device INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  verb INTEGER NOT NULL,
  at INTEGER NOT NULL,
  id BLOB NOT NULL,
  prev ANY,
  seen TEXT,
  signature BLOB NOT NULL,
  body ANY NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS log_records_by_hash ON log_records (tag);
CREATE INDEX IF NOT EXISTS log_records_pending ON log_records (scope) WHERE position IS NULL;
CREATE UNIQUE INDEX IF NOT EXISTS log_records_settled ON log_records (scope, position) WHERE position IS NOT NULL;
CREATE TABLE IF NOT EXISTS log_journal (place INTEGER PRIMARY KEY, hash BLOB NOT NULL, record BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS log_heads (
  device INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  PRIMARY KEY (device, scope)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_tips (
  scope INTEGER PRIMARY KEY,
  size INTEGER NOT NULL,
  frontier TEXT NOT NULL,
  note TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS log_bases (
  scope INTEGER PRIMARY KEY,
  size INTEGER NOT NULL,
  frontier TEXT NOT NULL,
  heads TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS log_receipts (id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, note TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS log_receipts_by_scope ON log_receipts (scope);
CREATE TABLE IF NOT EXISTS log_receipt_lines (
  hash BLOB NOT NULL,
  receipt INTEGER NOT NULL,
  line INTEGER NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (hash, receipt, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS log_receipt_lines_in_order ON log_receipt_lines (receipt, line);
CREATE TABLE IF NOT EXISTS log_asides (
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL,
  scope TEXT NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS log_asides_by_copy ON log_asides (hash, substr(bytes, 1, ${signedByBytes}));
CREATE TABLE IF NOT EXISTS log_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** Creates the tables where they are missing; throws `store/newer` for those of a later version, `store/format` for those of none. */
export function prepareSchema(db: BetterSqlite3.Database): void {
  db.exec(tables);
  const found = db.prepare<[], number>('SELECT version FROM log_format').pluck().get();
  if (found === undefined) db.prepare('INSERT INTO log_format (version) VALUES (?)').run(version);
  else if (found === versionWithoutJournal) db.prepare('UPDATE log_format SET version = ?').run(version);
  else if (found !== version) {
    throw new OplogError(
      found > version ? 'store/newer' : 'store/format',
      `log tables of version ${found}; this release reads ${version}`,
    );
  }
}
