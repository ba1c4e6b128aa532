/** Verbs as an integrator would write them, for the model: a sale with tax by class, an op that lost a contest, and one that was done whatever is in its way. */
import { compensate, defineVerb, refuse, type Verb } from '@tallystick/kernel';
import {
  correct,
  type CorrectionKind,
  ledgerTables,
  noteLate,
  post,
  postDone,
  splitTax,
  taxClasses,
  taxRateOn,
} from '../src/index.ts';
import { anything } from './laws.ts';

const common = { version: 1, roles: ['owner', 'manager'], args: anything } as const;
const gbp = (account: string, amountMinor: number) => ({ account, currency: 'GBP', amountMinor });

export interface Sold {
  readonly class: string;
  readonly amountMinor: number;
  /** Whether the tax is in the amount, or comes on top. */
  readonly included: boolean;
  readonly day: string;
}

export interface Lost {
  readonly as: CorrectionKind;
  readonly account: string;
  readonly against: string;
  readonly amountMinor: number;
  readonly day: string;
}

export interface Done {
  readonly debit: string;
  readonly credit: string;
  readonly amountMinor: number;
  readonly day: string;
}

const sell: Verb<'test.sell', Sold> = defineVerb({
  ...common,
  name: 'test.sell',
  tables: [...ledgerTables, taxClasses],
  plan: (view, op, { class: taxClass, amountMinor, included, day }: Sold) => {
    const rate = taxRateOn(view, taxClass, day);
    if (typeof rate !== 'number') return rate;
    const split = splitTax(amountMinor, rate, included);
    if (split === undefined) return refuse('ledger/amount-range', {});
    const { grossMinor, netMinor, taxMinor } = split;
    const lines = [gbp('1000', grossMinor), gbp('4000', 0 - netMinor), gbp('2200', 0 - taxMinor)];
    const posted = post(view, op, { day, memo: 'sold', lines });
    return 'code' in posted ? posted : noteLate(posted);
  },
});

const lose: Verb<'test.lose', Lost> = defineVerb({
  ...common,
  name: 'test.lose',
  tables: ledgerTables,
  plan: (view, op, args: Lost) => correct(view, op, { ...args, currency: 'GBP', memo: 'lost' }),
});

/** The correction is said as one that stands, so that a commit makes it as a late fold would. */
const done: Verb<'test.done', Done> = defineVerb({
  ...common,
  name: 'test.done',
  tables: ledgerTables,
  plan: (view, op, { debit, credit, amountMinor, day }: Done) => {
    const lines = [gbp(debit, amountMinor), gbp(credit, 0 - amountMinor)];
    const posted = postDone(view, op, { day, memo: 'done', lines });
    if ('code' in posted) return posted;
    const { contested, effects } = posted;
    return contested === undefined ? noteLate(effects) : compensate(contested.code, contested.details, effects);
  },
});

export const tillVerbs: readonly Verb[] = [sell, lose, done] as readonly Verb[];
