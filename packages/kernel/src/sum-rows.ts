/** The rows of sums of one scope: read once, added to in memory, written when the projection is. A row whose sums are all zero does not exist. */
import type { SqlValue } from './driver.ts';
import { RowCache } from './row-cache.ts';
import type { CompiledTable } from './schema.ts';

export interface SumRow {
  readonly table: CompiledTable;
  readonly key: readonly SqlValue[];
  readonly sums: number[];
  isChanged: boolean;
}

export class SumRows {
  readonly #scope: string;
  readonly #rows = new RowCache<SumRow>();
  readonly #changed: SumRow[] = [];

  constructor(scope: string) {
    this.#scope = scope;
  }

  /** `mustBeHere` is asked before the row is read. */
  get(table: CompiledTable, key: readonly SqlValue[], mustBeHere: (table: string) => void): SumRow {
    const rows = this.#rows.of(table, key);
    const known = rows.get(key[0] as SqlValue);
    if (known !== undefined) return known;
    mustBeHere(table.name);
    const values = table.statements.get.get([this.#scope, ...key]);
    const sums =
      values === undefined ? table.columnNames.map(() => 0) : (values.slice(table.keyNames.length) as number[]);
    const row: SumRow = { table, key, sums, isChanged: false };
    this.#rows.set(rows, key, row);
    return row;
  }

  change(row: SumRow, deltas: readonly number[], sign: 1 | -1): void {
    for (let index = 0; index < deltas.length; index++)
      row.sums[index] = (row.sums[index] as number) + sign * (deltas[index] as number);
    if (row.isChanged) return;
    row.isChanged = true;
    this.#changed.push(row);
  }

  flush(): void {
    for (const row of this.#changed) {
      row.isChanged = false;
      const { table, key, sums } = row;
      if (sums.every((sum) => sum === 0)) table.statements.remove.run([this.#scope, ...key]);
      else table.statements.upsert.run([this.#scope, ...key, ...sums]);
    }
    this.#changed.length = 0;
    this.#rows.trim();
  }

  discard(): void {
    this.#rows.clear();
    this.#changed.length = 0;
  }
}
