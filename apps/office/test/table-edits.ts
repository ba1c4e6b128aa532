// Every edit of a table that a proof must name: each column of its first row changed and of its last row emptied, a row removed, one made up.
import Database from 'better-sqlite3';
import type { Home } from '../src/home.ts';
import type { Proof } from '../src/prove.ts';
import {
  bookWith,
  type Column,
  columnsOf,
  proveEdited,
  readHonest,
  type Row,
  rowsOf,
  type Value,
} from './edited-book.ts';

/** One edit of one table. */
export interface Edit {
  readonly book: Home;
  readonly table: string;
  readonly what: string;
  /** Ways to make it, of which the first that SQLite lets pass is made, and the rows that it is named by. */
  readonly ways: readonly Way[];
  /** A value of a column that SQLite lets nobody write needs no proof. */
  readonly mayBeRefused: boolean;
}

interface Way {
  readonly sql: string;
  readonly values: readonly Value[];
  readonly names: readonly string[];
}

/**
 * Edits that are no edits of the books. A record that was held back is hearsay: it came from anywhere, was not believed, and nothing
 * follows from it. It must still be the op it is stored as, but its number, a signature nobody could check yet, why it is held back
 * (which is judged again at every opening) and whether it was kept at all are nothing the log could confirm.
 */
const hearsay: ReadonlySet<string> = new Set(
  ['id', 'bytes', 'code', 'message', 'delete'].map((what) => `log_asides ${what}`),
);

export function editsOf(table: string): Edit[] {
  const book = bookWith(table);
  const columns = columnsOf(table);
  const rows = rowsOf(table, book);
  const [first, last] = [rows.at(0), rows.at(-1)];
  const place = { book, table };
  if (first === undefined || last === undefined) return [insertOf(place, columns, blankRow(columns))];
  const edits: Edit[] = [];
  for (const { name } of columns.filter((column) => !hearsay.has(`${table} ${column.name}`))) {
    edits.push(changeOf(place, columns, first, name, otherValues(first[name])));
    edits.push(changeOf(place, columns, last, name, emptied(last[name])));
  }
  for (const row of hearsay.has(`${table} delete`) ? [] : new Set([first, last]))
    edits.push(deleteOf(place, columns, row));
  return [...edits, insertOf(place, columns, last)];
}

/** Makes edits of one book, each of another table, in one copy; answers which of them its proof did not name. */
export async function missedOf(edits: readonly Edit[]): Promise<Map<Edit, string>> {
  const made = new Map<Edit, Way>();
  const missed = new Map<Edit, string>();
  const proof = await proveEdited((db) => {
    for (const edit of edits) {
      const way = edit.ways.find((one) => isMade(db, one));
      if (way !== undefined) made.set(edit, way);
      else if (!edit.mayBeRefused) missed.set(edit, 'SQLite refused');
    }
  }, edits[0]?.book);
  for (const [edit, way] of made) {
    const wrong = verdict(proof, edit.table, way.names);
    if (wrong !== undefined) missed.set(edit, wrong);
  }
  return missed;
}

function isMade(db: Database.Database, { sql, values }: Way): boolean {
  try {
    if (db.prepare(sql).run(...values).changes === 0) throw new Error(`nothing was edited: ${sql}`);
    return true;
  } catch (error) {
    if (error instanceof Database.SqliteError) return false;
    throw error;
  }
}

/** What is wrong with a proof that must name an edited row of `table`, or undefined when it is as it should be. */
function verdict(proof: Proof, table: string, names: readonly string[]): string | undefined {
  if (proof.ok) return 'passed as honest';
  const isNamed = proof.problems.some(
    (problem) => problem.table === table && names.some((name) => ` ${problem.row} `.includes(` ${name} `)),
  );
  return isNamed ? undefined : `not named: ${JSON.stringify(proof.problems.slice(0, 3))}`;
}

type Place = Pick<Edit, 'book' | 'table'>;

function changeOf(place: Place, columns: readonly Column[], row: Row, column: string, values: readonly Value[]): Edit {
  const { where, values: found } = whereOf(columns, row);
  const sql = `UPDATE "${place.table}" SET "${column}" = ? WHERE ${where}`;
  const ways = values.map((value) => {
    const names = [row, { ...row, [column]: value }].flatMap((one) => namesOf(place.table, columns, one));
    return { sql, values: [value, ...found], names };
  });
  return { ...place, what: `${column}: ${text(row[column])} -> ${text(values[0])}`, ways, mayBeRefused: true };
}

function deleteOf(place: Place, columns: readonly Column[], row: Row): Edit {
  const { where, values } = whereOf(columns, row);
  const ways = [
    { sql: `DELETE FROM "${place.table}" WHERE ${where}`, values, names: namesOf(place.table, columns, row) },
  ];
  return { ...place, what: `delete of ${JSON.stringify(row)}`, ways, mayBeRefused: false };
}

/** One for each op of the log. */
export function deletesOfAll(table: string): Edit[] {
  const [book, columns] = [bookWith(table), columnsOf(table)];
  return rowsOf(table, book).map((row) => deleteOf({ book, table }, columns, row));
}

function insertOf(place: Place, columns: readonly Column[], row: Row): Edit {
  const made = madeUp(columns, row);
  const names = columns.map(({ name }) => `"${name}"`);
  const sql = `INSERT INTO "${place.table}" (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`;
  const values = columns.map(({ name }) => made[name] ?? null);
  const ways = [{ sql, values, names: namesOf(place.table, columns, made) }];
  return { ...place, what: `insert of ${JSON.stringify(made)}`, ways, mayBeRefused: false };
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

function whereOf(columns: readonly Column[], row: Row): { where: string; values: Value[] } {
  const names = columns.map(({ name }) => name);
  return { where: names.map((name) => `"${name}" IS ?`).join(' AND '), values: names.map((name) => row[name] ?? null) };
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
  const sql = 'SELECT name FROM log_names WHERE id = ?';
  return (
    readHonest((db) =>
      db
        .prepare<[Value], string>(sql)
        .pluck()
        .get(id ?? -1),
    ) ?? text(id)
  );
}
