/**
 * Set rows inserted many at a time. What all rows of a table have had in common so far stands in the text of the statement, because handing a value over costs
 * about as much as inserting it.
 */
import type { SqlDriver, SqlValue, Statement } from './driver.ts';

/** How many rows one statement takes. */
export const ROWS_AT_ONCE = 16;
/** A text is made anew after so many statements at the soonest, because preparing it costs as much as several of them gain. */
const STATEMENTS_BETWEEN = 16;
/** Of texts only those that need no quoting stand in a text. */
const PLAIN = /^[\w ./:-]{0,64}$/;

/** A statement, and the columns whose values it takes of each row. */
interface Insert {
  readonly statement: Statement;
  readonly columns: readonly number[];
  /** Their places, used again and again. */
  readonly params: SqlValue[];
}

export class ManyRows {
  readonly #driver: SqlDriver;
  readonly #insert: string;
  readonly #width: number;
  /** By column what every row had; undefined once two rows differed, and for good, so that few texts are ever made. */
  #common: (SqlValue | undefined)[] = [];
  /** Takes every value. */
  #long: Insert | undefined;
  /** Takes the values of these columns alone. */
  #short: Insert | undefined;
  #done = 0;

  /** `insert` is the statement up to its rows, of `width` values each. */
  constructor(driver: SqlDriver, insert: string, width: number) {
    this.#driver = driver;
    this.#insert = insert;
    this.#width = width;
  }

  /** Inserts `ROWS_AT_ONCE` of these rows; answers how many were not there. */
  run(rows: readonly (readonly SqlValue[])[], from: number): number {
    this.#compare(rows, from);
    this.#done += 1;
    if (this.#done % STATEMENTS_BETWEEN === 0) this.#short ??= this.#prepared(this.#common);
    const { statement, columns, params } = this.#short ?? (this.#long ??= this.#prepared([]));
    let place = 0;
    for (let at = from; at < from + ROWS_AT_ONCE; at++) {
      const row = rows[at] as readonly SqlValue[];
      for (let index = 0; index < columns.length; index++) params[place++] = row[columns[index] as number] as SqlValue;
    }
    return statement.run(params);
  }

  #compare(rows: readonly (readonly SqlValue[])[], from: number): void {
    if (this.#done === 0)
      this.#common = (rows[from] ?? []).map((value) =>
        typeof value === 'number' || PLAIN.test(value) ? value : undefined,
      );
    for (let column = 0; column < this.#width; column++) {
      const common = this.#common[column];
      if (common === undefined) continue;
      for (let at = from; at < from + ROWS_AT_ONCE; at++) {
        if (rows[at]?.[column] === common) continue;
        this.#common[column] = this.#short = undefined;
        break;
      }
    }
  }

  #prepared(common: readonly (SqlValue | undefined)[]): Insert {
    const columns = Array.from({ length: this.#width }, (_, column) => column);
    const row = columns.map((column) => {
      const value = common[column];
      return value === undefined ? '?' : typeof value === 'number' ? value : `'${value}'`;
    });
    const rows = new Array(ROWS_AT_ONCE).fill(`(${row.join()})`).join();
    const said = columns.filter((column) => common[column] === undefined);
    return {
      statement: this.#driver.prepare(`${this.#insert} VALUES ${rows}`),
      columns: said,
      params: new Array<SqlValue>(ROWS_AT_ONCE * said.length),
    };
  }
}
