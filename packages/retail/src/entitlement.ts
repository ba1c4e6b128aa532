/** @tallystick/retail/entitlement: gift balances, coupons, prizes and credit lines. See docs/entitlements.md. */
export { type EntitlementAlarm, type EntitlementAlarmKind, entitlementAlarms } from './entitlement/alarms.ts';
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
export {
  createDesk,
  type Desk,
  type DeskBook,
  type DeskOptions,
  type Taken,
  type TakeOptions,
} from './entitlement/desk.ts';
export {
  type EntitlementReader,
  type EvidenceCrypto,
  findDoubleClaims,
  type WalletFinding,
} from './entitlement/evidence.ts';
export { entitlementCancel, entitlementIssue, entitlementTier } from './entitlement/issue.ts';
export {
  type EntitlementBook,
  readEntitlement,
  type ReadEntitlement,
  type ShownEntitlement,
} from './entitlement/read.ts';
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
export {
  type EntitlementDraft,
  type EntitlementTerms,
  mintEntitlement,
  type MintOptions,
  parseEntitlementTerms,
} from './entitlement/terms.ts';
export { entitlementVerbs } from './entitlement/verbs.ts';
