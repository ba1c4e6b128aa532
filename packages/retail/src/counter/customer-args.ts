/** Arguments about customers: their terms, what they pay on account, what they bring back. A customer is an opaque reference. */
import type { DocumentLinks, MoneyTender, RefundLine, SaleLine } from '../args.ts';
import type { FiscalNumber } from './args.ts';

export interface CustomerSetArgs {
  readonly customer: string;
  /** The currency of the account. */
  readonly currency: string;
  /** What may be owed in one scope. */
  readonly limitMinor: number;
  /** What becomes of a sale above the limit: refused, or accepted as a correction because the goods have left. */
  readonly overLimit: 'refuse' | 'correct';
  /** Days until a sale on account is due. */
  readonly termsDays: number;
  /** The list that the customer's prices are on. */
  readonly priceList?: string;
  /** 0: nothing more on account. */
  readonly active: 0 | 1;
}

/** Each text is an envelope of `subject`, sealed for its own field. */
export interface PersonDescribeArgs {
  readonly customer: string;
  readonly subject: string;
  readonly name?: string;
  readonly phone?: string;
  readonly email?: string;
  readonly note?: string;
}

export interface AccountPayArgs {
  readonly customer: string;
  readonly day: string;
  readonly currency: string;
  readonly session?: string;
  /** Cash and card. */
  readonly tenders: readonly MoneyTender[];
  /** What is paid, as the customer's bank or invoice says it. */
  readonly external?: string;
}

export interface ReturnsPolicyArgs {
  readonly currency: string;
  /** 0: nothing comes back without the sale. */
  readonly allowed: 0 | 1;
  /** `account`: as credit on the customer's account alone. */
  readonly refundTo: 'any' | 'account';
  /** Most that one customer gets back in one business day; then every such return names its customer. */
  readonly mostMinor?: number;
}

export interface SaleExchangeArgs extends DocumentLinks {
  readonly day: string;
  readonly currency: string;
  readonly session?: string;
  readonly taxIncluded: boolean;
  readonly customer?: string;
  readonly fiscal?: FiscalNumber;
  readonly coupons?: readonly string[];
  /** The sale or exchange that lines come back of, each naming its `line` there. */
  readonly original: string;
  readonly back: readonly RefundLine[];
  /** What leaves in their place. */
  readonly lines: readonly SaleLine[];
  /** The difference: paid in where what leaves is worth more, paid out where it is worth less, none where it is even. */
  readonly tenders: readonly MoneyTender[];
  readonly changeMinor?: number;
  readonly reason: string;
}
