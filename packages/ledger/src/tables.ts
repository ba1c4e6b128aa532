/** The ledger's projection tables (DESIGN section 9). The law that postings balance lives in the table, so no verb can escape it. */
import {
  type Refusal,
  type RegisterTable,
  refuse,
  type Row,
  type SetTable,
  type SumTable,
  registerTable,
  setTable,
  sumTable,
} from '@tallystick/kernel';

type Text = 'text';
type Int = 'integer';

export type AccountKind = 'asset' | 'liability' | 'equity' | 'income' | 'expense';

/** Accounts of the book, kept in `hq`. */
export const accounts: RegisterTable<{ account: Text }, { kind: Text; name: Text }> = registerTable('accounts', {
  key: { account: 'text' },
  columns: { kind: 'text', name: 'text' },
});

/** Balance per account and currency: debits positive, credits negative. Derived from postings and from nothing else. */
export const balances: SumTable<{ account: Text; currency: Text }, 'amountMinor'> = sumTable('balances', {
  key: { account: 'text', currency: 'text' },
  sums: ['amountMinor'],
  derived: true,
});

/**
 * One side of an entry: minor units, debit positive, credit negative. `line` counts from 1 within the op, `day` is the
 * business day that the op recorded. Rows that one op puts here must add up to zero per currency.
 */
export const postings: SetTable<
  { op: Text; line: Int },
  { account: Text; currency: Text; amountMinor: Int; day: Text; memo: Text }
> = setTable('postings', {
  key: { op: 'text', line: 'integer' },
  columns: { account: 'text', currency: 'text', amountMinor: 'integer', day: 'text', memo: 'text' },
  check: checkBalanced,
  derive: ({ account, currency, amountMinor }) => [
    balances.add({ account: String(account), currency: String(currency) }, { amountMinor: Number(amountMinor) }),
  ],
});

/** What a verb that posts must list among its tables. */
export const ledgerTables: readonly [typeof accounts, typeof postings, typeof balances] = [
  accounts,
  postings,
  balances,
];

function checkBalanced(rows: readonly Row[]): Refusal | undefined {
  const sumsByCurrency = new Map<unknown, number>();
  for (const { currency, amountMinor } of rows) {
    const sum = (sumsByCurrency.get(currency) ?? 0) + Number(amountMinor);
    if (!Number.isSafeInteger(sum)) return refuse('ledger/amount-range', { currency: String(currency) });
    sumsByCurrency.set(currency, sum);
  }
  for (const [currency, sumMinor] of sumsByCurrency) {
    if (sumMinor !== 0) return refuse('ledger/unbalanced', { currency: String(currency), sumMinor });
  }
  return undefined;
}
