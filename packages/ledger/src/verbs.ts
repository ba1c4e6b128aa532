/** The ledger's own verbs: accounts and entries by hand, transfers, periods, currencies and tax classes. */
import {
  defineVerb,
  type Effect,
  type OpFacts,
  type Outcome,
  type Refusal,
  refuse,
  type Verb,
  type View,
} from '@tallystick/kernel';
import {
  type CurrencyExchangeArgs,
  type CurrencyRevalueArgs,
  exchange,
  exchangeTables,
  revalue,
  unexchange,
} from './exchange.ts';
import {
  carryPeriod,
  closePeriod,
  type OpeningPostArgs,
  type PeriodCarryArgs,
  type PeriodCloseArgs,
  periodTables,
  postOpening,
} from './period.ts';
import { post, refuseTooLarge, reverse } from './post.ts';
import {
  type AccountOpenArgs,
  accountOpenArgs,
  currencyExchangeArgs,
  currencyRevalueArgs,
  entryRedateArgs,
  type JournalPostArgs,
  journalPostArgs,
  type JournalReverseArgs,
  journalReverseArgs,
  openingPostArgs,
  periodCarryArgs,
  periodCloseArgs,
  type TaxSetArgs,
  taxSetArgs,
  moneyTransferArgs,
  type MoneyOfArgs,
  moneyOfArgs,
  moneyPostArgs,
} from './schema.ts';
import { noteLate } from './late.ts';
import { type EntryRedateArgs, redate, redateTables } from './redate.ts';
import { suspenseAccount } from './laws.ts';
import { ledgerTables } from './postings.ts';
import { accounts, accountTerms, reversals } from './tables.ts';
import { encodeTaxRates, taxClasses } from './tax.ts';
import {
  expireTransfer,
  type LinkedTransfers,
  makeTransfers,
  postTransfer,
  type TransferEnd,
  transferTables,
  voidTransfer,
} from './transfer.ts';

const deciders = ['owner', 'manager'] as const;
const actors = ['owner', 'manager', 'till', 'van', 'warehouse', 'carrier', 'agent'] as const;

function planAccount(view: View, op: OpFacts, args: AccountOpenArgs): Outcome {
  const { account, kind, name, currency, limit } = args;
  if (op.scope !== 'hq') return refuse('ledger/hq-only', { scope: op.scope });
  const before = view.get(accounts, { account });
  if (before !== undefined && before.kind !== kind)
    return refuse('ledger/account-kind', { account, kind: before.kind });
  const written = accounts.write({ account, kind, name });
  if (currency === undefined && limit === undefined) return [written];
  if (account === suspenseAccount) return refuse('ledger/suspense-terms', { account });
  const terms = view.get(accountTerms, { account }) ?? { currency: '', limit: '' };
  if (currency !== undefined && terms.currency !== '' && terms.currency !== currency)
    return refuse('ledger/account-currency', { account, expected: terms.currency, got: currency });
  const inForce = limit === undefined ? terms.limit : limit === 'none' ? '' : limit;
  return [written, accountTerms.write({ account, currency: currency ?? terms.currency, limit: inForce })];
}

/** Opens an account in `hq`, or renames one. A kind never changes, or past statements would change with it. */
export const accountOpen: Verb<'account.open', AccountOpenArgs> = defineVerb({
  name: 'account.open',
  version: 1,
  roles: deciders,
  tables: [accounts, accountTerms],
  args: accountOpenArgs,
  plan: planAccount,
});

/** Posts one entry; its lines balance per currency and at least one of them is not zero. */
export const journalPost: Verb<'journal.post', JournalPostArgs> = defineVerb({
  name: 'journal.post',
  version: 1,
  roles: deciders,
  tables: ledgerTables,
  args: journalPostArgs,
  plan: (view, op, args) => {
    const effects = refuseTooLarge(args.lines) ?? post(view, op, args);
    if ('code' in effects) return effects;
    return effects.length > 0 ? noteLate(effects) : refuse('ledger/empty-entry');
  },
});

/** Takes an entry back, once, by an entry of its own. What a document did beside its entry it undoes with a verb of its own, such as `sale.void`. */
export const journalReverse: Verb<'journal.reverse', JournalReverseArgs> = defineVerb({
  name: 'journal.reverse',
  version: 1,
  roles: deciders,
  tables: exchangeTables,
  args: journalReverseArgs,
  plan: (view, op, args) => {
    const { of } = args;
    if (view.get(reversals, { of }) !== undefined) return refuse('ledger/already-reversed', { of });
    const effects = reverse(view, op, args);
    if (effects.length === 0) return refuse('ledger/unknown-entry', { of });
    return noteLate([...effects, ...unexchange(view, op, of)]);
  },
});

/** Moves an entry to the day on which it was made, where a wrong clock recorded another. */
export const entryRedate: Verb<'entry.redate', EntryRedateArgs> = defineVerb({
  name: 'entry.redate',
  version: 1,
  roles: deciders,
  tables: redateTables,
  args: entryRedateArgs,
  plan: redate,
});

const noted = (effects: readonly Effect[] | Refusal): Outcome => ('code' in effects ? effects : noteLate(effects));

/** Makes transfers, pending or at once: all of those that one op links, or none. */
export const moneyTransfer: Verb<'money.transfer', LinkedTransfers> = defineVerb({
  name: 'money.transfer',
  version: 1,
  roles: deciders,
  tables: transferTables,
  args: moneyTransferArgs,
  plan: (view, op, args) => noted(makeTransfers(view, op, args)),
});

/** Posts a pending transfer, or a part of it. */
export const moneyPost: Verb<'money.post', TransferEnd> = defineVerb({
  name: 'money.post',
  version: 1,
  roles: deciders,
  tables: transferTables,
  args: moneyPostArgs,
  plan: (view, op, args) => noted(postTransfer(view, op, args)),
});

/** Takes a pending transfer back. */
export const moneyVoid: Verb<'money.void', MoneyOfArgs> = defineVerb({
  name: 'money.void',
  version: 1,
  roles: deciders,
  tables: transferTables,
  args: moneyOfArgs,
  plan: (view, op, { of }) => voidTransfer(view, op, of),
});

/** Ends a pending transfer whose last day is over. */
export const moneyExpire: Verb<'money.expire', MoneyOfArgs> = defineVerb({
  name: 'money.expire',
  version: 1,
  roles: actors,
  tables: transferTables,
  args: moneyOfArgs,
  plan: (view, op, { of }) => expireTransfer(view, op, of),
});

/** Closes the books of a scope through a day. */
export const periodClose: Verb<'period.close', PeriodCloseArgs> = defineVerb({
  name: 'period.close',
  version: 1,
  roles: deciders,
  tables: periodTables,
  args: periodCloseArgs,
  plan: (view, _op, args) => closePeriod(view, args),
});

/** Carries income and expense of what is closed to equity. */
export const periodCarry: Verb<'period.carry', PeriodCarryArgs> = defineVerb({
  name: 'period.carry',
  version: 1,
  roles: deciders,
  tables: periodTables,
  args: periodCarryArgs,
  plan: carryPeriod,
});

/** Posts the balances that a scope begins with. */
export const openingPost: Verb<'opening.post', OpeningPostArgs> = defineVerb({
  name: 'opening.post',
  version: 1,
  roles: deciders,
  tables: periodTables,
  args: openingPostArgs,
  plan: (view, op, args) => refuseTooLarge(args.lines) ?? noted(postOpening(view, op, args)),
});

/** Exchanges money of one currency for money of another. */
export const currencyExchange: Verb<'currency.exchange', CurrencyExchangeArgs> = defineVerb({
  name: 'currency.exchange',
  version: 1,
  roles: deciders,
  tables: exchangeTables,
  args: currencyExchangeArgs,
  plan: (view, op, args) => refuseTooLarge([args.give]) ?? noted(exchange(view, op, args)),
});

/** Carries a position at what it is worth. */
export const currencyRevalue: Verb<'currency.revalue', CurrencyRevalueArgs> = defineVerb({
  name: 'currency.revalue',
  version: 1,
  roles: deciders,
  tables: exchangeTables,
  args: currencyRevalueArgs,
  plan: (view, op, args) => noted(revalue(view, op, args)),
});

/** Says in `hq` what a tax class is called, and its rates by day. */
export const taxSet: Verb<'tax.set', TaxSetArgs> = defineVerb({
  name: 'tax.set',
  version: 1,
  roles: deciders,
  tables: [taxClasses],
  args: taxSetArgs,
  plan: (_view, op, { class: taxClass, name, rates }) =>
    op.scope === 'hq'
      ? [taxClasses.write({ class: taxClass, name, rates: encodeTaxRates(rates) })]
      : refuse('ledger/hq-only', { scope: op.scope }),
});

export const ledgerVerbs: readonly [
  typeof accountOpen,
  typeof journalPost,
  typeof journalReverse,
  typeof moneyTransfer,
  typeof moneyPost,
  typeof moneyVoid,
  typeof moneyExpire,
  typeof periodClose,
  typeof periodCarry,
  typeof openingPost,
  typeof currencyExchange,
  typeof currencyRevalue,
  typeof taxSet,
  typeof entryRedate,
] = [
  accountOpen,
  journalPost,
  journalReverse,
  moneyTransfer,
  moneyPost,
  moneyVoid,
  moneyExpire,
  periodClose,
  periodCarry,
  openingPost,
  currencyExchange,
  currencyRevalue,
  taxSet,
  entryRedate,
];
