/** Arguments of the verbs about entitlements, as ops record them. Shapes and bounds are enforced by schema.ts. */

/**
 * A `gift` balance and a `credit` line are spent bit by bit, a `coupon` and a `prize` once. Gifts and prizes are owed from the day they are issued;
 * a coupon costs when it is used, and what is spent of a credit line is owed by the customer.
 */
export type EntitlementKind = 'gift' | 'coupon' | 'prize' | 'credit';

export interface EntitledGoods {
  readonly sku: string;
  readonly quantity: number;
}

export interface EntitlementIssueArgs {
  /** Hash of the token, which the op names as its issuer's. */
  readonly token: string;
  /** Id of the key that signed the token: the author's own, in force. */
  readonly keyId: string;
  readonly kind: EntitlementKind;
  readonly holder: 'bearer' | 'bound';
  readonly currency: string;
  /** What a gift or credit line holds, or the most that a coupon or prize is worth. */
  readonly amountMinor: number;
  readonly day: string;
  /** The account that pays for a gift or prize; coupons and credit lines have none. */
  readonly account?: string;
  /** The last business day on which it may be spent. */
  readonly untilDay?: string;
  /** Of a prize or coupon that is for these goods alone. */
  readonly goods?: EntitledGoods;
  /** An opaque reference. A credit line has one: who will owe what is spent. */
  readonly customer?: string;
}

export interface EntitlementCancelArgs {
  readonly token: string;
  readonly day: string;
  /** The account that gets what is left of a gift or prize. */
  readonly account: string;
  readonly reason: string;
}

/** The wallet that showed a bound token, and the two records by which anybody can check its claim: genesis and claim, in hex. */
export interface ClaimHolder {
  readonly device: string;
  readonly claim: string;
  readonly evidence: readonly [string, string];
}

export interface ClaimSpendArgs {
  readonly token: string;
  /** Id of the key that signed the token in hand: who answers for it where no issue of it ever comes. */
  readonly issuerKeyId?: string;
  /** 32 lowercase hex digits, chosen at the till: what the redeeming op says too. */
  readonly redemption: string;
  readonly currency: string;
  readonly amountMinor: number;
  readonly day: string;
  /** Where the part goes that the entitlement does not cover: the presenter owes it, or the shop has given it away. */
  readonly loss: 'receivable' | 'promo-expense';
  readonly goods?: EntitledGoods;
  readonly holder?: ClaimHolder;
  /** Who showed it, if that is known; an opaque reference. */
  readonly customer?: string;
  /** `TOKEN/N`, of the N-th claim of the token as far as the till knows: what a relay gives to one op only. The fold does not read it. */
  readonly claim?: string;
}

export interface ClaimReleaseArgs {
  readonly token: string;
  readonly redemption: string;
  readonly day: string;
}

export interface OfflineTierArgs {
  readonly kind: EntitlementKind;
  readonly currency: string;
  /** The most that one tender may take without a claim made first; 0 is nothing. */
  readonly mostMinor: number;
}

/** A tender that redeems an entitlement. */
export interface EntitlementTender {
  readonly kind: 'entitlement';
  readonly amountMinor: number;
  readonly token: string;
  readonly entitlement: EntitlementKind;
  readonly redemption: string;
  /** Of a prize or coupon that is for these goods alone: among those sold, and not for another tender. */
  readonly goods?: EntitledGoods;
  /** Hash of the claim that was settled first; left out where there was no network to ask. */
  readonly claim?: string;
}
