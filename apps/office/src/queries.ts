// Questions the office asks the folded tables: sales by day, stock on hand, and the totals of the invoices of a file.
import type { BookReader } from '@tallystick/ledger';
import type { ControlTotals } from './invoices.ts';
import { datedDocuments } from './redated.ts';

/** Sales and what was taken back on one business day, tax included, in one currency. */
export interface SalesDay {
  readonly day: string;
  readonly sales: number;
  readonly refunds: number;
  readonly grossMinor: number;
  /** Negative or zero. */
  readonly refundedMinor: number;
}

/** One row a business day, oldest first. */
export function salesByDay(book: BookReader, currency: string): SalesDay[] {
  const rows = book.query(
    `SELECT recordDay AS day, sum(kind = 'sale') AS sales, sum(kind IN ('refund', 'void')) AS refunds,
            sum(CASE WHEN kind = 'sale' THEN totalMinor ELSE 0 END) AS grossMinor,
            sum(CASE WHEN kind IN ('refund', 'void') THEN totalMinor ELSE 0 END) AS refundedMinor
       FROM ${datedDocuments} WHERE currency = ? AND kind IN ('sale', 'refund', 'void', 'exchange') GROUP BY recordDay ORDER BY recordDay`,
    [currency],
  );
  return rows.map((row) => ({
    day: String(row['day']),
    sales: Number(row['sales']),
    refunds: Number(row['refunds']),
    grossMinor: Number(row['grossMinor']),
    refundedMinor: Number(row['refundedMinor']),
  }));
}

/** On hand of one stock code over all scopes, in its unit scale. */
export interface StockRow {
  readonly sku: string;
  readonly name: string;
  readonly category: string;
  readonly onHand: number;
  readonly unitScale: number;
}

/** Every product and every stock code that ever moved, by name; goods outside the catalogue are named by their last line. */
export function stockList(book: BookReader): StockRow[] {
  const rows = book.query(
    `WITH moved AS (SELECT sku, sum(onHand) AS onHand FROM stock GROUP BY sku),
          listed AS (SELECT sku FROM moved UNION SELECT sku FROM products WHERE scope = 'hq'),
          -- With one max() SQLite takes the other columns from the row that has it.
          named AS (SELECT sku, name, quantityScale, max(document) FROM documentLines WHERE name <> '' GROUP BY sku)
     SELECT l.sku, coalesce(p.name, n.name, l.sku) AS name, coalesce(p.category, '') AS category,
            coalesce(m.onHand, 0) AS onHand, coalesce(p.unitScale, n.quantityScale, 0) AS unitScale
       FROM listed l LEFT JOIN moved m ON m.sku = l.sku LEFT JOIN named n ON n.sku = l.sku
       LEFT JOIN products p ON p.scope = 'hq' AND p.sku = l.sku
      ORDER BY name, l.sku`,
    [],
  );
  return rows.map((row) => ({
    sku: String(row['sku']),
    name: String(row['name']),
    category: String(row['category']),
    onHand: Number(row['onHand']),
    unitScale: Number(row['unitScale']),
  }));
}

/** Totals of the given invoices by what the books have folded of them; compare with the reader's own. */
export function invoiceTotals(book: BookReader, invoices: Iterable<string>): ControlTotals {
  const numbers = JSON.stringify([...invoices]);
  const [documents] = book.query(
    `SELECT count(DISTINCT external) AS invoices, count(DISTINCT CASE WHEN external GLOB 'C*' THEN external END) AS cancellations
       FROM documents WHERE external IN (SELECT value FROM json_each(?))`,
    [numbers],
  );
  const [lines] = book.query(
    `SELECT count(*) AS rows, coalesce(sum(l.quantity), 0) AS units, count(DISTINCT l.sku) AS skus,
            coalesce(sum(l.amountMinor + l.taxMinor), 0) AS netMinor
       FROM documents d JOIN documentLines l ON l.scope = d.scope AND l.document = d.id
      WHERE d.external IN (SELECT value FROM json_each(?))`,
    [numbers],
  );
  return {
    rows: Number(lines?.['rows']),
    invoices: Number(documents?.['invoices']),
    cancellations: Number(documents?.['cancellations']),
    units: Number(lines?.['units']),
    skus: Number(lines?.['skus']),
    netMinor: Number(lines?.['netMinor']),
  };
}

/** The one number a query answers, under the name `value`; 0 for no row or none. */
export function countOf(book: BookReader, sql: string): number {
  return Number(book.query(sql, [])[0]?.['value'] ?? 0);
}
