/** Arguments of the retail verbs, as ops record them. Shapes and bounds are enforced by schema.ts. */
import type { FiscalNumber } from './counter/args.ts';

import type { EntitlementTender } from './entitlement/args.ts';

export type TenderKind = 'cash' | 'card' | 'account';

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
  /** Taken off what quantity and unit price come to, before tax is split off or added. */
  readonly discountMinor?: number;
  /** The promotion that gives the discount; without one somebody at the till gave it. */
  readonly promotion?: string;
}

export interface RefundLine extends Omit<SaleLine, 'promotion'> {
  /** Line of the original that is given back, from 1. */
  readonly line?: number;
  /** False where the goods do not go back on the shelf: eaten, or broken. */
  readonly restock?: boolean;
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
  readonly fiscal?: FiscalNumber;
  /** Codes of promotions that the customer handed in. */
  readonly coupons?: readonly string[];
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
  readonly fiscal?: FiscalNumber;
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
