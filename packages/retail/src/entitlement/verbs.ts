/** The verbs about entitlements; a sale redeems them by a tender. */
import { claimRelease, claimSpend } from './claim.ts';
import { entitlementCancel, entitlementIssue, entitlementTier } from './issue.ts';

export const entitlementVerbs: readonly [
  typeof entitlementIssue,
  typeof entitlementCancel,
  typeof entitlementTier,
  typeof claimSpend,
  typeof claimRelease,
] = [entitlementIssue, entitlementCancel, entitlementTier, claimSpend, claimRelease];
