/** What a customer owes, entry by entry. */
import type { BookReader } from '@tallystick/ledger';

export interface StatementEntry {
  readonly document: string;
  readonly number: string;
  readonly day: string;
  readonly termsDays: number;
  readonly currency: string;
  /** Owed more where positive. */
  readonly amountMinor: number;
  /** Owed after this entry, over every scope. */
  readonly owedMinor: number;
}

/** The entries on a customer's account, by day and in the order in which they were made. */
export function customerStatement(book: BookReader, customer: string): readonly StatementEntry[] {
  const rows = book.query(
    `SELECT e.document, coalesce(d.number, '') AS number, e.day, e.termsDays, e.currency, e.amountMinor,
        sum(e.amountMinor) OVER (PARTITION BY e.currency ORDER BY e.day, e.document) AS owedMinor
       FROM customerEntries e LEFT JOIN documents d ON d.scope = e.scope AND d.id = e.document
      WHERE e.customer = ? ORDER BY e.currency, e.day, e.document`,
    [customer],
  );
  return rows.map((row) => ({
    document: String(row['document']),
    number: String(row['number']),
    day: String(row['day']),
    termsDays: Number(row['termsDays']),
    currency: String(row['currency']),
    amountMinor: Number(row['amountMinor']),
    owedMinor: Number(row['owedMinor']),
  }));
}
