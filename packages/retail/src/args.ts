/** Arguments of the retail verbs, as ops record them. Shapes and bounds are enforced by schema.ts. */

import type { EntitlementTender } from './entitlement/args.ts';

export type TenderKind = 'cash' | 'card' | 'account';

export interface ProductSetArgs {
  readonly sku: string;
  /** A name of goods, never of a person; so are all names here. */
  readonly name: string;
  readonly category: string;
  /** Decimal places of a quantity: 0 for pieces, 3 for kilograms counted in grams. Fixed once set. */
  readonly unitScale: number;
  /** The rate a till proposes; what was charged is recorded in the line. 2000 is 20 %. */
  readonly taxRateBasisPoints: number;
  /** `refuse`: no sale or write-off takes on-hand below zero. */
  readonly negativeStock: 'allow' | 'refuse';
  /** 0 takes the product off the tills' shelves; a sale that still happened still counts. */
  readonly active: 0 | 1;
}

export interface PriceSetArgs {
  readonly sku: string;
  readonly currency: string;
  readonly unitPriceMilliMinor: number;
}

export interface SessionOpenArgs {
  readonly day: string;
  readonly currency: string;
  readonly floatMinor: number;
}

export interface SessionCloseArgs {
  readonly session: string;
  readonly countedMinor: number;
  readonly day: string;
}

/** A line of goods. `quantity` counts units of 10^-quantityScale; no scale is 0, no tax rate is no tax. */
export interface GoodsLine {
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly quantityScale?: number;
  readonly unitPriceMilliMinor: number;
  /** The lot or serial number the goods carry; a serial number is a lot of one unit. */
  readonly lot?: string;
  /** When this line was rung, where that differs from the op's `at`. */
  readonly at?: number;
}

export interface SaleLine extends GoodsLine {
  readonly taxRateBasisPoints?: number;
}

export interface RefundLine extends SaleLine {
  /** Line of the original that is given back, from 1. */
  readonly line?: number;
}

export interface MoneyTender {
  readonly kind: TenderKind;
  readonly amountMinor: number;
}

export type Tender = MoneyTender | EntitlementTender;

/** How a document is known outside, and how the ops of one that is too long for one op belong together. */
export interface DocumentLinks {
  readonly external?: string;
  /** `part` of `parts`, from 1; `first` is the document id of part 1. */
  readonly part?: number;
  readonly parts?: number;
  readonly first?: string;
}

export interface SaleCompleteArgs extends DocumentLinks {
  readonly day: string;
  readonly currency: string;
  readonly session?: string;
  /** True where unit prices include the tax. */
  readonly taxIncluded: boolean;
  /** An opaque reference such as a customer number, never a name or an address. */
  readonly customer?: string;
  readonly lines: readonly SaleLine[];
  readonly tenders: readonly Tender[];
  readonly changeMinor?: number;
}

export interface SaleRefundArgs extends DocumentLinks {
  readonly day: string;
  readonly currency: string;
  readonly session?: string;
  readonly taxIncluded: boolean;
  readonly customer?: string;
  /** The sale that is given back; then every line names its `line` there. */
  readonly original?: string;
  /** Quantities given back, positive. */
  readonly lines: readonly RefundLine[];
  /** Amounts paid out, positive. */
  readonly tenders: readonly MoneyTender[];
  readonly reason: string;
}

export interface SaleVoidArgs {
  readonly document: string;
  readonly day: string;
  readonly reason: string;
  /** The session whose drawer pays the cash back; without it, the session of the sale. */
  readonly session?: string;
}

export interface ReceiveLine {
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly quantityScale?: number;
  readonly unitCostMilliMinor: number;
  readonly lot?: string;
}

export interface StockReceiveArgs {
  readonly day: string;
  readonly currency: string;
  readonly lines: readonly ReceiveLine[];
  /** The supplier's delivery note or invoice. */
  readonly reference: string;
}

export interface StockAdjustArgs extends DocumentLinks {
  readonly day: string;
  readonly currency: string;
  /** Found stock is positive, lost stock negative. */
  readonly lines: readonly GoodsLine[];
  readonly reason: string;
}

export interface ChargeAdjustArgs extends DocumentLinks {
  readonly day: string;
  readonly currency: string;
  readonly lines: readonly GoodsLine[];
  /** The account charged; the other side is always receivables. */
  readonly account: string;
  readonly reason: string;
}
