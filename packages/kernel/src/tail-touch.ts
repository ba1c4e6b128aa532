/** What a pending op touched as texts, read back from what is stored beside it or made of what was recorded. It comes with the index that asks. */
import type { OpRecord } from '@tallystick/oplog';
import { isRead, labelsOf, TouchRecorder, type Way } from './outline.ts';
import type { Schema } from './schema.ts';
import { decodeUndo, fullKey, type StoredPart, type TailRow } from './tail-row.ts';
import { rangeOf, type Touch } from './touch.ts';

export function decodeTouch(record: OpRecord, row: TailRow, schema: Schema): Touch {
  const [outline, touched] = row;
  const parts = JSON.parse(touched) as StoredPart[];
  const labels = labelsOf(outline);
  const recorder = new TouchRecorder(record.op);
  recorder.all = outline.startsWith('!');
  const isApplied = parts.length === labels.length;
  labels.forEach((label, index) => {
    if (!isApplied || isRead(label))
      for (const key of parts[index] as StoredPart)
        recorder.note(label[0] as Way, label.slice(2), fullKey(label, record, key));
  });
  if (isApplied)
    for (const step of decodeUndo(record, row, schema))
      if (step[0] !== 'chain') recorder.note(step[0] === 'add' ? 'a' : 'w', step[1], step[2]);
  return touchOf(record, recorder, schema);
}

/** What was recorded as texts, and the place in its chain, which every op reads and takes. */
export function touchOf({ op }: OpRecord, { course, keys, all }: TouchRecorder, schema: Schema): Touch {
  const texts = { r: [chainKey(op.device, op.seq - 1)], l: [], w: [chainKey(op.device, op.seq)], a: [] } as Record<
    Way,
    string[]
  >;
  for (const [label, place] of course.places) {
    const table = schema.tableNamed(label.slice(2));
    for (const key of keys[place] as (typeof keys)[number]) texts[label[0] as Way].push(table.keyText(key, key.length));
  }
  return { reads: [...texts.r, ...texts.l.map(rangeOf)], writes: texts.w, adds: texts.a, all };
}

function chainKey(device: string, seq: number): string {
  return `chains|${device},${seq};`;
}
