/** What a pending op touched as texts, read back from what is stored beside it or made of what was recorded. It comes with the index that asks. */
import type { OpRecord } from '@tallystick/oplog';
import type { SqlValue } from './driver.ts';
import { isRead, labelsOf, TouchRecorder, type Way } from './outline.ts';
import type { Schema } from './schema.ts';
import { decodeUndo, type TailRow } from './tail-row.ts';
import { rangeOf, type Touch } from './touch.ts';

export function decodeTouch(record: OpRecord, [outline, touch, undo]: TailRow, schema: Schema): Touch {
  const stored = JSON.parse(touch) as SqlValue[][][];
  const labels = labelsOf(outline);
  const recorder = new TouchRecorder(record.op);
  recorder.all = outline.startsWith('!');
  const told = stored.length === labels.length ? labels : labels.filter(isRead);
  told.forEach((label, index) => {
    const own = label[1] === 'i' ? [record.op.id] : label[1] === 'd' ? [record.op.device] : [];
    for (const rest of stored[index] ?? []) recorder.note(label[0] as Way, label.slice(2), [...own, ...rest]);
  });
  for (const step of decodeUndo(record, undo))
    if (step[0] !== 'chain') recorder.note(step[0] === 'add' ? 'a' : 'w', step[1], step[2]);
  return touchOf(record, recorder, schema);
}

/** What was recorded as texts, and the place in its chain, which every op reads and takes. */
export function touchOf({ op }: OpRecord, { keysByLabel, all }: TouchRecorder, schema: Schema): Touch {
  const texts = { r: [chainKey(op.device, op.seq - 1)], l: [], w: [chainKey(op.device, op.seq)], a: [] } as Record<
    Way,
    string[]
  >;
  for (const [label, keys] of keysByLabel) {
    const table = schema.tableNamed(label.slice(2));
    for (const key of keys) texts[label[0] as Way].push(table.keyText(key, key.length));
  }
  return { reads: [...texts.r, ...texts.l.map(rangeOf)], writes: texts.w, adds: texts.a, all };
}

function chainKey(device: string, seq: number): string {
  return `chains|${device},${seq};`;
}
