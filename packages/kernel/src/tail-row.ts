/**
 * What is stored beside a pending op: what it touched and how to take it back. Whatever the op says itself is left out: in steps the id of the op stands as
 * `true` in keys and its device as `false`, keys of one table that come one after another name it once, and writes and adds follow from the steps of an op
 * that was applied. The row of a sale has to stay below a quarter of a page: SQLite puts what goes beyond on a page of its own.
 */
import type { OpRecord } from '@tallystick/oplog';
import type { SqlValue } from './driver.ts';
import { isRead, type Outline, type TouchRecorder } from './outline.ts';
import type { Undo } from './undo.ts';

type StoredKey = readonly (SqlValue | boolean)[];
/** Steps of one kind in one table: for a `put` keys, for an `add` keys and deltas in turn, for a `write` keys and what was there before, or 0. */
type StoredSteps =
  | readonly [kind: 'add' | 'put' | 'write', table: string, ...values: (StoredKey | 0)[]]
  | readonly ['chain', keyId?: string];

/** `touch`: the keys of each label of the outline, without a first column that the label tells; of an op that was applied those that it read. */
export type TailRow = readonly [outline: Outline, touch: string, undo: string];

/** `isApplied`: the op took effect, so its steps name all that it wrote. */
export function encodeTailRow(
  record: OpRecord,
  touched: TouchRecorder,
  undo: readonly Undo[],
  isApplied: boolean,
): TailRow {
  const keys: StoredKey[][] = [];
  for (const [label, touchedKeys] of touched.keysByLabel)
    if (!isApplied || isRead(label)) keys.push(touchedKeys.map((key) => (label[1] === 'k' ? key : key.slice(1))));
  return [touched.outline, JSON.stringify(keys), JSON.stringify(storedSteps(undo, record))];
}

function storedSteps(undo: readonly Undo[], record: OpRecord): StoredSteps[] {
  const stored: StoredSteps[] = [];
  let last: [kind: 'add' | 'put' | 'write', table: string, ...values: (StoredKey | 0)[]] | undefined;
  for (const step of undo) {
    if (step[0] === 'chain') {
      // The head before an op is the one that the op links to, under the key that signs the op.
      stored.push(step[2] === 0 || step[4] === record.keyId ? ['chain'] : ['chain', step[4]]);
    } else {
      if (last?.[0] !== step[0] || last[1] !== step[1]) stored.push((last = [step[0], step[1]]));
      last.push(storedKey(step[2], record));
      if (step[0] !== 'put') last.push(step[3]);
    }
  }
  return stored;
}

export function decodeUndo(record: OpRecord, undo: string): Undo[] {
  return (JSON.parse(undo) as StoredSteps[]).flatMap((steps) => stepsOf(steps, record));
}

function storedKey(key: readonly SqlValue[], { op }: OpRecord): StoredKey {
  return key.map((value) => (value === op.id ? true : value === op.device ? false : value));
}

function stepsOf(steps: StoredSteps, record: OpRecord): Undo[] {
  const { op } = record;
  // Before the first of a chain there is none, whatever the rest says.
  if (steps[0] === 'chain') return [['chain', op.device, op.seq - 1, op.prev ?? '', steps[1] ?? record.keyId]];
  const [kind, table, ...values] = steps;
  const undo: Undo[] = [];
  for (let index = 0; index < values.length; index += kind === 'put' ? 1 : 2) {
    const key = (values[index] as StoredKey).map((value) =>
      value === true ? op.id : value === false ? op.device : value,
    );
    undo.push((kind === 'put' ? [kind, table, key] : [kind, table, key, values[index + 1]]) as Undo);
  }
  return undo;
}
