/** Questions to the books. All are plain SQL over every scope of the book: consolidation is a sum. */

/** The reading side of a book. */
export interface BookReader {
  query(sql: string, params: readonly (number | string)[]): readonly Readonly<Record<string, number | string>>[];
}

export interface TrialBalanceRow {
  readonly account: string;
  /** '' for an account that was never opened; only a verb that writes postings past `post` can cause one. */
  readonly kind: string;
  readonly name: string;
  readonly currency: string;
  readonly amountMinor: number;
}

export interface PostingRow {
  readonly scope: string;
  readonly op: string;
  readonly line: number;
  readonly account: string;
  readonly currency: string;
  /** Debit positive, credit negative. */
  readonly amountMinor: number;
  readonly day: string;
  readonly memo: string;
}

/** Balance of every account per currency, debits positive. Per currency the rows add up to zero. */
export function trialBalance(book: BookReader): readonly TrialBalanceRow[] {
  const rows = book.query(
    `SELECT b.account, coalesce(a.kind, '') AS kind, coalesce(a.name, '') AS name, b.currency, sum(b.amountMinor) AS amountMinor
       FROM balances b LEFT JOIN accounts a ON a.scope = 'hq' AND a.account = b.account
      GROUP BY b.account, b.currency HAVING sum(b.amountMinor) <> 0 ORDER BY b.currency, b.account`,
    [],
  );
  return rows.map((row) => ({
    account: String(row['account']),
    kind: String(row['kind']),
    name: String(row['name']),
    currency: String(row['currency']),
    amountMinor: Number(row['amountMinor']),
  }));
}

/** Balance of one account in one currency, debit positive. */
export function balanceOf(book: BookReader, account: string, currency: string): number {
  const rows = book.query('SELECT sum(amountMinor) AS amountMinor FROM balances WHERE account = ? AND currency = ?', [
    account,
    currency,
  ]);
  return Number(rows[0]?.['amountMinor'] ?? 0);
}

/** Statement of an account: its postings by day, from the first day to the last, both included. */
export function postingsOf(
  book: BookReader,
  account: string,
  { from = '0000-01-01', to = '9999-12-31' }: { readonly from?: string; readonly to?: string } = {},
): readonly PostingRow[] {
  return postingsWhere(book, 'account = ? AND day BETWEEN ? AND ?', [account, from, to]);
}

/** The day book: everything posted on one business day. */
export function dayBook(book: BookReader, day: string): readonly PostingRow[] {
  return postingsWhere(book, 'day = ?', [day]);
}

function postingsWhere(book: BookReader, condition: string, params: readonly string[]): readonly PostingRow[] {
  // Op ids are time-ordered, so within a day entries stand in the order in which they were made.
  const rows = book.query(
    `SELECT scope, op, line, account, currency, amountMinor, day, memo FROM postings
      WHERE ${condition} ORDER BY day, op, line`,
    params,
  );
  return rows.map((row) => ({
    scope: String(row['scope']),
    op: String(row['op']),
    line: Number(row['line']),
    account: String(row['account']),
    currency: String(row['currency']),
    amountMinor: Number(row['amountMinor']),
    day: String(row['day']),
    memo: String(row['memo']),
  }));
}
