// Long strings that many ops share (scopes, devices, keys, verbs) as small integers.
import type BetterSqlite3 from 'better-sqlite3';

export interface Names {
  /** The integer of `name`, given to it now if it has none. */
  intern(name: string): number;
  nameOf(id: number): string;
}

/** Nothing is cached: an integer given inside a transaction that is rolled back may come to mean another name. */
export function createNames(db: BetterSqlite3.Database): Names {
  const select = db.prepare<[string], number>('SELECT id FROM log_names WHERE name = ?').pluck();
  const insert = db.prepare<[string]>('INSERT INTO log_names (name) VALUES (?)');
  const selectName = db.prepare<[number], string>('SELECT name FROM log_names WHERE id = ?').pluck();
  return {
    intern: (name) => select.get(name) ?? Number(insert.run(name).lastInsertRowid),
    nameOf: (id) => selectName.get(id) as string,
  };
}
