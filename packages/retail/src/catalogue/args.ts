/** Arguments of the catalogue's verbs, as ops record them. All are ops of `hq`. */

export interface ProductSetArgs {
  readonly sku: string;
  /** A name of goods, never of a person; so are all names here. */
  readonly name: string;
  readonly category: string;
  /** Decimal places of a quantity: 0 for pieces, 3 for kilograms counted in grams. Fixed once set. */
  readonly unitScale: number;
  /** The rate a till proposes; what was charged is recorded in the line. 2000 is 20 %. */
  readonly taxRateBasisPoints: number;
  /** A tax class of the ledger, whose rate on the day of the sale goes before that one; none when left out. */
  readonly taxClass?: string;
  /**
   * What becomes of a sale that takes on-hand below zero: `allow` lets it, `refuse` refuses it and any write-off that would, `backorder` lets it and owes
   * the customer what was not there.
   */
  readonly negativeStock: 'allow' | 'refuse' | 'backorder';
  /** 0 takes the product off the tills' shelves; a sale that still happened still counts. */
  readonly active: 0 | 1;
  /** What its variants differ in, such as `size` and `colour`. It then stands for them and is not sold itself. */
  readonly options?: readonly string[];
  /** The product that this one is a variant of; `choices` then says something of each of its options. */
  readonly parent?: string;
  readonly choices?: Readonly<Record<string, string>>;
}

export interface RecipeSetArgs {
  /** What is sold: its parts leave stock in its place. */
  readonly sku: string;
  /** Of how many units of the product, in its unit scale, the parts are. */
  readonly makes: number;
  /** Parts, in their own unit scales. None: the product is kept in stock itself again. */
  readonly parts: readonly RecipePart[];
}

export interface RecipePart {
  readonly sku: string;
  readonly quantity: number;
}

export interface PriceSetArgs {
  readonly sku: string;
  readonly currency: string;
  readonly unitPriceMilliMinor: number;
  /** A price list, such as `trade`; the shop's own list when left out. */
  readonly list?: string;
  /** The first business day of this price; since ever when left out. */
  readonly fromDay?: string;
}

export interface BarcodeSetArgs {
  /** As it is printed; a GTIN with or without leading zeros is the same. */
  readonly barcode: string;
  /** '' when the barcode stands for nothing any more. */
  readonly sku: string;
  /** How many units of the product, in its unit scale, one scan stands for: 6 for a pack of six. */
  readonly quantity: number;
}

/** So many parts in ten thousand off, or of every `take` pieces only `pay` are paid, the cheapest free. */
export type PromotionOffer =
  | { readonly kind: 'percent'; readonly basisPoints: number }
  | { readonly kind: 'bundle'; readonly take: number; readonly pay: number };

export interface PromotionSetArgs {
  /** Its name in lines. What it says never changes. */
  readonly promotion: string;
  readonly name: string;
  /** First and last business day on which it may be claimed. */
  readonly fromDay: string;
  readonly untilDay: string;
  readonly offer: PromotionOffer;
  /** Of this product alone, or of this category; of everything when both are left out. */
  readonly sku?: string;
  readonly category?: string;
  /** Whoever claims it must name this code. */
  readonly coupon?: string;
}

export interface PromotionEndArgs {
  readonly promotion: string;
  /** The last business day; a sale of a later day that did not know is corrected, not refused. */
  readonly day: string;
}
