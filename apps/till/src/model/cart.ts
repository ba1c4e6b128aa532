// The cart: what is about to be sold. Integers only, immutable, and every total comes from the ledger's own line rule, so
// what the screen asks for is what the book will check.
import { lineAmountMinor } from '@tallystick/ledger';
import type { Product } from '../engine/port.ts';
import type { SaleLine } from './sale-line.ts';

export interface Cart {
  /** Names this sale before it exists, so a repeated attempt finds the first one instead of selling twice. */
  readonly key: string;
  readonly lines: readonly SaleLine[];
  /** Whose cart it is: an opaque reference. */
  readonly customer?: string;
  /** Codes of offers that were handed in. */
  readonly coupons?: readonly string[];
  /** What comes back in the place of a part of the price. */
  readonly exchange?: Exchange;
  /** It is older than the book that came back here, whose old documents may have it as a sale. */
  readonly isOlderThanBook?: true;
}

/** Goods of an earlier sale that come back for what is in the cart. */
export interface Exchange {
  readonly document: string;
  /** The number on its receipt. */
  readonly number: string;
  readonly back: readonly BackLine[];
  /** Of a sale on account: what may be paid back in money. */
  readonly moneyLeftMinor?: number;
  readonly reason: string;
}

export interface BackLine {
  /** Its number on the receipt. */
  readonly line: number;
  readonly name: string;
  readonly quantity: number;
  readonly quantityScale: number;
  /** What was paid for it. */
  readonly amountMinor: number;
}

export const largestQuantity = 1_000_000_000;
const mostLines = 2_000;

export function emptyCart(key: string): Cart {
  return { key, lines: [] };
}

/** One piece of a product in its own scale: 1, or 1000 of a product kept in thousandths. */
export function oneOf(product: Pick<Product, 'unitScale'>): number {
  return 10 ** product.unitScale;
}

/** Adds to the line of the same product at the same price and of the same lot, or opens one. A cart that is full stays as it is. */
export function addProduct(cart: Cart, product: Product, quantity: number = oneOf(product), lot?: string): Cart {
  const at = cart.lines.findIndex(
    (line) => line.sku === product.sku && line.unitPriceMilliMinor === product.unitPriceMilliMinor && line.lot === lot,
  );
  const before = cart.lines[at];
  if (before !== undefined) return setQuantity(cart, at, before.quantity + quantity);
  if (cart.lines.length >= mostLines) return cart;
  const line: SaleLine = {
    sku: product.sku,
    name: product.name,
    quantity: boundQuantity(quantity),
    quantityScale: product.unitScale,
    unitPriceMilliMinor: product.unitPriceMilliMinor,
    taxRateBasisPoints: product.taxRateBasisPoints,
    ...(lot === undefined ? {} : { lot }),
  };
  return line.quantity === 0 ? cart : { ...cart, lines: [...cart.lines, line] };
}

/** A quantity of zero or less takes the line out. */
export function setQuantity(cart: Cart, at: number, quantity: number): Cart {
  const bounded = boundQuantity(quantity);
  if (bounded === 0) return removeLine(cart, at);
  return { ...cart, lines: cart.lines.map((line, index) => (index === at ? { ...line, quantity: bounded } : line)) };
}

export function removeLine(cart: Cart, at: number): Cart {
  return { ...cart, lines: cart.lines.filter((_, index) => index !== at) };
}

/** Every line at what its goods cost now: when somebody is named whose prices are others. Goods that are not on sale keep theirs. */
export function repriced(cart: Cart, products: readonly Pick<Product, 'sku' | 'unitPriceMilliMinor'>[]): Cart {
  const priceBySku = new Map(products.map(({ sku, unitPriceMilliMinor }) => [sku, unitPriceMilliMinor]));
  const isSame = cart.lines.every(
    (line) => (priceBySku.get(line.sku) ?? line.unitPriceMilliMinor) === line.unitPriceMilliMinor,
  );
  if (isSame) return cart;
  const lines = cart.lines.map((line) => ({
    ...line,
    unitPriceMilliMinor: priceBySku.get(line.sku) ?? line.unitPriceMilliMinor,
  }));
  return { ...cart, lines };
}

/** Pieces of a product in the cart, for its tile: whole pieces for counted goods, lines for weighed ones. */
export function countInCart(cart: Cart, sku: string): number {
  return cart.lines.reduce((count, line) => (line.sku === sku ? count + pieces(line) : count), 0);
}

/** Pieces in the whole cart, each weighed line counting as one. */
export function countItems(cart: Cart): number {
  return cart.lines.reduce((count, line) => count + pieces(line), 0);
}

/** What is to be paid for a line, its discount taken off. */
export function lineTotalMinor(line: SaleLine): number {
  const quoted = lineAmountMinor(line.quantity, line.quantityScale, line.unitPriceMilliMinor) ?? Number.NaN;
  return quoted - (line.discountMinor ?? 0);
}

/** The sum of the lines, less what comes back, or undefined where it would leave the safe integers: such a cart cannot be sold. */
export function cartTotalMinor(cart: Pick<Cart, 'lines' | 'exchange'>): number | undefined {
  let total = 0;
  for (const { amountMinor } of cart.exchange?.back ?? []) total -= amountMinor;
  for (const line of cart.lines) total += lineTotalMinor(line);
  return Number.isSafeInteger(total) ? total : undefined;
}

function pieces(line: SaleLine): number {
  return line.quantityScale === 0 ? line.quantity : 1;
}

function boundQuantity(quantity: number): number {
  return Math.max(0, Math.min(largestQuantity, Math.trunc(quantity)));
}
