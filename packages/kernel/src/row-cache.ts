/** What a projection holds in memory: rows it has read, by table and key, and set rows that wait to be inserted many at a time. */
import type { SqlDriver, SqlValue } from './driver.ts';
import { KernelError } from './errors.ts';
import { isAfter } from './key-order.ts';
import { ROWS_AT_ONCE } from './many-rows.ts';
import type { CompiledTable } from './schema.ts';

const CACHE_ROWS = 200_000;

/** By the last column of a key; rows of keys with several columns stand in maps of maps, the first column innermost. */
interface Rows<T> extends Map<SqlValue, T | Rows<T>> {}

/** The first `count` of these rows wait; what stands after them has been inserted. */
interface Waiting {
  readonly table: CompiledTable;
  readonly rows: (readonly SqlValue[])[];
  count: number;
}

export class RowCache<T> {
  /** By the places of tables. */
  readonly #tables: (Rows<T> | undefined)[] = [];
  #size = 0;

  /** Those rows of a table that are held and have the same key beyond its first column, by the first. */
  of(table: CompiledTable, key: readonly SqlValue[]): Map<SqlValue, T> {
    let rows = (this.#tables[table.place] ??= new Map());
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
    this.#tables.length = this.#size = 0;
  }
}

/**
 * Set rows on their way into the database. Whoever reads or removes rows of a table flushes it first. A row that is there already must refuse its own op:
 * `together` shows only that some row was, too late; `held` takes in only rows that cannot be there, because their keys come after all of their table.
 */
export class PutBuffers {
  readonly #scope: string;
  readonly #driver: SqlDriver;
  /** By the places of tables. */
  readonly #waiting: (Waiting | undefined)[] = [];
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
    if (this.#mode !== 'held' && this.#greatest.size > 0) this.#greatest.clear();
    if (!isTaken) {
      this.flush(table);
      return false;
    }
    const waiting = (this.#waiting[table.place] ??= { table, rows: [], count: 0 });
    waiting.rows[waiting.count++] = params;
    if (this.#mode === 'held' || waiting.count !== ROWS_AT_ONCE) return true;
    if (table.many.run(waiting.rows, 0) !== ROWS_AT_ONCE) this.#metKnownRow = true;
    waiting.count = 0;
    return true;
  }

  /** Takes back the row that was put last, if it waits; answers false when it is to be removed from its table. */
  takeBack(table: CompiledTable, key: readonly SqlValue[]): boolean {
    const waiting = this.#waiting[table.place];
    const last = waiting?.rows[waiting.count - 1];
    if (waiting === undefined || last === undefined || key.some((value, index) => last[1 + index] !== value)) {
      this.flush(table);
      return false;
    }
    waiting.count -= 1;
    return true;
  }

  /** Answers whether there was something to insert. */
  flush(table: CompiledTable): boolean {
    const waiting = this.#waiting[table.place];
    if (waiting === undefined || waiting.count === 0) return false;
    const { rows, count } = waiting;
    let from = 0;
    for (; from + ROWS_AT_ONCE <= count; from += ROWS_AT_ONCE)
      if (table.many.run(rows, from) !== ROWS_AT_ONCE) this.#met(table);
    for (; from < count; from++) if (table.statements.insert.run(rows[from] as SqlValue[]) === 0) this.#met(table);
    waiting.count = 0;
    if (count > ROWS_AT_ONCE) rows.length = 0;
    return true;
  }

  flushAll(): void {
    for (const waiting of this.#waiting) if (waiting !== undefined) this.flush(waiting.table);
  }

  discard(): void {
    this.#waiting.length = 0;
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
