/**
 * Which tables stand in a database, and in which shape. Rows are a cache of the log: a kernel that folds otherwise than the one before drops them
 * all and they are folded again, and rows of tables that this program declares otherwise, or not any more, stay readable as they are.
 */
import type { SqlDriver } from './driver.ts';
import { KernelError } from './errors.ts';
import { kernelTables } from './kernel-tables.ts';
import { parseShape, shapeOf } from './shape.ts';
import { ddlOf, ENGINE_TABLES, type MakesName, storedText, TABLE_REGISTRY } from './table-ddl.ts';
import { type AnyTable, NAME } from './table.ts';

/** Goes up with every release of the kernel whose own verbs write other rows for the same log. */
const FOLD = 3;
/** No table has this name. */
const FOLD_ROW = '@fold';

/** Names of what stands in a database are without case. */
type Standing = ReadonlyMap<string, string>;

/**
 * The tables to compile: those declared, and those with rows that are declared otherwise or not at all. Call in a transaction. Throws with nothing
 * changed: `kernel/bad-table` where a name is taken by what is not a table of the kernel's, `kernel/newer-kernel` where a newer one wrote the rows, and
 * `kernel/needs-snapshot` where rows of another fold would have to go and cannot come again.
 */
export function reconcileTables(
  driver: SqlDriver,
  declared: ReadonlyMap<string, AnyTable>,
  canFoldAgain: boolean,
): AnyTable[] {
  const standing: Standing = new Map([
    ...driver.prepare("SELECT lower(name), coalesce(sql, '') FROM sqlite_schema").iterate([]),
  ] as [string, string][]);
  mustBeOwn(standing, [TABLE_REGISTRY]);
  driver.exec(TABLE_REGISTRY[1]);
  const stored = readStored(driver, standing, declared);
  const made = [...ENGINE_TABLES, ...[...declared.values()].flatMap(ddlOf)];
  mustBeOwn(
    standing,
    made.filter(([name]) => !stored.owned.has(name)),
  );
  if (!stored.isCurrent) {
    const old = [...new Set([...stored.owned, ...made.map(([name]) => name)])].filter((name) => has(standing, name));
    if (old.length > 0 && !canFoldAgain)
      throw new KernelError(
        'kernel/needs-snapshot',
        'another kernel wrote these rows, and the ops they came from are in archives: open the book with a snapshot that reaches past those',
      );
    for (const name of old) driver.exec(`DROP TABLE IF EXISTS "${name}"`);
    driver.exec('DELETE FROM kernel_tables');
    register(driver, FOLD_ROW, String(FOLD));
  }
  const kept = new Map<string, AnyTable>();
  for (const old of stored.isCurrent ? stored.tables : []) {
    const table = declared.get(old.name);
    if (table !== undefined && shapeOf(table) === shapeOf(old)) continue;
    if (hasRows(driver, old)) kept.set(old.name, old);
    else dropTable(driver, old);
  }
  const known = stored.isCurrent ? stored.shapeByName : new Map<string, string>();
  for (const table of declared.values())
    if (!kept.has(table.name) && known.get(table.name) !== shapeOf(table)) register(driver, table.name, shapeOf(table));
  return [...[...declared.values()].filter(({ name }) => !kept.has(name)), ...kept.values()];
}

/** A database may be somebody's: what stands there without a word of the kernel's is the kernel's only if it reads so to the letter. */
function mustBeOwn(standing: Standing, made: readonly MakesName[]): void {
  for (const entry of made) {
    const text = standing.get(entry[0].toLowerCase());
    if (text !== undefined && text !== storedText(entry))
      throw new KernelError('kernel/bad-table', `"${entry[0]}" in this database is not a table of this book`);
  }
}

function has(standing: Standing, name: string): boolean {
  return standing.has(name.toLowerCase());
}

interface Stored {
  /** False when another fold wrote the rows, with tables of the kernel in other shapes perhaps, or when what stands here is not what is said of it. */
  readonly isCurrent: boolean;
  /** What is said of each table, true or not. */
  readonly shapeByName: ReadonlyMap<string, string>;
  readonly tables: readonly AnyTable[];
  /** Names of all tables that are said to be here with their histories, as far as they can be such, and those of the engine. */
  readonly owned: ReadonlySet<string>;
}

function readStored(driver: SqlDriver, standing: Standing, declared: ReadonlyMap<string, AnyTable>): Stored {
  const shapes = new Map([...driver.prepare('SELECT name, shape FROM kernel_tables ORDER BY name').iterate([])] as [
    string,
    string,
  ][]);
  const fold = shapes.get(FOLD_ROW);
  if (Number(fold) > FOLD)
    throw new KernelError('kernel/newer-kernel', `a newer kernel wrote these rows (fold ${fold}, here ${FOLD})`);
  shapes.delete(FOLD_ROW);
  const parsed = [...shapes].map(([name, shape]) => {
    const table = declared.get(name);
    return table !== undefined && shapeOf(table) === shape ? table : parseShape(name, shape);
  });
  const tables = parsed.filter((table) => table !== undefined && has(standing, table.name)) as AnyTable[];
  const isWhole = tables.length === parsed.length;
  const ownChanged = kernelTables.some((own) => shapes.has(own.name) && shapes.get(own.name) !== shapeOf(own));
  const owned = new Set([
    ...[...shapes.keys()].filter((name) => NAME.test(name)),
    ...tables.flatMap((table) => ddlOf(table).map(([name]) => name)),
    ...(fold === undefined ? [] : ENGINE_TABLES.map(([name]) => name)),
  ]);
  return { isCurrent: fold === String(FOLD) && isWhole && !ownChanged, shapeByName: shapes, tables, owned };
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

function dropTable(driver: SqlDriver, table: AnyTable): void {
  for (const [name] of ddlOf(table)) driver.exec(`DROP TABLE IF EXISTS "${name}"`);
  driver.prepare('DELETE FROM kernel_tables WHERE name = ?').run([table.name]);
}
