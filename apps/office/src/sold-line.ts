// The line of a document that goods come back of, as a person names it on the command line, and what of its price goes with what comes back.
import { lineAmountMinor, roundHalfAway, scaleHalfAway } from '@tallystick/ledger';
import { type Priced, priceLines } from '@tallystick/retail';
import type { ShopBook } from './book.ts';
import { usage } from './command.ts';
import type { Known } from './verb-options.ts';

/** A line as it was sold, and what of it came back since. */
interface SoldLine {
  readonly line: number;
  readonly name: string;
  readonly quantity: number;
  readonly quantityScale: number;
  readonly unitPriceMilliMinor: number;
  readonly taxRateBasisPoints: number;
  readonly amountMinor: number;
  readonly taxMinor: number;
  readonly discountMinor: number;
  readonly back: number;
  readonly backMinor: number;
}

/** What the lines before took back of a line: by its number, and shared by the lines of one command. */
export type Taken = Map<number, { readonly quantity: number; readonly amountMinor: number }>;

interface Returning {
  /** Id or number of the document. */
  readonly original: string;
  /** Whether the prices that come of it are with tax, however the document was priced. */
  readonly isGross: boolean;
}

/**
 * What the catalogue says today is never what the goods were sold for. Throws `office/usage` where it is not plain which line it is, or what was paid for it.
 */
export function soldLine(
  book: ShopBook,
  { original, isGross }: Returning,
  said: ReadonlyMap<string, string>,
  taken: Taken,
): Known | undefined {
  const row = rowOf(book, original, said);
  if (row === undefined) return undefined;
  const { line, name, quantityScale: unitScale, unitPriceMilliMinor, taxRateBasisPoints } = row;
  const returned = Math.round(Number(said.get('quantity')) * 10 ** unitScale);
  const before = taken.get(line) ?? { quantity: 0, amountMinor: 0 };
  const sold = { ...row, back: row.back + before.quantity, backMinor: row.backMinor + before.amountMinor };
  const discountMinor = said.has('unit-price') ? 0 : discountOf(sold, returned);
  const discounted = discountMinor === 0 ? {} : { discountMinor };
  const paidMinor = paidOf(sold, returned);
  taken.set(line, { quantity: before.quantity + returned, amountMinor: before.amountMinor + paidMinor });
  const known = { line, name, unitScale, unitPriceMilliMinor, taxRateBasisPoints, ...discounted };
  if (said.has('unit-price') || !(isGross || isTaxIn(row))) return known;
  return { ...known, ...priceThat(sold, returned, { paidMinor, discountMinor }) };
}

function rowOf(book: ShopBook, original: string, said: ReadonlyMap<string, string>): SoldLine | undefined {
  const [sku, number] = [said.get('sku') ?? '', said.get('line') ?? ''];
  const rows = book.query<SoldLine & object>(
    `SELECT l.*, coalesce(x.amountMinor, 0) AS discountMinor, coalesce(r.quantity, 0) AS back,
            coalesce(r.amountMinor, 0) AS backMinor FROM documentLines l
       JOIN documents d ON d.scope = l.scope AND d.id = l.document
       LEFT JOIN refunded r ON r.scope = l.scope AND r.document = l.document AND r.line = l.line
       LEFT JOIN discounts x ON x.scope = l.scope AND x.document = l.document AND x.line = l.line
      WHERE ? IN (d.id, d.number) AND l.sku = ? AND l.kind IN ('sale', 'exchange') AND l.quantity > 0
        AND (? = '' OR l.line = CAST(? AS INTEGER)) LIMIT 2`,
    [original, sku, number, number],
  );
  const [row] = rows;
  if (rows.length > 1) throw usage(`${original} has several lines of ${sku}: say line= too`, 'sale');
  if (row !== undefined || (said.has('unit-price') && said.has('tax-rate-basis-points'))) return row;
  throw usage(`${original} has no such line of ${sku} here: say unit-price= and tax-rate-basis-points= too`, 'sale');
}

/** Of a price on which tax comes on top, the net amount is the whole price. */
function isTaxIn({
  quantity,
  quantityScale,
  unitPriceMilliMinor,
  amountMinor,
  taxMinor,
  discountMinor,
}: SoldLine): boolean {
  return (
    taxMinor === 0 || amountMinor + discountMinor !== lineAmountMinor(quantity, quantityScale, unitPriceMilliMinor)
  );
}

/** Of a line's discount the share of so many units that come back after others did: all shares together are the whole. */
function discountOf({ discountMinor, quantity, back }: SoldLine, returned: number): number {
  if (!Number.isSafeInteger(returned) || returned < 1) return 0;
  const shareOf = (units: number): number => scaleHalfAway(discountMinor, Math.min(units, quantity), quantity) ?? 0;
  return shareOf(back + returned) - shareOf(back);
}

/** The share of what was paid for the line, with its tax; of the last units what is left, and of more than there are what they would have cost. */
function paidOf({ amountMinor, taxMinor, quantity, back, backMinor }: SoldLine, returned: number): number {
  const paidMinor = amountMinor + taxMinor;
  const shareOf = (units: number): number => scaleHalfAway(paidMinor, units, quantity) ?? 0;
  if (back + returned === quantity && backMinor <= paidMinor) return paidMinor - backMinor;
  return shareOf(back + returned) - shareOf(back);
}

/**
 * The unit price at which so many units come to what was paid for them, beside their discount: that of the sale wherever it does, or else the nearest that does. Of so many
 * units that none does, the nearest above, and what it is too much by is discount too.
 */
function priceThat(
  { quantityScale, unitPriceMilliMinor }: Pick<SoldLine, 'quantityScale' | 'unitPriceMilliMinor'>,
  returned: number,
  { paidMinor, discountMinor }: { readonly paidMinor: number; readonly discountMinor: number },
): { readonly unitPriceMilliMinor: number; readonly discountMinor?: number } {
  if (!Number.isSafeInteger(returned) || returned < 1) return { unitPriceMilliMinor };
  const amountMinor = paidMinor + discountMinor;
  const tooMuch = (price: number): number => (lineAmountMinor(returned, quantityScale, price) ?? 0) - amountMinor;
  if (tooMuch(unitPriceMilliMinor) === 0) return { unitPriceMilliMinor };
  const nearest = roundHalfAway(BigInt(amountMinor) * 10n ** BigInt(quantityScale + 3), returned);
  if (nearest === undefined) return { unitPriceMilliMinor };
  if (tooMuch(nearest) === 0) return { unitPriceMilliMinor: nearest };
  const above = tooMuch(nearest) > 0 ? nearest : nearest + 1;
  return { unitPriceMilliMinor: above, discountMinor: discountMinor + tooMuch(above) };
}

/**
 * A line on whose price tax comes on top, as one that has it in its price: of the same worth and the same tax, because what tax on top is rounded to is what is split off again. As it
 * is where it cannot be priced.
 */
export function withTaxIn<Line extends Priced>(line: Line): Line {
  const priced = priceLines([line], false);
  if ('code' in priced) return line;
  const { quantity, quantityScale = 0, unitPriceMilliMinor, discountMinor = 0 } = line;
  const paidMinor = priced.amountMinor + priced.taxMinor;
  return { ...line, ...priceThat({ quantityScale, unitPriceMilliMinor }, quantity, { paidMinor, discountMinor }) };
}
