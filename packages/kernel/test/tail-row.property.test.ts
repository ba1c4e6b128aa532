// The row beside a pending op: what is read back takes the op back, key by key in the order in which it was done, and touches the same keys.
import type { DeviceId, KeyId, OpHash, OpId, OpRecord, Scope, VerbRef } from '@tallystick/oplog';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SqlValue } from '../src/driver.ts';
import { Course, TouchRecorder, type Way } from '../src/outline.ts';
import type { Schema } from '../src/schema.ts';
import { decodeUndo, encodeTailRow } from '../src/tail-row.ts';
import { decodeTouch, touchOf } from '../src/tail-touch.ts';
import type { Undo } from '../src/undo.ts';

const kinds = { sums: 'sum', pairs: 'sum', rows: 'set', facts: 'register' } as const;
type TableName = keyof typeof kinds;

const schema = {
  tableNamed: (name: TableName) => ({
    name,
    def: { kind: kinds[name] },
    keyText: (values: readonly SqlValue[]) => `${name}|${values.map((value) => `${value}\0`).join('')}`,
  }),
} as unknown as Schema;

const op = {
  args: {},
  at: 0,
  device: 'd'.repeat(64) as DeviceId,
  id: '0190b6d5-0000-7000-8000-000000000001' as OpId,
  prev: 'a'.repeat(64) as OpHash,
  scope: 'hq' as Scope,
  seq: 7,
  verb: 'a.b@1' as VerbRef,
};
const record: OpRecord = { op, hash: '' as OpHash, keyId: 'c'.repeat(64) as KeyId, bytes: new Uint8Array(0) };
const chain: Undo = ['chain', op.device, op.seq - 1, op.prev, record.keyId];

const column: fc.Arbitrary<SqlValue> = fc.constantFrom<SqlValue>(op.id, op.device, '', 'x', '1', 1, -2);
const key = fc.array(column, { minLength: 1, maxLength: 3 });
const read = fc.record({ way: fc.constantFrom<Way>('r', 'l'), table: fc.constantFrom('rows', 'facts'), key });
const change: fc.Arbitrary<Undo> = fc.oneof(
  key.map((one): Undo => ['put', 'rows', one]),
  fc.tuple(key, fc.integer()).map(([one, delta]): Undo => ['add', 'sums', one, [delta]]),
  fc.tuple(key, fc.integer(), fc.integer()).map(([one, ...deltas]): Undo => ['add', 'pairs', one, deltas]),
  fc.tuple(key, fc.oneof(fc.constant<0>(0), fc.array(column))).map(([one, was]): Undo => ['write', 'facts', one, was]),
);

/** Steps of each key of a table in their order. */
function byKey(undo: readonly Undo[]): Map<string, Undo[]> {
  const steps = new Map<string, Undo[]>();
  for (const step of undo) {
    const name = JSON.stringify(step[0] === 'chain' ? 'chain' : step.slice(1, 3));
    steps.set(name, [...(steps.get(name) ?? []), step]);
  }
  return steps;
}

it.each([true, false])('reads back what an op touched and how it is taken back: it took effect %s', (isApplied) => {
  const start = new Course();
  fc.assert(
    fc.property(fc.array(read, { maxLength: 4 }), fc.array(change, { maxLength: 6 }), (reads, changes) => {
      const recorder = new TouchRecorder(op, start);
      for (const { way, table, key: one } of reads) recorder.note(way, table, one);
      for (const step of changes)
        if (step[0] !== 'chain') recorder.note(step[0] === 'add' ? 'a' : 'w', step[1], step[2]);
      // What an op without effect had tried is touched, and not there to be taken back.
      const undo = [chain, ...(isApplied ? changes : changes.slice(0, 1))];
      const row = encodeTailRow(record, recorder, undo, isApplied);
      expect(byKey(decodeUndo(record, row, schema))).toEqual(byKey(undo));
      const [found, said] = [decodeTouch(record, row, schema), touchOf(record, recorder, schema)];
      for (const kind of ['reads', 'writes', 'adds'] as const)
        expect([...found[kind]].sort()).toEqual([...said[kind]].sort());
      expect(found.all).toBe(said.all);
    }),
    { numRuns: 500, seed: 1 },
  );
  expect(start.size).toBeGreaterThan(50);
});

it('ops that touch alike share one course, and so one text', () => {
  const start = new Course();
  const outlines = [1, 2].map((line) => {
    const recorder = new TouchRecorder(op, start);
    recorder.note('r', 'products', ['tea']);
    recorder.note('w', 'rows', [op.id, line]);
    return recorder.course;
  });
  expect(outlines[0]).toBe(outlines[1]);
  expect(start.size).toBe(3);
});
