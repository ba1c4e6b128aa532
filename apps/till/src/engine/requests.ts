// What the page hands to the till's engine when somebody enters, joins or restores something: plain data that can be posted. A key, a name or what
// was newest then, in a request, is what lets the same request again be known.
import type { SaleLine } from '../model/sale-line.ts';
import type { MoneyKind, Tender } from '../model/tender.ts';
import type { BackupOpener } from './backup-state.ts';
import type { CashMoveKind, Delivery } from './shown.ts';
import type { Backup } from './standing.ts';

export interface SaleRequest {
  /** The cart's key; the same request again answers with the first sale, another one with this key is refused. */
  readonly key: string;
  readonly lines: readonly SaleLine[];
  readonly tenders: readonly Tender[];
  readonly changeMinor: number;
  /** Whose sale it is, and whose account a tender of kind `account` goes on. */
  readonly customer?: string;
  /** Codes that the customer handed in. */
  readonly coupons?: readonly string[];
  /** Old documents may have it: it waits for those that are still to come. */
  readonly isOlderThanBook?: true;
}

/** What a customer pays of what they owe. */
export interface AccountPaymentRequest {
  readonly key: string;
  readonly customer: string;
  readonly amountMinor: number;
  readonly tender: 'cash' | 'card';
}

export interface RefundRequest {
  readonly key: string;
  readonly document: string;
  /** Line numbers of the original and how much of each comes back. */
  readonly lines: readonly { readonly line: number; readonly quantity: number }[];
  readonly tender: MoneyKind;
  readonly reason: string;
}

/** Goods of a sale come back, and others leave in their place. */
export interface ExchangeRequest {
  readonly key: string;
  readonly document: string;
  readonly back: RefundRequest['lines'];
  readonly lines: readonly SaleLine[];
  /** The difference, positive whichever way it is paid. */
  readonly tenders: readonly Tender[];
  readonly changeMinor: number;
  readonly reason: string;
  readonly customer?: string;
  readonly coupons?: readonly string[];
}

/** Goods that come back without the sale they are of. */
export interface ReturnRequest {
  readonly key: string;
  readonly lines: readonly SaleLine[];
  readonly tender: MoneyKind;
  readonly reason: string;
  readonly customer?: string;
}

/** A return that is paid with a credit note. */
export type CreditNoteRequest = Omit<RefundRequest, 'tender'>;

export interface VoidRequest {
  readonly document: string;
  readonly reason: string;
}

export interface CashMoveRequest {
  readonly kind: CashMoveKind;
  readonly session: string;
  /** Positive either way. */
  readonly amountMinor: number;
  /** What the cash comes from or goes to; of no effect for `safe`. */
  readonly account: string;
  readonly reason: string;
  /** The newest move that the seller knew of when this one was entered, or ''. */
  readonly after: string;
}

export interface OpenLayawayRequest {
  readonly customer: string;
  readonly lines: readonly SaleLine[];
  /** What the lines come to, without offers. */
  readonly totalMinor: number;
  /** The newest document that the seller knew of when this was entered, or ''. */
  readonly after: string;
}

export interface PayLayawayRequest {
  readonly layaway: string;
  readonly amountMinor: number;
  readonly tender: 'cash' | 'card';
  readonly after: string;
}

export interface CollectLayawayRequest {
  readonly layaway: string;
  /** What was left to pay; 0 for nothing. */
  readonly amountMinor: number;
  readonly tender: 'cash' | 'card';
}

export interface CancelLayawayRequest {
  readonly layaway: string;
  /** Paid back; with the fee it is what was paid. */
  readonly backMinor: number;
  readonly feeMinor: number;
  readonly tender: 'cash' | 'card';
  readonly reason: string;
}

export interface CloseRequest {
  readonly session: string;
  readonly countedMinor: number;
}

export interface CountRequest {
  /** Each sku once. */
  readonly lines: readonly { readonly sku: string; readonly countedQuantity: number }[];
  readonly reason: string;
  /** The newest document that the seller knew of when this was entered, or ''. */
  readonly after: string;
}

/** What came of a delivery, by the order of its lines. */
export interface DeliveryRequest {
  readonly note: Delivery;
  readonly received: readonly number[];
}

/** What was counted on a van in the evening. */
export interface VanCountRequest {
  readonly lines: CountRequest['lines'];
  readonly cashMinor: number;
}

/** One unit that is sold by its scan, and paid at once. */
export interface ScanSaleRequest {
  readonly sku: string;
  readonly name: string;
  readonly quantityScale: number;
  readonly unitPriceMilliMinor: number;
  readonly taxRateBasisPoints: number;
  readonly lot?: string;
  readonly tender: 'cash' | 'card';
  /** The newest document that the seller knew of when this was scanned, or ''. */
  readonly after: string;
}

/** A key that the page made together with its backups. */
export interface MadeKey {
  /** The name under which the platform keeps it. */
  readonly slot: string;
  readonly keyId: string;
  readonly backups: readonly Backup[];
  /** The age recipients of the backup of kind `organisation`; empty where there is none. */
  readonly sealedTo: readonly string[];
  /** An identity sealed to the same passkey, which opens what this till backs up. */
  readonly opener?: BackupOpener | undefined;
}

/** Which of the keys in this browser a till wrote under, by the notes of its log. `book` is undefined where that does not read. */
export interface KeysAside {
  readonly book: string | undefined;
  readonly notes: readonly (readonly [name: string, value: string])[];
}

export interface JoinRequest {
  readonly office: string;
  readonly secret: string;
  readonly till: string;
  /** The key made for this; without one the till makes its own, which cannot be backed up. */
  readonly key?: MadeKey | undefined;
  /** What stood in a log that was put aside. */
  readonly aside?: KeysAside | undefined;
}

/** A till whose key was put back, and the shop that it belongs to. */
export interface RestoreRequest {
  readonly book: string;
  readonly scope: string;
  readonly relay: { readonly url: string; readonly vkey: string };
  readonly device: string;
  readonly bundle: Uint8Array;
  readonly office?: string | undefined;
}

/** The backup that was looked at last is to be this till. */
export interface RestoreBackupRequest {
  readonly book: string;
  readonly number: number;
  /** Its key is in this browser; without it the till comes back as a device that the office has still to let in. */
  readonly hasKey: boolean;
  /** Of the relay, where it is another now. */
  readonly relay: string;
}

export interface StandaloneRequest {
  readonly shop: string;
  readonly till: string;
  readonly currency: string;
}
