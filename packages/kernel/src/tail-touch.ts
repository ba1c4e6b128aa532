// What a pending op touched, read back from what is stored beside it. It comes with the index that asks: see touch-index.ts.
import type { OpRecord } from '@tallystick/oplog';
import type { Schema } from './schema.ts';
import { decodeUndo, OWN_DEVICE, type StoredTouch, type TailRow, withChain } from './tail-row.ts';
import type { Touch } from './touch.ts';

export function decodeTouch(record: OpRecord, row: TailRow, schema: Schema): Touch {
  const { reads: stored, writes, adds, all = false } = JSON.parse(row.touch) as StoredTouch;
  const reads = stored.map((read) => read.replaceAll(OWN_DEVICE, record.op.device));
  if (writes !== undefined && adds !== undefined) return withChain(record, { reads, writes: [...writes], adds, all });
  const touched = { reads, writes: [] as string[], adds: [] as string[], all };
  for (const step of decodeUndo(record, row.undo)) {
    if (step[0] === 'chain') continue;
    (step[0] === 'add' ? touched.adds : touched.writes).push(schema.tableNamed(step[1]).keyText(step[2]));
  }
  return withChain(record, touched);
}
