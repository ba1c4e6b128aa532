/** Where entitlements are issued and claimed: one book with the chart, on both drivers, and short ways to use it. */
import type { Commit } from '@tallystick/kernel';
import type { ClaimSpendArgs, EntitlementIssueArgs, EntitlementTender } from '../../src/entitlement.ts';
import { balancesOf, day, describeShop, sale, type ShopBook } from '../shop.ts';

/** The hash of the n-th token, as good as any: the fold asks only whether two are the same. */
export function tokenHash(n: number): string {
  return n.toString(16).padStart(64, 'a');
}

export function redemptionRef(n: number): string {
  return n.toString(16).padStart(32, '0');
}

/** A bearer gift of 10.00 out of customers' deposits, unless said otherwise. */
export function issueArgs(book: ShopBook, rest: Partial<EntitlementIssueArgs> = {}): EntitlementIssueArgs {
  const { kind = 'gift' } = rest;
  const account = kind === 'gift' ? { account: '2300' } : kind === 'prize' ? { account: '6200' } : {};
  const customer = kind === 'credit' ? { customer: 'C-1' } : {};
  const terms = { holder: 'bearer', currency: 'GBP', amountMinor: 1000, day } as const;
  return { token: tokenHash(1), keyId: book.device, kind, ...terms, ...account, ...customer, ...rest };
}

/** A claim of 5.00 on the first token, lost to a receivable, unless said otherwise. */
export function claimArgs(n: number, rest: Partial<ClaimSpendArgs> = {}): ClaimSpendArgs {
  const facts = { currency: 'GBP', amountMinor: 500, day, loss: 'receivable' } as const;
  return { token: tokenHash(1), redemption: redemptionRef(n), ...facts, ...rest };
}

export function tender(n: number, rest: Partial<EntitlementTender> = {}): EntitlementTender {
  const facts = { kind: 'entitlement', amountMinor: 500, token: tokenHash(1), entitlement: 'gift' } as const;
  return { ...facts, redemption: redemptionRef(n), ...rest };
}

/** The sale of a mug for 5.00 that is paid by an entitlement. */
export function redeeming(n: number, rest: Partial<EntitlementTender> = {}) {
  return sale(0, { tenders: [tender(n, rest)] });
}

/** `ok`, why the op was corrected, or the code of the refusal. */
export function verdictOf(commit: Commit): string {
  if (!commit.ok) return commit.code;
  const { correction } = commit;
  return correction === undefined ? 'ok' : String(correction.details['reason'] ?? correction.code);
}

export { balancesOf, day, describeShop, type ShopBook };
