/** Goods that come back without the sale they came from: whether, as what, and how much is the owner's policy. */
import { businessDay } from '@tallystick/guards';
import { type Correction, defineVerb, type Effect, refuse, type Verb, type View } from '@tallystick/kernel';
import type { SaleRefundArgs } from '../args.ts';
import { contested, type Remark } from '../remark.ts';
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

/**
 * Judges a refund that names no sale, by the policy as of the scope's mark: `retail/open-return` with the reason is contested. What a customer had that day is counted by the
 * business day that is open, where one is: the op's own says what its author likes. True where the policy is against it.
 */
export function checkOpenReturn(
  view: View,
  { original, currency, customer, day, tenders }: SaleRefundArgs,
  totalMinor: number,
  effects: Effect[],
  remarks: Remark[],
): boolean {
  if (original !== undefined) return false;
  const policy = view.hq.get(returnPolicies, { currency });
  if (policy === undefined) return false;
  const before = remarks.length;
  const not = (details: Correction['details']): void =>
    void remarks.push(contested({ code: 'retail/open-return', details }));
  const { mostMinor } = policy;
  if (policy.allowed === 0) not({ reason: 'not-allowed' });
  else if (policy.refundTo === 'account' && tenders.some(({ kind }) => kind !== 'account'))
    not({ reason: 'only-account' });
  const isBounded = mostMinor < Number.MAX_SAFE_INTEGER;
  if (customer === undefined) {
    if (isBounded || policy.refundTo === 'account') not({ reason: 'no-customer' });
    return remarks.length > before;
  }
  const openDay = businessDay(view);
  const key = { customer, currency, day: openDay === '' ? day : openDay };
  const beforeMinor = view.sum(openReturns, key).amountMinor;
  if (beforeMinor + totalMinor > mostMinor) not({ reason: 'too-much', customer, beforeMinor, totalMinor, mostMinor });
  effects.push(openReturns.add(key, { amountMinor: totalMinor }));
  return remarks.length > before;
}
