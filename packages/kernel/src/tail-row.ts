/**
 * What is stored beside a pending op: what it touched and how to take it back. Whatever the op or its outline says is left out: labels name the tables, and of
 * the key those that begin with the op's own id or device; the head before the op is the one that it links to. An op without effect names what is left of it in
 * full. The row of a sale has to stay far below a quarter of a page: SQLite puts what goes beyond on a page of its own.
 */
import type { OpRecord } from '@tallystick/oplog';
import type { SqlValue } from './driver.ts';
import { isRead, type Label, labelOf, labelsOf, type Outline, type TouchRecorder } from './outline.ts';
import type { Schema } from './schema.ts';
import type { Undo } from './undo.ts';

/** What is left of a key, itself where it is one column. */
type StoredKey = SqlValue | readonly SqlValue[];
/** What is known beside a key: of an `add` the deltas, itself where it is one, of a `write` what was there before, or 0. */
type StoredChange = number | readonly SqlValue[];
/** Keys of one label; each with its change after it where the op took effect and adds or writes. */
export type StoredPart = readonly (StoredKey | StoredChange)[];

/** `touched`: a part for each label of the outline and, where the op took no effect, the steps that take back what is left of it. */
export type TailRow = readonly [outline: Outline, touched: string];

/** `isApplied`: the op took effect, so its steps are all that it added to and wrote. */
export function encodeTailRow(
  record: OpRecord,
  touched: TouchRecorder,
  undo: readonly Undo[],
  isApplied: boolean,
): TailRow {
  const { places } = touched.course;
  const parts: StoredPart[] = [];
  for (const label of places.keys()) {
    const keys = touched.keys[parts.length] as readonly (readonly SqlValue[])[];
    parts.push(isApplied && !isRead(label) ? [] : keys.map((key) => shortKey(label, key)));
  }
  if (!isApplied) return [touched.outline, JSON.stringify([...parts, undo])];
  for (const step of undo) {
    if (step[0] === 'chain') continue;
    const label = labelOf(step[0] === 'add' ? 'a' : 'w', step[1], step[2], record.op);
    const part = parts[places.get(label) as number] as (StoredKey | StoredChange)[];
    part.push(shortKey(label, step[2]));
    if (step[0] !== 'put') part.push(step[0] === 'add' && step[3].length === 1 ? (step[3][0] as number) : step[3]);
  }
  return [touched.outline, JSON.stringify(parts)];
}

/** Without a first column that the label tells. */
function shortKey(label: Label, key: readonly SqlValue[]): StoredKey {
  const from = label[1] === 'k' ? 0 : 1;
  return key.length === from + 1 ? (key[from] as SqlValue) : from === 0 ? key : key.slice(1);
}

export function fullKey(label: Label, { op }: OpRecord, key: unknown): SqlValue[] {
  const own: SqlValue[] = label[1] === 'i' ? [op.id] : label[1] === 'd' ? [op.device] : [];
  return own.concat(key as SqlValue);
}

/** Steps in an order in which those of one key stand as they were made. */
export function decodeUndo(record: OpRecord, [outline, touched]: TailRow, schema: Schema): Undo[] {
  const { op, keyId } = record;
  const labels = labelsOf(outline);
  const parts = JSON.parse(touched) as StoredPart[];
  if (parts.length > labels.length) return parts[labels.length] as unknown as Undo[];
  const undo: Undo[] = [['chain', op.device, op.seq - 1, op.prev ?? '', keyId]];
  labels.forEach((label, index) => {
    if (isRead(label)) return;
    const table = schema.tableNamed(label.slice(2));
    const kind = label[0] === 'a' ? 'add' : table.def.kind === 'set' ? 'put' : 'write';
    const part = parts[index] as StoredPart;
    for (let at = 0; at < part.length; at += kind === 'put' ? 1 : 2) {
      const key = fullKey(label, record, part[at]);
      const change = part[at + 1];
      undo.push(
        (kind === 'put'
          ? [kind, table.name, key]
          : [kind, table.name, key, kind === 'add' ? [change].flat() : change]) as Undo,
      );
    }
  });
  return undo;
}
