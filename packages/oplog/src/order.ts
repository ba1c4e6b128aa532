// The order of the pending tail and the union of logs. docs/spec/op.md, "Order".
import type { OpHash } from './brands.ts';
import type { OpRecord } from './record.ts';

/** Every op once, by hash; of two copies the first wins. */
export function unionRecords(...lists: readonly (readonly OpRecord[])[]): OpRecord[] {
  const recordsByHash = new Map<OpHash, OpRecord>();
  for (const list of lists) {
    for (const record of list) {
      if (!recordsByHash.has(record.hash)) recordsByHash.set(record.hash, record);
    }
  }
  return [...recordsByHash.values()];
}

/**
 * The tail in causal order: after `prev` and `seen.heads` as far as they are in the list, else by id, then by hash.
 * The result depends on the set of records alone; a duplicate hash is dropped.
 */
export function orderTail(records: readonly OpRecord[]): OpRecord[] {
  const ranked = unionRecords(records).sort(byId);
  // Ids are minted greater than all the author saw, so id order nearly always is a causal order already.
  if (comesAfterCauses(ranked)) return ranked;
  const rankByHash = new Map(ranked.map((record, rank) => [record.hash, rank]));
  const causes = ranked.map((record) => causesOf(record, rankByHash));
  return smallestFirst(causes).map((rank) => ranked[rank] as OpRecord);
}

/** Whether no op stands before one that it builds on. */
function comesAfterCauses(ranked: readonly OpRecord[]): boolean {
  const later = new Set<OpHash>();
  for (let rank = ranked.length - 1; rank >= 0; rank--) {
    const { hash, op } = ranked[rank] as OpRecord;
    later.add(hash);
    if (op.prev !== undefined && later.has(op.prev)) return false;
    if (op.seen?.heads?.some((head) => later.has(head)) === true) return false;
  }
  return true;
}

function byId(a: OpRecord, b: OpRecord): number {
  if (a.op.id !== b.op.id) return a.op.id < b.op.id ? -1 : 1;
  return a.hash < b.hash ? -1 : 1;
}

function causesOf({ op }: OpRecord, rankByHash: ReadonlyMap<OpHash, number>): number[] {
  const ranks = new Set<number>();
  for (const hash of [op.prev, ...(op.seen?.heads ?? [])]) {
    const rank = hash === undefined ? undefined : rankByHash.get(hash);
    if (rank !== undefined) ranks.add(rank);
  }
  return [...ranks];
}

/** Kahn's algorithm: of the ranks whose causes are all out, always the smallest. */
function smallestFirst(causes: readonly (readonly number[])[]): number[] {
  const waitingFor = causes.map((ranks) => ranks.length);
  const effects: number[][] = causes.map(() => []);
  causes.forEach((ranks, rank) => {
    for (const cause of ranks) effects[cause]?.push(rank);
  });
  const ready = createHeap();
  waitingFor.forEach((count, rank) => {
    if (count === 0) ready.push(rank);
  });
  const order: number[] = [];
  for (let rank = ready.pop(); rank !== undefined; rank = ready.pop()) {
    order.push(rank);
    for (const effect of effects[rank] as number[]) {
      const left = (waitingFor[effect] as number) - 1;
      waitingFor[effect] = left;
      if (left === 0) ready.push(effect);
    }
  }
  // Hashes cannot form a circle; records whose hashes nobody checked can, and are still not lost.
  waitingFor.forEach((count, rank) => {
    if (count > 0) order.push(rank);
  });
  return order;
}

interface Heap {
  push(value: number): void;
  pop(): number | undefined;
}

/** Binary min-heap. */
function createHeap(): Heap {
  const values: number[] = [];
  const at = (index: number): number => values[index] as number;

  function push(value: number): void {
    let index = values.push(value) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (at(parent) <= value) break;
      values[index] = at(parent);
      index = parent;
    }
    values[index] = value;
  }

  function pop(): number | undefined {
    const top = values[0];
    const value = values.pop();
    if (value === undefined || values.length === 0) return top;
    let index = 0;
    for (let child = 1; child < values.length; child = 2 * index + 1) {
      if (child + 1 < values.length && at(child + 1) < at(child)) child += 1;
      if (value <= at(child)) break;
      values[index] = at(child);
      index = child;
    }
    values[index] = value;
    return top;
  }

  return { push, pop };
}
