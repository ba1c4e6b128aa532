/** What a projection holds in memory: rows it has read, by table and key, and set rows that wait to be inserted many at a time. */
import type { SqlDriver, SqlValue } from './driver.ts';
import { KernelError } from './errors.ts';
import { isAfter } from './key-order.ts';
import { ROWS_AT_ONCE } from './many-rows.ts';
import type { CompiledTable } from './schema.ts';

const CACHE_ROWS = 200_000;

/** By the last column of a key; rows of keys with several columns stand in maps of maps, the first column innermost. */
interface Rows<T> extends Map<SqlValue, T | Rows<T>> {}

export class RowCache<T> {
  readonly #tables = new Map<CompiledTable, Rows<T>>();
  #size = 0;

  /** Those rows of a table that are held and have the same key beyond its first column, by the first. */
  of(table: CompiledTable, key: readonly SqlValue[]): Map<SqlValue, T> {
    let rows = this.#tables.get(table);
    if (rows === undefined) this.#tables.set(table, (rows = new Map()));
    // Last columns have few values, such as currencies: few maps.
    for (let index = key.length - 1; index > 0; index--) {
      const value = key[index] as SqlValue;
      let inner = rows.get(value) as Rows<T> | undefined;
      if (inner === undefined) rows.set(value, (inner = new Map()));
      rows = inner;
    }
    return rows as Map<SqlValue, T>;
  }

  /** `rows` is what `of` answered for the key. */
  set(rows: Map<SqlValue, T>, key: readonly SqlValue[], row: T): void {
    const before = rows.size;
    rows.set(key[0] as SqlValue, row);
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

/**
 * Set rows on their way into the database. Whoever reads or removes rows of a table flushes it first. A row that is there already must refuse its own op:
 * `together` shows only that some row was, too late; `held` takes in only rows that cannot be there, because their keys come after all of their table.
 */
export class PutBuffers {
  readonly #scope: string;
  readonly #driver: SqlDriver;
  readonly #waiting = new Map<CompiledTable, (readonly SqlValue[])[]>();
  /** By table: no row has a greater key. Undefined for a table without rows. */
  readonly #greatest = new Map<CompiledTable, readonly SqlValue[] | undefined>();
  #mode: 'apart' | 'together' | 'held' = 'apart';
  #metKnownRow = false;

  constructor(scope: string, driver: SqlDriver) {
    this.#scope = scope;
    this.#driver = driver;
  }

  /** Whether a row was there before one that was put since `together`. */
  get metKnownRow(): boolean {
    return this.#metKnownRow;
  }

  /** Each row at once, until told otherwise. What waits goes on waiting. */
  apart(): void {
    this.#mode = 'apart';
  }

  together(): void {
    this.#mode = 'together';
    this.#metKnownRow = false;
  }

  held(): void {
    this.#mode = 'held';
  }

  get isHeld(): boolean {
    return this.#mode === 'held';
  }

  /** Takes a row in, or answers false when it is to be inserted by itself; those of its table that wait are inserted then. */
  put(table: CompiledTable, params: readonly SqlValue[]): boolean {
    const isTaken = this.#mode === 'together' || (this.#mode === 'held' && this.comesLast(table, params));
    if (this.#mode !== 'held') this.#greatest.clear();
    if (!isTaken) {
      this.flush(table);
      return false;
    }
    let waiting = this.#waiting.get(table);
    if (waiting === undefined) this.#waiting.set(table, (waiting = []));
    waiting.push(params);
    if (this.#mode === 'held' || waiting.length < ROWS_AT_ONCE) return true;
    if (table.many.run(waiting) !== ROWS_AT_ONCE) this.#metKnownRow = true;
    waiting.length = 0;
    return true;
  }

  /** Takes back the row that was put last, if it waits; answers false when it is to be removed from its table. */
  takeBack(table: CompiledTable, key: readonly SqlValue[]): boolean {
    const waiting = this.#waiting.get(table);
    const last = waiting?.at(-1);
    if (last === undefined || key.some((value, index) => last[1 + index] !== value)) {
      this.flush(table);
      return false;
    }
    waiting?.pop();
    return true;
  }

  /** Answers whether there was something to insert. */
  flush(table: CompiledTable): boolean {
    const waiting = this.#waiting.get(table);
    if (waiting === undefined || waiting.length === 0) return false;
    const together = waiting.length - (waiting.length % ROWS_AT_ONCE);
    for (let from = 0; from < together; from += ROWS_AT_ONCE)
      if (table.many.run(waiting.slice(from, from + ROWS_AT_ONCE)) !== ROWS_AT_ONCE) this.#met(table);
    for (const params of waiting.slice(together)) if (table.statements.insert.run(params) === 0) this.#met(table);
    waiting.length = 0;
    return true;
  }

  flushAll(): void {
    for (const table of this.#waiting.keys()) this.flush(table);
  }

  discard(): void {
    this.#waiting.clear();
    this.#greatest.clear();
    this.#mode = 'apart';
  }

  #met({ name }: CompiledTable): void {
    this.#metKnownRow = true;
    if (this.#mode === 'together') return;
    throw new KernelError('kernel/storage', `a row of "${name}" stands where no op put it`);
  }

  /** Whether the key in these params comes after all of its table; from now on it counts among them. */
  comesLast(table: CompiledTable, params: readonly SqlValue[]): boolean {
    if (!this.#greatest.has(table)) this.#greatest.set(table, table.greatestKey(this.#driver, this.#scope));
    const greatest = this.#greatest.get(table);
    if (greatest !== undefined && !isAfter(params, greatest)) return false;
    this.#greatest.set(table, params.slice(1, 1 + table.keyNames.length));
    return true;
  }
}
