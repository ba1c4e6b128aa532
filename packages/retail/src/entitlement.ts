/** @tallystick/retail/entitlement: gift balances, coupons, prizes and credit lines. See docs/entitlements.md. */
export type {
  ClaimHolder,
  ClaimReleaseArgs,
  ClaimSpendArgs,
  EntitledGoods,
  EntitlementCancelArgs,
  EntitlementIssueArgs,
  EntitlementKind,
  EntitlementTender,
  OfflineTierArgs,
} from './entitlement/args.ts';
export { claimRelease, claimSpend } from './entitlement/claim.ts';
export { entitlementCancel, entitlementIssue, entitlementTier } from './entitlement/issue.ts';
export {
  claimOutcomes,
  claimReleases,
  entitlementCancels,
  entitlementClaims,
  entitlements,
  entitlementSpends,
  entitlementUsers,
  offlineTiers,
  redemptions,
  walletClaims,
} from './entitlement/tables.ts';
export { entitlementVerbs } from './entitlement/verbs.ts';
