// The reports of the ledger as `tally books REPORT` shows them, each as text and as JSON.
import {
  agedReceivables,
  balanceSheet,
  type BookReader,
  dayBook,
  isDay,
  lateEntriesOf,
  type PlainTextFormat,
  plainTextOf,
  type PostingRow,
  profitAndLoss,
  type ReportLine,
  type Selection,
  statementOf,
  totalOf,
  trialBalance,
} from '@tallystick/ledger';
import { retailAccounts } from '@tallystick/retail';
import { type CommandContext, type CommandOption, usage } from '../command.ts';
import { formatMinor, minorDecimals } from '../currency.ts';
import type { Answer } from './reading.ts';
import { renderTable } from './table.ts';

export const reportOptions: Readonly<Record<string, CommandOption>> = {
  scope: { type: 'string', value: 'SCOPE', help: 'of a report: one scope instead of the whole book' },
  currency: { type: 'string', value: 'CODE', help: 'of a report: one currency' },
  from: { type: 'string', value: 'DAY', help: 'of a report: postings of this day and later' },
  to: { type: 'string', value: 'DAY', help: 'of a report: postings of this day and earlier' },
  format: { type: 'string', value: 'FORMAT', help: 'of export: hledger, ledger or beancount' },
};

type Report = (book: BookReader, selection: Selection, context: CommandContext) => Answer;

const ok = (json: Answer['json'], lines: readonly string[], status = 0): Answer => ({ json, lines, status });
const money = (amountMinor: number, currency: string): string => formatMinor(amountMinor, currency, true);
const debit = (amountMinor: number, currency: string): string => (amountMinor > 0 ? money(amountMinor, currency) : '');

const reports: Readonly<Record<string, Report>> = {
  trial: (book, selection) => {
    const rows = trialBalance(book, selection);
    const sums = new Map<string, number>();
    for (const { currency, amountMinor } of rows) sums.set(currency, (sums.get(currency) ?? 0) + amountMinor);
    const isBalanced = [...sums.values()].every((sum) => sum === 0);
    const cells = rows.map(({ account, name, currency, amountMinor }) => [
      account,
      name,
      currency,
      debit(amountMinor, currency),
      debit(0 - amountMinor, currency),
    ]);
    return ok(
      { trialBalance: rows },
      renderTable(['Account', 'Name', 'Currency', '>Debit', '>Credit'], cells),
      isBalanced ? 0 : 1,
    );
  },
  day: (book, { from: _from, to: _to, ...place }, context) => {
    const day = dayOf(context.positionals[1], 'books day');
    const rows = dayBook(book, day, place);
    return ok({ day, postings: rows }, renderTable(postingHeadings, rows.map(postingCells)));
  },
  statement: (book, selection, context) => {
    const account = context.positionals[1];
    if (account === undefined) throw usage('which account? tally books statement ACCOUNT', 'books');
    const statements = statementOf(book, account, selection);
    const lines = statements.flatMap(({ currency, openingMinor, rows, closingMinor }) => [
      ...renderTable(
        ['Day', 'Scope', 'Memo', `>${currency}`, '>Balance'],
        [
          ['', '', 'Opening balance', '', money(openingMinor, currency)],
          ...rows.map(({ day, scope, memo, amountMinor, balanceMinor }) => [
            day,
            scope,
            memo,
            money(amountMinor, currency),
            money(balanceMinor, currency),
          ]),
          ['', '', 'Closing balance', '', money(closingMinor, currency)],
        ],
      ),
      '',
    ]);
    return ok({ account, statements }, lines.length > 0 ? lines : [`Nothing was posted to ${account}.`]);
  },
  aged: (book, { from: _from, to, ...place }) => {
    const at = to ?? lastDay(book);
    const parties = new Map(
      book
        .query("SELECT id, customer FROM documents WHERE customer <> ''", [])
        .map((row) => [String(row['id']), String(row['customer'])] as const),
    );
    const accounts = [retailAccounts.receivables, retailAccounts.sellersShortages];
    const partyOf = ({ op, account }: PostingRow): string => parties.get(op) ?? account;
    const rows = agedReceivables(book, { ...place, accounts, at, partyOf });
    const cells = rows.map(({ party, currency, amountsMinor, totalMinor }) => [
      party,
      currency,
      ...[...amountsMinor, totalMinor].map((amount) => money(amount, currency)),
    ]);
    const headings = ['Who', 'Currency', '>to 30 days', '>to 60', '>to 90', '>older', '>All'];
    return ok({ at, aged: rows }, renderTable(headings, cells));
  },
  profit: (book, selection) => {
    const reports = profitAndLoss(book, selection);
    const lines = reports.flatMap(({ currency, income, expense, resultMinor }) =>
      section(currency, [
        ['Income', income],
        ['Expense', expense],
      ]).concat([`Result: ${money(resultMinor, currency)} ${currency}`, '']),
    );
    return ok({ profitAndLoss: reports }, lines.length > 0 ? lines : ['No income and no expense.']);
  },
  balance: (book, { from: _from, to, ...place }) => {
    const sheets = balanceSheet(book, { ...place, ...(to === undefined ? {} : { at: to }) });
    const isEqual = sheets.every(
      ({ assets, liabilities, equity, resultMinor }) =>
        totalOf(assets) === totalOf(liabilities) + totalOf(equity) + resultMinor,
    );
    const lines = sheets.flatMap(({ currency, assets, liabilities, equity, resultMinor }) =>
      section(currency, [
        ['Assets', assets],
        ['Liabilities', liabilities],
        ['Equity', equity],
      ]).concat([`Result not carried yet: ${money(resultMinor, currency)} ${currency}`, '']),
    );
    return ok({ balanceSheet: sheets }, lines.length > 0 ? lines : ['Nothing was posted.'], isEqual ? 0 : 1);
  },
  late: (book, { scope }) => {
    const rows = lateEntriesOf(book, scope);
    const cells = rows.map(({ day, meantFor, scope: at, op }) => [day, meantFor, at, op]);
    return ok({ late: rows }, renderTable(['Day', 'Meant for', 'Scope', 'Op'], cells));
  },
  export: (book, selection, context) => {
    const format = formats.find((name) => name === context.text('format'));
    if (format === undefined) throw usage(`--format is one of ${formats.join(', ')}`, 'books');
    const written = plainTextOf(book, { ...selection, format, decimalsOf: minorDecimals });
    if (!written.ok) return ok({ ...written }, [`${written.code}: ${format} cannot read the day ${written.day}`], 1);
    return ok({ format, text: written.text }, [written.text.trimEnd()]);
  },
};

const formats: readonly PlainTextFormat[] = ['hledger', 'ledger', 'beancount'];

export const reportNames: readonly string[] = Object.keys(reports);

/** Answers the report of this name about the book. */
export function answerReport(book: BookReader, name: string, context: CommandContext): Answer {
  const report = Object.hasOwn(reports, name) ? reports[name] : undefined;
  if (report === undefined)
    throw usage(`there is no report ${JSON.stringify(name)}; there are ${reportNames.join(', ')}`, 'books');
  if (context.positionals[1] !== undefined && name !== 'day' && name !== 'statement')
    throw usage(`unexpected argument ${JSON.stringify(context.positionals[1])}`, 'books');
  if (context.text('format') !== undefined && name !== 'export') throw usage('--format is for export', 'books');
  return report(book, selectionOf(context), context);
}

/** What only reports take is a mistake without one. */
export function refuseReportOptions(context: CommandContext): void {
  const given = Object.keys(reportOptions).find((option) => context.text(option) !== undefined);
  if (given !== undefined) throw usage(`--${given} needs a report: ${reportNames.join(', ')}`, 'books');
}

function selectionOf(context: CommandContext): Selection {
  const [scope, currency] = [context.text('scope'), context.text('currency')];
  const days = ['from', 'to'].flatMap((option) => {
    const day = context.text(option);
    return day === undefined ? [] : [[option, dayOf(day, `--${option}`)] as const];
  });
  return {
    ...(scope === undefined ? {} : { scope }),
    ...(currency === undefined ? {} : { currency }),
    ...Object.fromEntries(days),
  };
}

function dayOf(day: string | undefined, what: string): string {
  if (day === undefined || !isDay(day)) throw usage(`${what} ${day ?? ''}: a day is YYYY-MM-DD`, 'books');
  return day;
}

const postingHeadings = ['Op', 'Scope', 'Account', 'Memo', 'Currency', '>Debit', '>Credit'] as const;

function postingCells({ op, scope, account, memo, currency, amountMinor }: PostingRow): readonly string[] {
  return [op, scope, account, memo, currency, debit(amountMinor, currency), debit(0 - amountMinor, currency)];
}

function section(currency: string, parts: readonly (readonly [string, readonly ReportLine[]])[]): string[] {
  const rows = parts.flatMap(([heading, lines]) => [
    ...lines.map(({ account, name, amountMinor }) => [account, name, money(amountMinor, currency)]),
    ['', `${heading} in all`, money(totalOf(lines), currency)],
  ]);
  return renderTable(['Account', 'Name', `>${currency}`], rows);
}

function lastDay(book: BookReader): string {
  return String(book.query("SELECT coalesce(max(day), '0001-01-01') AS day FROM postings", [])[0]?.['day']);
}
