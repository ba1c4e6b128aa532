/** What a projection holds in memory: rows it has read, by table and key, and set rows that wait to be inserted many at a time. */
import type { SqlValue } from './driver.ts';
import { type CompiledTable, ROWS_AT_ONCE } from './schema.ts';

const CACHE_ROWS = 200_000;

/** What a key is called among those of its table: itself where it has one column, else a text in which every column is terminated. */
export function keyName(key: readonly SqlValue[]): SqlValue {
  if (key.length === 1) return key[0] as SqlValue;
  let name = '';
  for (let index = 0; index < key.length; index++) {
    const value = key[index] as SqlValue;
    name += typeof value === 'number' ? `${value};` : `${value.length}:${value},`;
  }
  return name;
}

export class RowCache<T> {
  readonly #tables = new Map<CompiledTable, Map<SqlValue, T>>();
  #size = 0;

  /** The rows of a table that are held, by the names of their keys. */
  of(table: CompiledTable): Map<SqlValue, T> {
    let rows = this.#tables.get(table);
    if (rows === undefined) this.#tables.set(table, (rows = new Map<SqlValue, T>()));
    return rows;
  }

  set(rows: Map<SqlValue, T>, name: SqlValue, row: T): void {
    const before = rows.size;
    rows.set(name, row);
    this.#size += rows.size - before;
  }

  /** Forgets everything when it holds too much. Rows that are still to be written must not be here. */
  trim(): void {
    if (this.#size > CACHE_ROWS) this.clear();
  }

  clear(): void {
    this.#tables.clear();
    this.#size = 0;
  }
}

/** A row that was inserted together with others was there already, or might have to go again: do the work once more, with each row on its own. */
export class KnownRow extends Error {}

/** Set rows on their way into the database. Whoever reads or removes rows of a table flushes it first. */
export class PutBuffers {
  readonly #waiting = new Map<CompiledTable, SqlValue[]>();
  #isOn = false;
  #metKnownRow = false;

  /** Whether a row was there before one that was put since `start`. */
  get metKnownRow(): boolean {
    return this.#metKnownRow;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  start(): void {
    this.#isOn = true;
    this.#metKnownRow = false;
  }

  stop(): void {
    this.#isOn = false;
  }

  /** Takes a row in, or answers false when rows are to be inserted one by one. */
  put(table: CompiledTable, params: readonly SqlValue[]): boolean {
    if (!this.#isOn) return false;
    let waiting = this.#waiting.get(table);
    if (waiting === undefined) this.#waiting.set(table, (waiting = []));
    for (let index = 0; index < params.length; index++) waiting.push(params[index] as SqlValue);
    if (waiting.length < ROWS_AT_ONCE * params.length) return true;
    if (table.insertMany().run(waiting) !== ROWS_AT_ONCE) this.#metKnownRow = true;
    waiting.length = 0;
    return true;
  }

  flush(table: CompiledTable): void {
    const waiting = this.#waiting.get(table);
    if (waiting === undefined || waiting.length === 0) return;
    const width = 1 + table.keyNames.length + table.columnNames.length;
    for (let from = 0; from < waiting.length; from += width)
      if (table.statements.insert.run(waiting.slice(from, from + width)) === 0) this.#metKnownRow = true;
    waiting.length = 0;
  }

  flushAll(): void {
    for (const table of this.#waiting.keys()) this.flush(table);
  }

  discard(): void {
    this.#waiting.clear();
    this.#isOn = false;
  }
}
