// What can still be read of the log tables of a damaged database: row by row by their keys, so that a page that is gone takes only its own rows along.
// Nothing is written, and nothing that is read is believed: whoever takes it hashes it and checks its signatures.
import type BetterSqlite3 from 'better-sqlite3';
import type { OpRecord } from './record.ts';
import { createNames } from './sqlite-names.ts';
import { createRowReader, recordColumns, type RecordRow } from './sqlite-rows.ts';

export interface SalvagedRecord {
  readonly record: OpRecord;
  readonly position: number | undefined;
}

export interface Salvage {
  /** In the order in which they were stored. */
  readonly records: readonly SalvagedRecord[];
  /** How many rows could not be read: of some, not even that they are ops. */
  readonly unreadable: number;
  /** Which book it says it is, and which relay it believes; undefined where that cannot be read. */
  readonly book: string | undefined;
  readonly relay: string | undefined;
  /** By scope, the relay's last checkpoint and its size, as far as they can be read. */
  readonly notes: ReadonlyMap<string, { readonly size: number; readonly note: string }>;
}

/** So many keys in a row without a row, with nothing to say where the rows end, and there are no more. */
const maxMissing = 20_000;

/** Throws only where not even the first page can be read. */
export function salvageSqliteLog(db: BetterSqlite3.Database): Salvage {
  const last = attempt(() => db.prepare<[], number | null>('SELECT max(ordinal) FROM log_records').pluck().get());
  const select = db.prepare<[number], RecordRow>(`SELECT ${recordColumns} FROM log_records WHERE ordinal = ?`).raw();
  const reader = createRowReader(db, createNames(db));
  const records: SalvagedRecord[] = [];
  let unreadable = 0;
  for (
    let ordinal = 1, missing = 0;
    missing < maxMissing && ordinal <= (last ?? Number.MAX_SAFE_INTEGER);
    ordinal += 1
  ) {
    const found = attempt((): SalvagedRecord | null => {
      const row = select.get(ordinal);
      if (row === undefined) return null;
      return { record: reader()(row), position: row.at(-1) === null ? undefined : Number(row.at(-1)) };
    });
    if (found === null) missing += 1;
    else missing = 0;
    if (found === undefined) unreadable += 1;
    else if (found !== null) records.push(found);
    // With no end in sight, damage to the end of the file looks like rows for ever.
    if (last === undefined && unreadable >= maxMissing) break;
  }
  const meta = (name: string): string | undefined =>
    attempt(() => db.prepare<[string], string>('SELECT value FROM log_meta WHERE name = ?').pluck().get(name));
  const tips = attempt(() =>
    db
      .prepare<[], [string, number, string]>('SELECT name, size, note FROM log_tips JOIN log_names ON id = scope')
      .raw()
      .all(),
  );
  const notes = new Map((tips ?? []).map(([scope, size, note]) => [scope, { size, note }]));
  return { records, unreadable, book: meta('book'), relay: meta('relay'), notes };
}

/** Undefined where the pages that it takes cannot be read. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
