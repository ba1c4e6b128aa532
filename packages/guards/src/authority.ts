/**
 * Spending authority: what a person or an agent may spend is an account with a limit, kept per subject and period. A plan opens a pending transfer and
 * counts at once, so one purchase cut into small ones, or into those of two devices, comes to the same sum; approval posts it, a void or its expiry
 * gives it back. The limit is of one scope, because a scope does not know while it folds what another spent.
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
import { businessDay, deciders, refuseUnlessRole } from './author.ts';

type Text = 'text';
type Int = 'integer';

/** How long a limit counts before it begins anew, by the business day; `ever` never does. */
export type Period = 'day' | 'month' | 'year' | 'ever';

/** In `hq`: for whom a device spends. Several may spend for one, under one limit. */
export const spenders: RegisterTable<{ device: Text }, { subject: Text }> = registerTable('spenders', {
  key: { device: 'text' },
  columns: { subject: 'text' },
});

/** In `hq`: what a subject may spend in the scope `spentIn`, in minor units. */
export const spendLimits: RegisterTable<
  { subject: Text; spentIn: Text; currency: Text },
  { limitMinor: Int; period: Text }
> = registerTable('spendLimits', {
  key: { subject: 'text', spentIn: 'text', currency: 'text' },
  columns: { limitMinor: 'integer', period: 'text' },
});

/** The account: pending and posted minor units of a subject in a period, such as `2026-11-21`, `2026-11` or `ever`. */
export const spending: SumTable<{ subject: Text; currency: Text; period: Text }, 'pendingMinor' | 'postedMinor'> =
  sumTable('spending', {
    key: { subject: 'text', currency: 'text', period: 'text' },
    sums: ['pendingMinor', 'postedMinor'],
  });

/** Plans by the id of the op that made them: one an op. */
export const spendPlans: SetTable<
  { plan: Text },
  { subject: Text; currency: Text; period: Text; amountMinor: Int; untilDay: Text; device: Text }
> = setTable('spendPlans', {
  key: { plan: 'text' },
  columns: {
    subject: 'text',
    currency: 'text',
    period: 'text',
    amountMinor: 'integer',
    untilDay: 'text',
    device: 'text',
  },
});

/** How plans ended: `posted`, `voided` or `expired`, by the device `by`. A plan without a row here is pending. */
export const spendEnds: SetTable<{ plan: Text }, { state: Text; by: Text }> = setTable('spendEnds', {
  key: { plan: 'text' },
  columns: { state: 'text', by: 'text' },
});

/** What a verb that plans, posts or voids must list among its tables. */
export const authorityTables: readonly [
  typeof spenders,
  typeof spendLimits,
  typeof spending,
  typeof spendPlans,
  typeof spendEnds,
] = [spenders, spendLimits, spending, spendPlans, spendEnds];

export interface Plan {
  readonly currency: string;
  /** At least 1. */
  readonly amountMinor: number;
  /** The last business day, `YYYY-MM-DD`, on which it may not expire. */
  readonly untilDay: string;
}

type PlanRow = RowOf<(typeof spendPlans)['key'] & (typeof spendPlans)['columns']>;

/**
 * Opens a pending transfer under the id of the op, or says why not: `guards/quantity`, `guards/no-authority`, `guards/no-day`, `guards/over-limit`.
 * Call it once in a plan, with the whole amount: a second plan of the same op is refused as `kernel/duplicate-id`.
 */
export function planSpending(view: View, op: OpFacts, plan: Plan): readonly Effect[] | Refusal {
  const row = judgePlan(view, op, plan);
  if ('code' in row) return row;
  const { subject, currency, period, amountMinor } = row;
  return [spending.add({ subject, currency, period }, { pendingMinor: amountMinor }), spendPlans.put(row)];
}

/**
 * Posts what a device spends at once, such as an order that binds or cash that leaves: nobody approves it, and nothing gives it back. No effects for a device that
 * spends for nobody, whom nothing limits, but an agent's: that has no authority but what it was given (`guards/no-authority`). Refuses as `planSpending` does, and is called once in a plan like it.
 */
export function spendAtOnce(
  view: View,
  op: OpFacts,
  spent: Pick<Plan, 'currency' | 'amountMinor'>,
): readonly Effect[] | Refusal {
  const subject = view.hq.get(spenders, { device: op.device })?.subject ?? '';
  if (subject === '' && view.author.role === 'agent')
    return refuse('guards/no-authority', { subject, currency: spent.currency });
  if (subject === '' || spent.amountMinor === 0) return [];
  const row = judgePlan(view, op, { ...spent, untilDay: businessDay(view) });
  if ('code' in row) return row;
  const { plan, currency, period, amountMinor } = row;
  return [
    spending.add({ subject, currency, period }, { postedMinor: amountMinor }),
    spendPlans.put(row),
    spendEnds.put({ plan, state: 'posted', by: op.device }),
  ];
}

function judgePlan(view: View, op: OpFacts, { currency, amountMinor, untilDay }: Plan): PlanRow | Refusal {
  if (!Number.isSafeInteger(amountMinor) || amountMinor < 1) return refuse('guards/quantity', { amountMinor });
  const subject = view.hq.get(spenders, { device: op.device })?.subject ?? '';
  const limit = view.hq.get(spendLimits, { subject, spentIn: op.scope, currency });
  if (limit === undefined) return refuse('guards/no-authority', { subject, currency });
  const period = periodOf(limit.period, view);
  if (period === '') return refuse('guards/no-day');
  const { pendingMinor, postedMinor } = view.sum(spending, { subject, currency, period });
  const leftMinor = limit.limitMinor - pendingMinor - postedMinor;
  if (amountMinor > leftMinor) return refuse('guards/over-limit', { subject, period, amountMinor, leftMinor });
  return { plan: op.id, subject, currency, period, amountMinor, untilDay, device: op.device };
}

/** Approves a plan: `guards/no-plan`, `guards/plan-settled`, `guards/role`, or `guards/own-plan` by whoever spends for its subject. */
export function postSpending(view: View, op: OpFacts, plan: string): readonly Effect[] | Refusal {
  const row = pendingPlan(view, plan);
  if ('code' in row) return row;
  const refusal = refuseUnlessRole(view, deciders);
  if (refusal !== undefined) return refusal;
  return isOwn(view, op, row) ? refuse('guards/own-plan', { plan }) : settle(op, row, 'posted');
}

/** Takes a plan back: by whoever spends for its subject, or an owner or manager. */
export function voidSpending(view: View, op: OpFacts, plan: string): readonly Effect[] | Refusal {
  const row = pendingPlan(view, plan);
  if ('code' in row) return row;
  return (isOwn(view, op, row) ? undefined : refuseUnlessRole(view, deciders)) ?? settle(op, row, 'voided');
}

/** Ends a plan that nobody approved, by anybody, once its day is over: `guards/plan-running` before. */
export function expireSpending(view: View, op: OpFacts, plan: string): readonly Effect[] | Refusal {
  const row = pendingPlan(view, plan);
  if ('code' in row) return row;
  const day = businessDay(view);
  if (day <= row.untilDay) return refuse('guards/plan-running', { plan, untilDay: row.untilDay, day });
  return settle(op, row, 'expired');
}

/** By business days and not by what the op says of its day. A limit begins anew when a day is opened, by whoever may open one: see docs/guards.md. */
function periodOf(period: string, view: View): string {
  if (period === 'ever') return period;
  const units = period === 'day' ? 10 : period === 'month' ? 7 : 4;
  return businessDay(view).slice(0, units);
}

function pendingPlan(view: View, plan: string): PlanRow | Refusal {
  const row = view.get(spendPlans, { plan });
  if (row === undefined) return refuse('guards/no-plan', { plan });
  const end = view.get(spendEnds, { plan });
  return end === undefined ? row : refuse('guards/plan-settled', { plan, state: end.state });
}

function isOwn(view: View, { device }: OpFacts, row: PlanRow): boolean {
  return row.device === device || view.hq.get(spenders, { device })?.subject === row.subject;
}

function settle({ device: by }: OpFacts, row: PlanRow, state: 'posted' | 'voided' | 'expired'): readonly Effect[] {
  const { plan, subject, currency, period, amountMinor } = row;
  const posted = state === 'posted' ? { postedMinor: amountMinor } : {};
  return [
    spending.add({ subject, currency, period }, { pendingMinor: -amountMinor, ...posted }),
    spendEnds.put({ plan, state, by }),
  ];
}
