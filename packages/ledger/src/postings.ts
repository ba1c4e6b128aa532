/** Postings, and what a verb that posts must list. Their laws live in the table, so no verb can escape them (DESIGN section 9). */
import { type SetTable, setTable } from '@tallystick/kernel';
import { judgePostings } from './laws.ts';
import {
  accounts,
  accountTerms,
  balances,
  deviceTotals,
  lateEntries,
  pendingSums,
  periods,
  reversals,
} from './tables.ts';

type Text = 'text';
type Int = 'integer';

/**
 * One side of an entry: minor units, debit positive, credit negative. `line` counts from 1 within the op, `day` is the business day of the entry. Rows
 * that one op puts here add up to zero per currency on each day, which are not closed, and keep the terms of their accounts.
 */
export const postings: SetTable<
  { op: Text; line: Int },
  { account: Text; currency: Text; amountMinor: Int; day: Text; memo: Text }
> = setTable('postings', {
  key: { op: 'text', line: 'integer' },
  columns: { account: 'text', currency: 'text', amountMinor: 'integer', day: 'text', memo: 'text' },
  check: (rows, _op, view) => judgePostings(rows, view),
  derive: ({ account, currency, amountMinor }) => [
    balances.add({ account: String(account), currency: String(currency) }, { amountMinor: Number(amountMinor) }),
  ],
});

/** What a verb that posts must list among its tables. */
export const ledgerTables: readonly [
  typeof accounts,
  typeof accountTerms,
  typeof postings,
  typeof balances,
  typeof deviceTotals,
  typeof pendingSums,
  typeof periods,
  typeof lateEntries,
  typeof reversals,
] = [accounts, accountTerms, postings, balances, deviceTotals, pendingSums, periods, lateEntries, reversals];
