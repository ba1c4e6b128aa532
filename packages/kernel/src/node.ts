/** The better-sqlite3 driver: log and projections in one file, one fsync a commit (WAL, synchronous=FULL). */
import { nodeHasher } from '@tallystick/chain/node';
import { createSqliteLogStore } from '@tallystick/oplog/node';
import { createMemoryKeyStore, type KeyStore } from '@tallystick/sign';
import { createFileKeyStore, nodeEd25519 } from '@tallystick/sign/node';
import Database from 'better-sqlite3';
import { gzipSync } from 'node:zlib';
import type { CryptoProvider } from './admitter.ts';
import type { BookStore, SqlDriver, SqlValue, Statement } from './driver.ts';
import { KernelError } from './errors.ts';
import { installedSqlite, unfitSqlite } from './unfit-sqlite.ts';
import { CHECKPOINT_PAGES, keepLogRoom } from './write-ahead.ts';

/** Native SHA-256, Ed25519 and gzip. */
export const nodeCrypto: CryptoProvider = { hasher: nodeHasher, ed25519: nodeEd25519, gzip: gzipSync };

export interface NodeStoreOptions {
  /** Folder of the key files; `<path>.keys` when left out. A store in memory keeps its keys there too. */
  readonly keysDir?: string;
}

/** A book in one SQLite file. `:memory:` is for tests and throw-away replays. Throws `kernel/storage` for a path that is empty or cannot be opened. */
export function nodeStore(path: string, options: NodeStoreOptions = {}): BookStore {
  const db = openDatabase(path);
  const log = createSqliteLogStore(db);
  return {
    log,
    sql: betterSqliteDriver(db),
    crypto: nodeCrypto,
    keys: openKeys(path, options.keysDir),
    close: () => {
      log.close();
      if (db.open) db.close();
    },
  };
}

function openKeys(path: string, keysDir: string | undefined): KeyStore {
  if (path === ':memory:' && keysDir === undefined) return createMemoryKeyStore(nodeEd25519, nodeHasher);
  return createFileKeyStore(keysDir ?? `${path}.keys`, nodeEd25519, nodeHasher);
}

function openDatabase(path: string): Database.Database {
  const unfit = unfitSqlite(process.versions.node, installedSqlite());
  if (unfit !== undefined) throw new KernelError('kernel/storage', `cannot open ${path}: ${unfit}`);
  // SQLite takes no name for a database that is gone when it is closed.
  if (path.trim() === '')
    throw new KernelError('kernel/storage', 'cannot open a book without a path; ":memory:" is one that is not kept');
  try {
    const db = new Database(path, { timeout: 10_000 });
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('cache_size = -16384');
    // Every commit writes the same few pages again: the longer they stay in the log, the fewer go into the file. 16 MB of log are read in no time.
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    return db;
  } catch (cause) {
    throw new KernelError(
      'kernel/storage',
      `cannot open ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    );
  }
}

type Query = Database.Statement<SqlValue[], Record<string, SqlValue>>;
/** An app asks the same few questions all day; texts made anew for each question are forgotten. */
const MOST_QUERIES = 200;

export function betterSqliteDriver(db: Database.Database): SqlDriver {
  const statements = new Map<string, Statement>();
  const queries = new Map<string, Query>();
  const version = db.prepare('PRAGMA data_version').pluck();
  let seen = version.get();
  const keepRoom = keepLogRoom(db);
  /** The level to go back to, while commits wait for no disk. */
  let level: number | undefined;
  // It cannot be set inside a transaction: where one could not be ended, it is set once it is.
  const waitAgain = (): void => {
    if (level === undefined || db.inTransaction) return;
    db.pragma(`synchronous = ${level}`);
    level = undefined;
  };
  return {
    name: 'better-sqlite3',
    exec: (sql) => {
      db.exec(sql);
      waitAgain();
    },
    prepare: (sql) => {
      const known = statements.get(sql);
      if (known !== undefined) return known;
      const prepared = wrap(db.prepare(sql));
      const statement = sql === 'COMMIT' ? followed(prepared, keepRoom) : prepared;
      statements.set(sql, statement);
      return statement;
    },
    query: (sql, params) => {
      const known = queries.get(sql);
      if (known !== undefined) return asked(() => known.all(...params));
      const statement = prepareQuery(db, sql);
      if (!statement.readonly || !statement.reader)
        throw new KernelError('kernel/query', 'query() only reads: a book changes by ops');
      if (queries.size >= MOST_QUERIES) queries.clear();
      queries.set(sql, statement);
      return asked(() => statement.all(...params));
    },
    withoutSync: (transaction) => {
      level ??= Number(db.pragma('synchronous', { simple: true }));
      // In WAL mode this only leaves out the wait: the next commit that waits takes the frames before it along.
      db.pragma('synchronous = NORMAL');
      try {
        transaction();
      } finally {
        try {
          if (db.inTransaction) db.exec('ROLLBACK');
        } finally {
          waitAgain();
        }
      }
    },
    changedOutside: () => {
      const now = version.get();
      const changed = now !== seen;
      seen = now;
      return changed;
    },
    close: () => void db.close(),
  };
}

function prepareQuery(db: Database.Database, sql: string): Query {
  return asked(() => db.prepare(sql));
}

/** What a query says wrongly, or is given, is no failure of the database, which has other codes than that of SQL. */
function asked<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const { name, code = 'SQLITE_ERROR' } = cause as Error & { readonly code?: string };
    if (name === 'SqliteError' && code !== 'SQLITE_ERROR') throw cause;
    throw new KernelError(
      'kernel/query',
      `the query failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    );
  }
}

/** The statement, with something to do after each run. */
function followed(statement: Statement, work: () => void): Statement {
  const run: Statement['run'] = (params) => {
    const changes = statement.run(params);
    work();
    return changes;
  };
  return { ...statement, run };
}

function wrap(statement: Database.Statement<SqlValue[]>): Statement {
  const rows = statement.reader ? (statement.raw(true) as Database.Statement<SqlValue[], SqlValue[]>) : undefined;
  return {
    run: (params) => statement.run(...params).changes,
    get: (params) => rows?.get(...params),
    iterate: (params) => rows?.iterate(...params) ?? [][Symbol.iterator](),
  };
}
