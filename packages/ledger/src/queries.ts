/** Questions to the books. All are plain SQL over every scope of the book: consolidation is a sum. */

/** The reading side of a book. */
export interface BookReader {
  query(sql: string, params: readonly (number | string)[]): readonly Readonly<Record<string, number | string>>[];
}

export interface TrialBalanceRow {
  readonly account: string;
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

/** Which postings a question is about; all of them where nothing is said. */
export interface Selection {
  /** One scope; without it the whole book, consolidated. */
  readonly scope?: string;
  readonly currency?: string;
  /** First and last business day, both included. */
  readonly from?: string;
  readonly to?: string;
}

/** Balance of every account per currency, debits positive. Per currency the rows add up to zero. */
export function trialBalance(book: BookReader, selection: Selection = {}): readonly TrialBalanceRow[] {
  const { from, to, ...place } = selection;
  // Without days the balances are there already.
  const isNow = from === undefined && to === undefined;
  const { condition, params } = conditionOf(isNow ? place : selection);
  const rows = book.query(
    `SELECT b.account, coalesce(a.kind, '') AS kind, coalesce(a.name, '') AS name, b.currency, sum(b.amountMinor) AS amountMinor
       FROM ${isNow ? 'balances' : 'postings'} b LEFT JOIN accounts a ON a.scope = 'hq' AND a.account = b.account
      WHERE ${condition}
      GROUP BY b.account, b.currency HAVING sum(b.amountMinor) <> 0 ORDER BY b.currency, b.account`,
    params,
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

/** The postings of an account by day, from the first day to the last, both included. */
export function postingsOf(book: BookReader, account: string, selection: Selection = {}): readonly PostingRow[] {
  const { condition, params } = conditionOf(selection);
  return postingsWhere(book, `b.account = ? AND ${condition}`, [account, ...params]);
}

/** The day book: everything posted on one business day. */
export function dayBook(
  book: BookReader,
  day: string,
  place: Omit<Selection, 'from' | 'to'> = {},
): readonly PostingRow[] {
  const { condition, params } = conditionOf({ ...place, from: day, to: day });
  return postingsWhere(book, condition, params);
}

/** Every posting that is asked for, by day. */
export function journal(book: BookReader, selection: Selection = {}): readonly PostingRow[] {
  const { condition, params } = conditionOf(selection);
  return postingsWhere(book, condition, params);
}

/** An SQL condition about the table named `b`. */
export function conditionOf({ scope, currency, from, to }: Selection): {
  readonly condition: string;
  readonly params: readonly string[];
} {
  const asked = [
    ['b.scope = ?', scope],
    ['b.currency = ?', currency],
    ['b.day >= ?', from],
    ['b.day <= ?', to],
  ].flatMap(([term = '', value]) => (value === undefined ? [] : [[term, value] as const]));
  return { condition: ['1', ...asked.map(([term]) => term)].join(' AND '), params: asked.map(([, value]) => value) };
}

function postingsWhere(book: BookReader, condition: string, params: readonly string[]): readonly PostingRow[] {
  // Op ids are time-ordered, so within a day entries stand in the order in which they were made.
  const rows = book.query(
    `SELECT b.scope, b.op, b.line, b.account, b.currency, b.amountMinor, b.day, b.memo FROM postings b
      WHERE ${condition} ORDER BY b.day, b.op, b.line`,
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
