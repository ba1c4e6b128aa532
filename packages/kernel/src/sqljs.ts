/**
 * The sql.js driver: projections in memory, in a browser, a worker or Node. The log lives elsewhere (an append file, memory); what is here is
 * rebuilt from it when the book opens.
 */
import { createMemoryLogStore, type LogStore } from '@tallystick/oplog';
import type { KeyStore } from '@tallystick/sign';
import type { Database, SqlJsStatic, Statement as SqlJsStatement } from 'sql.js';
import type { BookStore, SqlDriver, SqlValue, Statement } from './driver.ts';
import { KernelError } from './errors.ts';

export interface SqlJsStoreOptions {
  /** What `initSqlJs()` resolves to. */
  readonly sqlite: SqlJsStatic;
  /** Where ops are durable; memory when left out, which is for tests and throw-away replays only. */
  readonly log?: LogStore;
  readonly keys?: KeyStore;
}

export function sqljsStore(options: SqlJsStoreOptions): BookStore {
  const log = options.log ?? createMemoryLogStore();
  const sql = sqljsDriver(new options.sqlite.Database());
  return {
    log,
    sql,
    ...(options.keys === undefined ? {} : { keys: options.keys }),
    close: async () => {
      sql.close();
      await log.close();
    },
  };
}

export function sqljsDriver(db: Database): SqlDriver {
  const statements = new Map<string, SqlJsStatement>();
  const statementOf = (sql: string): SqlJsStatement => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  return {
    name: 'sql.js',
    exec: (sql) => void db.run(sql),
    prepare: (sql) => wrap(db, statementOf(sql)),
    query: (sql, params) => {
      db.run('PRAGMA query_only = ON');
      try {
        return allRows(db.prepare(sql), params);
      } catch (cause) {
        throw new KernelError(
          'kernel/query',
          `the query failed: ${cause instanceof Error ? cause.message : String(cause)}`,
          cause,
        );
      } finally {
        db.run('PRAGMA query_only = OFF');
      }
    },
    changedOutside: () => false,
    close: () => {
      for (const statement of statements.values()) statement.free();
      db.close();
    },
  };
}

function allRows(statement: SqlJsStatement, params: readonly SqlValue[]): Record<string, SqlValue>[] {
  try {
    statement.bind([...params]);
    const rows: Record<string, SqlValue>[] = [];
    while (statement.step()) rows.push(statement.getAsObject() as Record<string, SqlValue>);
    return rows;
  } finally {
    statement.free();
  }
}

/** sql.js throws plain errors; the kernel knows those of a database by their name. */
function named(cause: unknown): unknown {
  if (cause instanceof Error) cause.name = 'SqliteError';
  return cause;
}

function wrap(db: Database, statement: SqlJsStatement): Statement {
  return {
    run: (params) => {
      try {
        statement.run(params as SqlValue[]);
      } catch (cause) {
        throw named(cause);
      }
      return db.getRowsModified();
    },
    get: (params) => {
      statement.bind(params as SqlValue[]);
      const row = statement.step() ? (statement.get() as SqlValue[]) : undefined;
      statement.reset();
      return row;
    },
    *iterate(params) {
      statement.bind(params as SqlValue[]);
      try {
        while (statement.step()) yield statement.get() as SqlValue[];
      } finally {
        statement.reset();
      }
    },
  };
}
