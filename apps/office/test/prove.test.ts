// `tally prove` cannot be satisfied by a database that was edited: every table, every column, a changed, a removed and a made-up row.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { shopVerbs } from '../src/book.ts';
import { type Home, homeAt } from '../src/home.ts';
import { type Proof, proveDirectory } from '../src/prove.ts';
import { strangeObjects } from '../src/stored-schema.ts';
import { temporaryFolder } from './temporary.ts';
import { jsonOf, runTally } from './tally-process.ts';
import { makeWholeShop } from './whole-shop.ts';

type Value = string | number | Buffer | null;
type Row = Readonly<Record<string, Value>>;

interface Column {
  readonly name: string;
  readonly type: string;
  /** 1 and up for a column of the primary key. */
  readonly pk: number;
}

/**
 * Edits that are no edits of the books. A record that was held back is hearsay: it came from anywhere, was not believed, and nothing
 * follows from it. It must still be the op it is stored as, but its number, a signature nobody could check yet, why it is held back
 * (which is judged again at every opening) and whether it was kept at all are nothing the log could confirm.
 */
const hearsay: ReadonlySet<string> = new Set(
  ['id', 'bytes', 'code', 'message', 'delete'].map((what) => `log_asides ${what}`),
);

const root = temporaryFolder();
const honest = await makeHonest(join(root, 'honest'));
const edited = homeAt(join(root, 'edited'));

/** The whole shop with everything in its database file, none in a journal beside it. */
async function makeHonest(folder: string): Promise<Home> {
  const home = await makeWholeShop(folder);
  const db = new Database(home.officeFile);
  db.pragma('journal_mode = DELETE');
  db.close();
  return home;
}

/** The proof of a copy after `edit`, or undefined when SQLite itself refused the edit. */
async function proveEdited(edit: (db: Database.Database) => void): Promise<Proof | undefined> {
  layOutCopy();
  const db = new Database(edited.officeFile);
  try {
    edit(db);
  } catch (error) {
    if (error instanceof Database.SqliteError) return undefined;
    throw error;
  } finally {
    db.close();
  }
  return proveDirectory(edited);
}

function layOutCopy(): void {
  rmSync(edited.root, { recursive: true, force: true });
  const keys = join(edited.officeFolder, 'keys');
  mkdirSync(keys, { recursive: true });
  copyFileSync(honest.officeFile, edited.officeFile);
  const from = join(honest.officeFolder, 'keys');
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(keys, name));
}

function readHonest<T>(read: (db: Database.Database) => T): T {
  const db = new Database(honest.officeFile, { readonly: true });
  try {
    return read(db);
  } finally {
    db.close();
  }
}

function columnsOf(table: string): Column[] {
  return readHonest((db) => db.prepare<[string], Column>('SELECT name, type, pk FROM pragma_table_info(?)').all(table));
}

function rowsOf(table: string): Row[] {
  return readHonest((db) => db.prepare<[], Row>(`SELECT * FROM "${table}"`).all());
}

/** Values that are not `value`, the closest first. */
function otherValues(value: Value | undefined): Value[] {
  if (typeof value === 'number') return [value + 1, value + 1_000, -1];
  if (typeof value === 'string') return [`${value}x`, ''];
  if (Buffer.isBuffer(value)) return [Buffer.concat([Buffer.from([(value[0] ?? 0) ^ 1]), value.subarray(1)])];
  return [1, 'x'];
}

function emptied(value: Value | undefined): Value[] {
  if (typeof value === 'number') return value === 0 ? [1] : [0];
  if (typeof value === 'string') return value === '' ? ['x'] : [''];
  return Buffer.isBuffer(value) ? [Buffer.alloc(0)] : [0, 'x'];
}

/** Texts under which people find a row: its key, or for ops and receipts also what else identifies one. */
function namesOf(table: string, columns: readonly Column[], row: Row): string[] {
  const keys = columns.filter((column) => column.pk > 0).sort((left, right) => left.pk - right.pk);
  const shown = (keys.length === 0 ? columns : keys).map(({ name }) => text(row[name]));
  switch (table) {
    case 'log_records': {
      const hash = `${Number(row['tag']).toString(16).padStart(12, '0')}${text(row['rest'])}`;
      return [`ordinal ${row['ordinal']}`, hash, `position ${row['position']}`];
    }
    case 'log_receipts':
      return [`receipt ${row['id']}`];
    case 'log_receipt_lines':
      return [`receipt ${row['receipt']}`];
    case 'log_asides':
      return [text(row['hash'])];
    case 'tail':
      return [shown.join(' '), text(row['hash'])];
    case 'log_heads':
    case 'log_tips':
      // Named by what the ids stand for.
      return [row['device'], row['scope']].map(nameOfId);
    default:
      // The place of a pending op's write is told by the op.
      return table.endsWith('_history') ? [shown.slice(0, -1).join(' ')] : [shown.join(' ')];
  }
}

function text(value: Value | undefined): string {
  return Buffer.isBuffer(value) ? value.toString('hex') : String(value);
}

function nameOfId(id: Value | undefined): string {
  const name = readHonest((db) =>
    db
      .prepare<[Value], string>('SELECT name FROM log_names WHERE id = ?')
      .pluck()
      .get(id ?? -1),
  );
  return name ?? text(id);
}

/** What is wrong with a proof of a database in which a row of `table` was edited, or undefined when it is as it should be. */
function verdict(proof: Proof, table: string, columns: readonly Column[], rows: readonly Row[]): string | undefined {
  if (proof.ok) return 'passed as honest';
  const names = rows.flatMap((row) => namesOf(table, columns, row));
  const isNamed = proof.problems.some(
    (problem) => problem.table === table && names.some((name) => problem.row.includes(name)),
  );
  return isNamed ? undefined : `not named: ${JSON.stringify(proof.problems.slice(0, 3))}`;
}

function whereOf(columns: readonly Column[], row: Row): { where: string; values: Value[] } {
  const names = columns.map(({ name }) => name);
  return { where: names.map((name) => `"${name}" IS ?`).join(' AND '), values: names.map((name) => row[name] ?? null) };
}

async function changeCell(
  table: string,
  columns: readonly Column[],
  row: Row,
  column: string,
  values: Value[],
): Promise<string[]> {
  const { where, values: found } = whereOf(columns, row);
  const set = `UPDATE "${table}" SET "${column}" = ? WHERE ${where}`;
  for (const value of values) {
    const proof = await proveEdited((db) => void db.prepare(set).run(value, ...found));
    if (proof === undefined) continue;
    const wrong = verdict(proof, table, columns, [row, { ...row, [column]: value }]);
    return wrong === undefined ? [] : [`${column}: ${text(row[column])} -> ${text(value)}: ${wrong}`];
  }
  return [];
}

async function deleteRow(table: string, columns: readonly Column[], row: Row): Promise<string[]> {
  const { where, values } = whereOf(columns, row);
  const proof = await proveEdited((db) => void db.prepare(`DELETE FROM "${table}" WHERE ${where}`).run(...values));
  const wrong = proof === undefined ? 'SQLite refused' : verdict(proof, table, columns, [row]);
  return wrong === undefined ? [] : [`delete of ${JSON.stringify(row)}: ${wrong}`];
}

/** A row like `row` that is not there: another last column of the key, and whatever else must be unique. */
function madeUp(columns: readonly Column[], row: Row): Row {
  const key = [...columns].sort((left, right) => right.pk - left.pk)[0]?.name ?? '';
  const unique = ['hash', 'name', 'tag'].filter((name) => name in row && name !== key);
  const change = (value: Value | undefined): Value =>
    Buffer.isBuffer(value)
      ? Buffer.alloc(value.length, 7)
      : typeof value === 'number'
        ? value + 5_000
        : `${text(value)}-made-up`;
  return {
    ...row,
    ...Object.fromEntries([key, ...unique].map((name) => [name, change(row[name])])),
    ...('position' in row && 'tag' in row ? { position: null } : {}),
  };
}

/** Something for every column, for a table that has no row to begin with. */
function blankRow(columns: readonly Column[]): Row {
  const value = ({ name, type }: Column): Value =>
    type === 'INTEGER' ? 1 : name === 'scope' ? 'hq' : type === 'BLOB' ? Buffer.alloc(32) : name;
  return Object.fromEntries(columns.map((column) => [column.name, value(column)]));
}

async function insertRow(table: string, columns: readonly Column[], row: Row): Promise<string[]> {
  const made = madeUp(columns, row);
  const names = columns.map(({ name }) => `"${name}"`);
  const sql = `INSERT INTO "${table}" (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`;
  const proof = await proveEdited((db) => void db.prepare(sql).run(...columns.map(({ name }) => made[name] ?? null)));
  const wrong = proof === undefined ? 'SQLite refused' : verdict(proof, table, columns, [made]);
  return wrong === undefined ? [] : [`insert of ${JSON.stringify(made)}: ${wrong}`];
}

/** Every edit of a table that the proof did not answer as it must. */
async function sweep(table: string): Promise<string[]> {
  const columns = columnsOf(table);
  const rows = rowsOf(table);
  const [first, last] = [rows.at(0), rows.at(-1)];
  if (first === undefined || last === undefined) return insertRow(table, columns, blankRow(columns));
  const missed: string[] = [];
  for (const { name } of columns.filter((column) => !hearsay.has(`${table} ${column.name}`))) {
    missed.push(...(await changeCell(table, columns, first, name, otherValues(first[name]))));
    missed.push(...(await changeCell(table, columns, last, name, emptied(last[name]))));
  }
  for (const row of hearsay.has(`${table} delete`) ? [] : new Set([first, last]))
    missed.push(...(await deleteRow(table, columns, row)));
  missed.push(...(await insertRow(table, columns, last)));
  return missed;
}

const tables = readHonest((db) =>
  db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all(),
);
/** The tables of the ledger and of retail. */
const domainTables = new Set(shopVerbs.flatMap((verb) => verb.tables.map(({ name }) => name)));

describe('the proof of an office database', () => {
  it('passes when nothing was edited', async () => {
    expect(await proveEdited(() => undefined)).toMatchObject({ ok: true, problems: [] });
  });

  it('is put to the test on rows of every table of the trade', () => {
    const filled = new Set(tables.filter((table) => rowsOf(table).length > 0));
    expect(domainTables.size).toBeGreaterThan(10);
    expect([...domainTables].filter((table) => !filled.has(table))).toEqual([]);
    // Only a log that was archived begins at a base.
    expect(tables.filter((table) => table.startsWith('log_') && !filled.has(table))).toEqual(['log_bases']);
  });

  // What `kernel_tables` says is made right by opening the book: rows that do not fit it are folded again.
  it.each(tables.filter((table) => table !== 'kernel_tables'))('names the edited row of %s', async (table) => {
    expect(await sweep(table)).toEqual([]);
  });

  it('names every op that is taken out of the log', async () => {
    const columns = columnsOf('log_records');
    const missed: string[] = [];
    for (const row of rowsOf('log_records')) missed.push(...(await deleteRow('log_records', columns, row)));
    expect(missed).toEqual([]);
  });

  it('misses every table and index that is taken away, before the book is opened', async () => {
    const objects = readHonest((db) =>
      db
        .prepare<[], [string, string]>(
          "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'",
        )
        .raw()
        .all(),
    );
    expect(objects).toContainEqual(['index', 'log_records_by_hash']);
    for (const [type, name] of objects) {
      layOutCopy();
      const db = new Database(edited.officeFile);
      db.exec(`DROP ${type} "${name}"`);
      db.close();
      const whys = (await strangeObjects(edited.officeFile)).map(({ why }) => why);
      expect(whys).toContain(`its ${type} ${name} is missing`);
    }
  });

  it.each([
    [
      'an index that is gone and would be made again',
      'DROP INDEX log_records_by_hash',
      'log_records',
      'its index log_records_by_hash is missing',
    ],
    ['a table that is gone', 'DROP TABLE voids', 'voids', 'its table voids is missing'],
    ['a table', 'CREATE TABLE notes (x)', 'notes', 'its table notes is no part of a book'],
    ['an index', 'CREATE INDEX i ON stock (onHand)', 'stock', 'its index i is no part of a book'],
    ['a view', 'CREATE VIEW v AS SELECT 1', 'v', 'its view v is no part of a book'],
    [
      'a trigger that waits for the next sale',
      'CREATE TRIGGER t AFTER INSERT ON stock BEGIN UPDATE stock SET onHand = 0; END',
      'stock',
      'its trigger t is no part of a book',
    ],
    [
      'a trigger named like what SQLite makes itself',
      'CREATE TRIGGER sqlites AFTER INSERT ON log_records BEGIN DELETE FROM log_asides; END',
      'log_records',
      'its trigger sqlites is no part of a book',
    ],
    ['statistics', 'ANALYZE', 'sqlite_stat1', 'its table sqlite_stat1 is no part of a book'],
    [
      'an index over something else',
      'DROP INDEX log_records_by_hash; CREATE INDEX log_records_by_hash ON log_records (seq)',
      'log_records',
      'its index log_records_by_hash is not declared as in a book',
    ],
    [
      'another column',
      'ALTER TABLE log_tips ADD COLUMN x TEXT',
      'log_tips',
      'its table log_tips is not declared as in a book',
    ],
  ])('sees %s', async (_what, sql, table, why) => {
    const proof = await proveEdited((db) => void db.exec(sql));
    expect(proof?.ok).toBe(false);
    expect(proof?.problems).toContainEqual({ table, row: '', why });
  });

  it('leaves what it examined as it found it', async () => {
    await proveEdited((db) => void db.exec("UPDATE stock SET onHand = 99 WHERE sku = 'A'"));
    const db = new Database(edited.officeFile, { readonly: true });
    expect(db.prepare("SELECT DISTINCT onHand FROM stock WHERE sku = 'A'").pluck().all()).toEqual([99]);
    db.close();
  });
});

describe('tally prove', () => {
  it('exits 0 on honest books and 1 with table and row on edited ones', async () => {
    layOutCopy();
    expect(jsonOf(await runTally('prove', '--data', edited.root, '--json'))).toMatchObject({ ok: true, problems: [] });
    const db = new Database(edited.officeFile);
    db.exec("UPDATE balances SET amountMinor = amountMinor + 1 WHERE scope = 'hq' AND account = '4000'");
    db.close();
    const red = await runTally('prove', '--data', edited.root);
    expect(red.status).toBe(1);
    expect(red.stdout).toMatch(
      /^table balances row hq 4000 GBP: holds \[-?\d+\], the log says \[-?\d+\]\nNOT proved: 1 row/,
    );
    expect(await runTally('prove', '--data', edited.root, '--json')).toMatchObject({ status: 1 });
  });

  it('judges a database that an interrupted rebuild moved aside where it stands', async () => {
    layOutCopy();
    const aside = `${edited.officeFile}.aside`;
    renameSync(edited.officeFile, aside);
    writeFileSync(edited.officeFile, 'half built');
    const before = readFileSync(aside);
    expect(jsonOf(await runTally('prove', '--data', edited.root, '--json'))).toMatchObject({ ok: true });
    expect(readFileSync(aside).equals(before)).toBe(true);
    expect(readFileSync(edited.officeFile, 'utf8')).toBe('half built');
    const db = new Database(aside);
    db.exec("UPDATE stock SET onHand = 99 WHERE sku = 'A'");
    db.close();
    expect(jsonOf(await runTally('prove', '--data', edited.root, '--json'))).toMatchObject({ ok: false });
    expect(existsSync(aside)).toBe(true);
  });

  it('exits 1 on a file that is no database', async () => {
    layOutCopy();
    copyFileSync(new URL(import.meta.url).pathname, edited.officeFile);
    const { status, stdout } = await runTally('prove', '--data', edited.root);
    expect(status).toBe(1);
    expect(stdout).toContain('table the database row (all): cannot be read');
  });
});
