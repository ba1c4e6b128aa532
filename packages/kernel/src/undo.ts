/** How a change of rows is taken back. */
import type { SqlValue } from './driver.ts';

/** One change taken back: kind, table, key and what was there. Stored as JSON beside each pending op. */
export type Undo =
  | readonly ['add', table: string, key: readonly SqlValue[], deltas: readonly number[]]
  | readonly ['put', table: string, key: readonly SqlValue[]]
  | readonly ['write', table: string, key: readonly SqlValue[], before: readonly SqlValue[] | 0]
  | readonly ['chain', device: string, seq: number, hash: string, keyId: string];
