// What the engine shows of goods, customers, documents and drawers: plain data that can be posted to the page.
import type { SessionReport } from '@tallystick/retail';
import type { TransferNote } from '@tallystick/retail/supply';
import type { EntitlementKind } from '@tallystick/retail/entitlement';
import type { SaleLine } from '../model/sale-line.ts';
import type { Tender } from '../model/tender.ts';

/** How far a document has come: on this till, being sent, stored at the relay, in the settled order. */
export type Stage = 'local' | 'syncing' | 'durable' | 'settled';

export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly category: string;
  /** Decimals of its quantities: 0 for pieces, 3 for kilograms in grams. */
  readonly unitScale: number;
  readonly taxRateBasisPoints: number;
  readonly unitPriceMilliMinor: number;
  /** On hand in its unit scale; undefined for goods whose stock is not counted. */
  readonly onHand: number | undefined;
}

/** What a scanned code stands for. */
export interface ScannedGoods {
  readonly sku: string;
  /** In the product's unit scale. */
  readonly quantity: number;
  readonly lot?: string;
  /** Best before or use by, as `2026-11-21`. */
  readonly expiry?: string;
}

/** Somebody who may buy on account. */
export interface Customer {
  readonly customer: string;
  /** What is owed in this branch, and what may be. */
  readonly owedMinor: number;
  readonly limitMinor: number;
  /** False: pays, and buys nothing more on account. */
  readonly isActive: boolean;
  /** A sale above the limit is refused; otherwise it is accepted, and the office sees it. */
  readonly isRefusedAbove: boolean;
}

export interface AccountPayment {
  readonly number: string;
  readonly customer: string;
  readonly amountMinor: number;
  readonly tender: 'cash' | 'card';
  /** What is left to pay; negative is credit. */
  readonly owedMinor: number;
}

/** Paid in, paid out, or taken to the safe. */
export type CashMoveKind = 'in' | 'out' | 'safe';

/** Cash that went into the drawer (positive) or out of it. */
export interface CashMove {
  readonly id: string;
  readonly kind: CashMoveKind;
  readonly number: string;
  readonly amountMinor: number;
  readonly reason: string;
  readonly at: number;
}

/** The Z report of a drawer that was counted. */
export type ClosedReport = SessionReport & { readonly kind: 'Z' };

/** The X report of a drawer that is to be counted blind: nothing in it, nor any sum of it, says what cash was taken. */
export interface BlindReport
  extends Pick<
    SessionReport,
    | 'session'
    | 'currency'
    | 'number'
    | 'openedDay'
    | 'closedDay'
    | 'sales'
    | 'refunds'
    | 'voids'
    | 'payments'
    | 'discountMinor'
    | 'late'
  > {
  readonly kind: 'X';
  readonly tenders: Omit<SessionReport['tenders'], 'cash'>;
}

/** The X or Z report of a drawer, with what was moved in it, and the accounts that more can be moved for. */
export type DrawerReport = (BlindReport | ClosedReport) & DrawerMoves;

interface DrawerMoves {
  readonly moves: readonly CashMove[];
  readonly accounts: readonly { readonly account: string; readonly name: string }[];
}

export type DocumentKind = 'sale' | 'refund' | 'void' | 'exchange';

export interface DocumentRow {
  readonly id: string;
  readonly kind: DocumentKind;
  readonly number: string;
  readonly day: string;
  readonly at: number;
  readonly device: string;
  readonly totalMinor: number;
  readonly taxMinor: number;
  readonly items: number;
  readonly stage: Stage;
  readonly reversed: 'no' | 'partly' | 'refunded' | 'voided';
  /** Sold on this device, not on another till of the shop. */
  readonly own: boolean;
}

export interface ReceiptLine extends SaleLine {
  readonly line: number;
  readonly taxMinor: number;
  /** The name of the offer that gave the discount; '' where there is none. */
  readonly offer: string;
  /** With tax: what was paid for it. */
  readonly paidMinor: number;
  /** What has already come back of it, and how much was paid back for that. */
  readonly refundedQuantity: number;
  readonly refundedMinor: number;
}

export interface Receipt extends DocumentRow {
  readonly currency: string;
  /** Series and number out of a block leased for it; '' where there is none. */
  readonly fiscal: string;
  /** An opaque reference, or ''. */
  readonly customer: string;
  readonly shop: string;
  readonly till: string;
  readonly lines: readonly ReceiptLine[];
  /** As recorded: change is cash with a negative amount, and everything paid back is negative. */
  readonly tenders: readonly Tender[];
  /** Of what was bought on account: what may be paid back in money, for so much was paid of it. The rest comes off the account. */
  readonly moneyLeftMinor?: number;
  readonly original: { readonly id: string; readonly number: string } | undefined;
}

export interface Session {
  readonly id: string;
  readonly openedDay: string;
  readonly floatMinor: number;
}

export interface ClosedSession {
  readonly id: string;
  readonly openedDay: string;
  readonly floatMinor: number;
  readonly expectedMinor: number;
  readonly countedMinor: number;
}

export interface DaySums {
  readonly day: string;
  readonly totalMinor: number;
  readonly cashMinor: number;
  readonly cardMinor: number;
  readonly saleCount: number;
  readonly refundCount: number;
}

export interface DaySummary extends Omit<DaySums, 'totalMinor' | 'cashMinor'> {
  /** Undefined while a drawer that took some of it is still to be counted blind. */
  readonly taken: Pick<DaySums, 'totalMinor' | 'cashMinor'> | undefined;
  /** The newest, the newest first. */
  readonly documents: readonly DocumentRow[];
  /** There are older ones that day. */
  readonly hasMore: boolean;
}

/** A token that a customer shows, as far as this till knows. */
export interface ShownEntitlement {
  readonly url: string;
  readonly kind: EntitlementKind;
  readonly amountMinor: number;
  /** Another till may have used more of it. */
  readonly leftMinor: number;
  /** '' for no last day. */
  readonly untilDay: string;
  /** What it is for, where it is not for anything. */
  readonly goods: { readonly sku: string; readonly name: string; readonly quantity: number } | undefined;
  /** False where nothing but its own signature says that it was issued. */
  readonly isIssued: boolean;
  /** The relay answers, so the claim is settled before the sale is saved. */
  readonly isClaimedFirst: boolean;
  /** What the shop lets a till take on trust while it does not. */
  readonly trustMinor: number;
}

export interface CountGoods {
  readonly sku: string;
  readonly name: string;
  readonly category: string;
  readonly unitScale: number;
}

/** What can be counted. What should lie there is not said. */
export interface CountList {
  readonly goods: readonly CountGoods[];
  /** Of a van: what it was loaded with lately, so that none of it is forgotten. */
  readonly loaded: readonly string[];
  /** The newest document of this till, or '': what is entered now is newer. */
  readonly newest: string;
}

export interface CountedLine {
  readonly sku: string;
  readonly name: string;
  readonly countedQuantity: number;
  readonly expectedQuantity: number;
  readonly quantityScale: number;
}

/** A count that was saved, with what should have been there. */
export interface StockCount {
  readonly number: string;
  readonly lines: readonly CountedLine[];
  /** Names of goods that differ and of whose cost nothing is known here. */
  readonly unpriced: readonly string[];
}

/** Goods that another place of the shop sent here, as its note says. */
export type Delivery = TransferNote;

/** A delivery that was counted in. */
export interface Arrival {
  readonly number: string;
  /** Names of goods of which another quantity came than was sent. */
  readonly differs: readonly string[];
  readonly skus: readonly string[];
}

/** What the shop's policy says of goods that come back without a receipt. */
export interface ReturnTerms {
  readonly isAllowed: boolean;
  /** As credit on the customer's account alone. */
  readonly isAccountOnly: boolean;
  readonly needsCustomer: boolean;
  readonly customer?: string;
  /** What may come back of this customer today; left out where there is no bound. */
  readonly leftMinor?: number;
}

/** What a customer gets in the place of the money. */
export interface CreditNote {
  /** Number of the refund that it pays. */
  readonly number: string;
  readonly amountMinor: number;
  readonly url: string;
  /** What came back. */
  readonly skus: readonly string[];
}

/** Goods that are put by for a customer. */
export interface Layaway {
  /** The id of the op that put them by. */
  readonly layaway: string;
  readonly number: string;
  readonly day: string;
  readonly customer: string;
  readonly totalMinor: number;
  readonly paidMinor: number;
  readonly goods: readonly string[];
}

export interface LayawayList {
  readonly layaways: readonly Layaway[];
  /** The newest document of this till, or '': what is entered now is newer. */
  readonly newest: string;
  /** What the shop may keep at most of one that is cancelled. */
  readonly mostFeeMinor: number;
}

export interface EndedLayaway {
  readonly number: string;
  readonly backMinor: number;
}

/** What a customer pays for goods that are on their price list. */
export interface CustomerPrices {
  readonly customer: string;
  /** The list's name; '' for the shop's own. */
  readonly list: string;
  readonly prices: readonly { readonly sku: string; readonly unitPriceMilliMinor: number }[];
}
