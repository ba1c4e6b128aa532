/** The real hledger, ledger and beancount: what they say of an exported text, and what the books say of themselves under the same names. */
import { execFileSync } from 'node:child_process';
import { type BookReader, type PlainTextFormat, trialBalance } from '../src/index.ts';
import { escapeAccount } from '../src/plain-text.ts';

const decimals: Readonly<Record<string, number>> = { JPY: 0, KWD: 3 };
export const decimalsOf = (currency: string): number => decimals[currency] ?? 2;
export const currencies = ['GBP', 'EUR', 'JPY', 'KWD'] as const;

/** Runs a program; what it says on stderr is a complaint, too. */
function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function csvRows(text: string): string[][] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1')));
}

/** Minor units of a decimal text. */
function minorOf(text: string, currency: string): number {
  const [whole = '', fraction = ''] = text.split('.');
  return Number(`${whole}${fraction.padEnd(decimalsOf(currency), '0')}`);
}

export type Balances = Record<string, number>;
export interface Program {
  readonly path: string;
  /** Throws where the program complains. */
  check(file: string): void;
  balances(file: string): Balances;
}

export const programs: Readonly<Record<PlainTextFormat, Program>> = {
  hledger: {
    path: '/usr/bin/hledger',
    check: (file) => void run('hledger', ['-f', file, 'check', '--strict']),
    balances: (file) => {
      const rows = csvRows(run('hledger', ['-f', file, 'bal', '--flat', '-N', '--layout=bare', '-O', 'csv'])).slice(1);
      return balancesOf(rows.map(([account = '', currency = '', amount = '']) => [account, currency, amount]));
    },
  },
  ledger: {
    path: '/usr/bin/ledger',
    check: (file) => void run('ledger', ['--args-only', '--pedantic', '-f', file, 'accounts']),
    balances: (file) => {
      const rows = currencies.flatMap((currency) => {
        const only = ['--limit', `commodity == "${currency}"`, '--flat', '--no-total'];
        const format = ['--balance-format', '%(account),%(quantity(display_total))\n'];
        const text = run('ledger', ['--args-only', '-f', file, 'balance', ...only, ...format]).trim();
        return text === ''
          ? []
          : csvRows(text).map(([account = '', amount = '']) => [account, currency, amount] as const);
      });
      return balancesOf(rows);
    },
  },
  beancount: {
    path: '/usr/bin/bean-check',
    check: (file) => void run('bean-check', [file]),
    balances: (file) => {
      // As text, because numbers are shown with as many decimals as most of them have.
      const query = 'SELECT account, currency, str(sum(number)) GROUP BY account, currency';
      const rows = csvRows(run('bean-query', ['-q', '-f', 'csv', file, query])).slice(1);
      return balancesOf(
        rows.map(([account = '', currency = '', amount = '']) => [account, currency, amount.replace(/[^-.0-9]/g, '')]),
      );
    },
  },
};

function balancesOf(rows: readonly (readonly [string, string, string])[]): Balances {
  const named = rows.map(
    ([account, currency, amount]) => [`${account} ${currency}`, minorOf(amount, currency)] as const,
  );
  return Object.fromEntries(named.filter(([, amount]) => amount !== 0).sort());
}

/** What the books themselves say, under the names of the export. */
export function balancesByName(book: BookReader): Balances {
  const roots: Record<string, string> = {
    asset: 'Assets',
    liability: 'Liabilities',
    equity: 'Equity',
    income: 'Income',
    expense: 'Expenses',
  };
  const named = trialBalance(book).map(
    ({ kind, account, currency, amountMinor }) =>
      [`${roots[kind]}:${escapeAccount(account)} ${currency}`, amountMinor] as const,
  );
  return Object.fromEntries(named.sort());
}
