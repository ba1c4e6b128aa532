/**
 * Lines that come back of a document: never more goods, and never more money, than were sold, and of its tax the share of what came back, so that however a line is cut
 * into parts, the parts come to the line.
 */
import { type Effect, type Refusal, refuse, type View } from '@tallystick/kernel';
import { scaleHalfAway } from '@tallystick/ledger';
import type { RefundLine, SaleRefundArgs } from './args.ts';
import type { LineAmounts, PricedLines } from './price.ts';
import { contested, type Remark } from './remark.ts';
import { documentLines, documents, lotMoves, refunded, voids } from './tables.ts';

/** What comes back, and of which sale. */
export type Returned = Pick<SaleRefundArgs, 'original' | 'currency' | 'lines'>;

interface Left {
  readonly quantity: number;
  /** With tax. */
  readonly amountMinor: number;
}

interface Counted {
  /** The lines as they stand in the books: each comes to what it was priced at, and its tax is its share of the original's. */
  readonly priced: PricedLines;
  /** What is beyond the original, of all lines. */
  readonly over: LineAmounts;
  readonly remarks: readonly Remark[];
}

/**
 * Takes the lines off what is left of the original's. More than that is contested (`retail/over-refunded`, once with what the whole op is over by), and answered: nobody's
 * sale it is, so the device that paid it out owes it. Refuses `retail/unknown-line`, `retail/line-mismatch`.
 */
export function countRefunded(
  view: View,
  { original: document, lines }: Returned,
  priced: PricedLines,
  effects: Effect[],
): Counted | Refusal {
  const over = { amountMinor: 0, taxMinor: 0 };
  if (document === undefined) return { priced, over, remarks: [] };
  const isThere = view.get(documents, { id: document }) !== undefined;
  const isGone = !isThere || view.get(voids, { document }) !== undefined;
  let first: Readonly<Record<string, string | number>> | undefined;
  const takenByLine = new Map<number, Left>();
  const amounts: LineAmounts[] = [];
  for (const [index, given] of lines.entries()) {
    const asked = priced.amounts[index];
    if (given.line === undefined || asked === undefined) break;
    const key = { document, line: given.line };
    const sold = view.get(documentLines, key);
    if (isThere && sold === undefined) return refuse('retail/unknown-line', key);
    if (sold !== undefined && !(isSameGoods(given, sold) && given.lot === view.get(lotMoves, key)?.lot))
      return refuse('retail/line-mismatch', { ...key, sku: sold.sku });
    const before = takenByLine.get(given.line) ?? view.sum(refunded, key);
    const back = { quantity: given.quantity, amountMinor: asked.amountMinor + asked.taxMinor };
    takenByLine.set(given.line, {
      quantity: before.quantity + back.quantity,
      amountMinor: before.amountMinor + back.amountMinor,
    });
    effects.push(refunded.add(key, back));
    const isLeft = sold !== undefined && !isGone;
    const wholeMinor = isLeft ? sold.amountMinor + sold.taxMinor : 0;
    const left: Left = isLeft
      ? { quantity: sold.quantity - before.quantity, amountMinor: wholeMinor - before.amountMinor }
      : { quantity: 0, amountMinor: 0 };
    const beyondMinor = beyondOf(back, left);
    const withinMinor = back.amountMinor - beyondMinor;
    const beyondTaxMinor = beyondMinor === 0 ? 0 : (scaleHalfAway(asked.taxMinor, beyondMinor, back.amountMinor) ?? 0);
    // What all parts so far come to, less what the earlier ones did: so the last one leaves nothing over.
    const taxOf = (partMinor: number): number =>
      withinMinor === 0 || sold === undefined ? 0 : (scaleHalfAway(sold.taxMinor, partMinor, wholeMinor) ?? 0);
    const taxMinor = taxOf(before.amountMinor + withinMinor) - taxOf(before.amountMinor) + beyondTaxMinor;
    amounts.push({ amountMinor: back.amountMinor - taxMinor, taxMinor });
    if (back.quantity <= left.quantity && back.amountMinor <= left.amountMinor) continue;
    first ??= { ...key, ...left };
    over.amountMinor += beyondMinor - beyondTaxMinor;
    over.taxMinor += beyondTaxMinor;
  }
  const sum = (part: keyof LineAmounts): number => amounts.reduce((total, line) => total + line[part], 0);
  const standing = { amounts, amountMinor: sum('amountMinor'), taxMinor: sum('taxMinor') };
  if (first === undefined) return { priced: standing, over, remarks: [] };
  const details = { ...first, owedMinor: over.amountMinor + over.taxMinor };
  return { priced: standing, over, remarks: [contested(refuse('retail/over-refunded', details))] };
}

/** What of a line that is given back is beyond what is left: the money of goods too many, or the money too much. */
function beyondOf(given: Left, left: Left): number {
  if (given.quantity <= left.quantity && given.amountMinor <= left.amountMinor) return 0;
  const goods = Math.min(given.quantity, Math.max(0, left.quantity));
  const fits = scaleHalfAway(given.amountMinor, goods, given.quantity) ?? 0;
  return given.amountMinor - Math.min(fits, Math.max(0, left.amountMinor));
}

function isSameGoods(
  given: RefundLine,
  sold: { readonly sku: string; readonly quantityScale: number; readonly taxRateBasisPoints: number },
): boolean {
  return (
    given.sku === sold.sku &&
    (given.quantityScale ?? 0) === sold.quantityScale &&
    (given.taxRateBasisPoints ?? 0) === sold.taxRateBasisPoints
  );
}
