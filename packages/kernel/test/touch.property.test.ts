// The index of what ops touched against a plain reading of the rule, on keys that meet often.
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { rangeOf, type Touch } from '../src/touch.ts';
import { TouchIndex } from '../src/touch-index.ts';

/** As `CompiledTable.keyText` writes them, and the places of chains. Some texts look like the columns of others. */
const column = fc.oneof(
  fc.integer({ min: -2, max: 2 }).map((value) => `${value}\0`),
  fc.constantFrom('', 'a', '1:a,', 'b;', '|').map((value) => `${value}\0`),
);
const columns = fc.array(column, { minLength: 1, maxLength: 3 });
const table = fc.constantFrom('a|', 'ab|');
const key = fc.oneof(
  fc.tuple(table, columns).map(([name, values]) => name + values.join('')),
  fc.constantFrom('chains|0a1b,1;', 'chains|12,2;'),
);
const range = fc
  .tuple(table, columns)
  .chain(([name, values]) =>
    fc.nat({ max: values.length }).map((count) => rangeOf(name + values.slice(0, count).join(''))),
  );
const touch: fc.Arbitrary<Touch> = fc.record({
  reads: fc.array(fc.oneof(key, range), { maxLength: 3 }),
  writes: fc.array(key, { maxLength: 2 }),
  adds: fc.array(key, { maxLength: 2 }),
  all: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

function covers(read: string, changed: string): boolean {
  return read.endsWith('*') ? changed.startsWith(read.slice(0, -1)) : read === changed;
}

function meets(one: Touch, other: Touch): boolean {
  const changes = ({ writes, adds }: Touch): readonly string[] => [...writes, ...adds];
  const readsOf = (reader: Touch, writer: Touch): boolean =>
    reader.reads.some((read) => changes(writer).some((changed) => covers(read, changed)));
  const isWrittenTwice = one.writes.some((write) => other.writes.includes(write));
  return one.all || other.all || isWrittenTwice || readsOf(one, other) || readsOf(other, one);
}

it('finds a conflict exactly where an op of the group reads or writes what the other changes, or changes what it reads', () => {
  let conflicts = 0;
  fc.assert(
    fc.property(
      fc.array(touch, { maxLength: 40 }),
      fc.array(fc.nat({ max: 39 }), { maxLength: 4 }),
      touch,
      fc.nat({ max: 40 }),
      fc.oneof(fc.nat({ max: 40 }), fc.constant(undefined)),
      (group, gone, other, from, to) => {
        const index = new TouchIndex();
        group.forEach((one, place) => index.add(one, place));
        for (const place of gone) index.remove(place);
        const counted = group.filter(
          (_, place) => place >= from && place < (to ?? group.length) && !gone.includes(place),
        );
        const expected = counted.some((one) => meets(one, other));
        conflicts += Number(expected);
        expect(index.conflicts(other, from, to)).toBe(expected);
      },
    ),
    { seed: 1, numRuns: 2_000 },
  );
  expect(conflicts).toBeGreaterThan(200);
});

it('finds each of thirty thousand keys again, and no other', () => {
  const count = 30_000;
  const index = new TouchIndex();
  const keyOf = (place: number): string => `documents|36:0190b6d5-0000-7000-8000-${String(place).padStart(12, '0')},`;
  for (let place = 0; place < count; place++)
    index.add({ reads: [], writes: [keyOf(place)], adds: [], all: false }, place);
  const reads = (place: number): Touch => ({ reads: [keyOf(place)], writes: [], adds: [], all: false });
  let [found, strangers] = [0, 0];
  for (let place = 0; place < count; place++) {
    found += Number(index.conflicts(reads(place), place, place + 1));
    strangers += Number(index.conflicts(reads(count + place)));
  }
  expect({ found, strangers }).toEqual({ found: count, strangers: 0 });
});

it('asks no more of an op because thousands before it are gone', () => {
  const count = 3_000;
  const index = new TouchIndex();
  const touch: Touch = { reads: [], writes: [], adds: ['stock|3:tea,'], all: false };
  for (let place = 0; place < count; place++) index.add(touch, place);
  const has = vi.spyOn(Set.prototype, 'has');
  for (let place = 0; place < count - 1; place++) {
    index.remove(place);
    index.conflicts(touch);
  }
  const looked = has.mock.calls.length;
  has.mockRestore();
  expect(looked).toBeLessThan(count * 10);
});
