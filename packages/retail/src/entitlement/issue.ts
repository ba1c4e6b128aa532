/** Entitlements come and go: `entitlement.issue`, `entitlement.cancel`, and how much of them is taken on trust, `entitlement.tier`. */
import {
  defineVerb,
  devices,
  type Effect,
  type OpFacts,
  type Outcome,
  refuse,
  type Refusal,
  type Verb,
  type View,
} from '@tallystick/kernel';
import { type EntryLine, ledgerTables, postDone } from '@tallystick/ledger';
import { retailAccounts } from '../chart.ts';
import { conclude, noted, posted, type Remark } from '../remark.ts';
import type { EntitlementCancelArgs, EntitlementIssueArgs, OfflineTierArgs } from './args.ts';
import { entitlementCancelArgs, entitlementIssueArgs, offlineTierArgs } from './schema.ts';
import {
  afterClaim,
  coveredLines,
  judgeClaim,
  lostLines,
  move,
  remainingMinor,
  reversed,
  standingOf,
} from './standing.ts';
import {
  claimOutcomes,
  claimReleases,
  entitlementCancels,
  entitlementClaims,
  entitlements,
  entitlementSpends,
  entitlementUsers,
  offlineTiers,
} from './tables.ts';

function planIssue(view: View, op: OpFacts, args: EntitlementIssueArgs): Outcome {
  const { token, kind, currency, amountMinor, day } = args;
  if (view.get(entitlements, { token }) !== undefined) return refuse('retail/issued', { token });
  const unfit = unfitToIssue(view, op, args);
  if (unfit !== undefined) return unfit;
  const { account = '', untilDay = '', goods, customer = '', holder, keyId } = args;
  const { sku = '', quantity = 0 } = goods ?? {};
  const terms = { kind, holder, currency, amountMinor, account, untilDay, sku, quantity };
  const effects: Effect[] = [entitlements.put({ token, op: op.id, device: op.device, keyId, day, customer, ...terms })];
  const lines: EntryLine[] =
    account === '' ? [] : [...move(retailAccounts.giftBalances, account, currency, amountMinor)];
  const caughtUp = coverEarlierClaims(view, { token, ...terms }, effects, lines);
  // Somebody holds it by now, so no close loses it. An account that does not bear it makes no value all the same.
  const entry = postDone(view, op, { day, memo: `${kind} ${token}`, lines });
  if ('code' in entry) return entry;
  const { contested } = entry;
  if (contested !== undefined && contested.code !== 'ledger/period-closed')
    return refuse(contested.code, contested.details);
  const remarks: Remark[] = [];
  effects.push(...posted(entry, remarks));
  if (caughtUp.claims > 0)
    remarks.push(noted({ code: 'retail/claimed-before-issue', details: { token, ...caughtUp } }));
  return conclude(effects, remarks);
}

function unfitToIssue(view: View, op: OpFacts, args: EntitlementIssueArgs): Refusal | undefined {
  const { kind, account, keyId, customer, goods } = args;
  const { role } = view.author;
  const row = view.get(devices, { device: op.device }) ?? view.hq.get(devices, { device: op.device });
  if (row?.keyId !== keyId) return refuse('retail/other-key', { keyId });
  const isOwed = kind === 'gift' || kind === 'prize';
  if (isOwed !== (account !== undefined) || account === retailAccounts.giftBalances)
    return refuse('retail/issue-account', { kind, account: account ?? '' });
  // A till turns money that it took into a balance; to give something away, or credit, takes more.
  const mayGive = role === 'owner' || role === 'manager';
  if (!mayGive && account !== retailAccounts.customerDeposits) return refuse('retail/may-not-issue', { role, kind });
  if (kind === 'credit' && customer === undefined) return refuse('retail/no-customer');
  if (goods !== undefined && kind !== 'coupon' && kind !== 'prize') return refuse('retail/issue-goods', { kind });
  return undefined;
}

/**
 * Tills that were offline may have taken the token before its issue came to stand. Those claims were lost until now; they are covered in
 * their order, as if it had been there.
 */
function coverEarlierClaims(
  view: View,
  entitlement: Parameters<typeof judgeClaim>[0] & { readonly token: string },
  effects: Effect[],
  lines: EntryLine[],
): { readonly claims: number; readonly coveredMinor: number } {
  const { token } = entitlement;
  let standing = standingOf(view, token);
  if (view.sum(entitlementSpends, { token }).claims === 0) return { claims: 0, coveredMinor: 0 };
  const claims = view.list(entitlementClaims, { token }).toSorted((left, right) => left.turn - right.turn);
  let covered = 0;
  for (const claim of claims) {
    const key = { token, redemption: claim.redemption };
    if (view.get(claimReleases, key) !== undefined) continue;
    const { coveredMinor } = judgeClaim(entitlement, standing, claim);
    if (coveredMinor === 0) continue;
    covered += 1;
    standing = afterClaim(entitlement, standing, claim, coveredMinor);
    effects.push(claimOutcomes.add(key, { coveredMinor, lostMinor: 0 - coveredMinor }));
    lines.push(...reversed(lostLines(claim, coveredMinor)), ...coveredLines(entitlement, coveredMinor));
  }
  const { spentMinor, uses, user } = standing;
  if (uses === 0 || user === undefined) return { claims: 0, coveredMinor: 0 };
  effects.push(entitlementSpends.add({ token }, { spentMinor, uses }));
  const first = claims.find(({ redemption }) => redemption === user.redemption);
  const { device, redemption, walletClaim } = user;
  effects.push(entitlementUsers.write({ token, device, redemption, wallet: first?.wallet ?? '', walletClaim }));
  return { claims: covered, coveredMinor: spentMinor };
}

/** Issues a gift balance, coupon, prize or credit line, and names its token, which so outlives the key that signed it. */
export const entitlementIssue: Verb<'entitlement.issue', EntitlementIssueArgs> = defineVerb({
  name: 'entitlement.issue',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: [
    ...ledgerTables,
    claimOutcomes,
    claimReleases,
    entitlementCancels,
    entitlementClaims,
    entitlements,
    entitlementSpends,
    entitlementUsers,
  ],
  args: entitlementIssueArgs,
  plan: planIssue,
});

/** Takes back what is left of an entitlement: claims that come after it are lost. */
export const entitlementCancel: Verb<'entitlement.cancel', EntitlementCancelArgs> = defineVerb({
  name: 'entitlement.cancel',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [...ledgerTables, entitlementCancels, entitlements, entitlementSpends, entitlementUsers],
  args: entitlementCancelArgs,
  plan: (view, op, { token, day, account, reason }) => {
    const row = view.get(entitlements, { token });
    if (row === undefined) return refuse('retail/unknown-entitlement', { token });
    // What is left would go back to where it came from, and be owed to nobody.
    if (account === retailAccounts.giftBalances) return refuse('retail/issue-account', { kind: row.kind, account });
    const standing = standingOf(view, token);
    if (standing.isCancelled) return refuse('retail/cancelled', { token });
    const leftMinor = row.account === '' ? 0 : remainingMinor(row, standing);
    const lines = move(account, retailAccounts.giftBalances, row.currency, leftMinor);
    const entry = postDone(view, op, { day, memo: `cancelled ${token}`, lines });
    if ('code' in entry) return entry;
    const remarks: Remark[] = [];
    const cancelled = entitlementCancels.put({ token, op: op.id, day, account, reason });
    return conclude([cancelled, ...posted(entry, remarks)], remarks);
  },
});

/** Sets how much of a kind may be redeemed where there is no network to claim it first. */
export const entitlementTier: Verb<'entitlement.tier', OfflineTierArgs> = defineVerb({
  name: 'entitlement.tier',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [offlineTiers],
  args: offlineTierArgs,
  plan: (view, op, { kind, currency, mostMinor }) => {
    if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
    const before = view.get(offlineTiers, { kind, currency })?.everMinor ?? 0;
    return [offlineTiers.write({ kind, currency, mostMinor, everMinor: Math.max(before, mostMinor) })];
  },
});
