// What travels between the page and the worker. Calls are numbered and answered; notices come unasked.
import type { Offer } from '../model/offers.ts';
import type { Outcome, Product, TillEngine, TillEntries, TillState } from './port.ts';

/** The calls of the port that the worker answers. */
export type CallName = Exclude<keyof TillEngine, 'subscribe' | 'onCatalogue' | 'onOffers' | 'onTrouble'>;

export type EntryName = keyof TillEntries;

const entryNames: ReadonlySet<string> = new Set<EntryName>([
  'sell',
  'refund',
  'refundAsNote',
  'exchange',
  'returnGoods',
  'voidSale',
  'openSession',
  'closeSession',
  'moveCash',
  'openLayaway',
  'payLayaway',
  'collectLayaway',
  'cancelLayaway',
  'scanSale',
  'countGoods',
  'payAccount',
  'receiveGoods',
]);

/** Whether a call writes what a seller entered. */
export function isEntryName(name: string): name is EntryName {
  return entryNames.has(name);
}

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
  | { readonly kind: 'offers'; readonly offers: readonly Offer[] }
  | { readonly kind: 'stock'; readonly levels: readonly StockLevel[] }
  /** What is shown may be behind what is saved, or no longer is. */
  | { readonly kind: 'trouble'; readonly message: string | undefined };

/** Asks the worker whether it is still there, and its answer. */
export interface AreYouThere {
  readonly kind: 'are-you-there';
}
export interface Here {
  readonly kind: 'here';
}

export type ToWorker = Call | AreYouThere;
export type FromWorker = Answer | Notice | Here;
