/**
 * How an entitlement stands at a place in the order, and what becomes of a claim there: the first in order is covered as far as it goes, what is
 * not covered is lost to its claimant. The same judgement whether the claim or the issue comes first.
 */
import type { View } from '@tallystick/kernel';
import type { EntryLine } from '@tallystick/ledger';
import { correctionAccounts, retailAccounts } from '../chart.ts';
import { entitlementCancels, entitlementSpends, entitlementUsers } from './tables.ts';

/** The row of an entitlement, as far as claims are judged by it. */
export interface Entitlement {
  readonly kind: string;
  readonly holder: string;
  readonly currency: string;
  readonly amountMinor: number;
  readonly account: string;
  readonly untilDay: string;
  readonly sku: string;
  readonly quantity: number;
}

/** The row of a claim. */
export interface ClaimFacts {
  readonly redemption: string;
  readonly device: string;
  readonly currency: string;
  readonly amountMinor: number;
  readonly day: string;
  readonly loss: string;
  readonly sku: string;
  readonly quantity: number;
  readonly wallet: string;
  readonly walletClaim: string;
}

export interface Standing {
  readonly spentMinor: number;
  readonly uses: number;
  readonly isCancelled: boolean;
  readonly user: { readonly device: string; readonly redemption: string; readonly walletClaim: string } | undefined;
}

export interface Judged {
  readonly coveredMinor: number;
  /** Why not all of it is covered. */
  readonly code: string | undefined;
}

export function standingOf(view: View, token: string): Standing {
  const { spentMinor, uses } = view.sum(entitlementSpends, { token });
  const isCancelled = view.get(entitlementCancels, { token }) !== undefined;
  return { spentMinor, uses, isCancelled, user: view.get(entitlementUsers, { token }) };
}

/** Spent once, and not bit by bit. */
export function isSingle(kind: string): boolean {
  return kind === 'coupon' || kind === 'prize';
}

/** What is left of it to be spent. */
export function remainingMinor({ kind, amountMinor }: Entitlement, standing: Omit<Standing, 'user'>): number {
  if (standing.isCancelled) return 0;
  if (isSingle(kind)) return standing.uses > 0 ? 0 : amountMinor;
  return amountMinor - standing.spentMinor;
}

export function judgeClaim(entitlement: Entitlement, standing: Standing, claim: ClaimFacts): Judged {
  const code = misfitOf(entitlement, standing, claim);
  if (code !== undefined) return { coveredMinor: 0, code };
  const leftMinor = remainingMinor(entitlement, standing);
  if (claim.amountMinor <= leftMinor) return { coveredMinor: claim.amountMinor, code: undefined };
  const isUsed = isSingle(entitlement.kind) && leftMinor === 0;
  return { coveredMinor: leftMinor, code: isUsed ? 'retail/claimed' : 'retail/overspent' };
}

function misfitOf(entitlement: Entitlement, standing: Standing, claim: ClaimFacts): string | undefined {
  if (standing.isCancelled) return 'retail/cancelled';
  if (entitlement.currency !== claim.currency) return 'retail/other-currency';
  if (entitlement.untilDay !== '' && claim.day > entitlement.untilDay) return 'retail/expired';
  const isOtherGoods = claim.sku !== entitlement.sku || claim.quantity > entitlement.quantity;
  if (entitlement.sku !== '' && isOtherGoods) return 'retail/other-goods';
  if (entitlement.holder !== 'bound') return undefined;
  if (claim.walletClaim === '') return 'retail/no-holder';
  const { user } = standing;
  return user !== undefined && user.walletClaim !== claim.walletClaim ? 'retail/other-holder' : undefined;
}

/** How the entitlement stands after a claim was covered this far. */
export function afterClaim(
  { kind }: Entitlement,
  standing: Standing,
  claim: ClaimFacts,
  coveredMinor: number,
): Standing {
  if (coveredMinor === 0) return standing;
  return {
    ...standing,
    spentMinor: standing.spentMinor + coveredMinor,
    uses: standing.uses + 1,
    user: standing.user === undefined || isSingle(kind) ? claim : standing.user,
  };
}

/**
 * What is posted where a claim is covered. The redeeming op debits gift balances whatever it redeems: of a gift or prize that is what was owed, so
 * there is nothing more to post; a coupon is charged to promotion, a credit line to the customer. What a prize was worth beyond its one use lapses.
 */
export function coveredLines(entitlement: Entitlement, coveredMinor: number): readonly EntryLine[] {
  if (coveredMinor === 0) return [];
  const { kind, account, currency, amountMinor } = entitlement;
  switch (kind) {
    case 'coupon':
      return move(retailAccounts.giftBalances, retailAccounts.promotionExpense, currency, coveredMinor);
    case 'credit':
      return move(retailAccounts.giftBalances, retailAccounts.receivables, currency, coveredMinor);
    case 'prize':
      return move(account, retailAccounts.giftBalances, currency, amountMinor - coveredMinor);
    default:
      return [];
  }
}

/** What is posted where a claim is lost: what was handed out is owed by who showed the token, or was given away. */
export function lostLines({ currency, loss }: ClaimFacts, lostMinor: number): readonly EntryLine[] {
  const account = loss === 'receivable' ? correctionAccounts.receivable : correctionAccounts['promo-expense'];
  return move(retailAccounts.giftBalances, account, currency, lostMinor);
}

/** Credits `from` and debits `to`. */
export function move(from: string, to: string, currency: string, amountMinor: number): readonly EntryLine[] {
  if (amountMinor === 0) return [];
  return [
    { account: to, currency, amountMinor },
    { account: from, currency, amountMinor: 0 - amountMinor },
  ];
}

export function reversed(lines: readonly EntryLine[]): readonly EntryLine[] {
  return lines.map((line) => ({ ...line, amountMinor: 0 - line.amountMinor }));
}
