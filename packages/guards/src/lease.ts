/**
 * Reservation: who draws on a pool needs a lease of it, which `hq` granted for one scope, and draws within it without asking anybody. What a lease
 * leaves unused goes back to its pool by an op, after the business day that it names; whatever its holder draws later is refused. So what was drawn
 * from a pool is never more than what was put into it, whoever was offline for how long.
 */
import {
  type Effect,
  type OpFacts,
  type RegisterTable,
  refuse,
  type Refusal,
  registerTable,
  type RowOf,
  type SetTable,
  setTable,
  type SumTable,
  sumTable,
  type View,
} from '@tallystick/kernel';

type Text = 'text';
type Int = 'integer';

/** In `hq`: what of each pool is free, what is leased out, and what leases that ended had drawn. Together they are what was put in. */
export const pools: SumTable<{ pool: Text }, 'available' | 'leased' | 'drawn'> = sumTable('pools', {
  key: { pool: 'text' },
  sums: ['available', 'leased', 'drawn'],
});

/**
 * In `hq`: leases by the id of the op that granted them, each drawn in the scope `drawnIn` alone. `device` is the one holder, or '' for any device there; `state`
 * is `granted` or `returned`, and then `drawn` is what it came to.
 */
export const leases: RegisterTable<
  { lease: Text },
  { pool: Text; drawnIn: Text; device: Text; quantity: Int; untilDay: Text; state: Text; drawn: Int }
> = registerTable('leases', {
  key: { lease: 'text' },
  columns: {
    pool: 'text',
    // A column `scope` leads every table already.
    drawnIn: 'text',
    device: 'text',
    quantity: 'integer',
    untilDay: 'text',
    state: 'text',
    drawn: 'integer',
  },
});

/** In the scope of the lease: what is drawn on it. */
export const leaseDraws: SumTable<{ lease: Text }, 'drawn'> = sumTable('leaseDraws', {
  key: { lease: 'text' },
  sums: ['drawn'],
});

/** In the scope of the lease: how it ended, by the op `act`. */
export const leaseEnds: SetTable<{ lease: Text }, { drawn: Int; unused: Int; act: Text }> = setTable('leaseEnds', {
  key: { lease: 'text' },
  columns: { drawn: 'integer', unused: 'integer', act: 'text' },
});

/** What a verb that draws must list among its tables. */
export const leaseTables: readonly [typeof leases, typeof leaseDraws, typeof leaseEnds] = [
  leases,
  leaseDraws,
  leaseEnds,
];

export type Lease = RowOf<(typeof leases)['key'] & (typeof leases)['columns']>;

export interface Draw {
  /** The id of the op that granted it. */
  readonly lease: string;
  readonly pool: string;
  /** At least 1. */
  readonly quantity: number;
}

/**
 * The effects of all draws of one op, or why not: `guards/quantity`, `guards/no-lease`, `guards/other-pool`, `guards/other-scope`, `guards/not-holder`,
 * `guards/lease-ended`, `guards/overdrawn`. Call it once in a plan: the view does not show what the same op draws already.
 */
export function drawLease(view: View, op: OpFacts, draws: Draw | readonly Draw[]): readonly Effect[] | Refusal {
  const effects: Effect[] = [];
  const drawn = new Map<string, number>();
  for (const draw of [draws].flat()) {
    const before = drawn.get(draw.lease) ?? 0;
    const drawing = drawOne(view, op, draw, before);
    if ('code' in drawing) return drawing;
    drawn.set(draw.lease, before + draw.quantity);
    effects.push(drawing);
  }
  return effects;
}

/** `before`: what the op has drawn on this lease already. */
function drawOne(view: View, op: OpFacts, { lease, pool, quantity }: Draw, before: number): Effect | Refusal {
  if (!Number.isSafeInteger(quantity) || quantity < 1) return refuse('guards/quantity', { lease });
  const row = leaseHere(view, op, lease);
  if ('code' in row) return row;
  if (row.pool !== pool) return refuse('guards/other-pool', { lease, pool: row.pool });
  if (row.device !== '' && row.device !== op.device) return refuse('guards/not-holder', { lease, device: row.device });
  const left = row.quantity - view.sum(leaseDraws, { lease }).drawn - before;
  if (quantity > left) return refuse('guards/overdrawn', { lease, left });
  return leaseDraws.add({ lease }, { drawn: quantity });
}

/** A lease that runs in the scope of the op, or `guards/no-lease`, `guards/other-scope`, `guards/lease-ended`. */
export function leaseHere(view: View, op: OpFacts, lease: string): Lease | Refusal {
  const row = view.hq.get(leases, { lease });
  if (row === undefined) return refuse('guards/no-lease', { lease });
  if (row.drawnIn !== op.scope) return refuse('guards/other-scope', { lease, scope: row.drawnIn });
  // `hq` may have been told that it ended before this scope says so itself.
  const isOver = row.state !== 'granted' || view.get(leaseEnds, { lease }) !== undefined;
  return isOver ? refuse('guards/lease-ended', { lease }) : row;
}

/** In `hq`: the unused rest goes back to the pool. */
export function giveBack(row: Lease, drawn: number): readonly Effect[] {
  const { pool, quantity } = row;
  return [
    pools.add({ pool }, { available: quantity - drawn, leased: -quantity, drawn }),
    leases.write({ ...row, state: 'returned', drawn }),
  ];
}
