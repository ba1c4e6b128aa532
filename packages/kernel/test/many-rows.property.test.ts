// Rows that are inserted many at a time are the rows, whatever they have in common, for how long, and whatever their texts hold.
import Database from 'better-sqlite3';
import fc from 'fast-check';
import initSqlJs from 'sql.js';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SqlDriver, SqlValue } from '../src/driver.ts';
import { ManyRows, ROWS_AT_ONCE } from '../src/many-rows.ts';
import { betterSqliteDriver } from '../src/node.ts';
import { sqljsDriver } from '../src/sqljs-rows.ts';

type StoredRow = readonly [id: number, name: string, quantity: number, place: string];

const INSERT = 'INSERT OR IGNORE INTO kept (id, name, quantity, place)';
const drivers: Record<string, () => SqlDriver> = {
  'better-sqlite3': () => betterSqliteDriver(new Database(':memory:')),
};
beforeAll(async () => {
  const sqlite = await initSqlJs();
  drivers['sql.js'] = () => sqljsDriver(new sqlite.Database());
});

/** A driver that notes the texts it prepares, and how many values each insert was handed. */
function watched(driver: SqlDriver): { driver: SqlDriver; texts: Set<string>; handed: number[] } {
  const texts = new Set<string>();
  const handed: number[] = [];
  const prepare: SqlDriver['prepare'] = (sql) => {
    texts.add(sql);
    const statement = driver.prepare(sql);
    return { ...statement, run: (params) => (handed.push(params.length), statement.run(params)) };
  };
  return { driver: { ...driver, prepare }, texts, handed };
}

/** Inserts the rows, and answers what stands then, what should, and how it was done. */
function insert(name: string, rows: readonly StoredRow[]) {
  const sql = (drivers[name] as () => SqlDriver)();
  sql.exec('CREATE TABLE kept (id INTEGER PRIMARY KEY, name TEXT, quantity INTEGER, place TEXT) STRICT');
  const { driver, texts, handed } = watched(sql);
  const many = new ManyRows(driver, INSERT, 4);
  const expected = new Map<number, StoredRow>();
  const counts: [got: number, expected: number][] = [];
  for (let from = 0; from + ROWS_AT_ONCE <= rows.length; from += ROWS_AT_ONCE) {
    const batch = rows.slice(from, from + ROWS_AT_ONCE);
    const before = expected.size;
    for (const row of batch) if (!expected.has(row[0])) expected.set(row[0], row);
    counts.push([many.run(rows, from), expected.size - before]);
  }
  const stored = [...sql.prepare('SELECT id, name, quantity, place FROM kept ORDER BY id').iterate([])];
  sql.close();
  return { stored, expected: [...expected.values()].sort(([a], [b]) => a - b), counts, texts, handed };
}

/** A value that changes after so many rows; `values` come in turn. */
const column = <T extends SqlValue>(values: fc.Arbitrary<T>) =>
  fc.record({ values: fc.array(values, { minLength: 1, maxLength: 3 }), rows: fc.constantFrom(1, 7, 300, 5_000) });
const at = <T>({ values, rows }: { values: readonly T[]; rows: number }, row: number): T =>
  values[Math.floor(row / rows) % values.length] as T;
const text = fc.constantFrom(
  '',
  "it's",
  "'); DELETE FROM kept; --",
  '?',
  'GBP',
  'b/042',
  '漢字',
  'a\nb',
  'x'.repeat(65),
  '1',
);
const integer = fc.constantFrom(0, -1, 7, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER);

describe.each(['better-sqlite3', 'sql.js'])('many rows (%s)', (name) => {
  it('stand as they were given, and those that were there are counted', () => {
    fc.assert(
      fc.property(column(text), column(integer), column(text), fc.integer({ min: 0, max: 700 }), (a, b, c, twice) => {
        const rows = Array.from(
          { length: 44 * ROWS_AT_ONCE },
          (_, row): StoredRow => [row === twice ? 0 : row, at(a, row), at(b, row), at(c, row)],
        );
        const { stored, expected, counts, texts } = insert(name, rows);
        expect(stored).toEqual(expected);
        for (const [got, wanted] of counts) expect(got).toBe(wanted);
        // One more at most for each column that turns out to vary.
        expect(texts.size).toBeLessThanOrEqual(5);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it('hand over what they do not have in common alone, until that changes', () => {
    const row = (id: number, day: string): StoredRow => [id, day, 3, "it's"];
    const rows = Array.from({ length: 64 * ROWS_AT_ONCE }, (_, id) => row(id, id < 700 ? 'monday' : 'tuesday'));
    const { handed, texts } = insert(name, rows);
    expect(handed.slice(0, 15)).toEqual(Array.from({ length: 15 }, () => 4 * ROWS_AT_ONCE));
    // The id, and the text that would need quoting.
    expect(handed[20]).toBe(2 * ROWS_AT_ONCE);
    expect(handed.at(-1)).toBe(3 * ROWS_AT_ONCE);
    expect([...texts].some((sql) => sql.includes("it's"))).toBe(false);
    expect(texts.size).toBe(3);
  });
});
