// What can still be read of the log tables of a damaged database: row by row by their keys, so that a page that is gone takes only its own rows along.
// Nothing is written, and nothing that is read is believed: whoever takes it hashes it and checks its signatures.
import type BetterSqlite3 from 'better-sqlite3';
import type { OpHash } from './brands.ts';
import { type OpRecord, trustedRecord } from './record.ts';
import { createNames } from './sqlite-names.ts';
import { createRowReader, recordColumns, type RecordRow, toBytes, trusted } from './sqlite-rows.ts';

export interface SalvagedRecord {
  readonly record: OpRecord;
  readonly position: number | undefined;
}

export interface Salvage {
  /** In the order in which they were stored. */
  readonly records: readonly SalvagedRecord[];
  /** How many rows could not be read: of some, not even that they are ops. A table whose end is not known lost one more, whatever was behind its last. */
  readonly unreadable: number;
  /** Whether there is such a table: it may have lost any number of rows, so `unreadable` is the least. */
  readonly isEndUnknown: boolean;
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
  const select = db.prepare<[number], RecordRow>(`SELECT ${recordColumns} FROM log_records WHERE ordinal = ?`).raw();
  const reader = createRowReader(db, createNames(db), trusted);
  const stored = readRows(db, 'log_records', 'ordinal', (ordinal): SalvagedRecord | null => {
    const row = select.get(ordinal);
    if (row === undefined) return null;
    return { record: reader()(row), position: row.at(-1) === null ? undefined : Number(row.at(-1)) };
  });
  const newest = hasJournal(db) ? readJournal(db) : { records: [], unreadable: 0, isEndUnknown: false };
  const meta = (name: string): string | undefined =>
    attempt(() => db.prepare<[string], string>('SELECT value FROM log_meta WHERE name = ?').pluck().get(name));
  const tips = attempt(() =>
    db
      .prepare<[], [string, number, string]>('SELECT name, size, note FROM log_tips JOIN log_names ON id = scope')
      .raw()
      .all(),
  );
  const notes = new Map((tips ?? []).map(([scope, size, note]) => [scope, { size, note }]));
  const [records, unreadable] = [[...stored.records, ...newest.records], stored.unreadable + newest.unreadable];
  const isEndUnknown = stored.isEndUnknown || newest.isEndUnknown;
  return { records, unreadable, isEndUnknown, book: meta('book'), relay: meta('relay'), notes };
}

type Rows = Pick<Salvage, 'records' | 'unreadable' | 'isEndUnknown'>;

/** The rows of a table by their keys, from 1 on; `read` answers null where there is none. */
function readRows(
  db: BetterSqlite3.Database,
  table: string,
  key: string,
  read: (key: number) => SalvagedRecord | null,
): Rows {
  const last = attempt(() => db.prepare<[], number | null>(`SELECT max(${key}) FROM ${table}`).pluck().get() ?? 0);
  const selectNext = db.prepare<[number], number | null>(`SELECT min(${key}) FROM ${table} WHERE ${key} > ?`).pluck();
  const records: SalvagedRecord[] = [];
  let unreadable = 0;
  /** Since the last row that reads: keys that brought nothing, and rows that do not read. */
  let [missing, broken] = [0, 0];
  for (let at = 1; missing < maxMissing && at <= (last ?? Number.MAX_SAFE_INTEGER); at += 1) {
    const found = attempt(() => read(at));
    if (found === undefined) {
      broken += 1;
      // With no end in sight, damage to the end of the file looks like rows for ever.
      missing = last === undefined ? missing + 1 : 0;
    } else if (found === null) {
      missing += 1;
      // A log that went into archives begins late.
      at = Math.max(at, (attempt(() => selectNext.get(at)) ?? 0) - 1);
    } else {
      records.push(found);
      unreadable += broken;
      [missing, broken] = [0, 0];
    }
  }
  const isEndUnknown = last === undefined;
  return { records, unreadable: unreadable + (isEndUnknown ? Math.min(broken, 1) : broken), isEndUnknown };
}

/** A log of an earlier release has none. */
function hasJournal(db: BetterSqlite3.Database): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'log_journal'").get() !== undefined;
}

function readJournal(db: BetterSqlite3.Database): Rows {
  const select = db
    .prepare<[number], [hash: OpHash, record: Buffer]>(
      'SELECT lower(hex(hash)), record FROM log_journal WHERE place = ?',
    )
    .raw();
  return readRows(db, 'log_journal', 'place', (place) => {
    const row = select.get(place);
    return row === undefined ? null : { record: trustedRecord(toBytes(row[1]), row[0]), position: undefined };
  });
}

/** Undefined where the pages that it takes cannot be read. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
