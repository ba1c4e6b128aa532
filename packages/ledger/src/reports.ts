/** Reports over the books: statement, profit and loss, balance sheet, aged receivables, and what a year's end has to carry. */
import {
  type BookReader,
  conditionOf,
  journal,
  type PostingRow,
  postingsOf,
  type Selection,
  trialBalance,
} from './queries.ts';
import type { EntryLine } from './post.ts';

/** Income and liabilities and equity are shown as people read them: credits positive. */
export interface ReportLine {
  readonly account: string;
  readonly name: string;
  readonly amountMinor: number;
}

export interface StatementRow extends PostingRow {
  /** After this posting, debit positive. */
  readonly balanceMinor: number;
}

export interface Statement {
  readonly currency: string;
  readonly openingMinor: number;
  readonly rows: readonly StatementRow[];
  readonly closingMinor: number;
}

/** The statement of an account, one for each currency: what it held before the first day, its postings, and what it holds after the last. */
export function statementOf(book: BookReader, account: string, selection: Selection = {}): readonly Statement[] {
  const { from, ...until } = selection;
  const all = postingsOf(book, account, until);
  const byCurrency = new Map<string, { openingMinor: number; balanceMinor: number; rows: StatementRow[] }>();
  for (const row of all) {
    const statement = byCurrency.get(row.currency) ?? { openingMinor: 0, balanceMinor: 0, rows: [] };
    byCurrency.set(row.currency, statement);
    statement.balanceMinor += row.amountMinor;
    if (from !== undefined && row.day < from) statement.openingMinor = statement.balanceMinor;
    else statement.rows.push({ ...row, balanceMinor: statement.balanceMinor });
  }
  return [...byCurrency]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([currency, { openingMinor, balanceMinor, rows }]) => ({
      currency,
      openingMinor,
      rows,
      closingMinor: balanceMinor,
    }));
}

export interface ProfitAndLoss {
  readonly currency: string;
  readonly income: readonly ReportLine[];
  readonly expense: readonly ReportLine[];
  /** Income less expense. */
  readonly resultMinor: number;
}

/** Ops that carried a result to equity, or took that back. */
const CARRYING = `SELECT scope, op FROM carries UNION ALL
  SELECT r.scope, r."by" FROM carries c JOIN reversals r ON r.scope = c.scope AND r."of" = c.op`;

/** Income and expense of the days asked for, by currency. What `period.carry` took to equity is not part of any result. */
export function profitAndLoss(book: BookReader, selection: Selection = {}): readonly ProfitAndLoss[] {
  const { condition, params } = conditionOf(selection);
  const rows = book.query(
    `SELECT b.account, a.kind, a.name, b.currency, sum(b.amountMinor) AS amountMinor
       FROM postings b JOIN accounts a ON a.scope = 'hq' AND a.account = b.account
      WHERE a.kind IN ('income', 'expense') AND ${condition}
        AND (b.scope, b.op) NOT IN (${CARRYING})
      GROUP BY b.account, b.currency HAVING sum(b.amountMinor) <> 0 ORDER BY b.currency, b.account`,
    params,
  );
  const linesOf = (currency: string, kind: string, sign: 1 | -1): ReportLine[] =>
    rows
      .filter((row) => row['currency'] === currency && row['kind'] === kind)
      .map((row) => ({
        account: String(row['account']),
        name: String(row['name']),
        amountMinor: sign * Number(row['amountMinor']),
      }));
  return [...new Set(rows.map((row) => String(row['currency'])))].map((currency) => {
    const [income, expense] = [linesOf(currency, 'income', -1), linesOf(currency, 'expense', 1)];
    return { currency, income, expense, resultMinor: totalOf(income) - totalOf(expense) };
  });
}

export interface BalanceSheet {
  readonly currency: string;
  readonly assets: readonly ReportLine[];
  readonly liabilities: readonly ReportLine[];
  readonly equity: readonly ReportLine[];
  /** Income less expense that was not carried to equity yet. Assets are liabilities, equity and this. */
  readonly resultMinor: number;
}

/** What the book has and owes at the end of the day `at`, by currency. */
export function balanceSheet(
  book: BookReader,
  { at, ...place }: Omit<Selection, 'from' | 'to'> & { readonly at?: string } = {},
): readonly BalanceSheet[] {
  const rows = trialBalance(book, { ...place, ...(at === undefined ? {} : { to: at }) });
  return [...new Set(rows.map(({ currency }) => currency))].map((currency) => {
    const of = (kinds: readonly string[], sign: 1 | -1): ReportLine[] =>
      rows
        .filter((row) => row.currency === currency && kinds.includes(row.kind))
        .map(({ account, name, amountMinor }) => ({ account, name, amountMinor: sign * amountMinor }));
    return {
      currency,
      assets: of(['asset'], 1),
      liabilities: of(['liability'], -1),
      equity: of(['equity'], -1),
      resultMinor: totalOf(of(['income', 'expense'], -1)),
    };
  });
}

export interface AgedRow {
  readonly party: string;
  readonly currency: string;
  /** What is owed by age: up to the first bound, up to the second ... and beyond the last. */
  readonly amountsMinor: readonly number[];
  /** Their sum; negative where more was paid than was owed, which stands in the first place. */
  readonly totalMinor: number;
}

export interface AgedOptions extends Omit<Selection, 'from' | 'to'> {
  readonly accounts: readonly string[];
  /** The day `YYYY-MM-DD` at whose end it is asked. */
  readonly at: string;
  /** Days, rising: 30, 60 and 90 when left out. */
  readonly boundsDays?: readonly number[];
  /** Whom a posting is about, '' for nobody in particular; the account when left out. */
  readonly partyOf?: (posting: PostingRow) => string;
}

/** Who owes since when: what was paid settles the oldest debt first. */
export function agedReceivables(book: BookReader, options: AgedOptions): readonly AgedRow[] {
  const { accounts, at, boundsDays = [30, 60, 90], partyOf = ({ account }) => account, ...place } = options;
  const debts = new Map<string, { party: string; currency: string; open: { day: string; amountMinor: number }[] }>();
  for (const row of journal(book, { ...place, to: at })) {
    if (!accounts.includes(row.account)) continue;
    const party = partyOf(row);
    const key = `${row.currency} ${party}`;
    const debt = debts.get(key) ?? { party, currency: row.currency, open: [] };
    debts.set(key, debt);
    settleOldest(debt.open, row);
  }
  const today = dayNumber(at);
  return [...debts]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, { party, currency, open }]) => {
      const amountsMinor = [...boundsDays, 0].map(() => 0);
      for (const { day, amountMinor } of open) {
        const age = today - dayNumber(day);
        const found = amountMinor < 0 ? 0 : boundsDays.findIndex((bound) => age <= bound);
        const place = found === -1 ? boundsDays.length : found;
        amountsMinor[place] = (amountsMinor[place] ?? 0) + amountMinor;
      }
      return { party, currency, amountsMinor, totalMinor: amountsMinor.reduce((sum, amount) => sum + amount, 0) };
    })
    .filter(({ amountsMinor }) => amountsMinor.some((amount) => amount !== 0));
}

/** Open items are of one sign; an amount of the other sign settles the oldest of them, and what is left over is open itself. */
function settleOldest(open: { day: string; amountMinor: number }[], { day, amountMinor }: PostingRow): void {
  let left = amountMinor;
  while (left !== 0) {
    const [oldest] = open;
    if (oldest === undefined || oldest.amountMinor > 0 === left > 0) {
      open.push({ day, amountMinor: left });
      return;
    }
    const sum = oldest.amountMinor + left;
    if (sum !== 0 && sum > 0 === oldest.amountMinor > 0) {
      oldest.amountMinor = sum;
      return;
    }
    open.shift();
    left = sum;
  }
}

/**
 * The lines of `period.carry` for a scope: what takes its income and expense through this day to zero, less what was carried already, on whatever day that
 * stands. Ask when the close is settled.
 */
export function carryDue(
  book: BookReader,
  { scope, through }: { readonly scope: string; readonly through: string },
): readonly EntryLine[] {
  const rows = book.query(
    `SELECT b.account, b.currency, -sum(b.amountMinor) AS amountMinor
       FROM postings b JOIN accounts a ON a.scope = 'hq' AND a.account = b.account
      WHERE a.kind IN ('income', 'expense') AND b.scope = ? AND (b.day <= ? OR (b.scope, b.op) IN (${CARRYING}))
      GROUP BY b.account, b.currency HAVING sum(b.amountMinor) <> 0 ORDER BY b.currency, b.account`,
    [scope, through],
  );
  return rows.map((row) => ({
    account: String(row['account']),
    currency: String(row['currency']),
    amountMinor: Number(row['amountMinor']),
  }));
}

export interface CarryFault {
  readonly scope: string;
  /** The op that carried, by `device`; its last day. */
  readonly op: string;
  readonly device: string;
  readonly through: string;
  readonly account: string;
  readonly currency: string;
  /** What it took out of the account, and what was there to take: debits positive. */
  readonly carriedMinor: number;
  readonly dueMinor: number;
}

/**
 * Carries that took something else to equity than the closed days came to, account by account. The fold believes whoever carries; this works it out
 * again, and finds the same at any later time, because nothing comes to stand in days that are closed. A carry that was taken back is not a fault.
 */
export function carryFaults(book: BookReader): readonly CarryFault[] {
  const rows = book.query(
    `WITH results AS (
       SELECT b.scope, b.op, b.account, b.currency, b.day, b.amountMinor
         FROM postings b JOIN accounts a ON a.scope = 'hq' AND a.account = b.account AND a.kind IN ('income', 'expense')
     ), every AS (
       SELECT c.scope, c.op, c.through, c.device, r."by" AS back
         FROM carries c LEFT JOIN reversals r ON r.scope = c.scope AND r."of" = c.op
     ), due AS (
       SELECT s.scope, s.op, b.account, b.currency, b.amountMinor FROM every s JOIN results b ON b.scope = s.scope AND b.day <= s.through
        WHERE s.back IS NULL AND (b.scope, b.op) NOT IN (${CARRYING})
       UNION ALL
       SELECT s.scope, s.op, b.account, b.currency, b.amountMinor FROM every s
         JOIN every e ON e.scope = s.scope AND e.through < s.through AND (e.back IS NULL OR e.back > s.op)
         JOIN results b ON b.scope = e.scope AND b.op = e.op
        WHERE s.back IS NULL
     ), both AS (
       SELECT scope, op, account, currency, amountMinor AS dueMinor, 0 AS carriedMinor FROM due UNION ALL
       SELECT s.scope, s.op, b.account, b.currency, 0, -b.amountMinor FROM every s JOIN results b USING (scope, op) WHERE s.back IS NULL
     )
     SELECT scope, op, device, through, account, currency, sum(carriedMinor) AS carriedMinor, sum(dueMinor) AS dueMinor
       FROM both JOIN every USING (scope, op)
      GROUP BY scope, op, account, currency HAVING sum(carriedMinor) <> sum(dueMinor) ORDER BY scope, op, currency, account`,
    [],
  );
  return rows.map((row) => ({
    scope: String(row['scope']),
    op: String(row['op']),
    device: String(row['device']),
    through: String(row['through']),
    account: String(row['account']),
    currency: String(row['currency']),
    carriedMinor: Number(row['carriedMinor']),
    dueMinor: Number(row['dueMinor']),
  }));
}

export interface LateEntry {
  readonly scope: string;
  readonly op: string;
  readonly meantFor: string;
  readonly day: string;
}

/** Entries that came after their period was closed. */
export function lateEntriesOf(book: BookReader, scope?: string): readonly LateEntry[] {
  const rows = book.query(
    `SELECT scope, op, meantFor, day FROM lateEntries WHERE ${scope === undefined ? '1' : 'scope = ?'} ORDER BY day, op`,
    scope === undefined ? [] : [scope],
  );
  return rows.map((row) => ({
    scope: String(row['scope']),
    op: String(row['op']),
    meantFor: String(row['meantFor']),
    day: String(row['day']),
  }));
}

/** What report lines come to. */
export function totalOf(lines: readonly ReportLine[]): number {
  return lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

/** Days since 0000-03-01 in the proleptic Gregorian calendar; years begin in March so that a leap day is the last of its year. */
function dayNumber(day: string): number {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const marchYear = month > 2 ? year : year - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return 365 * marchYear + leapDays + Math.floor((153 * ((month + 9) % 12) + 2) / 5) + date;
}
