// A count of goods while it is made: what was typed for each, and what each scan adds.
import { parseDecimal } from './money.ts';

/** What stands in the field of each article that was counted, by sku. */
export type Counted = Readonly<Record<string, string>>;

interface Countable {
  readonly sku: string;
  readonly unitScale: number;
}

/** The quantity in units of 10^-unitScale; undefined for what is no number of them. */
export function countedQuantity(text: string, unitScale: number): number | undefined {
  return parseDecimal(text, unitScale);
}

/** A scan adds what the code stands for to what was counted so far. A field that holds no number begins anew. */
export function addScan(counted: Counted, { sku, unitScale }: Countable, quantity: number): Counted {
  const before = countedQuantity(counted[sku] ?? '', unitScale) ?? 0;
  return { ...counted, [sku]: decimalOf(before + quantity, unitScale) };
}

/** The lines of the count, or undefined while some field holds no number. Fields that are left empty were not counted. */
export function countLines(
  counted: Counted,
  goods: readonly Countable[],
): readonly { readonly sku: string; readonly countedQuantity: number }[] | undefined {
  const lines = [];
  for (const { sku, unitScale } of goods) {
    const text = counted[sku] ?? '';
    if (text.trim() === '') continue;
    const quantity = countedQuantity(text, unitScale);
    if (quantity === undefined) return undefined;
    lines.push({ sku, countedQuantity: quantity });
  }
  return lines;
}

function decimalOf(quantity: number, scale: number): string {
  const digits = String(quantity).padStart(scale + 1, '0');
  return scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
