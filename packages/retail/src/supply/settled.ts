/**
 * Scans that come in after their van was settled: what they sold was counted as missing, and charged to the seller, and the cash for it lay in the drawer
 * that was counted. So the sale stands, and the settlement comes to what it would have been with the scan before it.
 */
import type { Effect, OpFacts, RowOf, View } from '@tallystick/kernel';
import { scaleHalfAway } from '@tallystick/ledger';
import { retailAccounts } from '../chart.ts';
import { moveDrawer } from '../cash.ts';
import { noted } from '../remark.ts';
import type { MadeGood } from '../sale.ts';
import { stock } from '../tables.ts';
import { sellerDebts, settledGoods, settledVans } from './tables.ts';

/** Of one product: how much the settlement missed, and at what it charged that. */
export interface Missing {
  readonly sku: string;
  readonly quantity: number;
  readonly amountMinor: number;
}

/** Keeps what a settlement came to, as long as scans of its session may come in. */
export function noteSettled(
  view: View,
  { id: settlement }: OpFacts,
  settled: {
    readonly seller: string;
    readonly session: string;
    readonly missing: readonly Missing[];
    /** Cash above what the books had, or below it: at the first count, whoever made it. */
    readonly foundMinor: number;
  },
  effects: Effect[],
): void {
  const { seller, session, missing, foundMinor } = settled;
  // Of two settlements of one session the first has its cash.
  if (view.get(settledVans, { session }) === undefined)
    effects.push(settledVans.write({ session, settlement, seller, cashMinor: foundMinor }));
  for (const { sku, quantity, amountMinor } of missing)
    effects.push(settledGoods.add({ session, sku }, { quantity, amountMinor }));
}

interface Scanned {
  readonly sku: string;
  readonly quantity: number;
  readonly currency: string;
  /** What was paid for it, and how much of that in cash. */
  readonly paidMinor: number;
  readonly cashMinor: number;
}

/** What a scan after the settlement takes back of it: the unit that was not missing, and the cash that was not over. */
export function makeGood(
  view: View,
  settled: RowOf<(typeof settledVans)['key'] & (typeof settledVans)['columns']>,
  { sku, quantity, currency, paidMinor, cashMinor }: Scanned,
): MadeGood {
  const { session, seller } = settled;
  const missed = view.sum(settledGoods, { session, sku });
  const isMissed = missed.quantity >= quantity;
  const chargedMinor = isMissed ? (scaleHalfAway(missed.amountMinor, quantity, missed.quantity) ?? 0) : 0;
  // Who scans afterwards for a song what he was charged for still owes the rest.
  const backMinor = Math.min(chargedMinor, paidMinor);
  // The sale puts its cash into the books; it was in the drawer that was counted, as too much there or as less too little.
  const overMinor = Math.min(Math.max(settled.cashMinor, 0), cashMinor);
  const owedMinor = cashMinor - overMinor - backMinor;
  const effects: Effect[] = [sellerDebts.add({ seller, currency }, { amountMinor: owedMinor })];
  moveDrawer(session, currency, 0 - cashMinor, effects);
  if (cashMinor > 0) effects.push(settledVans.write({ ...settled, cashMinor: settled.cashMinor - cashMinor }));
  if (isMissed) {
    effects.push(settledGoods.add({ session, sku }, { quantity: 0 - quantity, amountMinor: 0 - chargedMinor }));
    effects.push(stock.add({ sku }, { onHand: quantity }));
  }
  return {
    remarks: [noted({ code: 'retail/late-scan', details: { session, seller, sku, backMinor, cashMinor, owedMinor } })],
    effects,
    lines: [
      { account: retailAccounts.cash, currency, amountMinor: 0 - cashMinor },
      { account: retailAccounts.cashOverAndShort, currency, amountMinor: overMinor },
      { account: retailAccounts.purchases, currency, amountMinor: backMinor },
      { account: retailAccounts.sellersShortages, currency, amountMinor: owedMinor },
    ],
  };
}
