/** Arguments of what a counter does beside selling: cash in and out of the drawer, counting stock, fiscal numbers. */

/** Cash into the drawer, or out of it, that is no sale. */
export interface CashMoveArgs {
  readonly session: string;
  readonly day: string;
  readonly amountMinor: number;
  /** What the cash came from or went to, such as 6100. */
  readonly account: string;
  readonly reason: string;
}

export interface CashDropArgs {
  readonly session: string;
  readonly day: string;
  readonly amountMinor: number;
  readonly reason: string;
}

export interface CountLine {
  readonly sku: string;
  readonly name: string;
  /** What lay there, in the product's unit scale. What should have lain there is no argument: a count is blind. */
  readonly countedQuantity: number;
  readonly quantityScale?: number;
  readonly unitCostMilliMinor: number;
}

export interface StockCountArgs {
  readonly day: string;
  readonly currency: string;
  /** Each sku once. */
  readonly lines: readonly CountLine[];
  readonly reason: string;
}

/** What became of goods that a sale owed. */
export interface BackorderEndArgs {
  /** The sale. */
  readonly document: string;
  readonly sku: string;
  readonly day: string;
  readonly outcome: 'delivered' | 'cancelled';
}

/** Numbers that an authority gave the business. */
export interface FiscalRangeArgs {
  readonly series: string;
  readonly first: number;
  readonly last: number;
}

export interface FiscalLeaseArgs {
  readonly series: string;
  /** The one scope, and there the one device, that may use the block. */
  readonly scope: string;
  readonly device: string;
  /** The last business day on which nobody may end the block but its device. */
  readonly untilDay: string;
  /** Numbers in the block; 50 when left out. */
  readonly quantity?: number;
}

/** The number that a document carries for an authority. */
export interface FiscalNumber {
  readonly series: string;
  readonly number: number;
  /** The id of the op that leased the block. */
  readonly block: string;
}
