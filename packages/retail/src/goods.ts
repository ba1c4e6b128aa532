/** Lines of goods: the rows of a document and what they move in stock, under the product's policy on negative stock. */
import { type Effect, type OpFacts, type Refusal, refuse, type RowOf, type View } from '@tallystick/kernel';
import type { SaleLine } from './args.ts';
import type { DocumentKind } from './document.ts';
import type { PricedLines } from './price.ts';
import { decodeRecipe, partsOf } from './catalogue/recipe.ts';
import { products } from './catalogue/tables.ts';
import { discounts, documentLines, lotMoves, lotStock, movements, stock } from './tables.ts';

/** What a verb that moves goods touches. */
export const goodsTables: readonly [
  typeof documentLines,
  typeof lotMoves,
  typeof lotStock,
  typeof products,
  typeof stock,
] = [documentLines, lotMoves, lotStock, products, stock];

/** What a verb touches beside that goods are sold or come back by. */
export const tradeTables: readonly [...typeof goodsTables, typeof discounts, typeof movements] = [
  ...goodsTables,
  discounts,
  movements,
];

export interface LineRows {
  readonly kind: DocumentKind;
  readonly currency: string;
  readonly lines: readonly SaleLine[];
  readonly priced: PricedLines;
  /** -1 where the document takes back what its lines say. */
  readonly sign: 1 | -1;
  readonly numberOf?: NumberOf;
}

/** The number of the line at an index, for documents whose lines are those of another; 1, 2, 3 without it. */
export type NumberOf = (index: number) => number;
const inOrder: NumberOf = (index) => index + 1;

/** Puts the lines of a document. */
export function putLines(op: OpFacts, rows: LineRows, effects: Effect[]): void {
  const { kind, currency, lines, priced, sign, numberOf = inOrder } = rows;
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index];
    const amounts = priced.amounts[index];
    if (line === undefined || amounts === undefined) return;
    effects.push(
      documentLines.put({
        document: op.id,
        line: numberOf(index),
        kind,
        sku: line.sku,
        name: line.name,
        quantity: signed(sign, line.quantity),
        quantityScale: line.quantityScale ?? 0,
        unitPriceMilliMinor: line.unitPriceMilliMinor,
        amountMinor: signed(sign, amounts.amountMinor),
        taxMinor: signed(sign, amounts.taxMinor),
        taxRateBasisPoints: line.taxRateBasisPoints ?? 0,
        at: line.at ?? op.at,
      }),
    );
    if (line.discountMinor !== undefined) {
      const { promotion = '', discountMinor } = line;
      const amountMinor = signed(sign, discountMinor);
      effects.push(discounts.put({ document: op.id, line: numberOf(index), promotion, currency, amountMinor }));
    }
  }
}

/** What moves: a sku, a quantity and its scale. */
export interface Moved extends Pick<SaleLine, 'sku' | 'quantity' | 'quantityScale'> {
  /** False: nothing moves. */
  readonly restock?: boolean;
}

/** By how much on-hand changes of products whose stock may not go below zero. */
type Guarded = { readonly sku: string; readonly delta: number }[];
type Product = ReturnType<typeof productOf>;

function productOf(view: View, sku: string): RowOf<(typeof products)['columns']> | undefined {
  return view.hq.get(products, { sku });
}

/**
 * Moves goods in (`sign` 1) or out (-1). Stock is read only for products whose policy is `refuse`, and only where they
 * go down on balance. Refuses `retail/scale-mismatch`, `retail/out-of-stock`.
 */
export function moveStock(view: View, lines: readonly Moved[], sign: 1 | -1, effects: Effect[]): Refusal | undefined {
  const guarded: Guarded = [];
  for (const line of lines) {
    const refusal = moveOne(productOf(view, line.sku), line, sign, guarded, effects);
    if (refusal !== undefined) return refusal;
  }
  return refuseShort(view, guarded);
}

interface Trading {
  /** How many lines the document has before these. */
  readonly from?: number;
  /** Gets the skus that may be sold without being there. */
  readonly promised?: string[];
}

/** Moves goods over the counter: a product with a recipe stays where it is, and its parts move in its place. */
export function tradeStock(
  view: View,
  op: OpFacts,
  lines: readonly Moved[],
  sign: 1 | -1,
  effects: Effect[],
  { from = 0, promised }: Trading = {},
): Refusal | undefined {
  const guarded: Guarded = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index];
    if (line === undefined) break;
    if (line.restock === false) continue;
    const product = productOf(view, line.sku);
    if (product?.negativeStock === 'backorder' && product.recipe === '') promised?.push(line.sku);
    const refusal =
      product === undefined || product.recipe === ''
        ? moveOne(product, line, sign, guarded, effects)
        : moveParts(view, op, { line: from + index + 1, product, moved: line, sign }, guarded, effects);
    if (refusal !== undefined) return refusal;
  }
  return refuseShort(view, guarded);
}

function moveOne(
  product: Product,
  line: Moved,
  sign: 1 | -1,
  guarded: Guarded,
  effects: Effect[],
): Refusal | undefined {
  const { sku, quantity, quantityScale = 0 } = line;
  if (product !== undefined && product.unitScale !== quantityScale) {
    return refuse('retail/scale-mismatch', { sku, unitScale: product.unitScale, quantityScale });
  }
  const delta = signed(sign, quantity);
  if (product?.negativeStock === 'refuse') guarded.push({ sku, delta });
  effects.push(stock.add({ sku }, { onHand: delta }));
  return undefined;
}

interface Made {
  readonly line: number;
  readonly product: NonNullable<Product>;
  readonly moved: Moved;
  readonly sign: 1 | -1;
}

function moveParts(view: View, op: OpFacts, made: Made, guarded: Guarded, effects: Effect[]): Refusal | undefined {
  const { line, product, moved, sign } = made;
  const { sku, quantity, quantityScale = 0 } = moved;
  const { unitScale } = product;
  if (unitScale !== quantityScale) return refuse('retail/scale-mismatch', { sku, unitScale, quantityScale });
  const parts = partsOf(decodeRecipe(product.recipe), quantity);
  if (parts === undefined) return refuse('retail/amount-range', { line });
  for (const part of parts) {
    const delta = signed(sign, part.quantity);
    if (productOf(view, part.sku)?.negativeStock === 'refuse') guarded.push({ sku: part.sku, delta });
    putMovement(op, { line, sku: part.sku, quantity: delta }, effects);
  }
  return undefined;
}

/** A part of line `line` that moves, and the row that says so. */
export function putMovement(
  op: OpFacts,
  { line, sku, quantity }: { readonly line: number; readonly sku: string; readonly quantity: number },
  effects: Effect[],
): void {
  effects.push(movements.put({ document: op.id, line, sku, quantity }), stock.add({ sku }, { onHand: quantity }));
}

function refuseShort(view: View, guarded: Guarded): Refusal | undefined {
  if (guarded.length === 0) return undefined;
  const deltaBySku = new Map<string, number>();
  for (const { sku, delta } of guarded) deltaBySku.set(sku, (deltaBySku.get(sku) ?? 0) + delta);
  for (const [sku, delta] of deltaBySku) {
    if (delta >= 0) continue;
    const { onHand } = view.sum(stock, { sku });
    if (onHand + delta < 0) return refuse('retail/out-of-stock', { sku, onHand, wanted: 0 - delta });
  }
  return undefined;
}

/** Puts what lines with a lot move: `sign` 1 into stock, -1 out of it. */
export function putLots(
  op: OpFacts,
  lines: readonly (Moved & Pick<SaleLine, 'lot'>)[],
  sign: 1 | -1,
  effects: Effect[],
  numberOf: NumberOf = inOrder,
): void {
  for (const [index, { sku, lot, quantity, restock }] of lines.entries()) {
    if (lot === undefined || restock === false) continue;
    effects.push(lotMoves.put({ document: op.id, line: numberOf(index), sku, lot, quantity: signed(sign, quantity) }));
  }
}

/** `sign * value` that is never -0. */
export function signed(sign: 1 | -1, value: number): number {
  return sign === 1 ? value : 0 - value;
}
