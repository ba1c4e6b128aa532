// What the SQLite store says of rows that nobody vouches for, against the strict reader of their bytes.
import { createSqliteLogStore } from '@tallystick/oplog/node';
import { decodeRecord } from '@tallystick/oplog/strict';
import type { OpRecord } from '@tallystick/oplog';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { makeChain, record as recordArbitrary } from './arbitraries.ts';

type Edit = readonly [sql: string, value: unknown];

const edits: readonly Edit[] = [
  ['UPDATE log_records SET body = ?', '{"b":1,"a":2}'],
  ['UPDATE log_records SET body = ?', '{"a": 1}'],
  ['UPDATE log_records SET body = ?', '[1]'],
  ['UPDATE log_records SET body = ?', '{"a":"\\u0041"}'],
  ['UPDATE log_records SET body = ?', '{},"at":1'],
  ['UPDATE log_records SET body = ?', `{"a":${'['.repeat(15)}${']'.repeat(15)}}`],
  ['UPDATE log_records SET body = ?', `{"a":${'['.repeat(14)}${']'.repeat(14)}}`],
  ['UPDATE log_records SET body = ?', `{"a":"${'x'.repeat(70_000)}"}`],
  ['UPDATE log_records SET body = CAST(? AS TEXT)', Buffer.from('{"a":"\u00e9"}', 'latin1')],
  ['UPDATE log_records SET at = ?', -1],
  ['UPDATE log_records SET seq = ?', 0],
  ['UPDATE log_records SET seq = ?', 2n ** 53n + 1n],
  ['UPDATE log_records SET id = ?', Buffer.alloc(16, 1)],
  ['UPDATE log_records SET id = ?', Buffer.alloc(3, 1)],
  ['UPDATE log_records SET prev = ?', Buffer.alloc(31, 1)],
  ["UPDATE log_records SET key = (SELECT id FROM log_names WHERE name LIKE '%@%') + ?", 0],
  ['UPDATE log_records SET seen = ?', '{"size":1}'],
  ['UPDATE log_records SET seen = ?', '{"heads":[]}'],
  ['UPDATE log_records SET seen = ?', '"x","seq":1'],
  ['UPDATE log_records SET seen = ?', 'nothing'],
  ["UPDATE log_names SET name = ? WHERE name LIKE '%@%'", 'sale.complete'],
  ["UPDATE log_names SET name = ? WHERE name LIKE '%@%'", 'a@1","verb":"b@1'],
  ['UPDATE log_names SET name = upper(name) WHERE length(name) = 64 AND ?', 1],
];

/** The settled records of a store after somebody else has written into it, as the store judges them and as their bytes read. */
function judged(records: readonly OpRecord[], edited: readonly Edit[]) {
  const scope = (records[0] as OpRecord).op.scope;
  const db = new Database(':memory:');
  createSqliteLogStore(db).settle(scope, 0, records, { size: records.length, frontier: [], note: '' });
  for (const [sql, value] of edited) db.prepare(sql).run(value);
  const rows = createSqliteLogStore(db).settledStrictly?.(scope, 0, records.length);
  if (rows === undefined || rows instanceof Promise) throw new Error('a store that does not judge at once');
  const answers = rows.map(({ bytes, decoded }) => ({ decoded, read: decodeRecord(bytes) }));
  db.close();
  return answers;
}

it('answers what the strict reader answers, or leaves it to it', () => {
  fc.assert(
    fc.property(recordArbitrary, fc.subarray([...edits], { maxLength: 2 }), (record, edited) => {
      for (const { decoded, read } of judged([record], edited)) {
        if (decoded !== undefined) expect({ ok: true, value: decoded }).toEqual(read);
      }
    }),
    { numRuns: 60 },
  );
});

it.each(edits)('judges as the strict reader does after %s with %s', (...edit) => {
  for (const { decoded, read } of judged(makeChain(3), [edit])) {
    if (decoded !== undefined) expect({ ok: true, value: decoded }).toEqual(read);
  }
});

it('tells of the ops of a usual chain without their bytes', () => {
  const chain = makeChain(20);
  const answers = judged(chain, []);
  expect(answers.map(({ decoded }) => decoded?.op)).toEqual(chain.map(({ op }) => op));
  for (const { decoded, read } of answers) expect({ ok: true, value: decoded }).toEqual(read);
});
