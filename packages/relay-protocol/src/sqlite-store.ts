// The relay store on SQLite: WAL, synchronous=FULL, one transaction for all batches of an append. Plain tables; nothing is kept in memory but the numbers of logs.
import { type BookId, type DeviceId, encodeHex, type OpHash, type RootHash, type Scope } from '@tallystick/oplog';
import Database from 'better-sqlite3';
import { RelayError } from './errors.ts';
import type { Batch, ChainState, Holder, Placed, RelayStore } from './store.ts';

// An entry's rowid is log * 2^32 + position: a log's entries lie together in order, and no second index is needed for it.
export const positionsPerLog: number = 2 ** 32;
export const schemaVersion = 2;
/** Their numbers are kept in memory: some 200 bytes each. */
const maxKnownLogs = 16_384;
/** 1 MiB: what one step of a backup holds everybody else up for. */
const backupPages = 256;
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
`;

interface LogRow {
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

interface CosignatureRow {
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

type Statements = ReturnType<typeof prepare>;

export interface SqliteRelayStoreOptions {
  /** How long to wait for a process that has the file open, such as one that is just stopping. Default 5,000. */
  readonly busyTimeoutMs?: number;
}

export interface SqliteRelayStore extends RelayStore {
  /** Copies all of it as it is at some moment of the call into a new file, while it is in use; the copy is one file and on the disk when it resolves. */
  backup(path: string): Promise<void>;
}

/** Opens or makes the database file. One process at a time: a second one gets `relay/store-busy`. */
export function createSqliteRelayStore(path: string, options: SqliteRelayStoreOptions = {}): SqliteRelayStore {
  const db = openDatabase(path, options.busyTimeoutMs ?? 5_000);
  return { ...storeIn(db), backup: (copy) => backupTo(db, copy) };
}

/** In steps, between which pushes are taken: they are in the copy, too. */
async function backupTo(db: Database.Database, path: string): Promise<void> {
  await db.backup(path, { progress: () => backupPages });
  const copy = new Database(path);
  // No log beside it: whoever copies the file has all of it.
  copy.pragma('journal_mode = DELETE');
  copy.close();
}

/** A fold of what is durable elsewhere, in the same tables, with its database: after a crash it is whole, and may lack the latest appends. */
export function openSqliteFold(path: string): { readonly store: RelayStore; readonly db: Database.Database } {
  const db = openDatabase(path, 5_000);
  db.pragma('synchronous = NORMAL');
  return { store: storeIn(db), db };
}

function storeIn(db: Database.Database): RelayStore {
  const sql = prepare(db);
  const logOf = (book: BookId, scope: Scope): LogRow | undefined =>
    sql.log.get(hexToBlob(book), scope) as LogRow | undefined;
  // A log's number never changes, and the file is this process's alone.
  const idsByName = new Map<string, number>();
  const idOf = (book: BookId, scope: Scope): number | undefined => {
    const name = `${book} ${scope}`;
    const id = idsByName.get(name) ?? logOf(book, scope)?.log;
    if (id === undefined) return undefined;
    idsByName.delete(name);
    idsByName.set(name, id);
    const [oldest] = idsByName.size > maxKnownLogs ? idsByName.keys() : [];
    if (oldest !== undefined) idsByName.delete(oldest);
    return id;
  };
  const append = db.transaction((batches: readonly Batch[]) => {
    for (const batch of batches) appendBatch(sql, logOf(batch.book, batch.scope), batch);
  });
  return {
    adoptIdentity(vkey) {
      sql.adopt.run(vkey);
      return sql.identity.get() as string;
    },
    bookCount: () => sql.bookCount.get() as number,
    scopes: (book) => sql.scopes.all(hexToBlob(book)) as { scope: Scope; size: number }[],
    log(book, scope) {
      const row = logOf(book, scope);
      if (row === undefined) return undefined;
      const frontier = row.frontier === '' ? [] : row.frontier.split(' ');
      return { size: row.size, frontier, root: blobToRoot(row.root) };
    },
    chains(book, scope, devices) {
      const log = idOf(book, scope);
      return collect(log === undefined ? [] : devices, (device) => readChain(sql, log as number, device));
    },
    find(book, scope, hashes) {
      const log = idOf(book, scope);
      return collect(log === undefined ? [] : hashes, (hash) => readPlace(sql, log as number, hash));
    },
    append: (batches) => append.immediate(batches),
    claims(book, scope, tokens) {
      const log = idOf(book, scope);
      return collect(log === undefined ? [] : tokens, (token) => readHolder(sql, log as number, token));
    },
    page(book, scope, from, { maxOps, maxBytes }) {
      const log = idOf(book, scope);
      const end = log === undefined ? undefined : findPageEnd(sql, log, from, maxOps, maxBytes);
      if (log === undefined || end === undefined) return undefined;
      const root = blobToRoot(sql.batchRoot.get(log, end) as Uint8Array);
      return { records: readRecords(sql, log, from, end), root };
    },
    records(book, scope, from, limit) {
      const row = logOf(book, scope);
      return row === undefined ? [] : readRecords(sql, row.log, from, Math.min(from + limit, row.size));
    },
    tile(book, scope, level, index) {
      const log = idOf(book, scope);
      return log === undefined ? undefined : (sql.tile.get(log, level, index) as Uint8Array | undefined);
    },
    enrolments(book) {
      const rows = sql.enrolments.all(hexToBlob(book)) as { hash: Uint8Array; bytes: Uint8Array; fork: number }[];
      return rows.map(({ hash, bytes, fork }) => ({ hash: encodeHex(hash) as OpHash, bytes, isFork: fork === 1 }));
    },
    rootAt(book, scope, size) {
      const log = idOf(book, scope);
      const root = log === undefined ? undefined : (sql.batchRoot.get(log, size) as Uint8Array | undefined);
      return root && blobToRoot(root);
    },
    cosign({ book, scope, device, size, line }, maxKept) {
      const log = idOf(book, scope);
      if (log === undefined) return;
      sql.putCosignature.run(log, hexToBlob(device), size, line);
      sql.dropCosignatures.run(log, log, maxKept);
    },
    cosignatures(book, scope) {
      const log = idOf(book, scope);
      const rows = log === undefined ? [] : (sql.cosignatures.all(log) as CosignatureRow[]);
      return rows.map(({ device, size, line }) => ({ device: encodeHex(device) as DeviceId, size, line }));
    },
    close: () => void db.close(),
  };
}

function openDatabase(path: string, timeout: number): Database.Database {
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

function prepare(db: Database.Database) {
  return {
    adopt: db.prepare('INSERT OR IGNORE INTO relay_identity VALUES (1, ?)'),
    identity: db.prepare('SELECT vkey FROM relay_identity').pluck(),
    bookCount: db.prepare(`SELECT count(*) FROM relay_logs WHERE scope = 'hq'`).pluck(),
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
    batches: db.prepare('SELECT size, bytes FROM relay_batches WHERE log = ? AND size > ? ORDER BY size'),
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
    addEnrolment: db.prepare('INSERT INTO relay_enrolments (book, entry, fork) VALUES (?, ?, ?)'),
    enrolments: db.prepare(
      'SELECT hash, bytes, fork FROM relay_enrolments JOIN relay_entries USING (entry) WHERE book = ? ORDER BY place',
    ),
  };
}

function appendBatch(sql: Statements, row: LogRow | undefined, batch: Batch): void {
  const { from, entries, state } = batch;
  const size = row?.size ?? 0;
  if (from !== size) throw new RelayError('relay/conflict', `the log of ${batch.scope} has ${size} ops, not ${from}`);
  const root = hexToBlob(state.root);
  const book = hexToBlob(batch.book);
  const log = row?.log ?? Number(sql.addLog.run(book, batch.scope).lastInsertRowid);
  let bytes = 0;
  let key = log * positionsPerLog + from;
  for (const entry of entries) {
    sql.addEntry.run(key, log, hexToBlob(entry.hash), hexToBlob(entry.device), entry.seq, entry.bytes);
    bytes += entry.bytes.length;
    key += 1;
  }
  for (const [device, { seq, hash, forks, late }] of batch.chains) {
    sql.putChain.run(log, hexToBlob(device), seq, hexToBlob(hash), forks, late);
  }
  for (const { token, position } of batch.claims) {
    const { changes } = sql.addClaim.run(log, token, log * positionsPerLog + position);
    if (changes === 0) throw new RelayError('relay/conflict', `token ${token} is taken`);
  }
  for (const { level, index, hashes } of batch.tiles) sql.putTile.run(log, level, index, hashes);
  for (const { position, isFork } of batch.enrolments)
    sql.addEnrolment.run(book, log * positionsPerLog + position, isFork ? 1 : 0);
  sql.addBatch.run(log, state.size, bytes, root);
  sql.moveLog.run(state.size, state.frontier.join(' '), root, log);
}

function readChain(sql: Statements, log: number, device: DeviceId): ChainState | undefined {
  const row = sql.chain.get(log, hexToBlob(device)) as ChainRow | undefined;
  if (row === undefined) return undefined;
  const { seq, hash, forks, late } = row;
  return { seq, hash: encodeHex(hash) as OpHash, forks, late };
}

function readHolder(sql: Statements, log: number, token: string): Holder | undefined {
  const row = sql.holder.get(log, token) as HolderRow | undefined;
  if (row === undefined) return undefined;
  const { entry, hash, device } = row;
  const position = entry - log * positionsPerLog;
  return { hash: encodeHex(hash) as OpHash, device: encodeHex(device) as DeviceId, position };
}

function readPlace(sql: Statements, log: number, hash: OpHash): Placed | undefined {
  const row = sql.place.get(log, hexToBlob(hash)) as PlaceRow | undefined;
  if (row === undefined) return undefined;
  return { position: row.entry - log * positionsPerLog, device: encodeHex(row.device) as DeviceId, seq: row.seq };
}

function readRecords(sql: Statements, log: number, from: number, end: number): Uint8Array[] {
  return sql.records.all(log * positionsPerLog + from, log * positionsPerLog + end) as Uint8Array[];
}

/** End of the last batch that fits, and at least of the first one. */
function findPageEnd(sql: Statements, log: number, from: number, maxOps: number, maxBytes: number): number | undefined {
  let end: number | undefined;
  let total = 0;
  for (const row of sql.batches.iterate(log, from) as Iterable<{ size: number; bytes: number }>) {
    total += row.bytes;
    if (end !== undefined && (row.size - from > maxOps || total > maxBytes)) break;
    end = row.size;
  }
  return end;
}

function hexToBlob(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

function blobToRoot(blob: Uint8Array): RootHash {
  return encodeHex(blob) as RootHash;
}

function collect<K, V>(keys: Iterable<K>, read: (key: K) => V | undefined): Map<K, V> {
  const found = new Map<K, V>();
  for (const key of keys) {
    const value = read(key);
    if (value !== undefined) found.set(key, value);
  }
  return found;
}
