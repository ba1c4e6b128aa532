// The tables of the SQLite relay store: what they are, and what is read from and written to them.
import { type BookId, type DeviceId, encodeHex, type OpHash, type RootHash, type Scope } from '@tallystick/oplog';
import Database from 'better-sqlite3';
import { RelayError } from './errors.ts';
import { type BatchEnd, decodeWaiting } from './sqlite-waiting.ts';
import type { Batch, ChainState, Holder, Placed } from './store.ts';

// An entry's rowid is log * 2^32 + position: a log's entries lie together in order, and no second index is needed for it.
export const positionsPerLog: number = 2 ** 32;
export const schemaVersion = 3;
const schema = `
  CREATE TABLE relay_identity (one INTEGER PRIMARY KEY CHECK (one = 1), vkey TEXT NOT NULL) STRICT;
  CREATE TABLE relay_logs (
    log INTEGER PRIMARY KEY, book BLOB NOT NULL, scope TEXT NOT NULL, size INTEGER NOT NULL, frontier TEXT NOT NULL,
    root BLOB NOT NULL, UNIQUE (book, scope)) STRICT;
  CREATE TABLE relay_entries (
    entry INTEGER PRIMARY KEY, log INTEGER NOT NULL, hash BLOB NOT NULL, device BLOB NOT NULL, seq INTEGER NOT NULL,
    bytes BLOB NOT NULL) STRICT;
  CREATE UNIQUE INDEX relay_entries_hash ON relay_entries (log, hash);
  CREATE TABLE relay_chains (
    log INTEGER NOT NULL, device BLOB NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, forks INTEGER NOT NULL,
    late INTEGER NOT NULL, PRIMARY KEY (log, device)) STRICT, WITHOUT ROWID;
  CREATE TABLE relay_claims (
    log INTEGER NOT NULL, token TEXT NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (log, token)) STRICT, WITHOUT ROWID;
  CREATE TABLE relay_tiles (
    log INTEGER NOT NULL, level INTEGER NOT NULL, tile INTEGER NOT NULL, hashes BLOB NOT NULL,
    PRIMARY KEY (log, level, tile)) STRICT;
  CREATE TABLE relay_cosignatures (
    log INTEGER NOT NULL, device BLOB NOT NULL, size INTEGER NOT NULL, line TEXT NOT NULL,
    PRIMARY KEY (log, device)) STRICT, WITHOUT ROWID;
  CREATE TABLE relay_batches (
    log INTEGER NOT NULL, size INTEGER NOT NULL, bytes INTEGER NOT NULL, root BLOB NOT NULL,
    PRIMARY KEY (log, size)) STRICT, WITHOUT ROWID;
  CREATE TABLE relay_enrolments (
    place INTEGER PRIMARY KEY, book BLOB NOT NULL, entry INTEGER NOT NULL, fork INTEGER NOT NULL) STRICT;
  CREATE INDEX relay_enrolments_book ON relay_enrolments (book);
  CREATE TABLE relay_waiting (row INTEGER PRIMARY KEY, batches BLOB NOT NULL) STRICT;
`;

export interface LogRow {
  readonly log: number;
  readonly size: number;
  readonly frontier: string;
  readonly root: Uint8Array;
}

interface ChainRow {
  readonly seq: number;
  readonly hash: Uint8Array;
  readonly forks: number;
  readonly late: number;
}

export interface CosignatureRow {
  readonly device: Uint8Array;
  readonly size: number;
  readonly line: string;
}

interface HolderRow {
  readonly entry: number;
  readonly hash: Uint8Array;
  readonly device: Uint8Array;
}

interface PlaceRow {
  readonly entry: number;
  readonly device: Uint8Array;
  readonly seq: number;
}

export type Statements = Readonly<Record<StatementName, Database.Statement>>;

type StatementName =
  | 'adopt'
  | 'identity'
  | 'bookCount'
  | 'storedBytes'
  | 'scopes'
  | 'log'
  | 'addLog'
  | 'moveLog'
  | 'addEntry'
  | 'place'
  | 'records'
  | 'chain'
  | 'putChain'
  | 'holder'
  | 'addClaim'
  | 'tile'
  | 'putTile'
  | 'addBatch'
  | 'batches'
  | 'batchRoot'
  | 'putCosignature'
  | 'dropCosignatures'
  | 'cosignatures'
  | 'addWaiting'
  | 'dropWaiting'
  | 'addEnrolment'
  | 'enrolments';

export function openDatabase(path: string, timeout: number): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { timeout });
    configure(db);
    db.transaction(createTables).immediate(db);
    return db;
  } catch (cause) {
    db?.close();
    if (cause instanceof RelayError) throw cause;
    if (cause instanceof Database.SqliteError && cause.code.startsWith('SQLITE_BUSY')) {
      throw new RelayError('relay/store-busy', `another process has ${path} open`, { cause });
    }
    throw new RelayError('relay/store', `cannot open ${path}`, { cause });
  }
}

function configure(db: Database.Database): void {
  // One sequencer: the lock is held until the store closes.
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  // Only macOS has the difference; without it a sync there stops at the drive's cache.
  db.pragma('fullfsync = ON');
  db.pragma('cache_size = -65536');
  // Up to 32 MiB of log before it is moved into the database: pages that every push touches are then moved once.
  db.pragma('wal_autocheckpoint = 8192');
}

function createTables(db: Database.Database): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version === schemaVersion) return;
  if (version !== 0) {
    throw new RelayError('relay/store', `schema ${version} is not the ${schemaVersion} that this release knows`);
  }
  db.exec(schema);
  db.pragma(`user_version = ${schemaVersion}`);
}

export function prepare(db: Database.Database): Statements {
  return {
    adopt: db.prepare('INSERT OR IGNORE INTO relay_identity VALUES (1, ?)'),
    identity: db.prepare('SELECT vkey FROM relay_identity').pluck(),
    bookCount: db.prepare(`SELECT count(*) FROM relay_logs WHERE scope = 'hq'`).pluck(),
    storedBytes: db
      .prepare('SELECT coalesce(sum(bytes), 0) FROM relay_logs JOIN relay_batches USING (log) WHERE book = ?')
      .pluck(),
    scopes: db.prepare('SELECT scope, size FROM relay_logs WHERE book = ? ORDER BY scope'),
    log: db.prepare('SELECT log, size, frontier, root FROM relay_logs WHERE book = ? AND scope = ?'),
    addLog: db.prepare(`INSERT INTO relay_logs (book, scope, size, frontier, root) VALUES (?, ?, 0, '', x'')`),
    moveLog: db.prepare('UPDATE relay_logs SET size = ?, frontier = ?, root = ? WHERE log = ?'),
    addEntry: db.prepare('INSERT INTO relay_entries VALUES (?, ?, ?, ?, ?, ?)'),
    place: db.prepare('SELECT entry, device, seq FROM relay_entries WHERE log = ? AND hash = ?'),
    records: db.prepare('SELECT bytes FROM relay_entries WHERE entry >= ? AND entry < ? ORDER BY entry').pluck(),
    chain: db.prepare('SELECT seq, hash, forks, late FROM relay_chains WHERE log = ? AND device = ?'),
    putChain: db.prepare('INSERT OR REPLACE INTO relay_chains VALUES (?, ?, ?, ?, ?, ?)'),
    holder: db.prepare(
      'SELECT entry, hash, device FROM relay_claims JOIN relay_entries USING (entry) WHERE relay_claims.log = ? AND token = ?',
    ),
    addClaim: db.prepare('INSERT OR IGNORE INTO relay_claims VALUES (?, ?, ?)'),
    tile: db.prepare('SELECT hashes FROM relay_tiles WHERE log = ? AND level = ? AND tile = ?').pluck(),
    putTile: db.prepare('INSERT OR REPLACE INTO relay_tiles VALUES (?, ?, ?, ?)'),
    addBatch: db.prepare('INSERT INTO relay_batches VALUES (?, ?, ?, ?)'),
    batches: db.prepare('SELECT size, bytes, root FROM relay_batches WHERE log = ? AND size > ? ORDER BY size'),
    batchRoot: db.prepare('SELECT root FROM relay_batches WHERE log = ? AND size = ?').pluck(),
    putCosignature: db.prepare(
      `INSERT INTO relay_cosignatures VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET size = excluded.size, line = excluded.line WHERE size <= excluded.size`,
    ),
    dropCosignatures: db.prepare(
      `DELETE FROM relay_cosignatures WHERE log = ? AND device NOT IN
       (SELECT device FROM relay_cosignatures WHERE log = ? ORDER BY size DESC, device LIMIT ?)`,
    ),
    cosignatures: db.prepare(
      'SELECT device, size, line FROM relay_cosignatures WHERE log = ? ORDER BY size DESC, device',
    ),
    addWaiting: db.prepare('INSERT INTO relay_waiting VALUES (?, ?)'),
    dropWaiting: db.prepare('DELETE FROM relay_waiting WHERE row < ?'),
    addEnrolment: db.prepare('INSERT INTO relay_enrolments (book, entry, fork) VALUES (?, ?, ?)'),
    enrolments: db.prepare(
      `SELECT hash, bytes, fork, entry % ${positionsPerLog} AS position
       FROM relay_enrolments JOIN relay_entries USING (entry) WHERE book = ? ORDER BY place`,
    ),
  };
}

/** Batches of one log that follow each other; each row of what they change together is written once. Enrolments are left out: their order is that of all logs. */
export function writeBatches(sql: Statements, log: number, batches: readonly Batch[]): void {
  const chains = new Map<DeviceId, ChainState>();
  const tiles = new Map<string, Batch['tiles'][number]>();
  for (const batch of batches) {
    let bytes = 0;
    let key = log * positionsPerLog + batch.from;
    for (const entry of batch.entries) {
      sql.addEntry.run(key, log, hexToBlob(entry.hash), hexToBlob(entry.device), entry.seq, entry.bytes);
      bytes += entry.bytes.length;
      key += 1;
    }
    for (const [device, chain] of batch.chains) chains.set(device, chain);
    for (const tile of batch.tiles) tiles.set(`${tile.level}/${tile.index}`, tile);
    for (const { token, position } of batch.claims) {
      const { changes } = sql.addClaim.run(log, token, log * positionsPerLog + position);
      if (changes === 0) throw new RelayError('relay/conflict', `token ${token} is taken`);
    }
    sql.addBatch.run(log, batch.state.size, bytes, hexToBlob(batch.state.root));
  }
  for (const [device, { seq, hash, forks, late }] of chains) {
    sql.putChain.run(log, hexToBlob(device), seq, hexToBlob(hash), forks, late);
  }
  for (const { level, index, hashes } of tiles.values()) sql.putTile.run(log, level, index, hashes);
  const { state } = batches.at(-1) as Batch;
  sql.moveLog.run(state.size, state.frontier.join(' '), hexToBlob(state.root), log);
}

export function writeEnrolments(sql: Statements, log: number, { book, enrolments }: Batch): void {
  for (const { position, isFork } of enrolments)
    sql.addEnrolment.run(hexToBlob(book), log * positionsPerLog + position, isFork ? 1 : 0);
}

export function readChain(sql: Statements, log: number, device: DeviceId): ChainState | undefined {
  const row = sql.chain.get(log, hexToBlob(device)) as ChainRow | undefined;
  if (row === undefined) return undefined;
  const { seq, hash, forks, late } = row;
  return { seq, hash: encodeHex(hash) as OpHash, forks, late };
}

export function readHolder(sql: Statements, log: number, token: string): Holder | undefined {
  const row = sql.holder.get(log, token) as HolderRow | undefined;
  if (row === undefined) return undefined;
  const { entry, hash, device } = row;
  const position = entry - log * positionsPerLog;
  return { hash: encodeHex(hash) as OpHash, device: encodeHex(device) as DeviceId, position };
}

export function readPlace(sql: Statements, log: number, hash: OpHash): Placed | undefined {
  const row = sql.place.get(log, hexToBlob(hash)) as PlaceRow | undefined;
  if (row === undefined) return undefined;
  return { position: row.entry - log * positionsPerLog, device: encodeHex(row.device) as DeviceId, seq: row.seq };
}

export function readRecords(sql: Statements, log: number, from: number, end: number): Uint8Array[] {
  return sql.records.all(log * positionsPerLog + from, log * positionsPerLog + end) as Uint8Array[];
}

/** Where the batches of a log end after `from`, in order. */
export function* readEnds(sql: Statements, log: number, from: number): Iterable<BatchEnd> {
  for (const row of sql.batches.iterate(log, from) as Iterable<{ size: number; bytes: number; root: Uint8Array }>)
    yield { size: row.size, bytes: row.bytes, root: blobToRoot(row.root) };
}

export function hexToBlob(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

export function blobToRoot(blob: Uint8Array): RootHash {
  return encodeHex(blob) as RootHash;
}

/** Every batch that has a row of its own, in order, with the number of its log and of the row; some may be in the tables as well. */
export function* readWaiting(
  db: Database.Database,
): Iterable<{ readonly row: number; readonly log: number; readonly batch: Batch }> {
  const name = db.prepare('SELECT book, scope FROM relay_logs WHERE log = ?');
  const nameOf = (log: number): { book: BookId; scope: Scope } => {
    const { book, scope } = name.get(log) as { book: Uint8Array; scope: Scope };
    return { book: encodeHex(book) as BookId, scope };
  };
  const rows = db.prepare('SELECT row, batches FROM relay_waiting ORDER BY row').all();
  const tilesByName = new Map<string, Uint8Array>();
  for (const { row, batches } of rows as { row: number; batches: Buffer }[])
    for (const [log, batch] of decodeWaiting(batches, nameOf, tilesByName)) yield { row, log, batch };
}
