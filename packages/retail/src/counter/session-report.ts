/** X and Z reports: what a session took so far, and what it had taken when it was closed. */
import type { BookReader } from '@tallystick/ledger';

/** Amounts are negative where money went out; `tenders` are of all documents, and the difference of an exchange counts as a sale. */
export interface SessionReport {
  readonly session: string;
  readonly device: string;
  readonly currency: string;
  /** `X` while the session is open, `Z` from its close on. */
  readonly kind: 'X' | 'Z';
  /** The number of the Z report, '' of an X report. */
  readonly number: string;
  readonly openedDay: string;
  readonly closedDay: string;
  readonly floatMinor: number;
  readonly sales: number;
  readonly salesMinor: number;
  readonly refunds: number;
  readonly refundsMinor: number;
  readonly voids: number;
  readonly voidsMinor: number;
  /** Payments on account. */
  readonly payments: number;
  readonly paymentsMinor: number;
  readonly discountMinor: number;
  readonly taxMinor: number;
  readonly tenders: { readonly cash: number; readonly card: number; readonly account: number; readonly other: number };
  readonly paidInMinor: number;
  readonly paidOutMinor: number;
  readonly droppedMinor: number;
  /** What the drawer should hold; of a Z report, should have held. */
  readonly expectedMinor: number;
  /** What was counted, and by how much that is over; 0 of an X report. */
  readonly countedMinor: number;
  readonly overMinor: number;
  /** Tax by rate, of all documents of the session; those that came late are among them. */
  readonly taxes: readonly {
    readonly taxRateBasisPoints: number;
    readonly amountMinor: number;
    readonly taxMinor: number;
  }[];
  /** Documents that came after the close, and what they took. Of an X report none. */
  readonly late: { readonly documents: number; readonly totalMinor: number };
}

/** The report of a session, by the id of the op that opened it; undefined where there is none. Its taxes are read from its documents, each line of them. */
export function sessionReport(book: BookReader, session: string): SessionReport | undefined {
  const sums = sessionSums(book, session);
  return sums === undefined ? undefined : { ...sums, taxes: taxesOf(book, session) };
}

/** The report without its taxes: what the book keeps summed, however many documents there are. */
export function sessionSums(book: BookReader, session: string): Omit<SessionReport, 'taxes'> | undefined {
  const [row] = book.query(
    `SELECT s.scope, s.device, s.currency, s.state, s.floatMinor, s.openedDay, s.closedDay,
        CASE s.state WHEN 'open' THEN coalesce(d.amountMinor, 0) ELSE s.expectedMinor END AS expectedMinor, s.countedMinor
       FROM sessions s LEFT JOIN drawers d ON d.scope = s.scope AND d.session = s.id AND d.currency = s.currency WHERE s.id = ?`,
    [session],
  );
  if (row === undefined) return undefined;
  const scope = String(row['scope']);
  const numbers = (table: string): Readonly<Record<string, number | string>> =>
    book.query(`SELECT * FROM ${table} WHERE scope = ? AND session = ?`, [scope, session])[0] ?? {};
  const closing = numbers('closings');
  const now = numbers('takings');
  const isOpen = row['state'] === 'open';
  const shown = isOpen ? now : closing;
  const amount = (name: string): number => Number(shown[name] ?? 0);
  const late = (name: string): number => (isOpen ? 0 : Number(now[name] ?? 0) - Number(closing[name] ?? 0));
  return {
    session,
    device: String(row['device']),
    currency: String(row['currency']),
    kind: isOpen ? 'X' : 'Z',
    number: String(closing['number'] ?? ''),
    openedDay: String(row['openedDay']),
    closedDay: String(row['closedDay']),
    floatMinor: Number(row['floatMinor']),
    sales: amount('sales'),
    salesMinor: amount('salesMinor'),
    refunds: amount('refunds'),
    refundsMinor: amount('refundsMinor'),
    voids: amount('voids'),
    voidsMinor: amount('voidsMinor'),
    payments: amount('payments'),
    paymentsMinor: amount('paymentsMinor'),
    discountMinor: amount('discountMinor'),
    taxMinor: amount('taxMinor'),
    tenders: {
      cash: amount('cashMinor'),
      card: amount('cardMinor'),
      account: amount('accountMinor'),
      other: amount('otherMinor'),
    },
    paidInMinor: amount('paidInMinor'),
    paidOutMinor: amount('paidOutMinor'),
    droppedMinor: amount('droppedMinor'),
    expectedMinor: Number(row['expectedMinor']),
    countedMinor: Number(row['countedMinor']),
    overMinor: isOpen ? 0 : Number(row['countedMinor']) - Number(row['expectedMinor']),
    late: {
      documents: late('sales') + late('refunds') + late('voids') + late('payments'),
      totalMinor: late('salesMinor') + late('refundsMinor') + late('voidsMinor') + late('paymentsMinor'),
    },
  };
}

function taxesOf(book: BookReader, session: string): SessionReport['taxes'] {
  const rows = book.query(
    `SELECT l.taxRateBasisPoints, sum(l.amountMinor) AS amountMinor, sum(l.taxMinor) AS taxMinor
       FROM sessions s JOIN documents d ON d.scope = s.scope AND d.session = s.id
       JOIN documentLines l ON l.scope = d.scope AND l.document = d.id
      WHERE s.id = ? GROUP BY l.taxRateBasisPoints ORDER BY l.taxRateBasisPoints`,
    [session],
  );
  return rows.map((row) => ({
    taxRateBasisPoints: Number(row['taxRateBasisPoints']),
    amountMinor: Number(row['amountMinor']),
    taxMinor: Number(row['taxMinor']),
  }));
}
