/** Claims on entitlements: `claim.spend`, of which the first in order is covered, and `claim.release`, which gives one up. */
import { defineVerb, type Effect, type OpFacts, type Outcome, refuse, type Verb, type View } from '@tallystick/kernel';
import { ledgerTables, postDone } from '@tallystick/ledger';
import { correctionAccounts, retailAccounts } from '../chart.ts';
import { conclude, noted, posted, type Remark } from '../remark.ts';
import type { ClaimReleaseArgs, ClaimSpendArgs } from './args.ts';
import { claimReleaseArgs, claimSpendArgs } from './schema.ts';
import {
  afterClaim,
  coveredLines,
  isSingle,
  judgeClaim,
  type Judged,
  lostLines,
  move,
  reversed,
  type Standing,
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
  walletClaims,
} from './tables.ts';

function planSpend(view: View, op: OpFacts, args: ClaimSpendArgs): Outcome {
  const { token, redemption, currency, amountMinor, day, loss, holder } = args;
  const key = { token, redemption };
  const before = view.get(entitlementClaims, key);
  if (before !== undefined) return refuse('retail/claim-exists', { ...key, device: before.device });
  const facts = {
    ...key,
    device: op.device,
    currency,
    amountMinor,
    day,
    loss,
    sku: args.goods?.sku ?? '',
    quantity: args.goods?.quantity ?? 0,
    wallet: holder?.device ?? '',
    walletClaim: holder?.claim ?? '',
  };
  const entitlement = view.get(entitlements, { token });
  const standing = standingOf(view, token);
  const judged: Judged =
    entitlement === undefined
      ? { coveredMinor: 0, code: 'retail/not-issued' }
      : judgeClaim(entitlement, standing, facts);
  const { coveredMinor, code } = judged;
  const lostMinor = amountMinor - coveredMinor;
  const turn = view.sum(entitlementSpends, { token }).claims + 1;
  const effects: Effect[] = [
    entitlementClaims.put({
      ...facts,
      op: op.id,
      turn,
      customer: args.customer ?? '',
      issuerKeyId: args.issuerKeyId ?? '',
    }),
    entitlementSpends.add({ token }, { spentMinor: coveredMinor, uses: coveredMinor === 0 ? 0 : 1, claims: 1 }),
    claimOutcomes.add(key, { coveredMinor, lostMinor }),
    ...keepEvidence(view, op, args),
  ];
  const lines = entitlement === undefined ? [] : coveredLines(entitlement, coveredMinor);
  if (entitlement !== undefined && coveredMinor > 0) {
    if (afterClaim(entitlement, standing, facts, coveredMinor).user === facts)
      effects.push(
        entitlementUsers.write({
          token,
          device: op.device,
          redemption,
          wallet: facts.wallet,
          walletClaim: facts.walletClaim,
        }),
      );
  }
  // Something was handed out for it, so no law of an account or a period keeps it out of the books.
  const memo = `claim ${redemption}`;
  const entry = postDone(view, op, { day, memo, lines: [...lines, ...lostLines(facts, lostMinor)] });
  if ('code' in entry) return entry;
  const remarks: Remark[] = [];
  effects.push(...posted(entry, remarks));
  if (code !== undefined) {
    const account = correctionAccounts[loss];
    const details = {
      ...key,
      reason: code,
      coveredMinor,
      ...winner(standing),
      account,
      amountMinor: lostMinor,
      currency,
    };
    remarks.push(noted({ code: `ledger/${loss}`, details }));
  }
  return conclude(effects, remarks);
}

/** Who was first, for the person who reads the correction. */
function winner({ user }: Standing): Readonly<Record<string, string>> {
  return user === undefined ? {} : { firstDevice: user.device, firstRedemption: user.redemption };
}

/** The records by which a wallet's claim can be checked; of several claims the books keep each wallet's once. */
function keepEvidence(view: View, op: OpFacts, { token, holder }: ClaimSpendArgs): readonly Effect[] {
  if (holder === undefined) return [];
  const { claim, evidence } = holder;
  if (view.get(walletClaims, { token, claim }) !== undefined) return [];
  return [walletClaims.put({ token, claim, device: op.device, wallet: evidence[0], record: evidence[1] })];
}

/** Claims value of an entitlement for a redemption. What it does not cover is posted as lost, in the name of the device that claimed. */
export const claimSpend: Verb<'claim.spend', ClaimSpendArgs> = defineVerb({
  name: 'claim.spend',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: [
    ...ledgerTables,
    claimOutcomes,
    entitlementCancels,
    entitlementClaims,
    entitlements,
    entitlementSpends,
    entitlementUsers,
    walletClaims,
  ],
  args: claimSpendArgs,
  plan: planSpend,
});

function planRelease(view: View, op: OpFacts, { token, redemption, day }: ClaimReleaseArgs): Outcome {
  const key = { token, redemption };
  const claim = view.get(entitlementClaims, key);
  if (claim === undefined) return refuse('retail/unknown-claim', key);
  const { role } = view.author;
  if (claim.device !== op.device && role !== 'owner' && role !== 'manager')
    return refuse('retail/foreign-claim', { ...key, device: claim.device });
  if (view.get(claimReleases, key) !== undefined) return refuse('retail/released', key);
  const { coveredMinor, lostMinor } = view.sum(claimOutcomes, key);
  const entitlement = view.get(entitlements, { token });
  const lines = [...reversed(lostLines(claim, lostMinor))];
  if (entitlement !== undefined) {
    lines.push(...reversed(coveredLines(entitlement, coveredMinor)));
    // What comes back to an entitlement that was cancelled meanwhile goes where the rest of it went.
    const cancel = view.get(entitlementCancels, { token });
    const freedMinor = isSingle(entitlement.kind) ? entitlement.amountMinor : coveredMinor;
    if (cancel !== undefined && entitlement.account !== '' && coveredMinor > 0)
      lines.push(...move(cancel.account, retailAccounts.giftBalances, claim.currency, freedMinor));
  }
  const entry = postDone(view, op, { day, memo: `release ${redemption}`, lines });
  if ('code' in entry) return entry;
  const remarks: Remark[] = [];
  const effects = [
    claimReleases.put({ ...key, op: op.id, device: op.device, day }),
    claimOutcomes.add(key, { coveredMinor: 0 - coveredMinor, lostMinor: 0 - lostMinor }),
    entitlementSpends.add({ token }, { spentMinor: 0 - coveredMinor, uses: coveredMinor === 0 ? 0 : -1 }),
    ...posted(entry, remarks),
  ];
  return conclude(effects, remarks);
}

/** Gives a claim up, by who made it or a manager, because nothing was handed out for it. What it had goes back to the entitlement. */
export const claimRelease: Verb<'claim.release', ClaimReleaseArgs> = defineVerb({
  name: 'claim.release',
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
  ],
  args: claimReleaseArgs,
  plan: planRelease,
});
