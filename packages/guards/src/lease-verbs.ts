/** The life of a lease: the pool is filled, the lease granted in `hq`, ended in its scope, and its rest taken back in `hq`. */
import { defineVerb, refuse, type Verb } from '@tallystick/kernel';
import { actors, businessDay, deciders, refuseUnlessHq } from './author.ts';
import { giveBack, leaseDraws, leaseEnds, leaseHere, leases, leaseTables, pools } from './lease.ts';
import { leaseExpireArgs, leaseGrantArgs, leaseReturnArgs, poolFillArgs } from './schema.ts';

export interface PoolFillArgs {
  readonly pool: string;
  /** Units of the pool; less than 0 takes out what is free. */
  readonly quantity: number;
}
export interface LeaseGrantArgs {
  readonly pool: string;
  /** The one scope where it may be drawn. */
  readonly scope: string;
  readonly quantity: number;
  /** The last business day, `YYYY-MM-DD`, on which nobody may end it but its holder. */
  readonly untilDay: string;
  /** The one device that may draw; any device of the scope when left out. With one, no draw that it accepted is ever too much. */
  readonly device?: string;
}
export interface LeaseExpireArgs {
  /** The id of the op that granted it. */
  readonly lease: string;
}
export interface LeaseReturnArgs {
  readonly lease: string;
  /** As the row of `leaseEnds` in the lease's scope says. */
  readonly drawn: number;
  /** Hash of the op that ended it there. */
  readonly act: string;
}

export const poolFill: Verb<'pool.fill', PoolFillArgs> = defineVerb({
  name: 'pool.fill',
  version: 1,
  roles: deciders,
  tables: [pools],
  args: poolFillArgs,
  plan: (view, op, { pool, quantity }) => {
    const refusal = refuseUnlessHq(op.scope);
    if (refusal !== undefined) return refusal;
    const { available } = view.sum(pools, { pool });
    if (available + quantity < 0) return refuse('guards/pool-short', { pool, available });
    return [pools.add({ pool }, { available: quantity })];
  },
});

export const leaseGrant: Verb<'lease.grant', LeaseGrantArgs> = defineVerb({
  name: 'lease.grant',
  version: 1,
  roles: deciders,
  tables: [pools, leases],
  args: leaseGrantArgs,
  plan: (view, op, { pool, scope: drawnIn, quantity, untilDay, device = '' }) => {
    const refusal = refuseUnlessHq(op.scope);
    if (refusal !== undefined) return refusal;
    const { available } = view.sum(pools, { pool });
    if (quantity > available) return refuse('guards/pool-short', { pool, available });
    return [
      pools.add({ pool }, { available: -quantity, leased: quantity }),
      leases.write({ lease: op.id, pool, drawnIn, device, quantity, untilDay, state: 'granted', drawn: 0 }),
    ];
  },
});

/**
 * Ends a lease in its scope: anybody once the business day that it names is over, its holder whenever it has no more use for it. A lease of `hq`
 * itself gives its rest back at once.
 */
export const leaseExpire: Verb<'lease.expire', LeaseExpireArgs> = defineVerb({
  name: 'lease.expire',
  version: 1,
  roles: actors,
  tables: [...leaseTables, pools],
  args: leaseExpireArgs,
  plan: (view, op, { lease }) => {
    const row = leaseHere(view, op, lease);
    if ('code' in row) return row;
    const day = businessDay(view);
    if (day <= row.untilDay && op.device !== row.device)
      return refuse('guards/lease-running', { lease, untilDay: row.untilDay, day });
    const { drawn } = view.sum(leaseDraws, { lease });
    const end = leaseEnds.put({ lease, drawn, unused: row.quantity - drawn, act: op.hash });
    return op.scope === 'hq' ? [end, ...giveBack(row, drawn)] : [end];
  },
});

/** Takes back into the pool what a lease of another scope left, as its end there says: see `leaseReturnsDue`. */
export const leaseReturn: Verb<'lease.return', LeaseReturnArgs> = defineVerb({
  name: 'lease.return',
  version: 1,
  roles: deciders,
  tables: [pools, leases],
  args: leaseReturnArgs,
  plan: (view, op, { lease, drawn }) => {
    const refusal = refuseUnlessHq(op.scope);
    if (refusal !== undefined) return refusal;
    const row = view.get(leases, { lease });
    if (row === undefined) return refuse('guards/no-lease', { lease });
    if (row.drawnIn === 'hq') return refuse('guards/other-scope', { lease, scope: row.drawnIn });
    if (row.state !== 'granted') return refuse('guards/lease-ended', { lease });
    return drawn > row.quantity ? refuse('guards/overdrawn', { lease, left: row.quantity }) : giveBack(row, drawn);
  },
});

/** What a book passes to `openBook` beside the verbs of its domain. */
export const leaseVerbs: readonly [typeof poolFill, typeof leaseGrant, typeof leaseExpire, typeof leaseReturn] = [
  poolFill,
  leaseGrant,
  leaseExpire,
  leaseReturn,
];
