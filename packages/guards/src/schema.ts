/** Shapes of the guards' verb arguments. They only accept or refuse: an op's args are recorded as given. */
import { publicText } from '@tallystick/erasure/marking';
import type { ArgsSchema } from '@tallystick/kernel';
import { parseOpId, parseScope } from '@tallystick/oplog';
import * as z from 'zod';
import type {
  HandoffAcceptArgs,
  HandoffCancelArgs,
  HandoffMoveArgs,
  HandoffOfferArgs,
  WorkDispatchArgs,
} from './handoff.ts';
import type { Plan } from './authority.ts';
import type { PlanArgs, SpenderSetArgs, SpendLimitArgs } from './authority-verbs.ts';
import type { RuleDropArgs, RuleSetArgs } from './rule.ts';
import type { LeaseExpireArgs, LeaseGrantArgs, LeaseReturnArgs, PoolFillArgs } from './lease-verbs.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
// Two names that look alike on a screen should not be two things, and SQLite's C interface ends a text at NUL.
const text = (why: string) => publicText(z.string().regex(/^[^\x00-\x1f\x7f]{1,200}$/), why);
const entity = text('a thing that is handed over');
const pool = text('what is granted out of a pool');
const spender = text('who spends: a job, a van or a cost centre, never a person');

export const workDispatchArgs: ArgsSchema<WorkDispatchArgs> = z.strictObject({ entity, to: hash });
export const handoffOfferArgs: ArgsSchema<HandoffOfferArgs> = z.strictObject({ entity, to: hash });
export const handoffAcceptArgs: ArgsSchema<HandoffAcceptArgs> = z.strictObject({ entity, offer: hash });
export const handoffCancelArgs: ArgsSchema<HandoffCancelArgs> = z.strictObject({ entity, offer: hash });
export const handoffMoveArgs: ArgsSchema<HandoffMoveArgs> = z.strictObject({
  entity,
  to: hash,
  reason: text('why staff did it'),
});

const day = z.iso.date();
const scope = publicText(
  z.string().refine((value) => parseScope(value) !== undefined),
  'a scope',
);
const opId = publicText(
  z.string().refine((value) => parseOpId(value) !== undefined),
  'an id',
);
const amount = z
  .int()
  .min(1)
  .max(2 ** 40);

export const poolFillArgs: ArgsSchema<PoolFillArgs> = z.strictObject({
  pool,
  quantity: z
    .int()
    .min(-(2 ** 40))
    .max(2 ** 40),
});
export const leaseGrantArgs: ArgsSchema<LeaseGrantArgs> = z.strictObject({
  pool,
  scope,
  quantity: amount,
  untilDay: day,
  device: hash.exactOptional(),
});
export const leaseExpireArgs: ArgsSchema<LeaseExpireArgs> = z.strictObject({ lease: opId });
export const leaseReturnArgs: ArgsSchema<LeaseReturnArgs> = z.strictObject({
  lease: opId,
  drawn: z
    .int()
    .min(0)
    .max(2 ** 40),
  act: hash,
});

const verb = z
  .string()
  .regex(/^[a-z][a-z0-9]*(\.[a-z][a-z0-9-]*)+$/)
  .max(64);
const rule = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/);

export const ruleSetArgs: ArgsSchema<RuleSetArgs> = z.strictObject({
  verb,
  rule,
  expr: publicText(z.string(), 'the expression of a rule'),
});
export const ruleDropArgs: ArgsSchema<RuleDropArgs> = z.strictObject({ verb, rule });

const currency = z.string().regex(/^[A-Z]{3}$/);

export const spenderSetArgs: ArgsSchema<SpenderSetArgs> = z.strictObject({
  device: hash,
  subject: z.union([spender, z.literal('')]),
});
export const spendLimitArgs: ArgsSchema<SpendLimitArgs> = z.strictObject({
  subject: spender,
  scope,
  currency,
  limitMinor: z
    .int()
    .min(0)
    .max(2 ** 40),
  period: z.enum(['day', 'month', 'year', 'ever']),
});
export const spendPlanArgs: ArgsSchema<Plan> = z.strictObject({ currency, amountMinor: amount, untilDay: day });
export const planArgs: ArgsSchema<PlanArgs> = z.strictObject({ plan: opId });
