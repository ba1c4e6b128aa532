/**
 * The rows of registers of one scope, read once, and their history: what each was before the op at a place. Written at once. A row that is held is handed to
 * one plan after the other, so nobody may write into it.
 */
import type { SqlValue } from './driver.ts';
import { RowCache } from './row-cache.ts';
import type { CompiledTable } from './schema.ts';
import type { Row } from './table.ts';

/** Reads one row of the database. */
interface RowSource {
  load(table: CompiledTable, key: readonly SqlValue[]): Row | undefined;
}

export class RegisterRows {
  readonly #scope: string;
  readonly #rows = new RowCache<Row | undefined>();

  constructor(scope: string) {
    this.#scope = scope;
  }

  /** `rows` reads a row that is not held. */
  get(table: CompiledTable, key: readonly SqlValue[], rows: RowSource): Row | undefined {
    const held = this.#rows.of(table, key);
    const name = key[0] as SqlValue;
    return held.get(name) ?? (held.has(name) ? undefined : this.#hold(table, key, rows.load(table, key)));
  }

  /** As it stood before the given position; only settled rows count. */
  asOf(table: CompiledTable, key: readonly SqlValue[], position: number): Row | undefined {
    const values = table.statements.historyAsOf.get([this.#scope, ...key, position]);
    return values && Object.freeze(table.rowOf(values));
  }

  /** `params` are those of the table's statements, which begin with the scope; the key is part of them. */
  write(table: CompiledTable, key: readonly SqlValue[], params: SqlValue[], place: number): void {
    this.#hold(table, key, table.rowOf(params, 1));
    table.statements.upsert.run(params);
    table.statements.historyInsert.run([...params, place]);
  }

  /** Takes back what the op at `place` wrote; `before` is what was there, after the key, or 0 for nothing. */
  takeBack(table: CompiledTable, key: readonly SqlValue[], before: readonly SqlValue[] | 0, place: number): void {
    table.statements.historyRemove.run([this.#scope, ...key, place]);
    if (before === 0) {
      table.statements.remove.run([this.#scope, ...key]);
      this.#hold(table, key, undefined);
    } else {
      table.statements.upsert.run([this.#scope, ...key, ...before]);
      this.#hold(table, key, table.rowOf([...key, ...before]));
    }
  }

  /** Gives the history rows of a pending op its position. */
  settle(table: CompiledTable, pendingPlace: number, position: number): void {
    table.statements.historySettle.run([position, this.#scope, pendingPlace]);
  }

  trim(): void {
    this.#rows.trim();
  }

  discard(): void {
    this.#rows.clear();
  }

  #hold(table: CompiledTable, key: readonly SqlValue[], row: Row | undefined): Row | undefined {
    this.#rows.set(this.#rows.of(table, key), key, Object.freeze(row));
    return row;
  }
}
