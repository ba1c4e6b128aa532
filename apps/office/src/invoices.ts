// Groups the rows of an Online Retail file into invoices in two passes: a survey reads the whole file once, so that a bad
// row anywhere stops the work before anything is traded, and counts each invoice's rows; the second pass hands an invoice
// over as soon as all its rows have come by, even when rows of other invoices stand between them.
import { hash } from 'node:crypto';
import { fileError } from './errors.ts';
import { type RetailFile, readRetailRows } from './retail-file.ts';
import { lineAmount, type RetailRow } from './retail-row.ts';

/** Rows of unfinished invoices held at once; a file more interleaved than this is refused rather than swallowed whole. */
const maxHeldRows = 200_000;

/** Totals of a file by the reader's own arithmetic: what the folded books are compared with. */
export interface ControlTotals {
  readonly rows: number;
  readonly invoices: number;
  readonly cancellations: number;
  readonly units: number;
  readonly skus: number;
  readonly netMinor: number;
}

/** What one reading of the whole file found. Memory: one entry per invoice and per stock code. */
export interface Survey {
  readonly sha256: string;
  readonly totals: ControlTotals;
  readonly rowsByInvoice: ReadonlyMap<string, number>;
  readonly firstAtMs: number;
}

/** All rows that carry one invoice number, in file order. */
export interface Invoice {
  readonly number: string;
  readonly rows: readonly RetailRow[];
}

/** Whether an invoice number says that it cancels. */
export function isCancellation(invoice: string): boolean {
  return invoice.startsWith('C');
}

/** Reads and checks every row of the file, trading nothing. Throws the OfficeError of the first thing that is wrong. */
export async function surveyFile(file: RetailFile, onRow?: (rows: number) => void): Promise<Survey> {
  const rowsByInvoice = new Map<string, number>();
  const skus = new Set<string>();
  let rows = 0;
  let units = 0;
  let netMinor = 0;
  let firstAtMs = Number.MAX_SAFE_INTEGER;
  let sha256 = '';
  for await (const row of readRetailRows(file, (digest) => (sha256 = digest))) {
    rows += 1;
    rowsByInvoice.set(row.invoice, (rowsByInvoice.get(row.invoice) ?? 0) + 1);
    skus.add(row.sku);
    units += row.quantity;
    netMinor += lineAmount(row.quantity, row.unitPriceMilliMinor);
    firstAtMs = Math.min(firstAtMs, row.atMs);
    if (!Number.isSafeInteger(units) || !Number.isSafeInteger(netMinor)) {
      throw fileError(
        'office/row',
        { file: file.path, line: row.line, row: row.row },
        'the totals leave the range of exact integers',
      );
    }
    onRow?.(rows);
  }
  const invoices = rowsByInvoice.size;
  const cancellations = [...rowsByInvoice.keys()].filter(isCancellation).length;
  return {
    sha256,
    totals: { rows, invoices, cancellations, units, skus: skus.size, netMinor },
    rowsByInvoice,
    firstAtMs,
  };
}

/** The invoices of a surveyed file, each when its last row has been read. */
export async function* readInvoices(file: RetailFile, survey: Survey): AsyncGenerator<Invoice> {
  const open = new Map<string, RetailRow[]>();
  let held = 0;
  let sha256 = '';
  for await (const row of readRetailRows(file, (digest) => (sha256 = digest))) {
    const rows = open.get(row.invoice) ?? [];
    if (rows.length === 0) open.set(row.invoice, rows);
    rows.push(row);
    held += 1;
    if (rows.length === survey.rowsByInvoice.get(row.invoice)) {
      open.delete(row.invoice);
      held -= rows.length;
      yield { number: row.invoice, rows };
    } else if (held > maxHeldRows) {
      throw fileError(
        'office/row',
        { file: file.path, line: row.line, row: row.row },
        `more than ${maxHeldRows} rows belong to invoices that are not complete yet`,
      );
    }
  }
  if (sha256 !== survey.sha256)
    throw fileError('office/file-changed', { file: file.path }, 'the file changed while it was being read');
}

/** The till, 0 to `tills` - 1, an invoice is traded on: a function of its number alone, so a later run gives the same. */
export function tillOf(invoice: string, tills: number): number {
  return Number.parseInt(hash('sha256', invoice, 'hex').slice(0, 12), 16) % tills;
}
