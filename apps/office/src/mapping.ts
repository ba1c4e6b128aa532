// Maps an invoice of the Online Retail format to retail ops, losing no row: docs/decisions on the mapping says why each
// row becomes what it becomes. The ops of one invoice are numbered parts of it, and (invoice number, part) identifies an
// op for ever, which is what makes a second run of the same file add nothing.
import { encodeCanonical, type JsonObject } from '@tallystick/oplog';
import { type Invoice, isCancellation } from './invoices.ts';
import { lineAmount, type RetailRow } from './retail-row.ts';

/** Bytes of canonical lines in one op: the op's 60 KiB less ample room for the envelope and the other arguments. */
const maxLineBytes = 56 * 1024;
/** Lines in one op, below the bound of the retail verbs. */
const maxLines = 1_000;

type TradeKind = 'sale' | 'refund' | 'adjustment' | 'charge';

/** One op to commit, with what its document will say once folded. */
export interface TradeOp {
  readonly verb: 'sale.complete' | 'sale.refund' | 'stock.adjust' | 'charge.adjust';
  readonly args: JsonObject;
  readonly at: number;
  readonly external: string;
  readonly part: number;
  readonly parts: number;
  readonly content: TradeContent;
}

/** What can be compared between an op to be committed and a document that is already in the books. */
export interface TradeContent {
  readonly lines: number;
  readonly units: number;
  readonly amountMinor: number;
}

/** The ops of an invoice, in the fixed order sale, refund, adjustment, charge; usually one. */
export function mapInvoice(invoice: Invoice, currency: string): TradeOp[] {
  const groups = (['sale', 'refund', 'adjustment', 'charge'] as const).flatMap((kind) =>
    splitRows(invoice.rows.filter((row) => kindOf(row) === kind)).map((rows) => ({ kind, rows })),
  );
  return groups.map(({ kind, rows }, index) => tradeOp(kind, rows, invoice, currency, index + 1, groups.length));
}

/** What a row is, by its number's prefix and its signs. A row of no units moves nothing and is kept as a charge. */
export function kindOf(row: RetailRow): TradeKind {
  if (row.unitPriceMilliMinor < 0 || row.quantity === 0) return 'charge';
  if (isCancellation(row.invoice)) return row.quantity < 0 ? 'refund' : 'sale';
  if (/^[A-Za-z]/.test(row.invoice)) return 'charge';
  return row.quantity < 0 ? 'adjustment' : 'sale';
}

function tradeOp(
  kind: TradeKind,
  rows: readonly RetailRow[],
  invoice: Invoice,
  currency: string,
  part: number,
  parts: number,
): TradeOp {
  const first = invoice.rows[0] ?? rows[0];
  const at = first?.atMs ?? 0;
  const amountMinor = rows.reduce((sum, row) => sum + lineAmount(row.quantity, row.unitPriceMilliMinor), 0);
  const units = rows.reduce((sum, row) => sum + row.quantity, 0);
  const lines = rows.map((row) => lineOf(kind, row, at));
  const links = { external: invoice.number, ...(parts > 1 ? { part, parts } : {}) };
  const common = { day: first?.day ?? '', currency, ...links, lines };
  const content = { lines: rows.length, units, amountMinor };
  const place = { at, external: invoice.number, part, parts, content };
  switch (kind) {
    case 'sale':
      return {
        verb: 'sale.complete',
        args: { ...common, taxIncluded: true, tenders: onAccount(amountMinor) },
        ...place,
      };
    case 'refund':
      return {
        verb: 'sale.refund',
        args: { ...common, taxIncluded: true, tenders: onAccount(-amountMinor), reason: 'cancelled' },
        ...place,
      };
    case 'adjustment':
      return { verb: 'stock.adjust', args: { ...common, reason: 'written off' }, ...place };
    case 'charge':
      return { verb: 'charge.adjust', args: { ...common, account: '6100', reason: 'adjustment' }, ...place };
  }
}

/** The file does not say how an invoice was paid: it stands on account, and nothing is tendered for a total of nothing. */
function onAccount(amountMinor: number): readonly JsonObject[] {
  return amountMinor === 0 ? [] : [{ kind: 'account', amountMinor }];
}

function lineOf(kind: TradeKind, row: RetailRow, at: number): JsonObject {
  const quantity = kind === 'refund' ? -row.quantity : row.quantity;
  const time = row.atMs === at ? {} : { at: row.atMs };
  return { sku: row.sku, name: row.name, quantity, unitPriceMilliMinor: row.unitPriceMilliMinor, ...time };
}

/** Cuts rows into runs whose lines fit one op. Sizes are of the canonical text, the form that is signed and stored. */
function splitRows(rows: readonly RetailRow[]): (readonly RetailRow[])[] {
  const runs: RetailRow[][] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = Buffer.byteLength(encodeCanonical(lineOf('adjustment', row, -1))) + 1;
    const run = runs.at(-1);
    if (run === undefined || bytes + size > maxLineBytes || run.length >= maxLines) {
      runs.push([row]);
      bytes = size;
    } else {
      run.push(row);
      bytes += size;
    }
  }
  return runs;
}
