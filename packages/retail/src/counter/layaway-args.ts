/** Arguments of layaways: goods put by for a customer, who pays in parts and collects them. */
import type { MoneyTender, SaleLine } from '../args.ts';
import type { FiscalNumber } from './args.ts';

/** Goods at the price agreed. */
export type LayawayLine = Omit<SaleLine, 'discountMinor' | 'promotion' | 'lot'>;

export interface LayawayOpenArgs {
  readonly day: string;
  readonly currency: string;
  readonly taxIncluded: boolean;
  readonly customer: string;
  readonly lines: readonly LayawayLine[];
}

export interface LayawayPayArgs {
  /** The id of the op that opened it. */
  readonly layaway: string;
  readonly day: string;
  /** Of the layaway. Said here, because the op that opened it may wait in quarantine. */
  readonly currency: string;
  readonly session?: string;
  /** Cash and card. */
  readonly tenders: readonly MoneyTender[];
}

export interface LayawayCollectArgs {
  readonly layaway: string;
  readonly day: string;
  readonly currency: string;
  readonly session?: string;
  /** What was left to pay. */
  readonly tenders: readonly MoneyTender[];
  readonly changeMinor?: number;
  readonly fiscal?: FiscalNumber;
}

export interface LayawayCancelArgs {
  readonly layaway: string;
  readonly day: string;
  readonly currency: string;
  readonly session?: string;
  /** Paid back in cash and by card. What is neither paid back nor kept as the fee stands to the customer's credit. */
  readonly tenders: readonly MoneyTender[];
  readonly feeMinor?: number;
  readonly reason: string;
}

export interface LayawayPolicyArgs {
  readonly currency: string;
  /** Most that the shop keeps of a layaway that is cancelled. */
  readonly mostFeeMinor: number;
}
