/**
 * What is stored beside a pending op: what it touched and how to take it back. Whatever the op says itself is left out: the id of the op stands as
 * `true` in keys and its device as `false`, in reads as NUL, which no key has; writes and adds follow from the steps of an op that was applied. So the row of a sale stays on one page.
 */
import type { KeyId, OpHash, OpRecord } from '@tallystick/oplog';
import type { SqlValue } from './driver.ts';
import type { Undo } from './undo.ts';
import type { Touch, TouchRecorder } from './touch.ts';

type StoredKey = readonly (SqlValue | boolean)[];
type StoredStep =
  | readonly ['add', table: string, key: StoredKey, deltas: readonly number[]]
  | readonly ['put', table: string, key: StoredKey]
  | readonly ['write', table: string, key: StoredKey, before: readonly SqlValue[] | 0]
  | readonly ['chain', keyId?: string];

export interface StoredTouch {
  readonly reads: readonly string[];
  readonly writes?: readonly string[];
  readonly adds?: readonly string[];
  readonly all?: true;
}

export const OWN_DEVICE = '\0';

export interface TailRow {
  readonly touch: string;
  readonly undo: string;
}

/** `isApplied`: the op took effect, so its steps name all that it wrote. */
export function encodeTailRow(
  record: OpRecord,
  touched: TouchRecorder,
  undo: readonly Undo[],
  isApplied: boolean,
): TailRow {
  const { writes, adds, all } = touched;
  const { device } = record.op;
  const reads = [...new Set(touched.reads)].map((read) => read.replaceAll(device, OWN_DEVICE));
  const touch: StoredTouch = { reads, ...(isApplied ? {} : { writes, adds }), ...(all ? { all } : {}) };
  return { touch: JSON.stringify(touch), undo: JSON.stringify(undo.map((step) => storedStep(step, record))) };
}

export function decodeUndo(record: OpRecord, undo: string): Undo[] {
  return (JSON.parse(undo) as StoredStep[]).map((step) => stepOf(step, record));
}

/** What was recorded, and the place in its chain, which every op reads and takes. */
export function withChain(
  { op }: OpRecord,
  touched: { reads: string[]; writes: string[]; adds: readonly string[]; all: boolean },
): Touch {
  touched.reads.push(chainKey(op.device, op.seq - 1));
  touched.writes.push(chainKey(op.device, op.seq));
  return touched;
}

function chainKey(device: string, seq: number): string {
  return `chains|${device},${seq};`;
}

function storedStep(step: Undo, record: OpRecord): StoredStep {
  // The head before an op is the one that the op links to, under the key that signs the op.
  if (step[0] === 'chain') return step[2] === 0 || step[4] === record.keyId ? ['chain'] : ['chain', step[4]];
  const key = storedKey(step[2], record);
  if (step[0] === 'put') return ['put', step[1], key];
  return step[0] === 'add' ? ['add', step[1], key, step[3]] : ['write', step[1], key, step[3]];
}

function storedKey(key: readonly SqlValue[], { op }: OpRecord): StoredKey {
  const stored: (SqlValue | boolean)[] = [];
  for (const value of key) stored.push(value === op.id ? true : value === op.device ? false : value);
  return stored;
}

function stepOf(step: StoredStep, { op, keyId }: OpRecord): Undo {
  if (step[0] === 'chain') {
    const isFirst = op.seq === 1;
    const before: { hash: OpHash | ''; keyId: string } = isFirst
      ? { hash: '', keyId: '' }
      : { hash: op.prev ?? '', keyId: (step[1] as KeyId | undefined) ?? keyId };
    return ['chain', op.device, op.seq - 1, before.hash, before.keyId];
  }
  const key = step[2].map((value) => (value === true ? op.id : value === false ? op.device : value));
  if (step[0] === 'put') return ['put', step[1], key];
  return step[0] === 'add' ? ['add', step[1], key, step[3]] : ['write', step[1], key, step[3]];
}
