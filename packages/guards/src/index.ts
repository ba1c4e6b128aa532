/** Guards: what an integrator's verbs ask before they act, held by every kernel on fold (DESIGN section 6). */
export { businessDay, refuseUnlessRole } from './author.ts';
export { refuseUnlessThere } from './identity.ts';
export { dispatch, ownerOf, ownership, ownershipTables, owners, refuseUnlessOwner } from './ownership.ts';
export {
  authorityTables,
  expireSpending,
  type Period,
  type Plan,
  planSpending,
  postSpending,
  spendAtOnce,
  spendEnds,
  spenders,
  spending,
  spendLimits,
  spendPlans,
  voidSpending,
} from './authority.ts';
export {
  authorityVerbs,
  type PlanArgs,
  spenderSet,
  type SpenderSetArgs,
  spendExpire,
  spendLimit,
  type SpendLimitArgs,
  spendPlan,
  spendPost,
  spendVoid,
} from './authority-verbs.ts';
export {
  handoffAccept,
  type HandoffAcceptArgs,
  handoffCancel,
  type HandoffCancelArgs,
  handoffMove,
  type HandoffMoveArgs,
  handoffOffer,
  type HandoffOfferArgs,
  ownershipVerbs,
  workDispatch,
  type WorkDispatchArgs,
} from './handoff.ts';
export { type Draw, drawLease, leaseDraws, leaseEnds, leases, leaseTables, pools } from './lease.ts';
export { type LeaseFault, leaseFaults, leaseReturnsDue } from './lease-books.ts';
export {
  leaseExpire,
  type LeaseExpireArgs,
  leaseGrant,
  type LeaseGrantArgs,
  leaseReturn,
  type LeaseReturnArgs,
  leaseVerbs,
  poolFill,
  type PoolFillArgs,
} from './lease-verbs.ts';
export {
  refuseUnlessRules,
  ruleDrop,
  type RuleDropArgs,
  type RuleFacts,
  ruleNames,
  rules,
  ruleSet,
  type RuleSetArgs,
  ruleTables,
  ruleVerbs,
} from './rule.ts';
export type { RuleFailure } from './rule-ast.ts';
export { ruleFault } from './rule-memo.ts';
export { type Replayable, type RuleTrial, tryRule, type TryRuleOptions, type WouldRefuse } from './try-rule.ts';
export { guardVerbs } from './verbs.ts';
