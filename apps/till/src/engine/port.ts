// What the interface asks of the till's engine, and nothing more. The engine lives in a dedicated worker with the book, the
// log file and the relay connection; everything here is plain data that can be posted between the two.
import type { RelayFinding } from '@tallystick/kernel';
import type { SessionReport } from '@tallystick/retail';
import type { Offer } from '../model/offers.ts';
import type { SaleLine } from '../model/sale-line.ts';
import type { Tender } from '../model/tender.ts';

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** The code of an outcome that cannot be known now: what was entered may be saved or not. `lookUp` asks again. */
export const outcomeUnknown = 'till/outcome-unknown';

/** Something entered that is on this device's disk. */
export interface Saved<T> {
  /** Id of its op. */
  readonly id: string;
  /** Undefined when it could not be read back to be shown. */
  readonly shown: T | undefined;
}

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

export interface SaleRequest {
  /** The cart's key; the same request again answers with the first sale, another one with this key is refused. */
  readonly key: string;
  readonly lines: readonly SaleLine[];
  readonly tenders: readonly Tender[];
  readonly changeMinor: number;
  /** Whose account a tender of kind `account` goes on. */
  readonly customer?: string;
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

/** What a customer pays of what they owe. */
export interface AccountPaymentRequest {
  readonly key: string;
  readonly customer: string;
  readonly amountMinor: number;
  readonly tender: 'cash' | 'card';
}

export interface AccountPayment {
  readonly number: string;
  readonly customer: string;
  readonly amountMinor: number;
  readonly tender: 'cash' | 'card';
  /** What is left to pay; negative is credit. */
  readonly owedMinor: number;
}

export interface RefundRequest {
  readonly key: string;
  readonly document: string;
  /** Line numbers of the original and how much of each comes back. */
  readonly lines: readonly { readonly line: number; readonly quantity: number }[];
  readonly tender: Tender['kind'];
  readonly reason: string;
}

export interface VoidRequest {
  readonly document: string;
  readonly reason: string;
}

/** Paid in, paid out, or taken to the safe. */
export type CashMoveKind = 'in' | 'out' | 'safe';

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

/** Cash that went into the drawer (positive) or out of it. */
export interface CashMove {
  readonly id: string;
  readonly kind: CashMoveKind;
  readonly number: string;
  readonly amountMinor: number;
  readonly reason: string;
  readonly at: number;
}

/** The X or Z report of a drawer, with what was moved in it, and the accounts that more can be moved for. */
export interface DrawerReport extends SessionReport {
  readonly moves: readonly CashMove[];
  readonly accounts: readonly { readonly account: string; readonly name: string }[];
}

export interface CloseRequest {
  readonly session: string;
  readonly countedMinor: number;
}

export type DocumentKind = 'sale' | 'refund' | 'void';

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
  /** An opaque reference, or ''. */
  readonly customer: string;
  readonly shop: string;
  readonly till: string;
  readonly lines: readonly ReceiptLine[];
  /** As recorded: change is cash with a negative amount, and everything paid back is negative. */
  readonly tenders: readonly Tender[];
  readonly original: { readonly id: string; readonly number: string } | undefined;
}

export interface Session {
  readonly id: string;
  readonly openedDay: string;
  readonly floatMinor: number;
  /** What the drawer must hold now: float, plus cash taken, less change and cash refunds. */
  readonly expectedMinor: number;
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

export interface DaySummary extends DaySums {
  /** The newest, the newest first. */
  readonly documents: readonly DocumentRow[];
  /** There are older ones that day. */
  readonly hasMore: boolean;
}

/** Where the till stands with its relay. `since` and `at` are clock readings in ms. */
export type Link =
  | { readonly kind: 'alone' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'linked'; readonly at: number }
  | { readonly kind: 'no-network'; readonly since: number }
  | { readonly kind: 'relay-unreachable'; readonly since: number; readonly reason: string }
  | { readonly kind: 'not-enrolled' }
  | { readonly kind: 'relay-distrusted'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

export interface Shop {
  readonly book: string;
  readonly device: string;
  readonly name: string;
  readonly till: string;
  readonly currency: string;
  readonly relay: string | undefined;
}

export type Phase =
  | { readonly kind: 'starting' }
  | { readonly kind: 'waiting'; readonly shop: Shop | undefined }
  | { readonly kind: 'first-run' }
  | { readonly kind: 'open'; readonly shop: Shop }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** Everything the screens show about the till as a whole; sent anew whenever any of it changes. */
export interface TillState {
  readonly phase: Phase;
  readonly link: Link;
  readonly session: Session | undefined;
  /** With a handful of documents only: what stands here is sent at every change. */
  readonly today: DaySummary | undefined;
  /** Ops that no relay has answered for yet. Always 0 where there is no relay. */
  readonly unsent: number;
  readonly lastSyncAt: number | undefined;
  /** Set when the log file could not be written: nothing is being saved until it works again. */
  readonly storageFault: string | undefined;
  /** Entries of this till that the book gave no effect. */
  readonly refused: number;
  /** What the relay was convicted of here. The till keeps the proof. */
  readonly relayFindings: readonly RelayFinding['kind'][];
  /** Set when the fold stopped at something this version does not understand. */
  readonly stop: string | undefined;
  /** Another device wrote with this one's key, so one of the two has no effect. */
  readonly isCopied: boolean;
  /** Set when a start had to cut a damaged end off the log. */
  readonly torn: Torn | undefined;
  readonly clock: Clock;
  /** Undefined for a till alone. */
  readonly key: KeyState | undefined;
}

export interface Torn {
  /** Cut off at this start; 0 when it was an earlier one. */
  readonly bytes: number;
  /** Number of the newest document of this till that is left. */
  readonly lastDocument: string | undefined;
  /** Some of what was cut may be at the relay: nothing is written before that is known. */
  readonly mustReachRelay: boolean;
}

export type BackupKind = 'passkey' | 'organisation' | 'shares' | 'file';

/** What the book is told of a key's backup. `sealed` is '' for shares, which people keep. */
export interface Backup {
  readonly kind: BackupKind;
  readonly sealed: string;
}

/** A key that the page made together with its backups. */
export interface MadeKey {
  /** The name under which the platform keeps it. */
  readonly slot: string;
  readonly keyId: string;
  readonly backups: readonly Backup[];
  /** The age recipients of the backup of kind `organisation`; empty where there is none. */
  readonly sealedTo: readonly string[];
}

export interface KeyState {
  /** How the key in force is backed up; empty when it cannot come back. */
  readonly backups: readonly BackupKind[];
  /** To whom the organisation wants keys sealed; empty where it keeps no escrow. */
  readonly escrow: readonly string[];
  /** The key was sealed to others than the shop's book names: that is no backup, and somebody else may have the key. */
  readonly isSealedElsewhere: boolean;
  /** The shop has let this device in, as far as this till knows. */
  readonly isEnrolled: boolean;
  readonly isRevoked: boolean;
  /** False while it must first learn from the relay what it wrote last. */
  readonly isAnchored: boolean;
}

/** Whether the device's clock can be right: `behind` the day it was admitted, or `ahead` by what the relay says. */
export type Clock = 'fine' | 'behind' | 'ahead';

export interface TillStatus {
  readonly logBytes: number;
  readonly scopes: readonly { readonly scope: string; readonly size: number; readonly pending: number }[];
  readonly role: string | undefined;
  readonly refusals: readonly RefusedEntry[];
  readonly asides: number;
}

/** An op of this device that is in the log and has no effect. */
export interface RefusedEntry {
  readonly verb: string;
  readonly code: string;
  readonly details: string;
  readonly at: number | undefined;
  /** What was tendered with it, less the change; undefined where nothing was. */
  readonly paidMinor: number | undefined;
}

export interface JoinRequest {
  readonly office: string;
  readonly secret: string;
  readonly till: string;
  /** The key made for this; without one the till makes its own, which cannot be backed up. */
  readonly key?: MadeKey | undefined;
}

/** A till whose key was put back, and the shop that it belongs to. */
export interface RestoreRequest {
  readonly book: string;
  readonly scope: string;
  readonly relay: { readonly url: string; readonly vkey: string };
  readonly device: string;
  readonly bundle: Uint8Array;
}

export interface StandaloneRequest {
  readonly shop: string;
  readonly till: string;
  readonly currency: string;
}

/** What a seller enters. Each call may be repeated: what it enters is written once. */
export interface TillEntries {
  /** Resolves `ok` only after the sale is flushed to this device's storage, and to a failure only when it is not there. */
  sell(request: SaleRequest): Promise<Outcome<Saved<Receipt>>>;
  refund(request: RefundRequest): Promise<Outcome<Saved<Receipt>>>;
  voidSale(request: VoidRequest): Promise<Outcome<Saved<Receipt>>>;
  openSession(floatMinor: number): Promise<Outcome<Saved<Session>>>;
  closeSession(request: CloseRequest): Promise<Outcome<Saved<ClosedSession>>>;
  moveCash(request: CashMoveRequest): Promise<Outcome<Saved<CashMove>>>;
  payAccount(request: AccountPaymentRequest): Promise<Outcome<Saved<AccountPayment>>>;
}

export interface TillEngine extends TillEntries {
  subscribe(listener: (state: TillState) => void): () => void;
  /** Fires with what went wrong when the screen may be behind what is saved, and with undefined when it no longer is. */
  onTrouble(listener: (trouble: string | undefined) => void): () => void;
  /** Fires when the goods, prices or stock may have changed. */
  onCatalogue(listener: (products: readonly Product[]) => void): () => void;
  /** Fires with the offers that are in force now, when they may have changed. */
  onOffers(listener: (offers: readonly Offer[]) => void): () => void;
  join(request: JoinRequest): Promise<Outcome<void>>;
  openAlone(request: StandaloneRequest): Promise<Outcome<void>>;
  /** Opens the shop of a till whose key is back. It sells again once it has learnt from the relay what it wrote last. */
  restore(request: RestoreRequest): Promise<Outcome<void>>;
  /** Goes on under this key. */
  changeKey(made: MadeKey): Promise<Outcome<void>>;
  /** Goes on as a new till in the place of this one. */
  goOnAsNew(request: JoinRequest): Promise<Outcome<void>>;
  /** What became of an entry, as the entry's own call would have said; `till/not-saved` when the book has nothing of it. */
  lookUp<Name extends keyof TillEntries>(
    name: Name,
    request: Parameters<TillEntries[Name]>[0],
  ): ReturnType<TillEntries[Name]>;
  /** The sale with this cart key, when it was saved already. */
  findSale(key: string): Promise<Outcome<Receipt | undefined>>;
  customer(customer: string): Promise<Outcome<Customer>>;
  /** What a scanned code stands for in the catalogue. */
  scan(text: string): Promise<Outcome<ScannedGoods>>;
  receipt(document: string): Promise<Outcome<Receipt>>;
  /** A day with its newest documents, no more than `most`. */
  day(day: string, most: number): Promise<Outcome<DaySummary>>;
  /** The report of a drawer's session; without one, of the newest of this till. */
  drawerReport(session?: string): Promise<Outcome<DrawerReport | undefined>>;
  /** How far a document has come. */
  stageOf(document: string): Promise<Outcome<Stage>>;
  findDocuments(text: string): Promise<Outcome<readonly DocumentRow[]>>;
  status(): Promise<Outcome<TillStatus>>;
  syncNow(): Promise<Outcome<void>>;
  /** The whole log as one file that any replica can import. */
  exportLog(): Promise<Outcome<Uint8Array>>;
  /** Nobody looks at the screen now. */
  rest(): Promise<Outcome<void>>;
  /** Asks the tab that holds the till to let go of it. */
  takeOver(): Promise<Outcome<void>>;
}
