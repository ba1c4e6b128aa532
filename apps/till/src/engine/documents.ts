// Sales, refunds and voids as the screens show them, from the projections.
import type { Tender } from '../model/tender.ts';
import { fiscalOf } from './fiscal.ts';
import type { DocumentSearch } from './find-documents.ts';
import type { DocumentKind, DocumentRow, Receipt, ReceiptLine, Shop, Stage } from './port.ts';
import { countOfNumber, type TillBook } from './till-book.ts';

export interface DocumentReader {
  readonly book: Pick<TillBook, 'device' | 'query'>;
  readonly scope: string;
  /** False for a document that is still to come, or of which only a part is here. */
  readonly isHere: (document: string) => boolean;
  /** How far each document that is not settled yet has come. */
  readonly stageOf: (document: string) => Stage;
}

interface Row {
  readonly id: string;
  readonly kind: DocumentKind;
  readonly number: string;
  readonly day: string;
  readonly at: number;
  readonly device: string;
  readonly currency: string;
  readonly totalMinor: number;
  readonly taxMinor: number;
  readonly original: string;
  readonly customer: string;
  readonly items: number;
  readonly sold: number;
  readonly refunded: number;
  readonly isVoided: number;
  readonly [column: string]: string | number;
}

const documentColumns = `
  SELECT d.id, d.kind, d.number, d.day, d.at, d.device, d.currency, d.totalMinor, d.taxMinor, d.original, d.customer,
    (SELECT coalesce(sum(CASE l.quantityScale WHEN 0 THEN abs(l.quantity) ELSE 1 END), 0)
      FROM documentLines l WHERE l.scope = d.scope AND l.document = d.id) AS items,
    (SELECT coalesce(sum(max(l.quantity, 0)), 0)
      FROM documentLines l WHERE l.scope = d.scope AND l.document = d.id) AS sold,
    (SELECT coalesce(sum(r.quantity), 0)
      FROM refunded r WHERE r.scope = d.scope AND r.document = d.id) AS refunded,
    EXISTS (SELECT 1 FROM voids v WHERE v.scope = d.scope AND v.document = d.id) AS isVoided
  FROM documents d
  WHERE d.scope = ? AND d.kind IN ('sale', 'refund', 'void', 'exchange')`;

/** Handed to the search, which is fetched later: what it would import of this part is then no reason to part the start. */
export function documentSearch(reader: DocumentReader): DocumentSearch {
  const { book, scope } = reader;
  return {
    book,
    scope,
    countOfNumber,
    read: (where, params) =>
      book.query<Row>(`${documentColumns} AND ${where}`, [scope, ...params]).map((row) => toDocument(reader, row)),
  };
}

/** What this till did on a day: its newest documents, no more than `most`. */
export function readNewest(reader: DocumentReader, day: string, most: number): readonly DocumentRow[] {
  const { book, scope } = reader;
  const rows = book.query<Row>(`${documentColumns} AND d.device = ? AND d.day = ? ORDER BY d.id DESC LIMIT ${most}`, [
    scope,
    book.device,
    day,
  ]);
  return rows.map((row) => toDocument(reader, row));
}

/** The sale that a cart with this key became, if it did. */
export function findByKey({ book, scope }: DocumentReader, key: string): string | undefined {
  const [row] = book.query<{ readonly id: string }>(
    "SELECT id FROM documents WHERE external = ? AND external <> '' AND scope = ? AND device = ? LIMIT 1",
    [key, scope, book.device],
  );
  return row?.id;
}

export function readReceipt(reader: DocumentReader, document: string, shop: Shop): Receipt | undefined {
  const { book, scope } = reader;
  const [row] = book.query<Row>(`${documentColumns} AND d.id = ?`, [scope, document]);
  if (row === undefined || !reader.isHere(document)) return undefined;
  const tenders = book.query<{ readonly kind: Tender['kind']; readonly amountMinor: number }>(
    'SELECT kind, amountMinor FROM tenders WHERE scope = ? AND document = ? ORDER BY line',
    [scope, document],
  );
  return {
    ...toDocument(reader, row),
    currency: row.currency,
    customer: row.customer,
    fiscal: fiscalOf(book, scope, document),
    shop: shop.name,
    till: deviceName(book, row.device),
    lines: readLines(reader, document),
    tenders: tenders.map(({ kind, amountMinor }) => ({ kind, amountMinor })),
    ...moneyLeft(reader, document),
    original: readOriginal(reader, row.original),
  };
}

/**
 * What was paid of it, of what it took the place of and of what took its place since, less what was paid back of them all: a debt stays one however often
 * the goods are exchanged. Nothing is said where nothing of it was on account. CROSS JOIN has SQLite go from these few documents to their tenders; of itself
 * it goes through all tenders there are.
 */
function moneyLeft({ book, scope }: DocumentReader, document: string): Pick<Receipt, 'moneyLeftMinor'> {
  const [row] = book.query<{ readonly moneyMinor: number; readonly isOnAccount: number }>(
    `WITH RECURSIVE
       before (id) AS (
         SELECT ? UNION SELECT o.original FROM before b JOIN documents o ON o.scope = ? AND o.id = b.id WHERE o.original <> ''),
       together (id) AS (
         SELECT id FROM before
         UNION SELECT s.id FROM together g JOIN documents s ON s.original = g.id AND s.original <> '' AND s.scope = ?)
     SELECT coalesce(sum(t.amountMinor) FILTER (WHERE t.kind <> 'account'), 0) AS moneyMinor,
       coalesce(max(t.kind = 'account' AND t.amountMinor > 0), 0) AS isOnAccount
     FROM together g CROSS JOIN tenders t ON t.scope = ? AND t.document = g.id`,
    [document, scope, scope, scope],
  );
  return row?.isOnAccount === 1 ? { moneyLeftMinor: Math.max(0, row.moneyMinor) } : {};
}

/** As the projections have it: without tax. */
type LineRow = Required<Omit<ReceiptLine, 'paidMinor'>> & { readonly amountMinor: number };

function readLines({ book, scope }: DocumentReader, document: string): readonly ReceiptLine[] {
  const rows = book.query<LineRow>(
    `SELECT l.line, l.sku, l.name, l.quantity, l.quantityScale, l.unitPriceMilliMinor, l.amountMinor, l.taxMinor,
       l.taxRateBasisPoints, coalesce(r.quantity, 0) AS refundedQuantity, coalesce(r.amountMinor, 0) AS refundedMinor,
       coalesce(m.lot, '') AS lot, coalesce(x.amountMinor, 0) AS discountMinor, coalesce(x.promotion, '') AS promotion,
       coalesce(o.name, '') AS offer
     FROM documentLines l
     LEFT JOIN refunded r ON r.scope = l.scope AND r.document = l.document AND r.line = l.line
     LEFT JOIN lotMoves m ON m.scope = l.scope AND m.document = l.document AND m.line = l.line
     LEFT JOIN discounts x ON x.scope = l.scope AND x.document = l.document AND x.line = l.line
     LEFT JOIN promotions o ON o.scope = 'hq' AND o.promotion = x.promotion
     WHERE l.scope = ? AND l.document = ? ORDER BY l.line`,
    [scope, document],
  );
  return rows.map(({ amountMinor, lot, discountMinor, promotion, ...row }) => ({
    ...row,
    ...(lot === '' ? {} : { lot }),
    ...(discountMinor === 0 ? {} : { discountMinor }),
    ...(promotion === '' ? {} : { promotion }),
    paidMinor: amountMinor + row.taxMinor,
  }));
}

function readOriginal({ book, scope }: DocumentReader, id: string): Receipt['original'] {
  if (id === '') return undefined;
  const [row] = book.query<{ readonly number: string }>('SELECT number FROM documents WHERE scope = ? AND id = ?', [
    scope,
    id,
  ]);
  return row === undefined ? undefined : { id, number: row.number };
}

function deviceName(book: DocumentReader['book'], device: string): string {
  const [row] = book.query<{ readonly name: string }>('SELECT name FROM devices WHERE device = ? LIMIT 1', [device]);
  return row?.name ?? device.slice(0, 8);
}

function toDocument({ book, stageOf }: DocumentReader, row: Row): DocumentRow {
  return {
    id: row.id,
    kind: row.kind,
    number: row.number,
    day: row.day,
    at: row.at,
    device: row.device,
    totalMinor: row.totalMinor,
    taxMinor: row.taxMinor,
    items: row.items,
    stage: stageOf(row.id),
    reversed: reversedOf(row),
    own: row.device === book.device,
  };
}

function reversedOf({ isVoided, refunded, sold }: Row): DocumentRow['reversed'] {
  if (isVoided !== 0) return 'voided';
  if (refunded === 0) return 'no';
  return refunded >= sold ? 'refunded' : 'partly';
}
