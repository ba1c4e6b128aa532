/** Lines of goods: the rows of a document and what they move in stock, under the product's policy on negative stock. */
import { type Effect, type OpFacts, refuse, type RowOf, type View } from '@tallystick/kernel';
import { scaleHalfAway, taxClasses } from '@tallystick/ledger';
import type { SaleLine } from './args.ts';
import type { DocumentKind } from './document.ts';
import { maxQuantity, type PricedLines } from './price.ts';
import { decodeRecipe, partsOf } from './catalogue/recipe.ts';
import { products } from './catalogue/tables.ts';
import { checkTaxRate } from './catalogue/tax.ts';
import { contested, type Remark } from './remark.ts';
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
export const tradeTables: readonly [...typeof goodsTables, typeof discounts, typeof movements, typeof taxClasses] = [
  ...goodsTables,
  discounts,
  movements,
  taxClasses,
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

function productOf(view: View, sku: string): RowOf<(typeof products)['columns']> | undefined {
  return view.hq.get(products, { sku });
}

/**
 * Moves goods in (`sign` 1) or out (-1). Stock is read only for products whose policy is `refuse`, and only where they
 * go down on balance. Contests `retail/scale-mismatch`, `retail/out-of-stock`.
 */
export function moveStock(
  view: View,
  lines: readonly Moved[],
  sign: 1 | -1,
  effects: Effect[],
  remarks: Remark[],
): void {
  const guarded: Guarded = [];
  for (const line of lines) {
    const product = productOf(view, line.sku);
    const delta = signed(sign, inUnitsOf(product, line, remarks));
    if (product?.negativeStock === 'refuse') guarded.push({ sku: line.sku, delta });
    effects.push(stock.add({ sku: line.sku }, { onHand: delta }));
  }
  contestShort(view, guarded, remarks);
}

/** One unit in quantities of each scale. */
export const unitsOfScale = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000] as const;

/**
 * A quantity in the unit scale of its product. One in another scale was rung up before the till knew the product: it is contested
 * (`retail/scale-mismatch`), and counted in the product's, rounded half away from zero: never as more than a line may say.
 */
export function inUnitsOf(
  product: { readonly unitScale: number } | undefined,
  { sku, quantity, quantityScale = 0 }: Moved,
  remarks: Remark[],
): number {
  if (product === undefined || product.unitScale === quantityScale) return quantity;
  const { unitScale } = product;
  remarks.push(contested(refuse('retail/scale-mismatch', { sku, unitScale, quantityScale })));
  const finer = unitsOfScale[Math.max(0, unitScale - quantityScale)] ?? 1;
  const coarser = unitsOfScale[Math.max(0, quantityScale - unitScale)] ?? 1;
  const units = scaleHalfAway(quantity, finer, coarser) ?? 0;
  return Math.min(Math.max(units, 0 - maxQuantity), maxQuantity);
}

interface Trading {
  /** How many lines the document has before these. */
  readonly from?: number;
  /** The business day on which they are sold: their tax is held against that of their class. */
  readonly soldOn?: string;
  /** Gets the skus that may be sold without being there. */
  readonly promised?: string[];
}

/** Moves goods over the counter: a product with a recipe stays where it is, and its parts move in its place. */
export function tradeStock(
  view: View,
  op: OpFacts,
  lines: readonly (Moved & Pick<SaleLine, 'taxRateBasisPoints'>)[],
  sign: 1 | -1,
  effects: Effect[],
  remarks: Remark[],
  { from = 0, promised, soldOn }: Trading = {},
): void {
  const guarded: Guarded = [];
  for (let index = 0; index < lines.length; index++) {
    const moved = lines[index];
    if (moved === undefined) break;
    if (moved.restock === false) continue;
    const { sku, quantity } = moved;
    const product = productOf(view, sku);
    if (product?.negativeStock === 'backorder' && product.recipe === '') promised?.push(sku);
    if (soldOn !== undefined && product !== undefined && product.taxClass !== '') {
      const charged = { line: from + index + 1, rate: moved.taxRateBasisPoints ?? 0, day: soldOn };
      checkTaxRate(view, { taxClass: product.taxClass, sku }, charged, remarks);
    }
    const units = inUnitsOf(product, moved, remarks);
    if (product !== undefined && product.recipe !== '') {
      const parts = partsOf(decodeRecipe(product.recipe), units);
      if (parts !== undefined) {
        moveParts(view, op, parts, { line: from + index + 1, sign }, guarded, effects);
        continue;
      }
      // The recipe has become one that so many cannot be made by.
      remarks.push(contested(refuse('retail/amount-range', { line: from + index + 1 })));
    }
    const delta = signed(sign, units);
    if (product?.negativeStock === 'refuse') guarded.push({ sku, delta });
    // What moved otherwise than its line says is written down, so that it comes back as it went.
    if (units === quantity) effects.push(stock.add({ sku }, { onHand: delta }));
    else putMovement(op, { line: from + index + 1, sku, quantity: delta }, effects);
  }
  contestShort(view, guarded, remarks);
}

function moveParts(
  view: View,
  op: OpFacts,
  parts: readonly { readonly sku: string; readonly quantity: number }[],
  { line, sign }: { readonly line: number; readonly sign: 1 | -1 },
  guarded: Guarded,
  effects: Effect[],
): void {
  for (const { sku, quantity } of parts) {
    const delta = signed(sign, quantity);
    if (productOf(view, sku)?.negativeStock === 'refuse') guarded.push({ sku, delta });
    putMovement(op, { line, sku, quantity: delta }, effects);
  }
}

/** A part of line `line` that moves, and the row that says so. */
export function putMovement(
  op: OpFacts,
  { line, sku, quantity }: { readonly line: number; readonly sku: string; readonly quantity: number },
  effects: Effect[],
): void {
  effects.push(movements.put({ document: op.id, line, sku, quantity }), stock.add({ sku }, { onHand: quantity }));
}

function contestShort(view: View, guarded: Guarded, remarks: Remark[]): void {
  if (guarded.length === 0) return;
  const deltaBySku = new Map<string, number>();
  for (const { sku, delta } of guarded) deltaBySku.set(sku, (deltaBySku.get(sku) ?? 0) + delta);
  for (const [sku, delta] of deltaBySku) {
    if (delta >= 0) continue;
    const { onHand } = view.sum(stock, { sku });
    if (onHand + delta >= 0) continue;
    remarks.push(contested(refuse('retail/out-of-stock', { sku, onHand, wanted: 0 - delta })));
    return;
  }
}

/** Puts what lines with a lot move: `sign` 1 into stock, -1 out of it. */
export function putLots(
  op: OpFacts,
  lines: readonly (Moved & Pick<SaleLine, 'lot'>)[],
  sign: 1 | -1,
  effects: Effect[],
  numberOf: NumberOf = inOrder,
): void {
  for (let index = 0; index < lines.length; index++) {
    const { sku, lot, quantity, restock } = lines[index] as Moved & Pick<SaleLine, 'lot'>;
    if (lot === undefined || restock === false) continue;
    effects.push(lotMoves.put({ document: op.id, line: numberOf(index), sku, lot, quantity: signed(sign, quantity) }));
  }
}

/** `sign * value` that is never -0. */
export function signed(sign: 1 | -1, value: number): number {
  return sign === 1 ? value : 0 - value;
}
