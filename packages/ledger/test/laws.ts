/** A book with a small chart, and short ways to post and to read, for the tests of laws, transfers, periods and currencies. */
import { type Book, type BookStore, defineVerb, type Effect, type Verb } from '@tallystick/kernel';
import { ledgerTables, ledgerVerbs, postings, trialBalance } from '../src/index.ts';
import { createReplica, drivers } from './replica.ts';

export const day = '2026-11-21';
export const gbp = (account: string, amountMinor: number) => ({ account, currency: 'GBP', amountMinor });
export const eur = (account: string, amountMinor: number) => ({ account, currency: 'EUR', amountMinor });

export const anything = {
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
  publicTexts: {},
} as const;

interface RawRow {
  readonly account: string;
  readonly currency: string;
  readonly amountMinor: number;
  readonly day?: string;
}

/** What an integrator who skips `post` might write. */
export const rawPut: Verb<'test.raw', { rows: readonly RawRow[] }> = defineVerb({
  name: 'test.raw',
  version: 1,
  roles: ['owner'],
  tables: ledgerTables,
  args: anything,
  plan: (_view, op, { rows }) =>
    rows.map((row, index): Effect => postings.put({ op: op.id, line: index + 1, memo: '', day, ...row })),
});

export type LawBook = Book<readonly Verb[]>;
export const [{ store: newStore }] = drivers as [(typeof drivers)[number]];

/** Commits by name; answers what was refused with, or 'ok'. */
export type Act = (verb: string, args: object) => Promise<string>;

/** Opens a book with cash 1000, gift balances 2310 (limited), bank 1020 (GBP alone, limited), equity 3000 and 3900, sales, rent and exchange. */
export async function openLedger(
  store: BookStore = newStore(),
  verbs: readonly Verb[] = [...ledgerVerbs, rawPut],
): Promise<{ book: LawBook; act: Act; balance: (account: string, currency?: string) => number }> {
  const book: LawBook = await createReplica({ store, verbs });
  const act = actOn(book);
  const chart = [
    { account: '1000', kind: 'asset', name: 'Cash' },
    { account: '1020', kind: 'asset', name: 'Bank', currency: 'GBP', limit: 'credits-within-debits' },
    { account: '1900', kind: 'asset', name: 'Exchange positions' },
    { account: '2310', kind: 'liability', name: 'Gift balances', limit: 'debits-within-credits' },
    { account: '3000', kind: 'equity', name: 'Opening equity' },
    { account: '3900', kind: 'equity', name: 'Retained earnings' },
    { account: '4000', kind: 'income', name: 'Sales' },
    { account: '4900', kind: 'income', name: 'Exchange gain and loss' },
    { account: '6000', kind: 'expense', name: 'Rent' },
  ];
  for (const args of chart) {
    const answer = await act('account.open', args);
    if (answer !== 'ok') throw new Error(answer);
  }
  const balance = (account: string, currency = 'GBP'): number =>
    trialBalance(book).find((row) => row.account === account && row.currency === currency)?.amountMinor ?? 0;
  return { book, act, balance };
}

export function actOn(book: LawBook): Act {
  return async (verb, args) => {
    const commit = await book.commit(verb, args);
    return commit.ok ? 'ok' : commit.code;
  };
}

/** Args of an entry between two accounts: the first is debited. */
export function entry(debit: string, credit: string, amountMinor: number, on: string = day): object {
  return { day: on, memo: '', lines: [gbp(debit, amountMinor), gbp(credit, 0 - amountMinor)] };
}
