/** Rows in sql.js: a database in memory, in a browser, a worker or Node, which may go on over the image of another one. */
import type { LogStore } from '@tallystick/oplog';
import type { Database, SqlJsStatic, Statement as SqlJsStatement } from 'sql.js';
import type { BookStore, ImagePlace, SqlDriver, SqlValue, Statement } from './driver.ts';
import { KernelError } from './errors.ts';
import { createRowsImage, type ReplaceableDatabase } from './rows-image.ts';

export interface RowsOptions {
  /** What `initSqlJs()` resolves to. */
  readonly sqlite: SqlJsStatic;
  /** Where ops are durable. */
  readonly log: LogStore;
  /** Keeps the projections from one opening to the next; see `Book.saveImage`. Without it every opening folds the whole log. */
  readonly images?: ImagePlace | undefined;
  /** Names the build of your program: what another build saved is folded again. */
  readonly release?: string;
}

/** The store of a book but for its keys. Closing it closes the log. */
export function storeOver({ sqlite, log, images, release = '' }: RowsOptions): BookStore {
  const database = createDatabase(new sqlite.Database());
  const image = images === undefined ? undefined : createRowsImage(database, images, release);
  return {
    log,
    sql: database.driver,
    ...(image === undefined ? {} : { image }),
    close: async () => {
      database.driver.close();
      await log.close();
    },
  };
}

export function sqljsDriver(db: Database): SqlDriver {
  return createDatabase(db).driver;
}

/** A statement that outlives the database it was prepared in, and is prepared when it is run: of a schema's many, few are run at an opening. */
interface Prepared extends Statement {
  goOnIn(db: Database): void;
  free(): void;
}

interface SqlJsDatabase extends ReplaceableDatabase {
  readonly driver: SqlDriver;
}

function createDatabase(first: Database): SqlJsDatabase {
  let db = first;
  const statements = new Map<string, Prepared>();

  function prepare(sql: string): Prepared {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = wrap(sql, db);
    statements.set(sql, statement);
    return statement;
  }

  /** Some releases of sql.js close and open the database to read it, so no statement may be left in it. */
  function dump(): Uint8Array {
    for (const statement of statements.values()) statement.free();
    return db.export();
  }

  function replace(bytes: Uint8Array, accepts: (found: SqlDriver) => boolean): boolean {
    let candidate: Database | undefined;
    try {
      candidate = new (db.constructor as SqlJsStatic['Database'])(bytes);
      if (!accepts(createDatabase(candidate).driver)) throw new KernelError('kernel/storage', 'it does not fit');
    } catch {
      // What is no database shows when it is read.
      candidate?.close();
      return false;
    }
    for (const statement of statements.values()) statement.free();
    db.close();
    db = candidate;
    for (const statement of statements.values()) statement.goOnIn(db);
    return true;
  }

  const driver: SqlDriver = {
    name: 'sql.js',
    exec: (sql) => void db.run(sql),
    prepare,
    query: (sql, params) => runQuery(db, sql, params),
    changedOutside: () => false,
    close: () => {
      for (const statement of statements.values()) statement.free();
      db.close();
    },
  };
  return { driver, dump, replace };
}

function runQuery(db: Database, sql: string, params: readonly SqlValue[]): Record<string, SqlValue>[] {
  db.run('PRAGMA query_only = ON');
  try {
    return allRows(db.prepare(sql), params);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KernelError('kernel/query', `the query failed: ${why}`, cause);
  } finally {
    db.run('PRAGMA query_only = OFF');
  }
}

function allRows(statement: SqlJsStatement, params: readonly SqlValue[]): Record<string, SqlValue>[] {
  try {
    mustBeAll(statement, params);
    statement.bind([...params]);
    const rows: Record<string, SqlValue>[] = [];
    while (statement.step()) rows.push(statement.getAsObject() as Record<string, SqlValue>);
    return rows;
  } finally {
    statement.free();
  }
}

/** What is not bound would be NULL, and sql.js does not say how many there are: it takes no more than all. */
function mustBeAll(statement: SqlJsStatement, params: readonly SqlValue[]): void {
  try {
    statement.bind([...params, 0]);
  } catch {
    return;
  }
  throw new Error('too few parameters');
}

/** sql.js throws plain errors; the kernel knows those of a database by their name. */
function named(cause: unknown): unknown {
  if (cause instanceof Error) cause.name = 'SqliteError';
  return cause;
}

function wrap(sql: string, first: Database): Prepared {
  let db = first;
  let statement: SqlJsStatement | undefined;
  const prepared = (): SqlJsStatement => (statement ??= db.prepare(sql));
  /** Reading fails, too, where the rows are in files: a verb that meets that has not refused its op. */
  function inDatabase<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw named(cause);
    }
  }
  return {
    goOnIn: (next) => void (db = next),
    free: () => {
      statement?.free();
      statement = undefined;
    },
    run: (params) => {
      inDatabase(() => prepared().run(params as SqlValue[]));
      return db.getRowsModified();
    },
    get: (params) =>
      inDatabase(() => {
        const bound = prepared();
        bound.bind(params as SqlValue[]);
        const row = bound.step() ? (bound.get() as SqlValue[]) : undefined;
        bound.reset();
        return row;
      }),
    *iterate(params) {
      const bound = inDatabase(prepared);
      try {
        inDatabase(() => bound.bind(params as SqlValue[]));
        while (inDatabase(() => bound.step())) yield bound.get() as SqlValue[];
      } finally {
        bound.reset();
      }
    },
  };
}
