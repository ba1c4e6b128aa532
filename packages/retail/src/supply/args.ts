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
