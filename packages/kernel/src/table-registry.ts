/**
 * Which tables stand in a database, and in which shape. Rows are a cache of the log: a kernel that folds otherwise than the one before drops them
 * all and they are folded again, and rows of tables that this program declares otherwise, or not any more, stay readable as they are.
 */
import type { SqlDriver } from './driver.ts';
import { kernelTables } from './kernel-tables.ts';
import { parseShape, shapeOf } from './shape.ts';
import { type AnyTable, NAME } from './table.ts';

/** Goes up with every release of the kernel whose own verbs write other rows for the same log. */
const FOLD = '1';
/** No table has this name. */
const FOLD_ROW = '@fold';

/** The tables to compile: those declared, and those with rows that are declared otherwise or not at all. Call in a transaction. */
export function reconcileTables(
  driver: SqlDriver,
  declared: ReadonlyMap<string, AnyTable>,
  engine: readonly string[],
): AnyTable[] {
  driver.exec(
    'CREATE TABLE IF NOT EXISTS kernel_tables (name TEXT NOT NULL PRIMARY KEY, shape TEXT NOT NULL) STRICT, WITHOUT ROWID',
  );
  const stored = readStored(driver);
  if (!stored.isCurrent) {
    for (const name of [...engine, ...stored.names, ...declared.keys()]) dropTable(driver, name);
    driver.exec('DELETE FROM kernel_tables');
    register(driver, FOLD_ROW, FOLD);
  }
  const kept = new Map<string, AnyTable>();
  for (const old of stored.isCurrent ? stored.tables : []) {
    const table = declared.get(old.name);
    if (table !== undefined && shapeOf(table) === shapeOf(old)) continue;
    if (hasRows(driver, old)) kept.set(old.name, old);
    else dropTable(driver, old.name);
  }
  for (const table of declared.values()) if (!kept.has(table.name)) register(driver, table.name, shapeOf(table));
  return [...[...declared.values()].filter(({ name }) => !kept.has(name)), ...kept.values()];
}

interface Stored {
  /** False when another fold wrote the rows, with tables of the kernel in other shapes perhaps, or when what stands here is not what is said of it. */
  readonly isCurrent: boolean;
  readonly tables: readonly AnyTable[];
  /** Of all tables that are said to be here, as far as they can be names of tables: nothing else is ever dropped. */
  readonly names: readonly string[];
}

function readStored(driver: SqlDriver): Stored {
  const shapes = new Map([...driver.prepare('SELECT name, shape FROM kernel_tables ORDER BY name').iterate([])] as [
    string,
    string,
  ][]);
  const isOfThisFold = shapes.get(FOLD_ROW) === FOLD;
  shapes.delete(FOLD_ROW);
  const parsed = [...shapes].map(([name, shape]) => parseShape(name, shape));
  const isThere = ({ name }: AnyTable): boolean =>
    driver.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get([name]) !== undefined;
  const tables = parsed.filter((table) => table !== undefined && isThere(table)) as AnyTable[];
  const isWhole = tables.length === parsed.length;
  const ownChanged = kernelTables.some((own) => shapes.has(own.name) && shapes.get(own.name) !== shapeOf(own));
  const names = [...shapes.keys()].filter((name) => NAME.test(name));
  return { isCurrent: isOfThisFold && isWhole && !ownChanged, tables, names };
}

function register(driver: SqlDriver, name: string, shape: string): void {
  // What stands there already is not written again: opening a book that did not change waits for no disk.
  driver
    .prepare(
      'INSERT INTO kernel_tables (name, shape) VALUES (?, ?) ON CONFLICT DO UPDATE SET shape = excluded.shape WHERE shape <> excluded.shape',
    )
    .run([name, shape]);
}

function hasRows(driver: SqlDriver, { name, kind }: AnyTable): boolean {
  const tables = kind === 'register' ? [name, `${name}_history`] : [name];
  return tables.some((table) => driver.prepare(`SELECT 1 FROM "${table}" LIMIT 1`).get([]) !== undefined);
}

function dropTable(driver: SqlDriver, name: string): void {
  driver.exec(`DROP TABLE IF EXISTS "${name}"`);
  driver.exec(`DROP TABLE IF EXISTS "${name}_history"`);
  driver.prepare('DELETE FROM kernel_tables WHERE name = ?').run([name]);
}
