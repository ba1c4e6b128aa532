// Counting goods: what there is to count, without what should be there; and a count as an entry, which is known by what it says and by being newer
// than every document that the seller knew of.
import type { Entry, Found } from './entry.ts';
import { openDay } from './entitlements.ts';
import { describeShop, type OpenShop } from './open-shop.ts';
import type { CountedLine, CountList, Outcome, StockCount } from './port.ts';
import type { CountRequest } from './requests.ts';

/** Everything that is sold or used here, by category and name; of a product with variants, those. */
export function readCountList(shop: OpenShop): Outcome<CountList> {
  const rows = shop.book.query<CountList['goods'][number] & Readonly<Record<string, string | number>>>(
    `SELECT sku, CASE name WHEN '' THEN sku ELSE name END AS name, category, unitScale FROM products
      WHERE scope = 'hq' AND active = 1 AND options = '' AND recipe = '' ORDER BY category, name, sku`,
  );
  const goods = rows.map(({ sku, name, category, unitScale }) => ({ sku, name, category, unitScale }));
  return { ok: true, value: { goods, loaded: loadedOn(shop), newest: shop.newest.read() } };
}

/** Deliveries that are looked through for what may lie on a van: more than come in a week. */
const lastLoads = 30;

/** What should be on board, and what came lately and is all sold: a list of what is left alone would say of everything else that there is none. */
function loadedOn({ book, record }: OpenShop): readonly string[] {
  if (book.status().role !== 'van') return [];
  const rows = book.query<{ readonly sku: string }>(
    `SELECT sku FROM stock WHERE scope = ?1
     UNION SELECT l.sku FROM (SELECT scope, arrival FROM arrivals WHERE scope = ?1 ORDER BY transfer DESC LIMIT ${lastLoads}) a
       JOIN documentLines l ON l.scope = a.scope AND l.document = a.arrival
     ORDER BY sku`,
    [record.scope],
  );
  return rows.map(({ sku }) => sku);
}

export const countEntry: Entry<CountRequest, StockCount> = {
  find: (shop, request) => findSame(shop, request),
  write: async (shop, { lines, reason }) => {
    const goods = new Map(goodsOf(shop).map((one) => [one.sku, one]));
    const costs = newestCosts(shop);
    return shop.book.commit('stock.count', {
      day: openDay(shop),
      currency: describeShop(shop).currency,
      lines: lines.map(({ sku, countedQuantity }) => ({
        sku,
        name: goods.get(sku)?.name ?? sku,
        countedQuantity,
        quantityScale: goods.get(sku)?.unitScale ?? 0,
        unitCostMilliMinor: costs.get(sku) ?? 0,
      })),
      reason,
    });
  },
  show: readCount,
};

function goodsOf(shop: OpenShop): CountList['goods'] {
  const read = readCountList(shop);
  return read.ok ? read.value.goods : [];
}

/** What the goods cost when they came in last. That it is no sale is said besides, because the index of what is none (`addLookUps`) is used only then. */
function newestCosts(shop: OpenShop): ReadonlyMap<string, number> {
  const { book, record } = shop;
  const rows = book.query<{ readonly sku: string; readonly cost: number; readonly id: string }>(
    `SELECT l.sku, l.unitPriceMilliMinor AS cost, max(d.id) AS id
       FROM documents d JOIN documentLines l ON l.scope = d.scope AND l.document = d.id
      WHERE d.kind <> 'sale' AND d.scope = ? AND d.kind IN ('receipt', 'arrival') AND d.currency = ? GROUP BY l.sku`,
    [record.scope, describeShop(shop).currency],
  );
  return new Map(rows.map(({ sku, cost }) => [sku, cost]));
}

function findSame(shop: OpenShop, { lines, after }: CountRequest): Found | undefined {
  const { book, record } = shop;
  const words = JSON.stringify(lines.map(({ sku, countedQuantity }) => [sku, countedQuantity]));
  const rows = book.query<{ readonly id: string }>(
    "SELECT id FROM documents WHERE scope = ? AND device = ? AND id > ? AND kind = 'count' ORDER BY id",
    [record.scope, book.device, after],
  );
  const same = rows.find(
    ({ id }) => JSON.stringify(countRows(shop, id).map((row) => [row.sku, row.countedQuantity])) === words,
  );
  return same === undefined ? undefined : { ok: true, id: same.id };
}

interface CountRow extends CountedLine {
  readonly cost: number;
  readonly [column: string]: string | number;
}

function countRows({ book, record }: OpenShop, document: string): readonly CountRow[] {
  return book.query<CountRow>(
    `SELECT c.sku, CASE l.name WHEN '' THEN c.sku ELSE l.name END AS name, c.countedQuantity, c.expectedQuantity, l.quantityScale,
        l.unitPriceMilliMinor AS cost
       FROM counts c JOIN documentLines l ON l.scope = c.scope AND l.document = c.document AND l.line = c.line
      WHERE c.scope = ? AND c.document = ? ORDER BY c.line`,
    [record.scope, document],
  );
}

function readCount(shop: OpenShop, id: string): StockCount | undefined {
  const { book, record } = shop;
  const [row] = book.query<{ readonly number: string }>('SELECT number FROM documents WHERE scope = ? AND id = ?', [
    record.scope,
    id,
  ]);
  if (row === undefined) return undefined;
  const rows = countRows(shop, id);
  const lines = rows.map(({ sku, name, countedQuantity, expectedQuantity, quantityScale }) => ({
    sku,
    name,
    countedQuantity,
    expectedQuantity,
    quantityScale,
  }));
  const differs = rows.filter(({ countedQuantity, expectedQuantity }) => countedQuantity !== expectedQuantity);
  return { number: row.number, lines, unpriced: differs.filter(({ cost }) => cost === 0).map(({ name }) => name) };
}
