/**
 * Fiscal numbers: an authority gives the business a range, `hq` leases blocks of it to devices, and a document carries a number of its device's block, also
 * offline. The fold lets each number stand once, and only where it belongs.
 */
import {
  type Correction,
  defineVerb,
  type Effect,
  type OpFacts,
  refuse,
  type Verb,
  type View,
} from '@tallystick/kernel';
import { drawLease, leaseGrant, leases, leaseTables, pools } from '@tallystick/guards';
import type { FiscalLeaseArgs, FiscalNumber, FiscalRangeArgs } from './args.ts';
import { contested, type Remark } from '../remark.ts';
import { fiscalLeaseArgs, fiscalRangeArgs } from './schema.ts';
import { fiscalBlocks, fiscalSeries, fiscalUses } from './tables.ts';

const BLOCK = 50;

/** What a verb touches whose documents may carry a fiscal number. */
export const fiscalTables: readonly [...typeof leaseTables, typeof fiscalBlocks, typeof fiscalUses] = [
  ...leaseTables,
  fiscalBlocks,
  fiscalUses,
];

/** The pool of `@tallystick/guards` that blocks of a series are leased from. */
function fiscalPool(series: string): string {
  return `fiscal/${series}`;
}

/** Takes in a range of numbers: the first of a series, one that goes on where the last ended, or one after all are leased. */
export const fiscalRange: Verb<'fiscal.range', FiscalRangeArgs> = defineVerb({
  name: 'fiscal.range',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [fiscalSeries, pools],
  args: fiscalRangeArgs,
  plan: (view, op, { series, first, last }) => {
    if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
    const before = view.get(fiscalSeries, { series });
    const isUsedUp = before === undefined || before.next > before.last;
    const isFit = isUsedUp ? first > (before?.last ?? 0) : first === before.last + 1;
    if (!isFit) return refuse('retail/fiscal-range', { series, first, last: before?.last ?? 0 });
    return [
      fiscalSeries.write({ series, next: isUsedUp ? first : before.next, last }),
      pools.add({ pool: fiscalPool(series) }, { available: last - first + 1 }),
    ];
  },
});

/** Leases the next block of a series to a device. What an ended block leaves unused is never given to anybody else. */
export const fiscalLease: Verb<'fiscal.lease', FiscalLeaseArgs> = defineVerb({
  name: 'fiscal.lease',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [fiscalSeries, fiscalBlocks, pools, leases],
  args: fiscalLeaseArgs,
  plan: (view, op, { series, scope, device, untilDay, quantity = BLOCK }) => {
    const row = view.get(fiscalSeries, { series });
    const left = row === undefined ? 0 : row.last - row.next + 1;
    if (row === undefined || left < quantity) return refuse('retail/fiscal-range', { series, left, quantity });
    const granted = leaseGrant.plan(view, op, { pool: fiscalPool(series), scope, quantity, untilDay, device });
    if ('code' in granted || 'kind' in granted) return granted;
    const first = row.next;
    return [
      ...granted,
      fiscalSeries.write({ ...row, next: first + quantity }),
      fiscalBlocks.write({ block: op.id, series, first, last: first + quantity - 1, drawnIn: scope, device }),
    ];
  },
});

/**
 * Puts the number that a document carries. Contests `retail/fiscal-used`, `retail/fiscal-number` outside its block, and `retail/fiscal-block` where the block is
 * not this device's, not of this scope, or over. A number that stands by then, or belongs to somebody else, is not put: the document is there without it. One of a block that
 * is over is nobody else's, so it stands.
 */
export function useFiscalNumber(
  view: View,
  op: OpFacts,
  fiscal: FiscalNumber | undefined,
  effects: Effect[],
  remarks: Remark[],
): void {
  if (fiscal === undefined) return;
  const { series, number, block } = fiscal;
  const row = view.hq.get(fiscalBlocks, { block });
  const not = (code: string, details: Correction['details']): void =>
    void remarks.push(contested({ code, details: { series, number, block, ...details } }));
  if (row === undefined) return not('retail/fiscal-block', { reason: 'guards/no-lease' });
  if (row.series !== series || number < row.first || number > row.last)
    return not('retail/fiscal-number', { first: row.first, last: row.last });
  const used = view.get(fiscalUses, { series, number });
  if (used !== undefined) return not('retail/fiscal-used', { document: used.document });
  const drawn = drawLease(view, op, { lease: block, pool: fiscalPool(series), quantity: 1 });
  const use = fiscalUses.put({ series, number, document: op.id, device: op.device, block });
  if (!('code' in drawn)) return void effects.push(...drawn, use);
  not('retail/fiscal-block', { reason: drawn.code });
  if (row.device === op.device && row.drawnIn === op.scope) effects.push(use);
}
