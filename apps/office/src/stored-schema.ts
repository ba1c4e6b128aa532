// What a database file declares besides its rows: tables, indexes, triggers and views must be those that a new book is given, no more and no
// fewer. Looked at before anybody opens the file as a book, because opening makes good what is missing.
import { openBook, type ProofProblem } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { createMemoryKeyStore } from '@tallystick/sign';
import Database from 'better-sqlite3';
import { shopCrypto, shopVerbs } from './book.ts';

interface SchemaObject {
  /** `table`, `index`, `trigger` or `view`. */
  readonly type: string;
  readonly name: string;
  /** The table it belongs to; a table's or view's own name. */
  readonly table: string;
  /** '' for an index that SQLite makes by itself. */
  readonly sql: string;
}

const objectsSql = 'SELECT type, name, tbl_name AS "table", coalesce(sql, \'\') AS sql FROM sqlite_schema';

/** Where the version of the log tables stands. */
export const olderFormatTable = 'log_format';
const versionSql = 'SELECT version FROM log_format';

interface NewBook {
  readonly objects: readonly SchemaObject[];
  /** Of its log tables. */
  readonly version: number;
}

let newBook: Promise<NewBook> | undefined;

/** A book that was just opened by this release; the same for every book, so one is made a process. */
function describeNewBook(): Promise<NewBook> {
  newBook ??= makeNewBook();
  return newBook;
}

async function makeNewBook(): Promise<NewBook> {
  const keys = createMemoryKeyStore(shopCrypto.ed25519, shopCrypto.hasher);
  const store = nodeStore(':memory:');
  const book = await openBook({ store, verbs: shopVerbs, keys });
  try {
    const [format] = store.sql.query(versionSql, []);
    const objects = store.sql.query(objectsSql, []) as unknown as readonly SchemaObject[];
    return { objects, version: Number(format?.['version']) };
  } finally {
    await book.close();
  }
}

/**
 * What the file declares otherwise than a new book would. Of one that an earlier release wrote, only that: its tables are not those of this release, and
 * the next program that opens it makes them so. Throws when its schema cannot be read.
 */
export async function strangeObjects(path: string): Promise<ProofProblem[]> {
  const wanted = await describeNewBook();
  const db = new Database(path, { readonly: true });
  try {
    const found = db.prepare<[], SchemaObject>(objectsSql).all();
    const hasFormat = found.some(({ name, type }) => name === 'log_format' && type === 'table');
    const version = hasFormat ? Number(db.prepare(versionSql).pluck().get()) : undefined;
    const problems = compareObjects(found, wanted.objects);
    const isOlder = version !== undefined && version < wanted.version && problems.length > 0;
    return isOlder ? [olderFormat(version, wanted.version)] : problems;
  } finally {
    db.close();
  }
}

function olderFormat(version: number, wanted: number): ProofProblem {
  const why = `an earlier release wrote it (version ${version}, this one writes ${wanted}): "tally status" makes it one of this release, then prove again`;
  return { table: olderFormatTable, row: '', why };
}

function compareObjects(found: readonly SchemaObject[], wanted: readonly SchemaObject[]): ProofProblem[] {
  const foundByName = new Map(found.map((object) => [nameOf(object), object]));
  const wantedByName = new Map(wanted.map((object) => [nameOf(object), object]));
  const problem = (object: SchemaObject, why: string): ProofProblem => ({
    table: object.table,
    row: '',
    why: `its ${nameOf(object)} ${why}`,
  });
  return [
    ...found
      .filter((object) => !wantedByName.has(nameOf(object)))
      .map((object) => problem(object, 'is no part of a book')),
    ...wanted.filter((object) => !foundByName.has(nameOf(object))).map((object) => problem(object, 'is missing')),
    ...wanted
      .filter((object) => {
        const other = foundByName.get(nameOf(object));
        return other !== undefined && (other.sql !== object.sql || other.table !== object.table);
      })
      .map((object) => problem(object, 'is not declared as in a book')),
  ];
}

function nameOf({ type, name }: SchemaObject): string {
  return `${type} ${name}`;
}
