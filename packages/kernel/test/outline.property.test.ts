// Outlines against the keys they stand for: what they call apart has no key in common that matters, whoever's ids and devices the keys hold.
import type { DeviceId, OpHash, OpId, OpRecord, Scope, VerbRef } from '@tallystick/oplog';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SqlValue } from '../src/driver.ts';
import { TouchRecorder, type Way } from '../src/outline.ts';
import { OutlineUnion } from '../src/outline-union.ts';
import type { Schema } from '../src/schema.ts';
import { touchOf } from '../src/tail-touch.ts';
import { TouchIndex } from '../src/touch-index.ts';

const idOf = (number: number): string => `0190b6d5-0000-7000-8000-00000000000${number}`;
const deviceOf = (number: number): string => String(number).repeat(64);

interface Touched {
  readonly record: OpRecord;
  readonly recorder: TouchRecorder;
}

/** Tables write their keys as `CompiledTable.keyText` does. */
const schema = {
  tableNamed: (name: string) => ({
    keyText: (values: readonly SqlValue[]) => `${name}|${values.map((value) => `${value}\0`).join('')}`,
  }),
} as unknown as Schema;

const column: fc.Arbitrary<SqlValue> = fc.oneof(
  fc.nat({ max: 3 }).map(idOf),
  fc.nat({ max: 2 }).map(deviceOf),
  fc.constantFrom('a', 1),
);
const note = fc.record({
  way: fc.constantFrom<Way>('r', 'l', 'w', 'a'),
  table: fc.constantFrom('a', 'ab'),
  columns: fc.array(column, { minLength: 2, maxLength: 2 }),
  listed: fc.nat({ max: 2 }),
});
const touched: fc.Arbitrary<Touched> = fc
  .record({
    id: fc.nat({ max: 3 }).map(idOf),
    device: fc.nat({ max: 2 }).map(deviceOf),
    seq: fc.integer({ min: 1, max: 4 }),
    notes: fc.array(note, { maxLength: 4 }),
    all: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  })
  .map(({ id, device, seq, notes, all }) => {
    const op = {
      args: {},
      at: 0,
      device: device as DeviceId,
      id: id as OpId,
      scope: 'hq' as Scope,
      seq,
      verb: 'a.b@1' as VerbRef,
    };
    const recorder = new TouchRecorder(op);
    recorder.all = all;
    for (const { way, table, columns, listed } of notes)
      recorder.note(way, table, way === 'l' ? columns.slice(0, listed) : columns);
    const record = { op, hash: '' as OpHash, keyId: '' as OpRecord['keyId'], bytes: new Uint8Array(0) };
    return { record, recorder };
  });

function indexOf(group: readonly Touched[]): TouchIndex {
  const index = new TouchIndex();
  group.forEach(({ record, recorder }, place) => index.add(touchOf(record, recorder, schema), place));
  return index;
}

it('what is apart by outline is apart by key', () => {
  let apart = 0;
  fc.assert(
    fc.property(fc.array(touched, { maxLength: 4 }), touched, (group, other) => {
      const union = new OutlineUnion();
      for (const one of group) union.add(one.record, one.recorder.outline);
      // The chain of one device is held against its places: see tail-conflicts.property.test.ts.
      const others = group.filter(({ record }) => record.op.device !== other.record.op.device);
      if (!union.isApart(other.record, other.recorder.outline, false)) return;
      apart += 1;
      expect(indexOf(others).conflicts(touchOf(other.record, other.recorder, schema))).toBe(false);
    }),
    { numRuns: 5_000, seed: 1 },
  );
  expect(apart).toBeGreaterThan(500);
});

it.each([
  ['two sales of two devices', 'sales', 'sales', true],
  ['a row and one of another table', 'sales', 'voids', true],
  ['a sale and one that looks for a sale', 'sales', undefined, false],
])('tells whether %s are apart', (_what, one, other, isApart) => {
  const [left, right] = [one, other].map((table, number) => {
    const op = { id: idOf(number), device: deviceOf(number) } as unknown as OpRecord['op'];
    const recorder = new TouchRecorder(op);
    recorder.note('r', 'products', ['tea']);
    recorder.note('r', 'counters', [op.device, 'INV']);
    if (table === undefined) recorder.note('r', 'sales', [idOf(0)]);
    else recorder.note('w', table, [op.id, 1]);
    recorder.note('a', 'stock', ['tea']);
    recorder.note('a', 'counters', [op.device, 'INV']);
    return { record: { op } as OpRecord, recorder };
  }) as [Touched, Touched];
  const union = new OutlineUnion();
  union.add(left.record, left.recorder.outline);
  expect(union.isApart(right.record, right.recorder.outline, false)).toBe(isApart);
});

it('notes once what an op reads again, and as often as it comes what it adds to', () => {
  const recorder = new TouchRecorder({ id: idOf(1) as OpId, device: deviceOf(1) as DeviceId });
  for (const way of ['r', 'l', 'a'] as const)
    for (const sku of ['tea', 'milk', 'tea']) recorder.note(way, 'stock', [sku]);
  expect(recorder.keys.map((keys) => keys.flat())).toEqual([
    ['tea', 'milk'],
    ['tea', 'milk'],
    ['tea', 'milk', 'tea'],
  ]);
});

it.each([3, 40, 5_000])('notes each of %i keys that are read twice once, and looks at few others for it', (count) => {
  let looks = 0;
  const watched = (key: readonly string[]): readonly string[] =>
    new Proxy(key, {
      get(target, name): unknown {
        looks += 1;
        return Reflect.get(target, name);
      },
    });
  const recorder = new TouchRecorder({ id: idOf(1) as OpId, device: deviceOf(1) as DeviceId });
  for (const _time of [1, 2])
    for (let line = 0; line < count; line++) recorder.note('r', 'stock', watched(['cellar', `sku-${line}`]));
  const [noted = []] = recorder.keys;
  expect(new Set(noted.map((key) => key[1])).size).toBe(count);
  expect(noted).toHaveLength(count);
  expect(looks).toBeLessThan(count * 200);
});
