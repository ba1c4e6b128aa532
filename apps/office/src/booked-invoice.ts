// An invoice number means one invoice for ever: what a till's folded documents hold of it must be what the file says, row by row.
import type { ShopBook } from './book.ts';
import { fileError } from './errors.ts';
import type { TradeOp } from './mapping.ts';
import type { RetailRow } from './retail-row.ts';

/** A document of a till, by its place in its invoice. */
export interface BookedDocument {
  readonly id: string;
  readonly parts: number;
}

/** What a till has written of the invoices of files, by (invoice number, part). */
export type BookedDocuments = Map<string, BookedDocument>;

export function placeOf({ external, part }: Pick<TradeOp, 'external' | 'part'>): string {
  return `${external} ${part}`;
}

/** Every document of an invoice of a file that this device has written. */
export function readBookedDocuments(book: ShopBook): BookedDocuments {
  const rows = book.query("SELECT id, external, part, parts FROM documents WHERE external <> '' AND device = ?", [
    book.device,
  ]);
  return new Map(
    rows.map((row) => [
      placeOf({ external: String(row['external']), part: Number(row['part']) }),
      { id: String(row['id']), parts: Number(row['parts']) },
    ]),
  );
}

/** What a row says, under the names the format has for it. */
type Line = Readonly<Record<'StockCode' | 'Description' | 'Quantity' | 'UnitPrice' | 'InvoiceDate', string | number>>;

/**
 * Compares the ops of one invoice with what is in the books of it; the order of its rows does not matter. Throws
 * `office/invoice-changed` at the row of the file `source` that the books have not, or at the last one when they have more.
 */
export function checkInvoice(
  book: ShopBook,
  documents: BookedDocuments,
  ops: readonly TradeOp[],
  source: string,
): void {
  const booked = bookedParts(documents, ops);
  if (booked.length === 0) return;
  // A till that was stopped inside an invoice has its first parts; another number of parts is another invoice.
  const isSameCut = booked.every(({ parts }) => parts === ops.length);
  const rows = ops.filter((op) => !isSameCut || documents.has(placeOf(op))).flatMap((op) => op.rows);
  const lines = booked.flatMap(({ id }) => linesOf(book, id));
  const left = Map.groupBy(lines, keyOf);
  const missing = rows.find((row) => left.get(keyOf(lineOf(row)))?.pop() === undefined);
  const place = missing ?? rows.at(-1);
  if (place === undefined || (missing === undefined && isSameCut && rows.length === lines.length)) return;
  const why =
    missing === undefined
      ? `with ${lines.length} rows, and the file has ${rows.length}`
      : differenceOf(lineOf(missing), [...left.values()].flat());
  throw fileError(
    'office/invoice-changed',
    { file: source, line: place.line, row: place.row },
    `invoice ${place.invoice} is in the books ${why}`,
  );
}

/** The documents of the invoice, of which there may be more than its ops. */
function bookedParts(documents: BookedDocuments, ops: readonly TradeOp[]): BookedDocument[] {
  const [{ external, parts } = { external: '', parts: 0 }] = ops;
  const first = documents.get(placeOf({ external, part: 1 }));
  const places = Array.from({ length: Math.max(parts, first?.parts ?? 0) }, (_, index) => index + 1);
  return places.flatMap((part) => documents.get(placeOf({ external, part })) ?? []);
}

function linesOf(book: ShopBook, document: string): Line[] {
  const rows = book.query(
    'SELECT sku, name, quantity, unitPriceMilliMinor, at FROM documentLines WHERE scope = ? AND document = ?',
    ['hq', document],
  );
  return rows.map((row) => ({
    StockCode: String(row['sku']),
    Description: String(row['name']),
    Quantity: Number(row['quantity']),
    UnitPrice: Number(row['unitPriceMilliMinor']),
    InvoiceDate: Number(row['at']),
  }));
}

function lineOf(row: RetailRow): Line {
  return {
    StockCode: row.sku,
    Description: row.name,
    Quantity: row.quantity,
    UnitPrice: row.unitPriceMilliMinor,
    InvoiceDate: row.atMs,
  };
}

function keyOf(line: Line): string {
  return JSON.stringify(Object.values(line));
}

/** In which columns the line differs from the one in the books that is most like it. */
function differenceOf(line: Line, booked: readonly Line[]): string {
  const columns = Object.keys(line) as (keyof Line)[];
  const [closest] = booked
    .map((other) => columns.filter((column) => other[column] !== line[column]))
    .sort((left, right) => left.length - right.length);
  return closest === undefined ? 'without this row' : `with another ${closest.join(', ')}`;
}
