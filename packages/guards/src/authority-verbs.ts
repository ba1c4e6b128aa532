/** Spending authority as verbs: who spends for whom and how much, in `hq`; and the life of a plan, where it is spent. */
import { defineVerb, type Verb } from '@tallystick/kernel';
import { actors, deciders, refuseUnlessHq } from './author.ts';
import {
  authorityTables,
  expireSpending,
  type Period,
  type Plan,
  planSpending,
  postSpending,
  spenders,
  spendLimits,
  voidSpending,
} from './authority.ts';
import { planArgs, spenderSetArgs, spendLimitArgs, spendPlanArgs } from './schema.ts';

export interface SpenderSetArgs {
  readonly device: string;
  /** The person or agent it spends for; '' for nobody any more. */
  readonly subject: string;
}
export interface SpendLimitArgs {
  readonly subject: string;
  /** The one scope where it is spent. */
  readonly scope: string;
  readonly currency: string;
  readonly limitMinor: number;
  readonly period: Period;
}
export interface PlanArgs {
  /** The id of the op that made the plan. */
  readonly plan: string;
}

export const spenderSet: Verb<'spender.set', SpenderSetArgs> = defineVerb({
  name: 'spender.set',
  version: 1,
  roles: deciders,
  tables: [spenders],
  args: spenderSetArgs,
  plan: (_view, op, args) => refuseUnlessHq(op.scope) ?? [spenders.write(args)],
});

/** A limit below what is spent already takes nothing back; it lets nothing more through. */
export const spendLimit: Verb<'spend.limit', SpendLimitArgs> = defineVerb({
  name: 'spend.limit',
  version: 1,
  roles: deciders,
  tables: [spendLimits],
  args: spendLimitArgs,
  plan: (_view, op, { scope: spentIn, ...limit }) =>
    refuseUnlessHq(op.scope) ?? [spendLimits.write({ ...limit, spentIn })],
});

export const spendPlan: Verb<'spend.plan', Plan> = defineVerb({
  name: 'spend.plan',
  version: 1,
  roles: actors,
  tables: authorityTables,
  args: spendPlanArgs,
  plan: planSpending,
});

export const spendPost: Verb<'spend.post', PlanArgs> = defineVerb({
  name: 'spend.post',
  version: 1,
  roles: deciders,
  tables: authorityTables,
  args: planArgs,
  plan: (view, op, { plan }) => postSpending(view, op, plan),
});

export const spendVoid: Verb<'spend.void', PlanArgs> = defineVerb({
  name: 'spend.void',
  version: 1,
  roles: actors,
  tables: authorityTables,
  args: planArgs,
  plan: (view, op, { plan }) => voidSpending(view, op, plan),
});

export const spendExpire: Verb<'spend.expire', PlanArgs> = defineVerb({
  name: 'spend.expire',
  version: 1,
  roles: actors,
  tables: authorityTables,
  args: planArgs,
  plan: (view, op, { plan }) => expireSpending(view, op, plan),
});

/** What a book passes to `openBook` beside the verbs of its domain. */
export const authorityVerbs: readonly [
  typeof spenderSet,
  typeof spendLimit,
  typeof spendPlan,
  typeof spendPost,
  typeof spendVoid,
  typeof spendExpire,
] = [spenderSet, spendLimit, spendPlan, spendPost, spendVoid, spendExpire];
