/**
 * Money of one currency for money of another, at a rate that the op records. An entry balances per currency, so both sides pass through a position
 * account; what the position cost in the base currency says what was gained (docs/ledger.md has an example).
 */
import {
  type Effect,
  type OpFacts,
  type Refusal,
  refuse,
  type SetTable,
  setTable,
  type SumTable,
  sumTable,
  type View,
} from '@tallystick/kernel';
import { scaleHalfAway } from './money.ts';
import { type EntryLine, post } from './post.ts';
import { ledgerTables } from './postings.ts';

type Text = 'text';
type Int = 'integer';

/** What was bought of a currency and not sold again, and what it cost in the base currency; negative where it was sold first. Derived from `exchanges`. */
export const positions: SumTable<{ currency: Text; base: Text }, 'currencyMinor' | 'costMinor'> = sumTable(
  'positions',
  { key: { currency: 'text', base: 'text' }, sums: ['currencyMinor', 'costMinor'], derived: true },
);

/** Exchanges, revaluations and their reversals by their op: by what they change the position, and what was gained (a loss is negative). */
export const exchanges: SetTable<
  { op: Text },
  {
    currency: Text;
    base: Text;
    currencyMinor: Int;
    costMinor: Int;
    gainMinor: Int;
    numerator: Int;
    denominator: Int;
    day: Text;
  }
> = setTable('exchanges', {
  key: { op: 'text' },
  columns: {
    currency: 'text',
    base: 'text',
    currencyMinor: 'integer',
    costMinor: 'integer',
    gainMinor: 'integer',
    numerator: 'integer',
    denominator: 'integer',
    day: 'text',
  },
  derive: ({ currency, base, currencyMinor, costMinor }) => [
    positions.add(
      { currency: String(currency), base: String(base) },
      { currencyMinor: Number(currencyMinor), costMinor: Number(costMinor) },
    ),
  ],
});

/** What a verb that exchanges or revalues must list among its tables. */
export const exchangeTables: readonly [...typeof ledgerTables, typeof exchanges, typeof positions] = [
  ...ledgerTables,
  exchanges,
  positions,
];

/** `numerator / denominator`, both 1 or more: minor units that one minor unit comes to. 1 GBP = 1.1743 EUR is 11743/10000. */
export interface Rate {
  readonly numerator: number;
  readonly denominator: number;
}

/** Where the two sides of an exchange meet, and where what was gained or lost goes. */
export interface ExchangeAccounts {
  readonly position: string;
  readonly gain: string;
}

export interface CurrencyExchangeArgs extends ExchangeAccounts {
  readonly day: string;
  readonly memo: string;
  /** The currency in which cost is kept: that of one side. */
  readonly base: string;
  /** Paid: this account is credited. */
  readonly give: EntryLine;
  /** Received: this account is debited with what the rate makes of it. */
  readonly take: { readonly account: string; readonly currency: string };
  /** Of the currency taken to the currency given. */
  readonly rate: Rate;
}

export interface CurrencyRevalueArgs extends ExchangeAccounts {
  readonly day: string;
  readonly memo: string;
  readonly base: string;
  readonly currency: string;
  /** Of the base currency to `currency`. */
  readonly rate: Rate;
}

/**
 * Exchanges at the recorded rate, rounded once, half away from zero. What of a position is sold leaves at its average cost, and the difference to what it
 * brought is the realised gain. Refuses `ledger/base-currency` unless just one side is the base, `ledger/amount-range`, and what `post` refuses.
 */
export function exchange(view: View, op: OpFacts, args: CurrencyExchangeArgs): readonly Effect[] | Refusal {
  const { day, memo, base, give, take, rate } = args;
  if ((give.currency === base) === (take.currency === base)) return refuse('ledger/base-currency', { base });
  const takenMinor = scaleHalfAway(give.amountMinor, rate.numerator, rate.denominator);
  if (takenMinor === undefined || takenMinor < 1) return refuse('ledger/amount-range', { account: take.account });
  const isBought = give.currency === base;
  const currency = isBought ? take.currency : give.currency;
  const currencyMinor = isBought ? takenMinor : 0 - give.amountMinor;
  const paidMinor = isBought ? give.amountMinor : 0 - takenMinor;
  const gainMinor = realised(view.sum(positions, { currency, base }), currencyMinor, paidMinor);
  const costMinor = gainMinor === undefined ? Number.NaN : paidMinor + gainMinor;
  if (gainMinor === undefined || !Number.isSafeInteger(costMinor))
    return refuse('ledger/amount-range', { account: args.position });
  const lines = [
    { ...take, amountMinor: takenMinor },
    { account: give.account, currency: give.currency, amountMinor: 0 - give.amountMinor },
    { account: args.position, currency, amountMinor: 0 - currencyMinor },
    { account: args.position, currency: base, amountMinor: costMinor },
    { account: args.gain, currency: base, amountMinor: 0 - gainMinor },
  ];
  const posted = post(view, op, { day, memo, lines });
  if ('code' in posted) return posted;
  return [exchanges.put({ op: op.id, currency, base, currencyMinor, costMinor, gainMinor, ...rate, day }), ...posted];
}

/**
 * Carries a position at what it is worth at this rate; the difference is the unrealised gain, and later ones are counted from here. Refuses
 * `ledger/base-currency`, `ledger/amount-range`, `ledger/empty-entry` where it is worth what it is carried at, and what `post` refuses.
 */
export function revalue(view: View, op: OpFacts, args: CurrencyRevalueArgs): readonly Effect[] | Refusal {
  const { day, memo, base, currency, rate } = args;
  if (currency === base) return refuse('ledger/base-currency', { base });
  const held = view.sum(positions, { currency, base });
  const worthMinor = scaleHalfAway(held.currencyMinor, rate.numerator, rate.denominator);
  const gainMinor = worthMinor === undefined ? Number.NaN : worthMinor - held.costMinor;
  if (!Number.isSafeInteger(gainMinor)) return refuse('ledger/amount-range', { account: args.position });
  if (gainMinor === 0) return refuse('ledger/empty-entry');
  const lines = [
    { account: args.position, currency: base, amountMinor: gainMinor },
    { account: args.gain, currency: base, amountMinor: 0 - gainMinor },
  ];
  const posted = post(view, op, { day, memo, lines });
  if ('code' in posted) return posted;
  const change = { currencyMinor: 0, costMinor: gainMinor, gainMinor };
  return [exchanges.put({ op: op.id, currency, base, ...change, ...rate, day }), ...posted];
}

/** What takes an exchange or revaluation out of its position again; nothing of another op. */
export function unexchange(view: View, op: OpFacts, of: string): readonly Effect[] {
  const row = view.get(exchanges, { op: of });
  if (row === undefined) return [];
  const { currencyMinor, costMinor, gainMinor } = row;
  const change = { currencyMinor: 0 - currencyMinor, costMinor: 0 - costMinor, gainMinor: 0 - gainMinor };
  return [exchanges.put({ ...row, ...change, op: op.id })];
}

interface Position {
  readonly currencyMinor: number;
  readonly costMinor: number;
}

/** What is gained by moving a position: nothing where it grows, else what was paid or got for the part that goes against what that part cost. */
function realised(held: Position, currencyMinor: number, paidMinor: number): number | undefined {
  if (held.currencyMinor === 0 || held.currencyMinor > 0 === currencyMinor > 0) return 0;
  const [there, moved] = [Math.abs(held.currencyMinor), Math.abs(currencyMinor)];
  if (moved <= there) {
    const released = scaleHalfAway(held.costMinor, moved, there);
    return released === undefined ? undefined : 0 - paidMinor - released;
  }
  const closing = scaleHalfAway(paidMinor, there, moved);
  return closing === undefined ? undefined : 0 - closing - held.costMinor;
}
