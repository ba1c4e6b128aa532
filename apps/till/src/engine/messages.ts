// What travels between the page and the worker. Calls are numbered and answered; notices come unasked.
import type { Outcome, Product, TillEngine, TillState } from './port.ts';

/** The calls of the port that the worker answers. */
export type CallName = Exclude<keyof TillEngine, 'subscribe' | 'onCatalogue'>;

export interface Call {
  readonly call: number;
  readonly name: CallName;
  readonly args: readonly unknown[];
}

export interface Answer {
  readonly call: number;
  readonly outcome: Outcome<unknown>;
}

export interface StockLevel {
  readonly sku: string;
  readonly onHand: number | undefined;
}

export type Notice =
  | { readonly kind: 'state'; readonly state: TillState }
  | { readonly kind: 'catalogue'; readonly products: readonly Product[] }
  | { readonly kind: 'stock'; readonly levels: readonly StockLevel[] };

export type FromWorker = Answer | Notice;
