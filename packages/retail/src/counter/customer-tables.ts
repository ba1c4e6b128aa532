/** Customers' terms, accounts and entries, and the policy on returns without the sale. */
import {
  type RegisterTable,
  registerTable,
  type SetTable,
  setTable,
  type SumTable,
  sumTable,
} from '@tallystick/kernel';

type Text = 'text';
type Int = 'integer';

const customerColumns = {
  currency: 'text',
  limitMinor: 'integer',
  overLimit: 'text',
  termsDays: 'integer',
  priceList: 'text',
  active: 'integer',
} as const;

/** In `hq`: the terms of customers, by an opaque reference. */
export const customers: RegisterTable<{ customer: Text }, typeof customerColumns> = registerTable('customers', {
  key: { customer: 'text' },
  columns: customerColumns,
});

/** What a customer owes in a scope; negative is credit. */
export const customerAccounts: SumTable<{ customer: Text; currency: Text }, 'owedMinor'> = sumTable(
  'customerAccounts',
  {
    key: { customer: 'text', currency: 'text' },
    sums: ['owedMinor'],
  },
);

/** What each document put on a customer's account, on which day and with how many days to pay. */
export const customerEntries: SetTable<
  { document: Text },
  { customer: Text; currency: Text; day: Text; termsDays: Int; amountMinor: Int }
> = setTable('customerEntries', {
  key: { document: 'text' },
  columns: { customer: 'text', currency: 'text', day: 'text', termsDays: 'integer', amountMinor: 'integer' },
});

/** In `hq`: what may come back without the sale, by currency. */
export const returnPolicies: RegisterTable<{ currency: Text }, { allowed: Int; refundTo: Text; mostMinor: Int }> =
  registerTable('returnPolicies', {
    key: { currency: 'text' },
    columns: { allowed: 'integer', refundTo: 'text', mostMinor: 'integer' },
  });

/** What a customer got back on a day for goods without the sale. */
export const openReturns: SumTable<{ customer: Text; currency: Text; day: Text }, 'amountMinor'> = sumTable(
  'openReturns',
  {
    key: { customer: 'text', currency: 'text', day: 'text' },
    sums: ['amountMinor'],
  },
);
