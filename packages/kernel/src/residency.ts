/**
 * Tables of a scope whose rows are not here yet, because the book was opened from a snapshot and nobody has touched them (DESIGN section 5). Whoever
 * reads or writes one is stopped before anything is changed; the replica then loads its shard and goes on. No value is ever made up.
 */
import type { SqlDriver } from './driver.ts';

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
}

export class Residency {
  readonly #absent = new Map<string, AbsentTable>();
  #missed: NotResident | undefined;

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
    this.#missed = undefined;
    const rows = driver.prepare('SELECT scope, name, digest, rows, bytes FROM absent ORDER BY scope, name').iterate([]);
    for (const [scope, table, digest, count, bytes] of rows)
      this.#absent.set(keyOf(String(scope), String(table)), {
        scope,
        table,
        digest,
        rows: count,
        bytes,
      } as AbsentTable);
  }

  get(scope: string, table: string): AbsentTable | undefined {
    return this.#absent.get(keyOf(scope, table));
  }

  add(driver: SqlDriver, entry: AbsentTable): void {
    const { scope, table, digest, rows, bytes } = entry;
    driver
      .prepare('INSERT INTO absent (scope, name, digest, rows, bytes) VALUES (?, ?, ?, ?, ?)')
      .run([scope, table, digest, rows, bytes]);
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
    this.#missed = new NotResident(scope, table);
    throw this.#missed;
  }

  /** What was needed and not here since the last call, even if a verb swallowed the error. */
  takeMissed(): NotResident | undefined {
    const missed = this.#missed;
    this.#missed = undefined;
    return missed;
  }
}

function keyOf(scope: string, table: string): string {
  return `${scope} ${table}`;
}

/** The tables and indexes that a statement opens, by the program SQLite makes of it. */
export function tablesRead(driver: SqlDriver, sql: string): Set<string> {
  const names = new Map<number, string>();
  const objects = driver.prepare("SELECT rootpage, tbl_name FROM sqlite_schema WHERE type IN ('table', 'index')");
  for (const [page, name] of objects.iterate([])) names.set(Number(page), String(name));
  const read = new Set<string>();
  for (const step of driver.query(`EXPLAIN ${sql}`, [])) {
    const name = /^(Reopen|Open)(Idx|Read)$/.test(String(step['opcode'])) ? names.get(Number(step['p2'])) : undefined;
    if (name !== undefined) read.add(name);
  }
  return read;
}
