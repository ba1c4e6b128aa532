// What the interface asks of the till's engine, and nothing more. The engine lives in a dedicated worker with the book, the
// log file and the relay connection; everything here is plain data that can be posted between the two. What comes back is in
// shown.ts (goods, documents, drawers) and standing.ts (the till as a whole), what is handed in is in requests.ts, and all is named here with the rest of the port.
import type { Offer } from '../model/offers.ts';
import type {
  AccountPayment,
  CashMove,
  ClosedSession,
  Customer,
  DaySummary,
  DocumentRow,
  DrawerReport,
  Product,
  Receipt,
  ScannedGoods,
  Session,
  Stage,
  CreditNote,
  ShownEntitlement,
  EndedLayaway,
  Layaway,
  LayawayList,
  CustomerPrices,
  ReturnTerms,
  CountList,
  StockCount,
  Arrival,
  Delivery,
} from './shown.ts';
import type { BackupFile, BackupOpener, BackupRequest, BucketSettings, FoundBackup } from './backup-state.ts';
import type {
  SaleRequest,
  AccountPaymentRequest,
  RefundRequest,
  ExchangeRequest,
  ReturnRequest,
  CreditNoteRequest,
  VoidRequest,
  CashMoveRequest,
  OpenLayawayRequest,
  PayLayawayRequest,
  CollectLayawayRequest,
  CancelLayawayRequest,
  CloseRequest,
  CountRequest,
  DeliveryRequest,
  VanCountRequest,
  ScanSaleRequest,
  MadeKey,
  JoinRequest,
  RestoreRequest,
  RestoreBackupRequest,
  StandaloneRequest,
} from './requests.ts';
import type { FiscalUse, TillState, TillStatus } from './standing.ts';

export type {
  AccountPayment,
  CashMove,
  CashMoveKind,
  ClosedSession,
  Customer,
  DaySummary,
  DaySums,
  DocumentKind,
  DocumentRow,
  DrawerReport,
  Product,
  Receipt,
  ReceiptLine,
  ScannedGoods,
  Session,
  Stage,
  CreditNote,
  ShownEntitlement,
  EndedLayaway,
  Layaway,
  LayawayList,
  CustomerPrices,
  ReturnTerms,
  CountedLine,
  CountGoods,
  CountList,
  StockCount,
  Arrival,
  Delivery,
} from './shown.ts';
export type {
  BackupFile,
  BackupOpener,
  BackupRequest,
  BackupState,
  FoundBackup,
  FoundTill,
} from './backup-state.ts';
export type {
  Backup,
  BackupKind,
  Clock,
  KeyState,
  Link,
  Phase,
  Shop,
  TillState,
  TillStatus,
  Torn,
} from './standing.ts';

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

export type CustomerName =
  | { readonly state: 'shown'; readonly text: string }
  /** Forgotten, or about to be. */
  | { readonly state: 'erased' }
  /** This till may not read it. */
  | { readonly state: 'no-key' }
  | { readonly state: 'unreadable'; readonly code: string }
  /** Nobody has said who it is. */
  | { readonly state: 'unknown' };

/** What a seller enters. Each call may be repeated: what it enters is written once. */
export interface TillEntries {
  /** Resolves `ok` only after the sale is flushed to this device's storage, and to a failure only when it is not there. */
  sell(request: SaleRequest): Promise<Outcome<Saved<Receipt>>>;
  refund(request: RefundRequest): Promise<Outcome<Saved<Receipt>>>;
  refundAsNote(request: CreditNoteRequest): Promise<Outcome<Saved<CreditNote>>>;
  exchange(request: ExchangeRequest): Promise<Outcome<Saved<Receipt>>>;
  returnGoods(request: ReturnRequest): Promise<Outcome<Saved<Receipt>>>;
  voidSale(request: VoidRequest): Promise<Outcome<Saved<Receipt>>>;
  openSession(floatMinor: number): Promise<Outcome<Saved<Session>>>;
  closeSession(request: CloseRequest): Promise<Outcome<Saved<ClosedSession>>>;
  moveCash(request: CashMoveRequest): Promise<Outcome<Saved<CashMove>>>;
  openLayaway(request: OpenLayawayRequest): Promise<Outcome<Saved<Layaway>>>;
  payLayaway(request: PayLayawayRequest): Promise<Outcome<Saved<Layaway>>>;
  collectLayaway(request: CollectLayawayRequest): Promise<Outcome<Saved<Receipt>>>;
  cancelLayaway(request: CancelLayawayRequest): Promise<Outcome<Saved<EndedLayaway>>>;
  scanSale(request: ScanSaleRequest): Promise<Outcome<Saved<Receipt>>>;
  countGoods(request: CountRequest): Promise<Outcome<Saved<StockCount>>>;
  payAccount(request: AccountPaymentRequest): Promise<Outcome<Saved<AccountPayment>>>;
  receiveGoods(request: DeliveryRequest): Promise<Outcome<Saved<Arrival>>>;
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
  /** Judges the files of a backup, and remembers what can be brought back. Nothing is written. */
  lookAtBackup(request: BackupRequest): Promise<Outcome<FoundBackup>>;
  /** Opens the shop as the backup has it. It sells again once it has learnt from the relay what it wrote since. */
  restoreBackup(request: RestoreBackupRequest): Promise<Outcome<void>>;
  /** Everything that is to be kept, as one file. */
  makeBackup(): Promise<Outcome<BackupFile>>;
  /** A person keeps that file. */
  backupTaken(file: Pick<BackupFile, 'number' | 'ops'>): Promise<Outcome<void>>;
  /** One more who can open backups. */
  nameOpener(opener: BackupOpener): Promise<Outcome<void>>;
  /** Where backups go by themselves, once that was tried; undefined for nowhere any more. */
  nameBucket(settings: BucketSettings | undefined): Promise<Outcome<void>>;
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
  /** Who that is, as far as this till may show it. */
  customerName(customer: string): Promise<Outcome<CustomerName>>;
  /** Seals a name; for whom this till may not read, it cannot show it afterwards either. */
  nameCustomer(customer: string, name: string): Promise<Outcome<void>>;
  customerPrices(customer: string): Promise<Outcome<CustomerPrices>>;
  /** The offers that a code opens. */
  couponOffers(code: string): Promise<Outcome<readonly Offer[]>>;
  /** What a scanned code stands for in the catalogue. */
  scan(text: string): Promise<Outcome<ScannedGoods>>;
  /** What a coupon, gift, prize or credit is that a customer shows, with the answer of its wallet where it belongs to one. */
  shownEntitlement(url: string, answer?: string): Promise<Outcome<ShownEntitlement>>;
  /** What the wallet is asked that a token belongs to; good for a minute. */
  askWallet(url: string): Promise<Outcome<string>>;
  returnTerms(customer?: string): Promise<Outcome<ReturnTerms>>;
  /** The newest document of this till, or ''. */
  newestDocument(): Promise<Outcome<string>>;
  /** What there is to count, without what should be there; from now on the goods on the screen do not say it either. */
  countList(): Promise<Outcome<CountList>>;
  /** The count that was begun is not saved: the goods say again what there should be. */
  endCount(): Promise<Outcome<void>>;
  /** What was sent here, as far as this till holds the log of who sent it. */
  deliveries(): Promise<Outcome<readonly Delivery[]>>;
  /** What the note of a delivery says. */
  delivery(text: string): Promise<Outcome<Delivery>>;
  /** The count of a van as a text for whoever settles it. Nothing is written. */
  vanCount(request: VanCountRequest): Promise<Outcome<string>>;
  layaways(): Promise<Outcome<LayawayList>>;
  receipt(document: string): Promise<Outcome<Receipt>>;
  /** A day with its newest documents, no more than `most`. */
  day(day: string, most: number): Promise<Outcome<DaySummary>>;
  /** The report of a drawer's session; without one, of the newest of this till. */
  drawerReport(session?: string): Promise<Outcome<DrawerReport | undefined>>;
  /** How far a document has come. */
  stageOf(document: string): Promise<Outcome<Stage>>;
  findDocuments(text: string): Promise<Outcome<readonly DocumentRow[]>>;
  /** With the newest corrections, no more than `most`. */
  status(most: number): Promise<Outcome<TillStatus>>;
  /** Numbers sales, or what comes back, from this series on. */
  chooseFiscalSeries(use: FiscalUse, series: string): Promise<Outcome<void>>;
  /** Somebody has had these corrections of this till before their eyes, by their ops. */
  seeCorrections(ops: readonly string[]): Promise<Outcome<void>>;
  syncNow(): Promise<Outcome<void>>;
  /** The whole log as one file that any replica can import. */
  exportLog(): Promise<Outcome<Uint8Array>>;
  /** Puts a log aside that does not open, once `exportLog` has given it out; the till is as on its first start. */
  startAnew(): Promise<Outcome<void>>;
  /** Nobody looks at the screen now. */
  rest(): Promise<Outcome<void>>;
  /** Asks the tab that holds the till to let go of it. */
  takeOver(): Promise<Outcome<void>>;
}
