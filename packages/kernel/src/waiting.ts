/**
 * Which pending ops wait for more of `hq` (DESIGN section 4): marks beyond what is folded of it here, and whatever builds on such a mark. They are left
 * out of the tail until it comes, so that a mark which anybody can hand over, of a size that will never be, stops nobody else. Which ones wait follows
 * from the pending ops and the size of `hq` alone.
 */
import { type OpHash, type OpRecord, orderTail } from '@tallystick/oplog';
import { hqMark } from './builtin.ts';
import type { HqReader } from './hq-prefix.ts';

export interface Parted {
  /** In causal order. */
  readonly ready: readonly OpRecord[];
  readonly waiting: readonly OpRecord[];
}

/** Parts pending ops; what builds on none of them stands in the tail or in the settled prefix already. */
export function partWaiting(pending: readonly OpRecord[], hq: HqReader | undefined): Parted {
  const ordered = orderTail(pending);
  if (hq === undefined || !ordered.some((record) => isBeyond(record, hq))) return { ready: ordered, waiting: [] };
  const ready: OpRecord[] = [];
  const waiting: OpRecord[] = [];
  const hashes = new Set<OpHash>();
  for (const record of ordered) {
    if (!isBeyond(record, hq) && !buildsOn(record, hashes)) ready.push(record);
    else {
      waiting.push(record);
      hashes.add(record.hash);
    }
  }
  return { ready, waiting };
}

/** Whether an op continues the chain of one of these, or names one as seen. */
export function buildsOn({ op }: OpRecord, hashes: ReadonlySet<OpHash>): boolean {
  return (op.prev !== undefined && hashes.has(op.prev)) || (op.seen?.heads?.some((head) => hashes.has(head)) ?? false);
}

function isBeyond({ op }: OpRecord, hq: HqReader): boolean {
  const size = op.verb === hqMark.ref ? op.args['size'] : undefined;
  return typeof size === 'number' && size > hq.folded;
}
