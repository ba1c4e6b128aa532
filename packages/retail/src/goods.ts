/** Lines of goods: the rows of a document and what they move in stock, under the product's policy on negative stock. */
import { type Effect, type OpFacts, type Refusal, refuse, type View } from '@tallystick/kernel';
import type { SaleLine } from './args.ts';
import type { DocumentKind } from './document.ts';
import type { PricedLines } from './price.ts';
import { documentLines, lotMoves, products, stock } from './tables.ts';

/** What a verb that moves goods touches. */
export const goodsTables: readonly [typeof documentLines, typeof lotMoves, typeof products, typeof stock] = [
  documentLines,
  lotMoves,
  products,
  stock,
];

export interface LineRows {
  readonly kind: DocumentKind;
  readonly lines: readonly SaleLine[];
  readonly priced: PricedLines;
  /** -1 where the document takes back what its lines say. */
  readonly sign: 1 | -1;
}

/** Puts the lines of a document. */
export function putLines(op: OpFacts, { kind, lines, priced, sign }: LineRows, effects: Effect[]): void {
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index];
    const amounts = priced.amounts[index];
    if (line === undefined || amounts === undefined) return;
    effects.push(
      documentLines.put({
        document: op.id,
        line: index + 1,
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
  }
}

/** What moves: a sku, a quantity and its scale. */
export type Moved = Pick<SaleLine, 'sku' | 'quantity' | 'quantityScale'>;

/**
 * Moves goods in (`sign` 1) or out (-1). Stock is read only for products whose policy is `refuse`, and only where they
 * go down on balance. Refuses `retail/scale-mismatch`, `retail/out-of-stock`.
 */
export function moveStock(view: View, lines: readonly Moved[], sign: 1 | -1, effects: Effect[]): Refusal | undefined {
  let guarded: Map<string, number> | undefined;
  for (const { sku, quantity, quantityScale = 0 } of lines) {
    const product = view.hq.get(products, { sku });
    const delta = signed(sign, quantity);
    if (product !== undefined && product.unitScale !== quantityScale) {
      return refuse('retail/scale-mismatch', { sku, unitScale: product.unitScale, quantityScale });
    }
    if (product?.negativeStock === 'refuse') {
      guarded ??= new Map();
      guarded.set(sku, (guarded.get(sku) ?? 0) + delta);
    }
    effects.push(stock.add({ sku }, { onHand: delta }));
  }
  if (guarded === undefined) return undefined;
  for (const [sku, delta] of guarded) {
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
): void {
  for (const [index, { sku, lot, quantity }] of lines.entries()) {
    if (lot === undefined) continue;
    effects.push(lotMoves.put({ document: op.id, line: index + 1, sku, lot, quantity: signed(sign, quantity) }));
  }
}

/** `sign * value` that is never -0. */
export function signed(sign: 1 | -1, value: number): number {
  return sign === 1 ? value : 0 - value;
}
