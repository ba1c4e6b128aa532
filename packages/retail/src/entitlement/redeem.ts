/** Entitlements as tenders of a sale: what was handed out for them, in the scope of the till, and how much of that without a claim first. */
import type { Effect, OpFacts, View } from '@tallystick/kernel';
import type { SaleLine, Tender } from '../args.ts';
import { contested, noted, type Remark } from '../remark.ts';
import { isSingle } from './standing.ts';
import { offlineTiers, redemptions, tokenPaid, type TokenSum } from './tables.ts';

/** What a verb that takes or returns entitlements touches. */
export const redemptionTables: readonly [typeof offlineTiers, typeof redemptions, typeof tokenPaid] = [
  offlineTiers,
  redemptions,
  tokenPaid,
];

/** What a sale redeems, and for what. */
export interface Redeeming {
  readonly tenders: readonly Tender[];
  readonly currency: string;
  readonly day: string;
  readonly lines: readonly Pick<SaleLine, 'sku' | 'quantity'>[];
}

/**
 * Puts what a sale redeems. A tender without a claim that is above its tier in `hq`, as of the scope's mark, is `retail/claim-first`: noted where
 * the tier was high enough once, because a till may sell before it hears that it was lowered, and otherwise contested. Without a tier nothing is taken offline.
 */
export function redeem(
  view: View,
  op: OpFacts,
  { tenders, currency, day, lines }: Redeeming,
  totalMinor: number,
  effects: Effect[],
  remarks: Remark[],
): void {
  if (tenders.every(({ kind }) => kind !== 'entitlement')) return;
  let line = 0;
  const paid = { freeMinor: 0, storedMinor: 0 };
  const wantedBySku = new Map<string, number>();
  for (const tender of tenders) {
    if (tender.kind !== 'entitlement') continue;
    const { token, redemption, entitlement: kind, amountMinor, claim = '', goods } = tender;
    const { sku = '', quantity = 0 } = goods ?? {};
    wantedBySku.set(sku, (wantedBySku.get(sku) ?? 0) + quantity);
    paid[isSingle(kind) ? 'freeMinor' : 'storedMinor'] += amountMinor;
    if (claim === '') {
      const { mostMinor, everMinor } = view.hq.get(offlineTiers, { kind, currency }) ?? { mostMinor: 0, everMinor: 0 };
      const late = { code: 'retail/claim-first', details: { token, kind, amountMinor, mostMinor } };
      if (amountMinor > mostMinor) remarks.push(amountMinor > everMinor ? contested(late) : noted(late));
    }
    line += 1;
    const facts = { token, redemption, kind, currency, amountMinor, claim, day, device: op.device, sku, quantity };
    effects.push(redemptions.put({ document: op.id, line, ...facts }));
  }
  effects.push(tokenPaid.add({ document: op.id }, { worthMinor: totalMinor, ...paid }));
  for (const [sku, wanted] of wantedBySku) {
    const sold = lines.reduce((sum, one) => (one.sku === sku ? sum + one.quantity : sum), 0);
    // One good is not two prizes.
    if (wanted > sold) remarks.push(contested({ code: 'retail/entitled-goods', details: { sku, wanted, sold } }));
  }
}

/** What is given back of a document, and how. */
export interface GivenBack {
  readonly original: string | undefined;
  readonly totalMinor: number;
  /** Of it in cash and by card. */
  readonly moneyMinor: number;
}

/**
 * Counts what is given back of a document that entitlements paid for, and answers how much of that nobody had paid: a coupon or prize is never given back, and a gift or credit line not in
 * money. That is contested as `retail/refund-tender`.
 */
export function countGivenBack(
  view: View,
  { original: document, totalMinor, moneyMinor }: GivenBack,
  effects: Effect[],
  remarks: Remark[],
): number {
  if (document === undefined) return 0;
  const paid = view.sum(tokenPaid, { document });
  if (paid.freeMinor === 0 && paid.storedMinor === 0) return 0;
  effects.push(tokenPaid.add({ document }, { moneyBackMinor: moneyMinor, backMinor: totalMinor }));
  return judgeBack(paid, { original: document, totalMinor, moneyMinor }, remarks);
}

function judgeBack(
  { worthMinor, freeMinor, storedMinor, moneyBackMinor, backMinor }: Record<TokenSum, number>,
  { original: document = '', totalMinor, moneyMinor }: GivenBack,
  remarks: Remark[],
): number {
  const leftMinor = Math.max(0, worthMinor - freeMinor - backMinor);
  const moneyLeftMinor = Math.max(0, worthMinor - freeMinor - storedMinor - moneyBackMinor);
  const owedMinor = Math.max(0, totalMinor - leftMinor, moneyMinor - moneyLeftMinor);
  const details = { document, leftMinor, moneyLeftMinor, owedMinor };
  if (owedMinor > 0) remarks.push(contested({ code: 'retail/refund-tender', details }));
  return owedMinor;
}

/** Goods that are exchanged: what they were worth, and what was paid in for dearer ones, or else given back. */
interface Carried extends GivenBack {
  readonly original: string;
  readonly worthMinor: number;
  readonly paidInMinor: number;
}

/**
 * Goods of `worthMinor` become others by an exchange: what entitlements paid of them goes along, first what nobody paid, and what is paid out by it is judged as what is given back. Answers
 * how much of that nobody had paid.
 */
export function carryTokens(view: View, op: OpFacts, given: Carried, effects: Effect[], remarks: Remark[]): number {
  const { original: document, totalMinor: backMinor, moneyMinor: moneyBackMinor, worthMinor } = given;
  const paid = view.sum(tokenPaid, { document });
  if (paid.freeMinor === 0 && paid.storedMinor === 0) return 0;
  const freeMinor = Math.min(paid.freeMinor, worthMinor);
  const storedMinor = Math.min(paid.storedMinor, worthMinor - freeMinor);
  const left = { worthMinor: 0 - worthMinor, freeMinor: 0 - freeMinor, storedMinor: 0 - storedMinor };
  // What is paid beside it for dearer goods is money, and may come back as such.
  const soldMinor = worthMinor + given.paidInMinor;
  const carried = { worthMinor: soldMinor, freeMinor, storedMinor };
  effects.push(
    tokenPaid.add({ document }, left),
    tokenPaid.add({ document: op.id }, { ...carried, moneyBackMinor, backMinor }),
  );
  return judgeBack({ ...carried, moneyBackMinor: 0, backMinor: 0 }, given, remarks);
}

/** What a void takes back of what its sale redeemed. The claims stand until they are released. */
export function unredeem(
  view: View,
  op: OpFacts,
  { document, day }: { readonly document: string; readonly day: string },
  effects: Effect[],
): void {
  for (const row of view.list(redemptions, { document }))
    effects.push(
      redemptions.put({ ...row, document: op.id, day, device: op.device, amountMinor: 0 - row.amountMinor }),
    );
}
