// What may pass a tail, against a plain reading of its keys: by outlines where they tell, and with no look at what is stored where they tell everything.
import type { DeviceId, OpHash, OpId, OpRecord, Scope, VerbRef } from '@tallystick/oplog';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import type { SqlValue } from '../src/driver.ts';
import { TouchRecorder, type Way } from '../src/outline.ts';
import type { Schema } from '../src/schema.ts';
import { TailConflicts } from '../src/tail-conflicts.ts';
import { touchOf } from '../src/tail-touch.ts';
import type { Touch } from '../src/touch.ts';
import { TouchIndex } from '../src/touch-index.ts';

/** Tables write their keys as `CompiledTable.keyText` does. */
const schema = {
  tableNamed: (name: string) => ({
    keyText: (values: readonly SqlValue[]) => `${name}|${values.map((value) => `${value}\0`).join('')}`,
  }),
} as unknown as Schema;

interface Pending {
  readonly record: OpRecord;
  readonly ordinal: number;
  readonly outline: string;
  readonly touch: Touch;
}
type Note = readonly [way: Way, table: string, key: readonly SqlValue[]];

const idOf = (ordinal: number): OpId => `0190b6d5-0000-7000-8000-${String(ordinal).padStart(12, '0')}` as OpId;

function pendingOp(ordinal: number, device: string, seq: number, notesOf: (id: string) => readonly Note[]): Pending {
  const id = idOf(ordinal);
  const op = { args: {}, at: 0, device: device as DeviceId, id, scope: 'hq' as Scope, seq, verb: 'a.b@1' as VerbRef };
  const record = { op, hash: String(ordinal) as OpHash, keyId: '' as OpRecord['keyId'], bytes: new Uint8Array(0) };
  const recorder = new TouchRecorder(op);
  for (const [way, table, key] of notesOf(id)) recorder.note(way, table, key);
  return { record, ordinal, outline: recorder.outline, touch: touchOf(record, recorder, schema) };
}

const note = fc.record({
  way: fc.constantFrom<Way>('r', 'l', 'w', 'a'),
  table: fc.constantFrom('a', 'b'),
  first: fc.constantFrom('own', 'x', 'y'),
  listed: fc.nat({ max: 1 }),
});
const tailOf = fc
  .array(fc.record({ device: fc.constantFrom('1', '2', '3'), notes: fc.array(note, { maxLength: 2 }) }), {
    minLength: 2,
    maxLength: 12,
  })
  .map((ops) => {
    const seqs = new Map<string, number>();
    return ops.map(({ device, notes }, ordinal) => {
      const seq = (seqs.get(device) ?? 0) + 1;
      seqs.set(device, seq);
      return pendingOp(ordinal, device, seq, (id) =>
        notes.map(({ way, table, first, listed }): Note => {
          const key = [first === 'own' ? id : first, 1];
          return [way, table, way === 'l' ? key.slice(0, listed) : key];
        }),
      );
    });
  });

it('an op that gets its position out of turn passes what it commutes with by its keys, and nothing else', () => {
  let [apart, met] = [0, 0];
  fc.assert(
    fc.property(tailOf, fc.infiniteStream(fc.nat({ max: 11 })), (tail, turns) => {
      const conflicts = new TailConflicts(tail, (entry) => (tail[entry.ordinal] as Pending).touch);
      const index = new TouchIndex();
      for (const { touch, ordinal } of tail) index.add(touch, ordinal);
      const gone = new Set<number>();
      let first = 0;
      for (let taken = 0; taken < tail.length; taken++) {
        const open = tail.filter(({ ordinal }) => !gone.has(ordinal));
        const one = open[(turns.next().value as number) % open.length] as Pending;
        const { record, outline, touch, ordinal: place } = one;
        if (place > first) {
          const expected = index.conflicts(touch, first, place);
          expect(conflicts.meets(record, outline, () => touch, first, place)).toBe(expected);
          if (expected) met += 1;
          else apart += 1;
          // A tail that meets is folded again, which ends this one.
          if (expected) return;
        }
        gone.add(place);
        conflicts.remove(place);
        index.remove(place);
        while (gone.has(first)) first += 1;
      }
    }),
    { numRuns: 2_000, seed: 1 },
  );
  expect(Math.min(apart, met)).toBeGreaterThan(500);
});

it('sales of two tills that get their positions in another order are told apart without a look at what is stored', () => {
  const saleOf = (device: string, ordinal: number, seq: number): Pending =>
    pendingOp(ordinal, device, seq, (id) => [
      ['r', 'products', ['tea']],
      ['r', 'counters', [device, 'INV']],
      ['w', 'documents', [id]],
      ['a', 'stock', ['tea']],
      ['a', 'counters', [device, 'INV']],
    ]);
  const count = 400;
  const tail = Array.from({ length: count }, (_, at) => saleOf(String(at % 2), at, 1 + (at >> 1)));
  const touchOfEntry = vi.fn<(entry: { readonly ordinal: number }) => Touch>(
    ({ ordinal }) => (tail[ordinal] as Pending).touch,
  );
  const conflicts = new TailConflicts(tail, touchOfEntry);
  const own = vi.fn<() => Touch>();
  // All of the one, then all of the other.
  for (let place = 1; place < count; place += 2) {
    const { record, outline } = tail[place] as Pending;
    expect(conflicts.meets(record, outline, own, 0, place)).toBe(false);
    conflicts.remove(place);
  }
  expect([touchOfEntry.mock.calls.length, own.mock.calls.length]).toEqual([0, 0]);
  // A second branch of a chain, whose op stands before it: only the keys tell.
  const fork = saleOf('0', count, 1);
  expect(conflicts.meets(fork.record, fork.outline, () => fork.touch, 0)).toBe(true);
  expect(touchOfEntry.mock.calls.length).toBeGreaterThan(0);
});
