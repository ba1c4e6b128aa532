/** Goods that come back without the sale they came from: whether, as what, and how much is the owner's policy. */
import { defineVerb, type Effect, type Refusal, refuse, type Verb, type View } from '@tallystick/kernel';
import type { SaleRefundArgs } from '../args.ts';
import type { ReturnsPolicyArgs } from './customer-args.ts';
import { returnsPolicyArgs } from './customer-schema.ts';
import { openReturns, returnPolicies } from './customer-tables.ts';

/** What a refund touches for the policy. */
export const returnTables: readonly [typeof returnPolicies, typeof openReturns] = [returnPolicies, openReturns];

/** Sets the policy for refunds in a currency that name no sale. Without one everything may come back. */
export const returnsPolicy: Verb<'returns.policy', ReturnsPolicyArgs> = defineVerb({
  name: 'returns.policy',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [returnPolicies],
  args: returnsPolicyArgs,
  plan: (_view, op, { mostMinor = Number.MAX_SAFE_INTEGER, ...args }) => {
    if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
    return [returnPolicies.write({ ...args, mostMinor })];
  },
});

/** Judges a refund that names no sale, by the policy as of the scope's mark: `retail/open-return` with the reason. */
export function checkOpenReturn(
  view: View,
  { original, currency, customer, day, tenders }: SaleRefundArgs,
  totalMinor: number,
  effects: Effect[],
): Refusal | undefined {
  if (original !== undefined) return undefined;
  const policy = view.hq.get(returnPolicies, { currency });
  if (policy === undefined) return undefined;
  if (policy.allowed === 0) return refuse('retail/open-return', { reason: 'not-allowed' });
  if (policy.refundTo === 'account' && tenders.some(({ kind }) => kind !== 'account')) {
    return refuse('retail/open-return', { reason: 'only-account' });
  }
  const isBounded = policy.mostMinor < Number.MAX_SAFE_INTEGER;
  if (customer === undefined)
    return isBounded || policy.refundTo === 'account'
      ? refuse('retail/open-return', { reason: 'no-customer' })
      : undefined;
  const key = { customer, currency, day };
  const beforeMinor = view.sum(openReturns, key).amountMinor;
  const { mostMinor } = policy;
  if (beforeMinor + totalMinor > mostMinor) {
    return refuse('retail/open-return', { reason: 'too-much', customer, beforeMinor, totalMinor, mostMinor });
  }
  effects.push(openReturns.add(key, { amountMinor: totalMinor }));
  return undefined;
}
