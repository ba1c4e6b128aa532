/**
 * The books as plain text that hledger, ledger and beancount read as it is. One naming serves all three: their rules for names are met by escaping, and
 * what a memo may not hold is replaced, so nothing that somebody typed is read as something else.
 */
import { type BookReader, journal, type PostingRow, type Selection } from './queries.ts';

export type PlainTextFormat = 'hledger' | 'ledger' | 'beancount';

export interface PlainTextOptions extends Selection {
  readonly format: PlainTextFormat;
  /** Decimals of a currency's minor unit: 2 for GBP, 0 for JPY. */
  decimalsOf(currency: string): number;
}

/** The text, or the first day that the format cannot write. */
export type PlainText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly code: 'ledger/export-day'; readonly day: string };

/** Years that each program reads. */
const YEARS: Readonly<Record<PlainTextFormat, readonly [string, string]>> = {
  hledger: ['0001', '9999'],
  ledger: ['1400', '9999'],
  beancount: ['1700', '2099'],
};

/** Writes every entry that is asked for, its accounts and its currencies. */
export function plainTextOf(book: BookReader, { format, decimalsOf, ...selection }: PlainTextOptions): PlainText {
  const rows = journal(book, selection);
  const [first, last] = YEARS[format];
  const stray = rows.find(({ day }) => day.slice(0, 4) < first || day.slice(0, 4) > last);
  if (stray !== undefined) return { ok: false, code: 'ledger/export-day', day: stray.day };
  const named = namesOf(book, rows);
  const lines = [...(format === 'beancount' ? openLines(rows, named) : accountLines(rows, named, format, decimalsOf))];
  for (let start = 0; start < rows.length; ) {
    let end = start + 1;
    while (rows[end]?.op === rows[start]?.op && rows[end]?.scope === rows[start]?.scope) end += 1;
    lines.push('', ...entryLines(rows.slice(start, end), format, named, decimalsOf));
    start = end;
  }
  return { ok: true, text: `${lines.join('\n')}\n` };
}

interface Named {
  readonly path: string;
  readonly name: string;
}

function namesOf(book: BookReader, rows: readonly PostingRow[]): ReadonlyMap<string, Named> {
  const opened = new Map(
    book
      .query("SELECT account, kind, name FROM accounts WHERE scope = 'hq'", [])
      .map((row) => [String(row['account']), row] as const),
  );
  const used = [...new Set(rows.map(({ account }) => account))].sort();
  return new Map(
    used.map((account) => {
      const row = opened.get(account);
      const root = ROOTS[String(row?.['kind'])] ?? 'Equity:Unopened';
      return [account, { path: `${root}:${escapeAccount(account)}`, name: String(row?.['name'] ?? '') }];
    }),
  );
}

const ROOTS: Readonly<Record<string, string>> = {
  asset: 'Assets',
  liability: 'Liabilities',
  equity: 'Equity',
  income: 'Income',
  expense: 'Expenses',
};

/**
 * An account as one component of a name: letters and digits as they are, all else as `-` and two hex digits; `X-` before what does not begin with a capital or
 * a digit. Different accounts stay different.
 */
export function escapeAccount(account: string): string {
  const escaped = account.replace(/[^A-Za-z0-9]/g, (unit) => `-${unit.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return /^[A-Z0-9]/.test(escaped) ? escaped : `X-${escaped}`;
}

function openLines(rows: readonly PostingRow[], named: ReadonlyMap<string, Named>): string[] {
  const since = rows[0]?.day ?? '';
  return [...named.values()].flatMap(({ path, name }) => [`; ${path}: ${plain(name)}`, `${since} open ${path}`]);
}

function accountLines(
  rows: readonly PostingRow[],
  named: ReadonlyMap<string, Named>,
  format: PlainTextFormat,
  decimalsOf: (currency: string) => number,
): string[] {
  const currencies = [...new Set(rows.map(({ currency }) => currency))].sort();
  return [
    'tag scope',
    ...currencies.flatMap((currency) => [
      `commodity ${currency}`,
      `    format ${formatText(format, decimalsOf(currency))} ${currency}`,
    ]),
    ...[...named.values()].flatMap(({ path, name }) => [`; ${path}: ${plain(name)}`, `account ${path}`]),
  ];
}

/** How amounts of a currency look. Whole ones hledger wants with a point, so that no comma is taken for one, and ledger without. */
function formatText(format: PlainTextFormat, decimals: number): string {
  if (decimals > 0) return `1000.${'0'.repeat(decimals)}`;
  return format === 'hledger' ? '1000.' : '1000';
}

function entryLines(
  rows: readonly PostingRow[],
  format: PlainTextFormat,
  named: ReadonlyMap<string, Named>,
  decimalsOf: (currency: string) => number,
): string[] {
  const [first] = rows;
  if (first === undefined) return [];
  const { day, op, scope, memo } = first;
  const heading =
    format === 'beancount'
      ? [`${day} * "${quoted(memo)}"`, `  op: "${op}"`, `  scope: "${quoted(scope)}"`]
      : [`${day} * (${op}) ${plain(memo)}`.trimEnd(), `    ; scope: ${plain(scope)}`];
  return [
    ...heading,
    ...rows.map(
      ({ account, currency, amountMinor }) =>
        `    ${named.get(account)?.path ?? ''}  ${amountText(amountMinor, currency, decimalsOf)}`,
    ),
  ];
}

function amountText(amountMinor: number, currency: string, decimalsOf: (currency: string) => number): string {
  const decimals = decimalsOf(currency);
  const digits = String(Math.abs(amountMinor)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = decimals === 0 ? '' : `.${digits.slice(-decimals)}`;
  return `${amountMinor < 0 ? '-' : ''}${whole}${fraction} ${currency}`;
}

/** A text within a line of hledger or ledger: `;` would begin a comment, `|` a note, and other line ends are none of theirs. */
function plain(text: string): string {
  return text.replaceAll(';', ',').replaceAll('|', '/').replace(UNSHOWN, ' ').trim();
}

function quoted(text: string): string {
  return text.replace(UNSHOWN, ' ').replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

/** Control characters and separators that end a line somewhere. */
const UNSHOWN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
