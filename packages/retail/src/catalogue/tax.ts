/** Tax by class: a product names a class of the ledger, a till takes the rate of it on the day, and the fold says where a line was charged at another. */
import type { View } from '@tallystick/kernel';
import { type BookReader, taxRateIn, taxRateOn } from '@tallystick/ledger';
import { noted, type Remark } from '../remark.ts';

/**
 * The rate at which a product is sold on a day, in basis points: that of its class, or its own where it has none, or the class none yet. Undefined where there
 * is no such product.
 */
export function taxRateOf(
  book: BookReader,
  { sku, day }: { readonly sku: string; readonly day: string },
): number | undefined {
  const [row] = book.query(
    `SELECT p.taxRateBasisPoints, coalesce(t.rates, '') AS rates FROM products p
       LEFT JOIN taxClasses t ON t.scope = 'hq' AND t.class = p.taxClass WHERE p.scope = 'hq' AND p.sku = ?`,
    [sku],
  );
  return row === undefined ? undefined : (taxRateIn(String(row['rates']), day) ?? Number(row['taxRateBasisPoints']));
}

/** What is charged is recorded and stands, as the customer has it on paper; where the class says another rate, somebody has to know. */
export function checkTaxRate(
  view: View,
  { taxClass, sku }: { readonly taxClass: string; readonly sku: string },
  charged: { readonly line: number; readonly rate: number; readonly day: string },
  remarks: Remark[],
): void {
  const expected = taxRateOn(view, taxClass, charged.day);
  if (typeof expected !== 'number' || expected === charged.rate) return;
  const details = { line: charged.line, sku, taxClass, expected, got: charged.rate };
  remarks.push(noted({ code: 'retail/tax-rate', details }));
}
