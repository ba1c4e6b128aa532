/** Leases of other scopes as `hq` should hear of them, and as it heard of them: asked of a book that has those scopes. */
// oxlint-disable @tallystick/no-async -- asked of a book, not in a fold
import type { Book } from '@tallystick/kernel';
import type { OpHash } from '@tallystick/oplog';
import type { LeaseReturnArgs } from './lease-verbs.ts';

export interface LeaseFault {
  readonly lease: string;
  readonly pool: string;
  /** What `hq` was told that it came to. */
  readonly returnedDrawn: number;
  /** What its scope drew: more, or less, or on after the return. */
  readonly scopeDrawn: number;
}

/**
 * What is to be told to `hq` by `lease.return`: ends of leases that are settled here. Before that another draw may still come to stand before
 * the end, and the rest would be another.
 */
export async function leaseReturnsDue(book: Pick<Book, 'query' | 'stage'>): Promise<readonly LeaseReturnArgs[]> {
  const ends = book.query<LeaseReturnArgs>(
    `SELECT e.lease, e.drawn, e.act FROM leases l JOIN leaseEnds e ON e.scope = l.drawnIn AND e.lease = l.lease
      WHERE l.scope = 'hq' AND l.state = 'granted' AND l.drawnIn <> 'hq' ORDER BY e.lease`,
  );
  const due: LeaseReturnArgs[] = [];
  for (const end of ends) if ((await book.stage(end.act as OpHash)) === 'settled') due.push({ ...end });
  return due;
}

/**
 * Leases whose return in `hq` does not say what their scope came to; empty for honest books. One scope cannot read another while it folds, so a
 * return is believed, and found out where both are.
 */
export function leaseFaults(book: Pick<Book, 'query'>): readonly LeaseFault[] {
  return book.query<LeaseFault>(
    `SELECT l.lease, l.pool, l.drawn AS returnedDrawn, coalesce(d.drawn, 0) AS scopeDrawn
       FROM leases l LEFT JOIN leaseDraws d ON d.scope = l.drawnIn AND d.lease = l.lease
      WHERE l.scope = 'hq' AND l.state = 'returned' AND coalesce(d.drawn, 0) <> l.drawn ORDER BY l.lease`,
  );
}
