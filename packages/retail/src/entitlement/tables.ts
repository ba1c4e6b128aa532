/**
 * Tables of entitlements. Who holds what, and which claim was first, stands in the one scope where they are issued and claimed (`claims`; in a small
 * shop `hq`); what was handed out for them stands in the scope of the till that did. A text that does not apply is ''.
 */
import {
  type RegisterTable,
  registerTable,
  type SetTable,
  type SumTable,
  setTable,
  sumTable,
} from '@tallystick/kernel';

type Text = 'text';
type Int = 'integer';

const entitlementColumns = {
  op: 'text',
  device: 'text',
  keyId: 'text',
  kind: 'text',
  holder: 'text',
  currency: 'text',
  amountMinor: 'integer',
  day: 'text',
  account: 'text',
  untilDay: 'text',
  sku: 'text',
  quantity: 'integer',
  customer: 'text',
} as const;

/** What was issued, by the hash of its token. */
export const entitlements: SetTable<{ token: Text }, typeof entitlementColumns> = setTable('entitlements', {
  key: { token: 'text' },
  columns: entitlementColumns,
});

/** Entitlements that were taken back; `account` got what was left. */
export const entitlementCancels: SetTable<{ token: Text }, { op: Text; day: Text; account: Text; reason: Text }> =
  setTable('entitlementCancels', {
    key: { token: 'text' },
    columns: { op: 'text', day: 'text', account: 'text', reason: 'text' },
  });

/** What has been spent of an entitlement, how often it was used, and how many claims name it. */
export const entitlementSpends: SumTable<{ token: Text }, 'spentMinor' | 'uses' | 'claims'> = sumTable(
  'entitlementSpends',
  { key: { token: 'text' }, sums: ['spentMinor', 'uses', 'claims'] },
);

/** Whom an entitlement fell to: the till and redemption of the claim that was covered first, and the wallet that a bound one belongs to. */
export const entitlementUsers: RegisterTable<
  { token: Text },
  { device: Text; redemption: Text; wallet: Text; walletClaim: Text }
> = registerTable('entitlementUsers', {
  key: { token: 'text' },
  columns: { device: 'text', redemption: 'text', wallet: 'text', walletClaim: 'text' },
});

const claimColumns = {
  op: 'text',
  device: 'text',
  turn: 'integer',
  currency: 'text',
  amountMinor: 'integer',
  day: 'text',
  loss: 'text',
  sku: 'text',
  quantity: 'integer',
  wallet: 'text',
  walletClaim: 'text',
  customer: 'text',
  issuerKeyId: 'text',
} as const;

/** Claims, in order by `turn` within a token. */
export const entitlementClaims: SetTable<{ token: Text; redemption: Text }, typeof claimColumns> = setTable(
  'entitlementClaims',
  { key: { token: 'text', redemption: 'text' }, columns: claimColumns },
);

/** What a claim has come to: covered by its entitlement, and lost. Both are 0 of a claim that was released. */
export const claimOutcomes: SumTable<{ token: Text; redemption: Text }, 'coveredMinor' | 'lostMinor'> = sumTable(
  'claimOutcomes',
  { key: { token: 'text', redemption: 'text' }, sums: ['coveredMinor', 'lostMinor'] },
);

/** Claims that were given up because nothing was handed out, or all of it came back. */
export const claimReleases: SetTable<{ token: Text; redemption: Text }, { op: Text; device: Text; day: Text }> =
  setTable('claimReleases', {
    key: { token: 'text', redemption: 'text' },
    columns: { op: 'text', device: 'text', day: 'text' },
  });

/** Each wallet's claim of a bound token that was shown, by which till (`device`), with the two records that prove it, in hex. */
export const walletClaims: SetTable<{ token: Text; claim: Text }, { device: Text; wallet: Text; record: Text }> =
  setTable('walletClaims', {
    key: { token: 'text', claim: 'text' },
    columns: { device: 'text', wallet: 'text', record: 'text' },
  });

const redemptionColumns = {
  token: 'text',
  redemption: 'text',
  kind: 'text',
  currency: 'text',
  amountMinor: 'integer',
  claim: 'text',
  day: 'text',
  device: 'text',
  sku: 'text',
  quantity: 'integer',
} as const;

/** What was handed out for entitlements, by document and tender; a void's rows are negative. `claim` is '' where none was made first. */
export const redemptions: SetTable<{ document: Text; line: Int }, typeof redemptionColumns> = setTable('redemptions', {
  key: { document: 'text', line: 'integer' },
  columns: redemptionColumns,
});

export type TokenSum = 'worthMinor' | 'freeMinor' | 'storedMinor' | 'moneyBackMinor' | 'backMinor';

/**
 * Documents that entitlements paid for, in part or whole: what their goods were worth, what of that nobody paid (coupons, prizes), what was money once (gifts, credit lines),
 * and what has been given back since, in money and at all. What is exchanged takes its part along to the document that it becomes.
 */
export const tokenPaid: SumTable<{ document: Text }, TokenSum> = sumTable('tokenPaid', {
  key: { document: 'text' },
  sums: ['worthMinor', 'freeMinor', 'storedMinor', 'moneyBackMinor', 'backMinor'],
});

/** The most that may be redeemed without a claim made first, kept in `hq`, and the most that ever might; without a row it is nothing. */
export const offlineTiers: RegisterTable<{ kind: Text; currency: Text }, { mostMinor: Int; everMinor: Int }> =
  registerTable('offlineTiers', {
    key: { kind: 'text', currency: 'text' },
    columns: { mostMinor: 'integer', everMinor: 'integer' },
  });
