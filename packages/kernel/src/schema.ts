/**
 * How tables become SQL. Every table is STRICT, leads with `scope`, and has the key as its primary key; registers have a `_history` twin that
 * holds every row ever written with its place, which makes a read as of a mark a plain read.
 */
import { rollBack, type SqlDriver, type SqlValue, type Statement, storageError } from './driver.ts';
import { KernelError } from './errors.ts';
import { ManyRows } from './many-rows.ts';
import { ddlOf, ENGINE_TABLES } from './table-ddl.ts';
import { reconcileTables } from './table-registry.ts';
import { Residency } from './residency.ts';
import type { AnyTable, ColumnType, Row } from './table.ts';

/** Places of ops that have no position yet start here, so they sort after every settled one. */
export const PENDING_PLACE: number = 2 ** 52;

export interface TableStatements {
  readonly get: Statement;
  readonly insert: Statement;
  readonly upsert: Statement;
  readonly remove: Statement;
  readonly historyInsert: Statement;
  readonly historyRemove: Statement;
  readonly historySettle: Statement;
  readonly historyAsOf: Statement;
}

/** Far beyond what an op holds, and far below where one engine or another gives up. */
const LONGEST_TEXT = 2 ** 20;

/** Whether a column of every database holds this text as it is. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_TEXT && value.isWellFormed() && !value.includes('\0');
}

/** A table with its column lists and statements worked out once. */
export class CompiledTable {
  readonly def: AnyTable;
  /** Its place among the tables of its database: what is kept by table is found by this. */
  readonly place: number;
  readonly name: string;
  readonly keyNames: readonly string[];
  readonly columnNames: readonly string[];
  readonly #types: readonly ColumnType[];
  readonly #names: readonly string[];
  readonly #driver: SqlDriver;
  /** By column the last text that was looked through: many rows say the same. */
  readonly #checked: (string | undefined)[] = [];
  #statements: TableStatements | undefined;
  #many: ManyRows | undefined;
  readonly #listings: Statement[] = [];

  constructor(def: AnyTable, driver: SqlDriver, place: number) {
    this.def = def;
    this.place = place;
    this.#driver = driver;
    this.name = def.name;
    this.keyNames = Object.keys(def.key);
    this.columnNames = Object.keys(def.columns);
    this.#names = [...this.keyNames, ...this.columnNames];
    this.#types = [...Object.values(def.key), ...Object.values(def.columns)];
  }

  /** A book has many tables, and a day touches few: neither their texts nor their statements are made before they are used. */
  get statements(): TableStatements {
    return (this.#statements ??= this.#prepare(this.#driver));
  }

  /** The row's values in column order; throws when a verb built a row that its table does not have. */
  valuesOf(row: Row): SqlValue[] {
    return this.#values(row, this.#names.length, 0);
  }

  /** The scope and the row's values: what an insert binds. Throws like `valuesOf`. */
  paramsOf(scope: string, row: Row): SqlValue[] {
    const params = this.#values(row, this.#names.length, 1);
    params[0] = scope;
    return params;
  }

  /** By what an `add` changes each sum: those that are not named change by nothing. */
  deltasOf(row: Row): number[] {
    const { columnNames } = this;
    const deltas = new Array<number>(columnNames.length);
    for (let index = 0; index < deltas.length; index++) {
      const name = columnNames[index] as string;
      const value = this.#read(row, name);
      deltas[index] = value === undefined ? 0 : this.#integer(name, value);
    }
    return deltas;
  }

  /** The values of a key, or of so many of its leading columns. Throws like `valuesOf`. */
  keyValuesOf(key: Row, count: number = this.keyNames.length): SqlValue[] {
    return this.#values(key, count, 0);
  }

  /** The text of a key (or of its leading columns): every column is terminated, so a prefix covers exactly its keys. */
  keyText(values: readonly SqlValue[], count: number = this.keyNames.length): string {
    let text = `${this.name}|`;
    // No text has a NUL, and no column both texts and integers.
    for (let index = 0; index < count; index++) text += `${values[index]}\0`;
    return text;
  }

  /** The row whose values begin at `from`. */
  rowOf(values: readonly SqlValue[], from = 0): Row {
    const row: Record<string, SqlValue> = Object.create(null) as Record<string, SqlValue>;
    for (let index = 0; index < this.#names.length; index++)
      row[this.#names[index] as string] = values[from + index] as SqlValue;
    return row;
  }

  /** Rows that are put together. */
  get many(): ManyRows {
    return (this.#many ??= new ManyRows(
      this.#driver,
      `INSERT OR IGNORE INTO "${this.name}" (scope, ${quoted(this.#names)})`,
      1 + this.#names.length,
    ));
  }

  /** The row's values of so many leading columns, after so many places. Arrays as long as what they hold: one that grows takes several times the memory. */
  #values(row: Row, count: number, from: number): SqlValue[] {
    const values = new Array<SqlValue>(from + count);
    for (let index = 0; index < count; index++) values[from + index] = this.#valueOf(index, row);
    return values;
  }

  #valueOf(index: number, row: Row): SqlValue {
    const name = this.#names[index] as string;
    const value = this.#read(row, name);
    if (this.#types[index] === 'integer') return this.#integer(name, value);
    const checked = this.#checked[index];
    return checked !== undefined && value === checked ? checked : (this.#checked[index] = this.#text(name, value));
  }

  /** A row is an object of a verb's: it may throw when it is read, and that is no failure of the database. */
  #read(row: Row, name: string): unknown {
    try {
      return row[name];
      // oxlint-disable-next-line @tallystick/no-catch -- whatever it threw is one refusal everywhere
    } catch {
      return this.#badRow(name, row, 'readable');
    }
  }

  #integer(name: string, value: unknown): number {
    if (!Number.isSafeInteger(value)) this.#badRow(name, value, 'an integer within +-(2^53-1)');
    return (value as number) + 0;
  }

  #text(name: string, value: unknown): string {
    if (!isText(value)) this.#badRow(name, value, 'well-formed text without NUL');
    return value;
  }

  #badRow(name: string, value: unknown, wanted: string): never {
    // Of an object nothing is asked: its text is code of others, too.
    const text = Object(value) === value ? '' : ` ${String(value).slice(0, 99)}`;
    throw new KernelError('kernel/bad-row', `${this.name}.${name} must be ${wanted}, got ${typeof value}${text}`);
  }

  #keyList(): string {
    return quoted(this.keyNames);
  }

  /** By the scope and so many leading columns of the key. */
  #whereKey(columns?: number): string {
    return `scope = ?${this.keyNames
      .slice(0, columns)
      .map((name) => ` AND "${name}" = ?`)
      .join('')}`;
  }

  #prepare(driver: SqlDriver): TableStatements {
    const all = quoted(this.#names);
    const marks = this.#names.map(() => '?').join(', ');
    const where = this.#whereKey();
    const updates = this.columnNames.map((name) => `"${name}" = excluded."${name}"`).join(', ');
    const history = `"${this.name}_history"`;
    const insert = `INTO "${this.name}" (scope, ${all}) VALUES (?, ${marks})`;
    const onConflict = updates === '' ? 'NOTHING' : `UPDATE SET ${updates}`;
    const late = (sql: string): Statement => preparedLate(driver, sql);
    return {
      get: late(`SELECT ${all} FROM "${this.name}" WHERE ${where}`),
      insert: late(`INSERT OR IGNORE ${insert}`),
      upsert: late(`INSERT ${insert} ON CONFLICT DO ${onConflict}`),
      remove: late(`DELETE FROM "${this.name}" WHERE ${where}`),
      historyInsert: late(`INSERT OR REPLACE INTO ${history} (scope, ${all}, place) VALUES (?, ${marks}, ?)`),
      historyRemove: late(`DELETE FROM ${history} WHERE ${where} AND place = ?`),
      historySettle: late(`UPDATE ${history} SET place = ? WHERE scope = ? AND place = ?`),
      historyAsOf: late(`SELECT ${all} FROM ${history} WHERE ${where} AND place < ? ORDER BY place DESC LIMIT 1`),
    };
  }

  /** Rows of a register as they stood before the given place, in key order. */
  listAsOf(driver: SqlDriver, scope: string, place: number): Row[] {
    const all = quoted(this.#names);
    // SQLite takes the other columns from the row that has the greatest place.
    const sql = `SELECT ${all}, max(place) FROM "${this.name}_history" WHERE scope = ? AND place < ? GROUP BY ${this.#keyList()} ORDER BY ${this.#keyList()}`;
    return [...driver.prepare(sql).iterate([scope, place])].map((values) => this.rowOf(values));
  }

  /** Every row of a scope, in key order, read as the caller goes on; no other statement may run meanwhile. */
  *rows(driver: SqlDriver, scope: string): IterableIterator<Row> {
    const all = quoted(this.#names);
    const statement = driver.prepare(`SELECT ${all} FROM "${this.name}" WHERE scope = ? ORDER BY ${this.#keyList()}`);
    for (const values of statement.iterate([scope])) yield this.rowOf(values);
  }

  /** The key that no row's key comes after, if there is a row. */
  greatestKey(driver: SqlDriver, scope: string): readonly SqlValue[] | undefined {
    const falling = quoted(this.keyNames, ' DESC');
    return driver
      .prepare(`SELECT ${this.#keyList()} FROM "${this.name}" WHERE scope = ? ORDER BY ${falling} LIMIT 1`)
      .get([scope]);
  }

  /** Rows whose key starts with the given leading values, in key order. */
  list(driver: SqlDriver, scope: string, prefix: readonly SqlValue[]): Row[] {
    const rows: Row[] = [];
    for (const values of this.#listing(driver, prefix.length).iterate([scope, ...prefix]))
      rows.push(this.rowOf(values));
    return rows;
  }

  /** For a prefix of so many columns. */
  #listing(driver: SqlDriver, columns: number): Statement {
    const known = this.#listings[columns];
    if (known !== undefined) return known;
    const all = quoted(this.#names);
    const where = this.#whereKey(columns);
    const sql = `SELECT ${all} FROM "${this.name}" WHERE ${where} ORDER BY ${this.#keyList()}`;
    return (this.#listings[columns] = driver.prepare(sql));
  }
}

function quoted(names: readonly string[], order = ''): string {
  return names.map((name) => `"${name}"${order}`).join(', ');
}

/** Of a table's statements few are used, and none is prepared before that. */
function preparedLate(driver: SqlDriver, sql: string): Statement {
  let statement: Statement | undefined;
  const use = (): Statement => (statement ??= driver.prepare(sql));
  return {
    run: (params) => use().run(params),
    get: (params) => use().get(params),
    iterate: (params) => use().iterate(params),
  };
}

/** The SQL tables of one database: those of the verbs and those of the engine. */
export class Schema {
  readonly driver: SqlDriver;
  /** Which tables of a snapshot are not here yet. */
  readonly residency: Residency = new Residency();
  /** As this program declares them. */
  readonly declared: ReadonlyMap<string, AnyTable>;
  /** As they stand in the database: those declared, and those whose rows another program wrote. */
  readonly tables: ReadonlyMap<string, CompiledTable>;

  /** Rows of another fold are dropped only where they can come again. */
  constructor(driver: SqlDriver, defs: readonly AnyTable[], canFoldAgain: boolean) {
    this.driver = driver;
    this.declared = tablesByName(defs);
    // One transaction, so a new book waits for the disk once and not once a table.
    try {
      driver.exec('BEGIN IMMEDIATE');
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new KernelError('kernel/storage', `the database refused to open: ${why}`, cause);
    }
    try {
      this.tables = createTables(driver, this.declared, canFoldAgain);
      driver.exec('COMMIT');
    } catch (error) {
      rollBack(driver);
      throw storageError(error);
    }
  }

  /** Drops every row that the log brings back. Call in a transaction. */
  clear(): void {
    for (const { def } of this.tables.values())
      for (const [name, ddl] of ddlOf(def))
        if (ddl.startsWith('CREATE TABLE')) this.driver.exec(`DELETE FROM "${name}"`);
    for (const [name] of ENGINE_TABLES) this.driver.exec(`DELETE FROM ${name}`);
  }

  table(def: AnyTable): CompiledTable {
    const compiled = this.tables.get(def.name);
    if (compiled?.def !== def)
      throw new KernelError('kernel/bad-effect', `table "${def.name}" is not declared by any verb of this book`);
    return compiled;
  }

  tableNamed(name: string): CompiledTable {
    const compiled = this.tables.get(name);
    if (compiled === undefined) throw new KernelError('kernel/bad-table', `no table is named "${name}"`);
    return compiled;
  }
}

function tablesByName(defs: readonly AnyTable[]): Map<string, AnyTable> {
  const tables = new Map<string, AnyTable>();
  for (const def of defs) {
    const known = tables.get(def.name) ?? def;
    if (known !== def) throw new KernelError('kernel/bad-table', `two tables are named "${def.name}"`);
    tables.set(def.name, def);
  }
  return tables;
}

function createTables(
  driver: SqlDriver,
  declared: ReadonlyMap<string, AnyTable>,
  canFoldAgain: boolean,
): Map<string, CompiledTable> {
  const defs = reconcileTables(driver, declared, canFoldAgain);
  const standing = new Set(
    [...driver.prepare('SELECT lower(name) FROM sqlite_schema').iterate([])].map(([name]) => name),
  );
  const missing = [...ENGINE_TABLES, ...defs.flatMap(ddlOf)].filter(([name]) => !standing.has(name.toLowerCase()));
  if (missing.length > 0) driver.exec(missing.map(([, sql]) => sql).join(';\n'));
  return new Map(defs.map((def, place) => [def.name, new CompiledTable(def, driver, place)]));
}
