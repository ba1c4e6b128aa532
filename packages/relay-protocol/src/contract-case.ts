// What the cases of the contract of relay stores stand on: a case, the store that it is run with, and batches of real records with made-up roots.
import type { BookId, MaybePromise, OpRecord, RootHash, Scope } from '@tallystick/oplog';
import type { ContractBook } from './contract-book.ts';
import type { Batch, ChainState, PageLimits, RelayStore } from './store.ts';

export interface Case {
  readonly name: string;
  readonly needsReopen?: boolean;
  run(bench: Bench): Promise<void>;
}

export interface Bench {
  readonly store: RelayStore;
  readonly reopen: () => MaybePromise<RelayStore>;
  readonly fleet: ContractBook;
  readonly name: string;
}

export function batchOf(
  book: BookId,
  scope: Scope,
  from: number,
  records: readonly OpRecord[],
  more: Partial<Batch> = {},
): Batch {
  const chains = new Map<OpRecord['op']['device'], ChainState>();
  for (const { op, hash } of records) chains.set(op.device, { seq: op.seq, hash, forks: 0, late: 0 });
  const size = from + records.length;
  return {
    book,
    scope,
    from,
    entries: records.map(({ op, hash, bytes }) => ({ hash, device: op.device, seq: op.seq, bytes })),
    state: { size, frontier: ['ab'.repeat(32), 'cd'.repeat(32)], root: rootOf(size) },
    chains,
    tiles: [],
    enrolments: [],
    claims: [],
    ...more,
  };
}

export function rootOf(size: number): RootHash {
  return size.toString(16).padStart(64, '0') as RootHash;
}

/** Room for every op of a case. */
export const all: PageLimits = { maxOps: 1000, maxBytes: 1 << 20 };

/** Buffers and Uint8Arrays compare alike. */
export function plain(bytes: Uint8Array): number[] {
  return [...bytes];
}

export function bytesOf({ bytes }: OpRecord): number[] {
  return plain(bytes);
}
