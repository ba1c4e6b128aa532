// What every SQL driver must do.
import type { SqlDriver } from '@tallystick/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

export function driverContract(name: string, make: () => SqlDriver): void {
  describe(`SQL driver contract: ${name}`, () => {
    let driver: SqlDriver;
    beforeEach(() => {
      driver = make();
      driver.exec('CREATE TABLE t (k TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID');
    });
    afterEach(() => driver.close());

    it('answers how many rows a statement changed', () => {
      const insert = driver.prepare('INSERT OR IGNORE INTO t VALUES (?, ?)');
      expect(insert.run(['a', 1])).toBe(1);
      expect(insert.run(['a', 2])).toBe(0);
      expect(driver.prepare('UPDATE t SET n = n + 1').run([])).toBe(1);
    });

    it('reads rows as arrays of columns, in order', () => {
      const insert = driver.prepare('INSERT INTO t VALUES (?, ?)');
      for (const key of ['b', 'a', 'c']) insert.run([key, key.charCodeAt(0)]);
      expect(driver.prepare('SELECT n FROM t WHERE k = ?').get(['b'])).toEqual([98]);
      expect(driver.prepare('SELECT n FROM t WHERE k = ?').get(['z'])).toBeUndefined();
      expect([...driver.prepare('SELECT k, n FROM t ORDER BY k').iterate([])]).toEqual([
        ['a', 97],
        ['b', 98],
        ['c', 99],
      ]);
    });

    it('an iterator that is left early can be run again', () => {
      for (const key of ['a', 'b']) driver.prepare('INSERT INTO t VALUES (?, 1)').run([key]);
      for (const row of driver.prepare('SELECT k FROM t ORDER BY k').iterate([])) {
        expect(row).toEqual(['a']);
        break;
      }
      expect([...driver.prepare('SELECT k FROM t ORDER BY k').iterate([])]).toHaveLength(2);
    });

    it('keeps integers exact to 2^53-1 and text to the code point', () => {
      const text = "\u{1F34E} '; -- \u00e9 \u0301";
      for (const n of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 31, -(2 ** 31) - 1, 0]) {
        driver.prepare('INSERT OR REPLACE INTO t VALUES (?, ?)').run([text, n]);
        expect(driver.prepare('SELECT k, n FROM t').get([])).toEqual([text, n]);
      }
    });

    it('orders text by its bytes', () => {
      for (const key of ['\u{10000}', '\uffff', 'Z', 'a', 'A', ''])
        driver.prepare('INSERT INTO t VALUES (?, 0)').run([key]);
      expect([...driver.prepare('SELECT k FROM t ORDER BY k').iterate([])].flat()).toEqual([
        '',
        'A',
        'Z',
        'a',
        '\uffff',
        '\u{10000}',
      ]);
    });

    it('rolls back a transaction and a savepoint', () => {
      driver.prepare('BEGIN IMMEDIATE').run([]);
      driver.prepare("INSERT INTO t VALUES ('a', 1)").run([]);
      driver.prepare('SAVEPOINT s').run([]);
      driver.prepare("INSERT INTO t VALUES ('b', 1)").run([]);
      driver.prepare('ROLLBACK TO s').run([]);
      driver.prepare('RELEASE s').run([]);
      expect(driver.query('SELECT k FROM t', [])).toEqual([{ k: 'a' }]);
      driver.prepare('ROLLBACK').run([]);
      expect(driver.query('SELECT k FROM t', [])).toEqual([]);
    });

    it('refuses fractions in an integer column', () => {
      expect(() => driver.prepare("INSERT INTO t VALUES ('a', ?)").run([0.5])).toThrow();
    });

    // A verb's plan reads, and what fails there as the database does refuses no op.
    it('says that it failed, and not whoever asked, where a statement fails while it reads or writes', () => {
      const failing = driver.prepare('SELECT json(?)');
      const failed: unknown = expect.objectContaining({ name: 'SqliteError' });
      expect(() => failing.get(['{'])).toThrow(failed);
      expect(() => [...failing.iterate(['{'])]).toThrow(failed);
      expect(() => driver.prepare('INSERT INTO t VALUES (json(?), 1)').run(['{'])).toThrow(failed);
      expect(failing.get(['1'])).toEqual(['1']);
    });

    it('query answers objects, refuses to write, and says what is wrong with bad SQL', () => {
      driver.prepare("INSERT INTO t VALUES ('a', 1)").run([]);
      expect(driver.query('SELECT k AS key, n FROM t WHERE n = ?', [1])).toEqual([{ key: 'a', n: 1 }]);
      for (const sql of ['DELETE FROM t', 'DROP TABLE t', 'SELEC', 'PRAGMA user_version = 5']) {
        expect(() => driver.query(sql, [])).toThrow(expect.objectContaining({ code: 'kernel/query' }));
      }
      // The second time the statement is known.
      for (const params of [[1, 2], [{}], [1, 2], []] as number[][])
        expect(() => driver.query('SELECT ? AS given', params)).toThrow(
          expect.objectContaining({ code: 'kernel/query' }),
        );
      expect(driver.query("SELECT '?' AS mark, ? + ? AS sum", [1, 2])).toEqual([{ mark: '?', sum: 3 }]);
      expect(driver.prepare('SELECT count(*) FROM t').get([])).toEqual([1]);
    });
  });
}
