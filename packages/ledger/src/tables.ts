/** What the laws of postings read: accounts and their terms, balances, pending sums and periods (DESIGN section 9). */
import {
  type RegisterTable,
  registerTable,
  type SetTable,
  setTable,
  type SumTable,
  sumTable,
} from '@tallystick/kernel';

type Text = 'text';

export type AccountKind = 'asset' | 'liability' | 'equity' | 'income' | 'expense';

/** Which side of an account may not outgrow the other. */
export type AccountLimit = 'debits-within-credits' | 'credits-within-debits';

/** Accounts of the book, kept in `hq`. */
export const accounts: RegisterTable<{ account: Text }, { kind: Text; name: Text }> = registerTable('accounts', {
  key: { account: 'text' },
  columns: { kind: 'text', name: 'text' },
});

/** In `hq`: the one currency that an account may hold, and its limit; '' where it has none. Accounts without terms have no row. */
export const accountTerms: RegisterTable<{ account: Text }, { currency: Text; limit: Text }> = registerTable(
  'accountTerms',
  { key: { account: 'text' }, columns: { currency: 'text', limit: 'text' } },
);

/** Balance per account and currency: debits positive, credits negative. Derived from postings and from nothing else. */
export const balances: SumTable<{ account: Text; currency: Text }, 'amountMinor'> = sumTable('balances', {
  key: { account: 'text', currency: 'text' },
  sums: ['amountMinor'],
  derived: true,
});

/**
 * What a device has moved by its entries in a currency, the debits of all of them, since the close that `term` names by its month (`YYYY-MM`; '' before any). It bounds
 * what one device can do to the sums that all share.
 */
export const deviceTotals: SumTable<{ device: Text; currency: Text; term: Text }, 'movedMinor'> = sumTable(
  'deviceTotals',
  { key: { device: 'text', currency: 'text', term: 'text' }, sums: ['movedMinor'] },
);

/** What pending transfers hold on either side of an account, both 0 or more. Derived from transfers and their ends. */
export const pendingSums: SumTable<{ account: Text; currency: Text }, 'debitMinor' | 'creditMinor'> = sumTable(
  'pendingSums',
  { key: { account: 'text', currency: 'text' }, sums: ['debitMinor', 'creditMinor'], derived: true },
);

/**
 * How far the books of this scope are closed; one row named `book`. `late` says what becomes of what comes after: it is routed to the day `opens`, or
 * refused. `owned` is the last day of the last close by an owner's device, '' before any.
 */
export const periods: RegisterTable<{ of: Text }, { through: Text; opens: Text; late: Text; owned: Text }> =
  registerTable('periods', {
    key: { of: 'text' },
    columns: { through: 'text', opens: 'text', late: 'text', owned: 'text' },
  });

/** Entries that were taken back, each once and whichever verb did it, and the op that did. */
export const reversals: SetTable<{ of: Text }, { by: Text }> = setTable('reversals', {
  key: { of: 'text' },
  columns: { by: 'text' },
});

/** Entries that came after their period was closed: the day they were meant for, and the day they are on. */
export const lateEntries: SetTable<{ op: Text }, { meantFor: Text; day: Text }> = setTable('lateEntries', {
  key: { op: 'text' },
  columns: { meantFor: 'text', day: 'text' },
});
