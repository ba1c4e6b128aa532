/** Lines of goods at what they cost, as the documents of a shop have them. */
import type { GoodsLine } from '../args.ts';
import type { TransferLine } from './args.ts';

/** The same lines with their cost as their price, in the quantity that is asked for. */
export function atCost<Line extends TransferLine>(
  lines: readonly Line[],
  quantityOf: (line: Line) => number,
): readonly GoodsLine[] {
  return lines.map((line) => {
    const { sku, name, quantityScale, unitCostMilliMinor: unitPriceMilliMinor, lot } = line;
    const more = { ...(quantityScale === undefined ? {} : { quantityScale }), ...(lot === undefined ? {} : { lot }) };
    return { sku, name, quantity: quantityOf(line), unitPriceMilliMinor, ...more };
  });
}
