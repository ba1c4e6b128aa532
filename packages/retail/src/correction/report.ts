/** What was contested and stands, and what was refused, for the people concerned: which document, why, and who owes what for it. */
import type { BookReader } from '@tallystick/ledger';
import { retailAccounts } from '../chart.ts';

/**
 * What a correction comes to. `seller`: the people of the device owe it; `customer`: the customer does; `credit`: the shop owes it to the customer;
 * `goods`: the shop owes goods of that worth; `shop`: the shop bears it; `suspense`: nobody yet, it waits on 1990.
 */
export type OwedKind = 'seller' | 'customer' | 'credit' | 'goods' | 'shop' | 'suspense';

export interface Owed {
  readonly kind: OwedKind;
  /** A device's id or a customer's reference; '' where nobody is named. */
  readonly who: string;
  /** More than nought, in minor units; of suspense also less, which is money that the books hold too much of. */
  readonly amountMinor: number;
  readonly currency: string;
}

/** The document of an op. */
export interface CorrectedDocument {
  readonly number: string;
  readonly kind: string;
  readonly day: string;
  readonly at: number;
  readonly totalMinor: number;
  readonly currency: string;
  readonly customer: string;
}

type Details = Readonly<Record<string, string | number>>;

interface Judged {
  /** The op's id, which is its document's, and its hash. */
  readonly op: string;
  readonly hash: string;
  readonly scope: string;
  readonly device: string;
  /** The device's name, or '' where the book does not know it. */
  readonly deviceName: string;
  readonly verb: string;
  readonly details: Details;
}

export interface CorrectionRow extends Judged {
  /** Every reason, the first of all first. */
  readonly codes: readonly [string, ...string[]];
  /** Undefined for an op that issues none. */
  readonly document: CorrectedDocument | undefined;
  readonly owed: readonly Owed[];
  /** Somebody has decided since: the bill that was held was approved, matched or sent back; the goods that were owed were delivered, cancelled or voided. */
  readonly isDecided: boolean;
}

export interface RefusalRow extends Judged {
  readonly code: string;
  /** The number that its device gave it, which is on the customer's paper; '' for an op without one. */
  readonly number: string;
}

export interface Selection {
  /** Of this device only. */
  readonly device?: string;
  /** The newest, so many; 200 where it is left out. */
  readonly most?: number;
}

const MOST = 200;

/** Corrections, the newest op first. */
export function correctionList(book: BookReader, selection: Selection = {}): readonly CorrectionRow[] {
  const columns = 'd.number, d.kind, d.day, d.at, d.totalMinor, d.currency, d.customer';
  const rows = select(book, 'corrections', columns, 'documents', selection);
  return rows.map((row) => {
    const judged = judgedOf(row);
    const codes = [String(row['code']), ...String(judged.details['and'] ?? '').split(' ')].filter(
      (code) => code !== '',
    );
    const document = documentOf(row);
    const known = { ...judged, codes: codes as [string, ...string[]], document };
    const isOver = isDecided(book, known);
    return { ...known, owed: isOver ? [] : owedOf(book, known), isDecided: isOver };
  });
}

/** Whether nothing waits any more of what has one decision: all its reasons are of a bill that is no more held, or of goods that are no more owed. */
function isDecided(book: BookReader, { codes, op, scope }: Pick<CorrectionRow, 'codes' | 'op' | 'scope'>): boolean {
  const waiting: Readonly<Record<string, string>> = {
    'retail/bill-quantity': "SELECT 1 FROM bills WHERE scope = ? AND bill = ? AND state = 'held'",
    'retail/bill-price': "SELECT 1 FROM bills WHERE scope = ? AND bill = ? AND state = 'held'",
    'retail/backorder': `SELECT 1 FROM backorders b LEFT JOIN backorderEnds e ON e.scope = b.scope AND e.document = b.document AND e.sku = b.sku
        LEFT JOIN voids v ON v.scope = b.scope AND v.document = b.document
      WHERE b.scope = ? AND b.document = ? AND e.document IS NULL AND v.document IS NULL`,
  };
  return codes.every((code) => {
    const sql = waiting[code];
    return sql !== undefined && book.query(sql, [scope, op]).length === 0;
  });
}

/** Ops without effect at their place, the newest first. What waits for a person is in the kernel's quarantine, too. */
export function refusalList(book: BookReader, selection: Selection = {}): readonly RefusalRow[] {
  const rows = select(book, 'refusals', "coalesce(d.number, '') AS number", 'refusedDocuments', selection);
  return rows.map((row) => ({ ...judgedOf(row), code: String(row['code']), number: String(row['number']) }));
}

type Row = Readonly<Record<string, string | number>>;

function select(
  book: BookReader,
  table: string,
  columns: string,
  documents: string,
  { device, most = MOST }: Selection,
): readonly Row[] {
  const [condition, params] = device === undefined ? ['', [most]] : ['WHERE c.device = ?', [device, most]];
  return book.query(
    `SELECT c.scope, c.hash, c.id, c.device, c.verb, c.code, c.details,
        coalesce((SELECT v.name FROM devices v WHERE v.device = c.device LIMIT 1), '') AS deviceName, ${columns}
       FROM ${table} c LEFT JOIN ${documents} d ON d.scope = c.scope AND d.id = c.id
      ${condition} ORDER BY c.id DESC LIMIT ?`,
    params,
  );
}

function judgedOf(row: Row): Judged {
  const text = (name: string): string => String(row[name]);
  const details = JSON.parse(text('details')) as Details;
  const { op, hash, scope } = { op: text('id'), hash: text('hash'), scope: text('scope') };
  return { op, hash, scope, device: text('device'), deviceName: text('deviceName'), verb: text('verb'), details };
}

function documentOf(row: Row): CorrectedDocument | undefined {
  if (typeof row['number'] !== 'string') return undefined;
  const { number, kind, day, at, totalMinor, currency, customer } = row as unknown as CorrectedDocument;
  return { number, kind, day, at, totalMinor, currency, customer };
}

/** Reasons by which the customer of the document owes what it put on receivables, or has it as credit. */
const customerCodes: ReadonlySet<string> = new Set([
  'ledger/receivable',
  'retail/over-credit',
  'retail/currency-mismatch',
  'retail/tender-mismatch',
  'retail/layaway-balance',
  'retail/layaway-overpaid',
  'retail/late-layaway',
]);

/** As the op's own postings say it, so that it is what the books have. */
function owedOf(book: BookReader, row: Omit<CorrectionRow, 'owed' | 'isDecided'>): readonly Owed[] {
  const { scope, op, details, document } = row;
  const posted = book.query(
    'SELECT account, currency, sum(amountMinor) AS amountMinor FROM postings WHERE scope = ? AND op = ? GROUP BY account, currency',
    [scope, op],
  );
  const owed = posted.flatMap(({ account, currency, amountMinor }): readonly Owed[] => {
    const said = owedOn(book, row, String(account), Number(amountMinor));
    return said === undefined || said.amountMinor === 0 ? [] : [{ ...said, currency: String(currency) }];
  });
  const givenAwayMinor = Number(details['discountMinor'] ?? 0) - Number(details['allowedMinor'] ?? 0);
  if (givenAwayMinor <= 0) return owed;
  return [...owed, { kind: 'shop', who: '', amountMinor: givenAwayMinor, currency: document?.currency ?? '' }];
}

/** What an amount that the op posted to an account comes to; most accounts say nothing about a correction. */
function owedOn(
  book: BookReader,
  row: Omit<CorrectionRow, 'owed' | 'isDecided'>,
  account: string,
  amountMinor: number,
): Omit<Owed, 'currency'> | undefined {
  const { codes, details, device, document } = row;
  if (account === retailAccounts.suspense) return { kind: 'suspense', who: '', amountMinor };
  if (account === retailAccounts.sellersShortages && amountMinor > 0)
    return { kind: 'seller', who: String(details['seller'] ?? device), amountMinor };
  if (account === retailAccounts.backordersOwed && codes.includes('retail/backorder'))
    return { kind: 'goods', who: document?.customer ?? '', amountMinor: Math.max(0, 0 - amountMinor) };
  if (account === retailAccounts.promotionExpense && codes.includes('ledger/promo-expense'))
    return { kind: 'shop', who: '', amountMinor: Math.max(0, amountMinor) };
  if (account !== retailAccounts.receivables || !codes.some((code) => customerCodes.has(code))) return undefined;
  const kind = amountMinor > 0 ? 'customer' : 'credit';
  return { kind, who: customerOf(book, row), amountMinor: Math.min(Math.abs(amountMinor), overOf(row)) };
}

/** Of a sale above a limit no more than what is above it. */
function overOf({ codes, details }: Pick<CorrectionRow, 'codes' | 'details'>): number {
  if (!codes.includes('retail/over-credit')) return Number.MAX_SAFE_INTEGER;
  return Number(details['owedMinor'] ?? 0) - Number(details['limitMinor'] ?? 0);
}

/** Who presented a token stands with its claim. */
function customerOf(
  book: BookReader,
  { scope, op, details, document }: Omit<CorrectionRow, 'owed' | 'isDecided'>,
): string {
  const named = String(details['customer'] ?? document?.customer ?? '');
  if (named !== '') return named;
  const [claim] = book.query('SELECT customer FROM entitlementClaims WHERE scope = ? AND op = ?', [scope, op]);
  return String(claim?.['customer'] ?? '');
}
