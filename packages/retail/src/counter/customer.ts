/** Customers who buy on account: what they owe here, how much they may, and how they pay it. */
import { defineVerb, type Effect, type OpFacts, type Outcome, refuse, type Verb, type View } from '@tallystick/kernel';
import { ledgerTables, postDone } from '@tallystick/ledger';
import { acceptCash, cashTables, checkSession, settle } from '../cash.ts';
import { retailAccounts } from '../chart.ts';
import { documentTables, issueDocument, keepNumber } from '../document.ts';
import { signed } from '../goods.ts';
import { contested, noted, posted, type Remark } from '../remark.ts';
import { oweByDevice, shortageTables } from '../shortage.ts';
import type { AccountPayArgs, CustomerSetArgs } from './customer-args.ts';
import { accountPayArgs, customerSetArgs } from './customer-schema.ts';
import { customerAccounts, customerEntries, customers } from './customer-tables.ts';
import { addTakings } from './takings.ts';

/** What a verb touches that may put something on a customer's account. */
export const customerTables: readonly [typeof customers, typeof customerAccounts, typeof customerEntries] = [
  customers,
  customerAccounts,
  customerEntries,
];

/** Says on what terms a customer buys. */
export const customerSet: Verb<'customer.set', CustomerSetArgs> = defineVerb({
  name: 'customer.set',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [customers],
  args: customerSetArgs,
  plan: (view, op, { priceList = '', ...args }) => {
    if (op.scope !== 'hq') return refuse('retail/hq-only', { scope: op.scope });
    const before = view.get(customers, { customer: args.customer });
    if (before !== undefined && before.currency !== args.currency) {
      return refuse('retail/currency-mismatch', { expected: before.currency, got: args.currency });
    }
    return [customers.write({ ...args, priceList })];
  },
});

export interface AccountEntry {
  readonly customer: string | undefined;
  readonly currency: string;
  readonly day: string;
  /** Owed more where positive. */
  readonly amountMinor: number;
}

/**
 * Puts an amount on a customer's account. Above the limit, as of the scope's mark, the customer's terms decide whether `retail/over-credit` is contested or noted; money
 * in another currency than theirs is contested. Customers without terms have no limit.
 */
export function chargeAccount(
  view: View,
  op: OpFacts,
  { customer, currency, day, amountMinor }: AccountEntry,
  effects: Effect[],
  remarks: Remark[],
): void {
  if (customer === undefined || customer === '' || amountMinor === 0) return;
  const terms = view.hq.get(customers, { customer });
  const termsDays = terms?.termsDays ?? 0;
  effects.push(
    customerAccounts.add({ customer, currency }, { owedMinor: amountMinor }),
    customerEntries.put({ document: op.id, customer, currency, day, termsDays, amountMinor }),
  );
  if (terms === undefined || amountMinor < 0) return;
  if (terms.currency !== currency) {
    remarks.push(contested(refuse('retail/currency-mismatch', { expected: terms.currency, got: currency })));
    return;
  }
  const limitMinor = terms.active === 1 ? terms.limitMinor : 0;
  const owedMinor = view.sum(customerAccounts, { customer, currency }).owedMinor + amountMinor;
  if (owedMinor <= limitMinor) return;
  const over = { code: 'retail/over-credit', details: { customer, owedMinor, limitMinor } };
  remarks.push(terms.overLimit === 'refuse' ? contested(over) : noted(over));
}

/** What tenders of a document put on account. */
export function onAccountMinor(tenders: readonly { readonly kind: string; readonly amountMinor: number }[]): number {
  let sum = 0;
  for (const { kind, amountMinor } of tenders) if (kind === 'account') sum += amountMinor;
  return sum;
}

/**
 * How much of what is paid back is beyond the customer's credit, and owed by the device, because nobody else says that the customer had it: contested. A customer whose
 * terms are trusted owes it, and that is noted.
 */
function beyondCredit(
  view: View,
  { customer, currency }: AccountPayArgs,
  backMinor: number,
  remarks: Remark[],
): number {
  const beforeMinor = view.sum(customerAccounts, { customer, currency }).owedMinor;
  const owedMinor = beforeMinor + backMinor;
  if (owedMinor <= 0) return 0;
  const over = { code: 'retail/over-credit', details: { customer, owedMinor, limitMinor: 0 } };
  const isTrusted = view.hq.get(customers, { customer })?.overLimit === 'correct';
  remarks.push(isTrusted ? noted(over) : contested(over));
  return isTrusted ? 0 : Math.min(backMinor, owedMinor);
}

/** Money for a customer's account: 1 where it comes in, -1 where it is paid back. */
function planPayment(view: View, op: OpFacts, args: AccountPayArgs, sign: 1 | -1): Outcome {
  const { customer, currency, session, day, tenders } = args;
  const unfit = checkSession(view, op, session, currency);
  if (unfit !== undefined) return unfit;
  const totalMinor = tenders.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  if (!Number.isSafeInteger(totalMinor)) return refuse('retail/amount-range', { customer });
  const paidMinor = signed(sign, totalMinor);
  const remarks: Remark[] = [];
  const beyondMinor = sign === 1 ? 0 : beyondCredit(view, args, totalMinor, remarks);
  const owedMinor = 0 - paidMinor - beyondMinor;
  const effects: Effect[] = [];
  const debits = settle(op, { currency, session, tenders, changeMinor: 0, totalMinor, sign }, effects);
  if ('code' in debits) return debits;
  // What is paid back has been judged, whatever the limit.
  chargeAccount(view, op, { customer, currency, day, amountMinor: owedMinor }, effects, []);
  const memo = issueDocument(view, op, 'account-payment', args, { totalMinor: paidMinor, taxMinor: 0 }, effects);
  debits.push({ account: retailAccounts.receivables, currency, amountMinor: owedMinor });
  oweByDevice(op, currency, beyondMinor, effects, debits);
  const entry = postDone(view, op, { day, memo, lines: debits });
  if ('code' in entry) return entry;
  return acceptCash(view, session, addTakings(session ?? '', effects.concat(posted(entry, remarks))), remarks);
}

const paymentTables = [...ledgerTables, ...documentTables, ...cashTables, ...customerTables] as const;
const returnTables = [...paymentTables, ...shortageTables] as const;

/** Takes a payment on account; more than is owed stands to the customer's credit. */
export const accountPay: Verb<'account.pay', AccountPayArgs> = defineVerb({
  remains: keepNumber('account-payment'),
  name: 'account.pay',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: paymentTables,
  args: accountPayArgs,
  plan: (view, op, args) => planPayment(view, op, args, 1),
});

/**
 * Pays back what stands to a customer's credit: a deposit, a credit note. More than that is `retail/over-credit`, and what was paid back all the same, such
 * as the same credit at two tills apart, is owed by the device, or by a customer whose terms are trusted.
 */
export const accountReturn: Verb<'account.return', AccountPayArgs> = defineVerb({
  remains: keepNumber('account-payment'),
  name: 'account.return',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: returnTables,
  args: accountPayArgs,
  plan: (view, op, args) => planPayment(view, op, args, -1),
});
