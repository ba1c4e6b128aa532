// Long strings that many ops share (scopes, devices, keys, verbs) as small integers.
import type BetterSqlite3 from 'better-sqlite3';

/** Scopes, devices, keys and verbs of one book are few; more than these are not kept in memory. */
const maxNames = 10_000;

export interface Names {
  /** The integer of `name`, given to it now if it has none. */
  intern(name: string): number;
  nameOf(id: number): string;
  /** Forgets what it knows: an integer given inside a transaction that was rolled back may come to mean another name. */
  refresh(): void;
}

export function createNames(db: BetterSqlite3.Database): Names {
  const select = db.prepare<[string], number>('SELECT id FROM log_names WHERE name = ?').pluck();
  const insert = db.prepare<[string]>('INSERT INTO log_names (name) VALUES (?)');
  const selectName = db.prepare<[number], string>('SELECT name FROM log_names WHERE id = ?').pluck();
  const idByName = new Map<string, number>();
  const nameById = new Map<number, string>();

  function remember(id: number, name: string): void {
    if (idByName.size >= maxNames) refresh();
    idByName.set(name, id);
    nameById.set(id, name);
  }

  function intern(name: string): number {
    const known = idByName.get(name);
    if (known !== undefined) return known;
    const id = select.get(name) ?? Number(insert.run(name).lastInsertRowid);
    remember(id, name);
    return id;
  }

  function nameOf(id: number): string {
    const known = nameById.get(id);
    if (known !== undefined) return known;
    const name = selectName.get(id) as string;
    remember(id, name);
    return name;
  }

  function refresh(): void {
    idByName.clear();
    nameById.clear();
  }

  return { intern, nameOf, refresh };
}
