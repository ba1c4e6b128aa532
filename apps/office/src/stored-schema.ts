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

let newBook: Promise<readonly SchemaObject[]> | undefined;

/** Objects of a book that was just opened by this release; the same for every book, so they are made once a process. */
function objectsOfNewBook(): Promise<readonly SchemaObject[]> {
  newBook ??= makeNewBook();
  return newBook;
}

async function makeNewBook(): Promise<readonly SchemaObject[]> {
  const keys = createMemoryKeyStore(shopCrypto.ed25519, shopCrypto.hasher);
  const store = nodeStore(':memory:');
  const book = await openBook({ store, verbs: shopVerbs, keys });
  try {
    return store.sql.query(objectsSql, []) as unknown as readonly SchemaObject[];
  } finally {
    await book.close();
  }
}

/** What the file declares otherwise than a new book would. Throws when its schema cannot be read. */
export async function strangeObjects(path: string): Promise<ProofProblem[]> {
  const db = new Database(path, { readonly: true });
  try {
    return compareObjects(db.prepare<[], SchemaObject>(objectsSql).all(), await objectsOfNewBook());
  } finally {
    db.close();
  }
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
