// Honest books to edit, and the proof of a copy that was edited.
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Home, homeAt } from '../src/home.ts';
import { type Proof, proveDirectory } from '../src/prove.ts';
import { temporaryFolder } from './temporary.ts';
import { makeWholeHistory } from './whole-history.ts';
import { makeWholeShop } from './whole-shop.ts';

export type Value = string | number | Buffer | null;
export type Row = Readonly<Record<string, Value>>;

export interface Column {
  readonly name: string;
  readonly type: string;
  /** 1 and up for a column of the primary key. */
  readonly pk: number;
}

const root = temporaryFolder();
/** A shop whose log has everything that a relay brings. */
export const wholeShop: Home = await inOneFile(makeWholeShop(join(root, 'shop')));
/** A book in which every verb had effect. */
export const wholeHistory: Home = await inOneFile(makeWholeHistory(join(root, 'history')));
/** Where the copy is that is edited. */
export const edited: Home = homeAt(join(root, 'edited'));

/** The book with everything in its database file, none in a journal beside it. */
async function inOneFile(made: Promise<Home>): Promise<Home> {
  const home = await made;
  const db = new Database(home.officeFile);
  db.pragma('journal_mode = DELETE');
  db.close();
  return home;
}

export function layOutCopy(honest: Home = wholeShop): void {
  rmSync(edited.root, { recursive: true, force: true });
  const keys = join(edited.officeFolder, 'keys');
  mkdirSync(keys, { recursive: true });
  copyFileSync(honest.officeFile, edited.officeFile);
  const from = join(honest.officeFolder, 'keys');
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(keys, name));
}

/** The proof of a copy after `edit`. */
export async function proveEdited(edit: (db: Database.Database) => void, honest: Home = wholeShop): Promise<Proof> {
  layOutCopy(honest);
  const db = new Database(edited.officeFile);
  try {
    edit(db);
  } finally {
    db.close();
  }
  return proveDirectory(edited);
}

export function readHonest<T>(read: (db: Database.Database) => T, honest: Home = wholeShop): T {
  const db = new Database(honest.officeFile, { readonly: true });
  try {
    return read(db);
  } finally {
    db.close();
  }
}

export function columnsOf(table: string): Column[] {
  return readHonest((db) => db.prepare<[string], Column>('SELECT name, type, pk FROM pragma_table_info(?)').all(table));
}

export function rowsOf(table: string, honest: Home): Row[] {
  return readHonest((db) => db.prepare<[], Row>(`SELECT * FROM "${table}"`).all(), honest);
}

/** The book of the two that has rows of this table. */
export function bookWith(table: string): Home {
  return rowsOf(table, wholeShop).length > 0 ? wholeShop : wholeHistory;
}
