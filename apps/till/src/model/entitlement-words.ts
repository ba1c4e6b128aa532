// A coupon, gift, prize or credit in words: what it is, and what is at risk in taking it now.
import type { ShownEntitlement } from '../engine/shown.ts';

const names: Readonly<Record<ShownEntitlement['kind'], string>> = {
  gift: 'Gift balance or credit note',
  coupon: 'Coupon',
  prize: 'Prize',
  credit: 'Credit line',
};

export function entitlementName({ kind }: Pick<ShownEntitlement, 'kind'>): string {
  return names[kind];
}

/** The most that can be taken of it here and now. */
export function mostTaken({ leftMinor, isClaimedFirst, trustMinor }: ShownEntitlement): number {
  return isClaimedFirst ? leftMinor : Math.min(leftMinor, trustMinor);
}

/** What is at risk, and whose that is. `money` says an amount. */
export function riskWords(shown: ShownEntitlement, money: (amountMinor: number) => string): string {
  const { kind, isClaimedFirst, isIssued, trustMinor } = shown;
  if (isClaimedFirst) return 'It is claimed at the relay before the sale is saved, so nobody can spend it twice.';
  if (trustMinor === 0)
    return 'It cannot be checked without the relay, and the shop takes none on trust. Take the money another way.';
  const bearer = kind === 'coupon' ? 'the shop bears it' : 'whoever showed it owes it';
  const unknown = isIssued ? '' : ' This till has not heard yet that it was issued.';
  return `It cannot be checked without the relay: up to ${money(trustMinor)} may be taken on trust. If it was spent elsewhere, ${bearer}, and the books name this till.${unknown}`;
}
