/** Arguments of the supply verbs, as ops record them. Shapes and bounds are enforced by schema.ts. */
import type { ReceiveLine } from '../args.ts';

/** Goods that go from one scope to another, at what they cost. */
export type TransferLine = ReceiveLine;

export interface TransferDispatchArgs {
  readonly day: string;
  readonly currency: string;
  /** The scope that they go to. */
  readonly to: string;
  readonly lines: readonly TransferLine[];
  /** The round of a transfer order of `hq` that this fulfils. */
  readonly round?: number;
  /** A delivery note of one's own. */
  readonly reference?: string;
}

export interface StockLevelArgs {
  /** The scope whose shelf it is. */
  readonly branch: string;
  readonly sku: string;
  /** Below this it is filled up to `maximum`; both in the product's unit scale. 0 and 0 ends it. */
  readonly minimum: number;
  readonly maximum: number;
  /** The scope that it is filled from; without one the branch buys for itself. */
  readonly source?: string;
}

/** Goods that are asked for: no price, because they stay the book's own. */
export interface OrderedLine {
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly quantityScale?: number;
}

export interface TransferOrderArgs {
  readonly day: string;
  readonly currency: string;
  readonly from: string;
  readonly to: string;
  /** One more than the last from there to here: of two offices that order the same at once, one is refused. */
  readonly round: number;
  readonly lines: readonly OrderedLine[];
}

export interface TransferCancelArgs {
  readonly from: string;
  readonly to: string;
  readonly round: number;
  readonly reason: string;
}

export interface PurchaseOrderArgs {
  readonly day: string;
  readonly currency: string;
  /** An opaque reference such as a supplier number. */
  readonly supplier: string;
  readonly lines: readonly ReceiveLine[];
  readonly reference?: string;
}

export interface OrderApproveArgs {
  /** The id of the op that asked, and its hash: what is approved is what was read. */
  readonly asked: string;
  readonly hash: string;
  readonly day: string;
}

export interface OrderRejectArgs extends Omit<OrderApproveArgs, 'day'> {
  readonly reason: string;
}

/** What came of a line of the order. What is damaged does not come into stock and is not owed for. */
export interface DeliveredLine {
  /** The line of the order, from 1; each once. */
  readonly line: number;
  readonly quantity: number;
  readonly damaged?: number;
  readonly lot?: string;
  /** What the order says that it is: the order may wait in quarantine, and the goods are in the shop. */
  readonly goods: OrderedGoods;
}

/** Goods as they were ordered. */
export type OrderedGoods = Pick<TransferLine, 'sku' | 'name' | 'quantityScale' | 'unitCostMilliMinor'>;

export interface PurchaseReceiveArgs {
  /** The id of the op that ordered. */
  readonly order: string;
  readonly day: string;
  /** Of the order, as the `goods` of its lines. */
  readonly currency: string;
  /** The supplier's delivery note. */
  readonly reference: string;
  readonly lines: readonly DeliveredLine[];
}

export interface PurchaseCloseArgs {
  readonly order: string;
  readonly reason: string;
}

export interface PurchaseToleranceArgs {
  /** Whose bills; all suppliers without one of their own when left out. */
  readonly supplier?: string;
  /** By how much a price may differ from the order's, either way. 100 is 1 %. */
  readonly priceBasisPoints: number;
  /** By how much more than was received may be billed. */
  readonly quantityBasisPoints: number;
}

export interface BilledLine {
  readonly line: number;
  readonly quantity: number;
  readonly unitCostMilliMinor: number;
  readonly taxRateBasisPoints?: number;
}

/** A supplier's bill, by the number that stands on it. */
export interface BillName {
  readonly supplier: string;
  readonly reference: string;
}

export interface PurchaseBillArgs extends BillName {
  readonly order: string;
  readonly day: string;
  readonly lines: readonly BilledLine[];
}

export interface PurchaseMatchArgs extends BillName {
  readonly day: string;
}

export interface PurchaseApproveArgs extends BillName {
  readonly day: string;
  readonly reason: string;
}

export interface PurchaseRejectArgs extends BillName {
  readonly reason: string;
}

export interface PurchasePayArgs extends BillName {
  readonly day: string;
  /** Of the bill. */
  readonly currency: string;
  readonly amountMinor: number;
  /** The account that it is paid from, such as 1000. */
  readonly account: string;
}

/** One unit that is handed to a customer and paid. */
export interface VanScanArgs {
  readonly day: string;
  readonly currency: string;
  readonly session?: string;
  readonly sku: string;
  readonly name: string;
  /** Decimal places of the product's quantities; what is scanned is one whole unit. */
  readonly quantityScale?: number;
  readonly unitPriceMilliMinor: number;
  readonly taxRateBasisPoints?: number;
  readonly taxIncluded: boolean;
  /** The lot or serial number on the unit: one that is not on board is refused. */
  readonly lot?: string;
  readonly tender: 'cash' | 'card' | 'account';
  readonly customer?: string;
}

/** What is counted on board of a product, at the price at which the seller owes for what is missing. */
export interface CountedLine {
  readonly sku: string;
  readonly name: string;
  readonly counted: number;
  readonly quantityScale?: number;
  readonly unitPriceMilliMinor: number;
}

export interface VanSettleArgs {
  readonly day: string;
  readonly currency: string;
  /** An opaque reference such as a staff number. */
  readonly seller: string;
  /** The seller's open cash session, and the cash handed in; both or neither. */
  readonly session?: string;
  readonly cashMinor?: number;
  /** How many documents the session had when the van was counted, as the van itself says; without it nothing is said of sales made since. */
  readonly documents?: number;
  readonly lines: readonly CountedLine[];
}

export interface SellerPayArgs {
  readonly day: string;
  readonly currency: string;
  readonly seller: string;
  readonly amountMinor: number;
  /** The account that the money comes to, such as 1000. */
  readonly account: string;
}

/** What was sent, and how much of it was counted in. */
export interface ArrivalLine extends TransferLine {
  readonly received: number;
}

/** What a transfer tells the scope that it goes to, which cannot read the one it comes from. It travels with the goods. */
export interface TransferNote {
  /** The id of the op that dispatched it, and its hash. */
  readonly transfer: string;
  readonly dispatch: string;
  readonly from: string;
  /** The scope that the goods were loaded for. Whoever counts them in elsewhere is told. */
  readonly to?: string;
  readonly currency: string;
  readonly lines: readonly TransferLine[];
}

export interface TransferReceiveArgs extends Omit<TransferNote, 'lines'> {
  readonly day: string;
  /** Hash of the tally by which the carrier handed it over here; without one the loss is nobody's who signed. */
  readonly delivery?: string;
  /** As they were dispatched, in that order. */
  readonly lines: readonly ArrivalLine[];
}
