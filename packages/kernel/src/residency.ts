/**
 * Tables of a scope whose rows are not here yet, because the book was opened from a snapshot and nobody has touched them (DESIGN section 5). Whoever
 * reads or writes one is stopped before anything is changed; the replica then loads its shard and goes on. No value is ever made up.
 */
import type { SqlDriver, SqlValue } from './driver.ts';
import { isAfter } from './key-order.ts';

/** Thrown by a synchronous read or write of a table that is not here; the fold answers it as a stop, a query as an error. */
export class NotResident extends Error {
  override readonly name = 'NotResident';
  readonly scope: string;
  readonly table: string;

  constructor(scope: string, table: string) {
    super(`table ${table} of ${scope} has not been loaded`);
    this.scope = scope;
    this.table = table;
  }
}

/** A shard that has not been loaded. */
export interface AbsentTable {
  readonly scope: string;
  /** A table's name, or that of its history: `<name>_history`. */
  readonly table: string;
  /** Digest of its rows, which names the shard. */
  readonly digest: string;
  readonly rows: number;
  readonly bytes: number;
  /** The last of its rows, the scope first. */
  readonly last: readonly SqlValue[];
}

/** An app asks the same few questions all day, and what SQLite makes of one costs more than most answers. */
const MOST_QUERIES = 200;

export class Residency {
  readonly #absent = new Map<string, AbsentTable>();
  /** Which tables a query reads, by its text. */
  readonly #readBySql = new Map<string, ReadonlySet<string>>();
  #missed: Error | undefined;

  /** How many are not here; 0 in nearly every book, so that nothing else is asked. */
  get size(): number {
    return this.#absent.size;
  }

  get absent(): readonly AbsentTable[] {
    return [...this.#absent.values()];
  }

  /** Reads what the database says. */
  load(driver: SqlDriver): void {
    this.#absent.clear();
    this.#readBySql.clear();
    this.#missed = undefined;
    const rows = driver
      .prepare('SELECT scope, name, digest, rows, bytes, last FROM absent ORDER BY scope, name')
      .iterate([]);
    for (const [scope, table, digest, count, bytes, last] of rows)
      this.#absent.set(keyOf(String(scope), String(table)), {
        scope,
        table,
        digest,
        rows: count,
        bytes,
        last: JSON.parse(String(last)) as readonly SqlValue[],
      } as AbsentTable);
  }

  /** Of the tables that a query reads, those that are not here, in every scope. Throws as the query does. */
  absentOf(driver: SqlDriver, sql: string, params: readonly SqlValue[]): readonly AbsentTable[] {
    if (this.size === 0) return [];
    let read = this.#readBySql.get(sql);
    if (read === undefined) {
      read = tablesRead(driver, sql, params);
      if (this.#readBySql.size >= MOST_QUERIES) this.#readBySql.clear();
      this.#readBySql.set(sql, read);
    }
    return this.absent.filter(({ table }) => read.has(table));
  }

  get(scope: string, table: string): AbsentTable | undefined {
    return this.#absent.get(keyOf(scope, table));
  }

  add(driver: SqlDriver, entry: AbsentTable): void {
    const { scope, table, digest, rows, bytes, last } = entry;
    driver
      .prepare('INSERT INTO absent (scope, name, digest, rows, bytes, last) VALUES (?, ?, ?, ?, ?, ?)')
      .run([scope, table, digest, rows, bytes, JSON.stringify(last)]);
    this.#absent.set(keyOf(scope, table), entry);
  }

  /** Its rows are in the database now. */
  remove(driver: SqlDriver, { scope, table }: AbsentTable): void {
    driver.prepare('DELETE FROM absent WHERE scope = ? AND name = ?').run([scope, table]);
    this.#absent.delete(keyOf(scope, table));
  }

  /** Throws where the table is not here. */
  need(scope: string, table: string): void {
    if (!this.#absent.has(keyOf(scope, table))) return;
    throw this.miss(new NotResident(scope, table));
  }

  /**
   * As `need`, for the rows of a set whose keys begin so, the scope first: rows are only added to a set, so what comes after the last row of the shard is not
   * in it, and whoever asks for it or puts it need not wait for the rest.
   */
  needKey(scope: string, table: string, key: readonly SqlValue[], columns: number): void {
    const absent = this.#absent.get(keyOf(scope, table));
    if (absent !== undefined && !isAfter(key, absent.last.slice(1, 1 + columns))) this.need(scope, table);
  }

  /** Whether rows came to a table since, that is not here. */
  hasGrown(driver: SqlDriver, { scope, table }: AbsentTable): boolean {
    return driver.prepare(`SELECT 1 FROM "${table}" WHERE scope = ? LIMIT 1`).get([scope]) !== undefined;
  }

  /** Notes why what a verb asked for could not be read: no bug of the verb. */
  miss(why: Error): Error {
    return (this.#missed = why);
  }

  /** Why something could not be read since the last call, even if a verb swallowed the error. */
  takeMissed(): Error | undefined {
    const missed = this.#missed;
    this.#missed = undefined;
    return missed;
  }
}

function keyOf(scope: string, table: string): string {
  return `${scope} ${table}`;
}

/** The tables and indexes that a statement opens, by the program SQLite makes of it. */
function tablesRead(driver: SqlDriver, sql: string, params: readonly SqlValue[]): Set<string> {
  const names = new Map<number, string>();
  const objects = driver.prepare("SELECT rootpage, tbl_name FROM sqlite_schema WHERE type IN ('table', 'index')");
  for (const [page, name] of objects.iterate([])) names.set(Number(page), String(name));
  const read = new Set<string>();
  for (const step of driver.query(`EXPLAIN ${sql}`, params)) {
    const name = /^(Reopen|Open)(Idx|Read)$/.test(String(step['opcode'])) ? names.get(Number(step['p2'])) : undefined;
    if (name !== undefined) read.add(name);
  }
  return read;
}
