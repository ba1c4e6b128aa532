// The goods as the tiles show them, from the projections.
import { taxRateIn } from '@tallystick/ledger';
import { localDay } from '../model/business-day.ts';
import { isCounting } from './counting.ts';
import type { StockLevel } from './messages.ts';
import type { OpenShop } from './open-shop.ts';
import type { Product } from './port.ts';
import type { TillBook } from './till-book.ts';

interface ProductRow {
  readonly sku: string;
  readonly name: string;
  readonly category: string;
  readonly unitScale: number;
  readonly taxRateBasisPoints: number;
  readonly taxRates: string;
  readonly negativeStock: string;
  readonly unitPriceMilliMinor: number;
  readonly onHand: number;
  readonly [column: string]: string | number;
}

const productsOnSale = `
  SELECT p.sku, p.name, p.category, p.unitScale, p.taxRateBasisPoints, coalesce(t.rates, '') AS taxRates, p.negativeStock, c.unitPriceMilliMinor,
    coalesce(s.onHand, 0) AS onHand
  FROM products p
  JOIN prices c ON c.scope = 'hq' AND c.list = '' AND c.sku = p.sku AND c.currency = ?
    AND c.fromDay = (SELECT max(fromDay) FROM prices WHERE scope = 'hq' AND list = '' AND sku = p.sku
      AND currency = c.currency AND fromDay <= ?)
  LEFT JOIN taxClasses t ON t.scope = 'hq' AND t.class = p.taxClass
  LEFT JOIN stock s ON s.scope = ? AND s.sku = p.sku
  WHERE p.scope = 'hq' AND p.active = 1`;

/** Products that are active and have a price in the till's currency today, by category and name. */
export function readCatalogue(shop: OpenShop, currency: string): readonly Product[] {
  const { book, record } = shop;
  const isBlind = isCounting(shop);
  const today = localDay(new Date());
  const rows = book.query<ProductRow>(`${productsOnSale} ORDER BY p.category, p.name, p.sku`, [
    currency,
    today,
    record.scope,
  ]);
  return rows.map((row) => ({
    sku: row.sku,
    name: row.name === '' ? row.sku : row.name,
    category: row.category,
    unitScale: row.unitScale,
    taxRateBasisPoints: taxRateIn(row.taxRates, today) ?? row.taxRateBasisPoints,
    unitPriceMilliMinor: row.unitPriceMilliMinor,
    onHand: isBlind ? undefined : countedStock(row),
  }));
}

/** What is left of the goods that just moved. */
export function readStock(shop: OpenShop, currency: string, skus: readonly string[]): readonly StockLevel[] {
  if (isCounting(shop)) return [];
  const { book, record } = shop;
  const find = `${productsOnSale} AND p.sku = ?`;
  const today = localDay(new Date());
  return [...new Set(skus)].flatMap((sku) =>
    book
      .query<ProductRow>(find, [currency, today, record.scope, sku])
      .map((row) => ({ sku, onHand: countedStock(row) })),
  );
}

/** The currency most prices are in: what a shop that was joined sells in. Undefined while there are no prices. */
export function readCurrency(book: TillBook): string | undefined {
  const [row] = book.query<{ readonly currency: string }>(
    "SELECT currency FROM prices WHERE scope = 'hq' GROUP BY currency ORDER BY count(*) DESC, currency LIMIT 1",
  );
  return row?.currency;
}

/** Stock counts where the shop enforces it, or where some has been received; otherwise a number would mislead. */
function countedStock({ negativeStock, onHand }: ProductRow): number | undefined {
  return negativeStock === 'refuse' || onHand > 0 ? onHand : undefined;
}
