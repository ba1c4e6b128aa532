// Maps an invoice of the Online Retail format to retail ops, losing no row: docs/decisions on the mapping says why each
// row becomes what it becomes. The ops of one invoice are numbered parts of it, and (invoice number, part) identifies an
// op for ever, which is what makes a second run of the same file add nothing.
import { encodeCanonical } from '@tallystick/oplog';
import {
  type ChargeAdjustArgs,
  type GoodsLine,
  retailAccounts,
  type SaleCompleteArgs,
  type SaleRefundArgs,
  type StockAdjustArgs,
  type MoneyTender,
} from '@tallystick/retail';
import { type Invoice, isCancellation } from './invoices.ts';
import { lineAmount, type RetailRow } from './retail-row.ts';

/** Bytes of canonical lines in one op: the op's 60 KiB less ample room for the envelope and the other arguments. */
const maxLineBytes = 56 * 1024;
/** Lines in one op, below the bound of the retail verbs. */
const maxLines = 1_000;

type TradeKind = 'sale' | 'refund' | 'adjustment' | 'charge';

/** A verb with the arguments it takes. */
export type TradeRequest =
  | { readonly verb: 'sale.complete'; readonly args: SaleCompleteArgs }
  | { readonly verb: 'sale.refund'; readonly args: SaleRefundArgs }
  | { readonly verb: 'stock.adjust'; readonly args: StockAdjustArgs }
  | { readonly verb: 'charge.adjust'; readonly args: ChargeAdjustArgs };

/** One op to commit, with the rows of the file that it carries. */
export interface TradeOp {
  /** `first` is the document id of part 1, for the parts after it. */
  request(first?: string): TradeRequest;
  readonly at: number;
  readonly external: string;
  readonly part: number;
  readonly parts: number;
  readonly rows: readonly RetailRow[];
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
  const at = invoice.rows[0]?.atMs ?? 0;
  const day = invoice.rows[0]?.day ?? '';
  const amountMinor = rows.reduce((sum, row) => sum + lineAmount(row.quantity, row.unitPriceMilliMinor), 0);
  const external = invoice.number;
  return {
    request(first) {
      const links = { external, ...(parts > 1 ? { part, parts } : {}), ...(first === undefined ? {} : { first }) };
      const common = { day, currency, ...links, lines: rows.map((row) => lineOf(kind, row, at)) };
      switch (kind) {
        case 'sale':
          return { verb: 'sale.complete', args: { ...common, taxIncluded: true, tenders: onAccount(amountMinor) } };
        case 'refund': {
          const tenders = onAccount(-amountMinor);
          return { verb: 'sale.refund', args: { ...common, taxIncluded: true, tenders, reason: 'cancelled' } };
        }
        case 'adjustment':
          return { verb: 'stock.adjust', args: { ...common, reason: 'written off' } };
        case 'charge':
          return {
            verb: 'charge.adjust',
            args: { ...common, account: retailAccounts.chargesAndBadDebts, reason: 'adjustment' },
          };
      }
    },
    at,
    external,
    part,
    parts,
    rows,
  };
}

/** The file does not say how an invoice was paid: it stands on account, and nothing is tendered for a total of nothing. */
function onAccount(amountMinor: number): readonly MoneyTender[] {
  return amountMinor === 0 ? [] : [{ kind: 'account', amountMinor }];
}

function lineOf(kind: TradeKind, row: RetailRow, at: number): GoodsLine {
  const { sku, name, unitPriceMilliMinor } = row;
  const quantity = kind === 'refund' ? -row.quantity : row.quantity;
  return { sku, name, quantity, unitPriceMilliMinor, ...(row.atMs === at ? {} : { at: row.atMs }) };
}

/** Cuts rows into runs whose lines fit one op. Sizes are of the canonical text, the form that is signed and stored. */
function splitRows(rows: readonly RetailRow[]): (readonly RetailRow[])[] {
  const runs: RetailRow[][] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = Buffer.byteLength(encodeCanonical({ ...lineOf('adjustment', row, -1) })) + 1;
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
