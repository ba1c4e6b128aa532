/** What may be asked of a ledger: commands at random, as args for the real one and as calls of the one on paper. */
import fc from 'fast-check';
import { carryDue, dayAfter, type TaxRate } from '../src/index.ts';
import { entry, gbp, type LawBook } from './laws.ts';
import type { LinkedLeg, PaperLedger, Rate } from './reference.ts';
import type { Done, Lost, Sold } from './till-verbs.ts';

export type Action =
  | {
      readonly kind: 'post';
      readonly debit: string;
      readonly credit: string;
      readonly amountMinor: number;
      readonly day: string;
    }
  | {
      readonly kind: 'hold';
      readonly id: string;
      readonly debit: string;
      readonly credit: string;
      readonly amountMinor: number;
      readonly day: string;
      readonly untilDay: string;
    }
  | { readonly kind: 'link'; readonly legs: readonly [LinkedLeg, LinkedLeg] }
  | { readonly kind: 'take'; readonly id: string; readonly day: string; readonly amountMinor: number | undefined }
  | { readonly kind: 'void' | 'expire'; readonly id: string }
  | { readonly kind: 'close'; readonly through: string; readonly late: 'route' | 'refuse' }
  | { readonly kind: 'day'; readonly day: string }
  | { readonly kind: 'reverse'; readonly index: number; readonly day: string }
  | { readonly kind: 'open'; readonly account: string; readonly amountMinor: number; readonly day: string }
  | { readonly kind: 'carry'; readonly through: string }
  | { readonly kind: 'redate'; readonly index: number; readonly day: string }
  | {
      readonly kind: 'exchange';
      readonly given: 'GBP' | 'EUR';
      readonly amountMinor: number;
      readonly rate: Rate;
      readonly day: string;
    }
  | { readonly kind: 'revalue'; readonly rate: Rate; readonly day: string }
  | { readonly kind: 'rates'; readonly class: string; readonly rates: readonly TaxRate[] }
  | ({ readonly kind: 'sell' } & Sold)
  | ({ readonly kind: 'lose' } & Lost)
  | ({ readonly kind: 'done' } & Done)
  | { readonly kind: 'uncarry'; readonly index: number; readonly day: string };

const account = fc.constantFrom('1000', '1020', '2310', '3000', '4000');
const amountMinor = fc.integer({ min: 1, max: 60 });
const day = fc.integer({ min: 1, max: 9 }).map((count) => `2026-11-0${count}`);
const id = fc.constantFrom('a', 'b', 'c');
const rate = fc.record({ numerator: fc.integer({ min: 1, max: 9 }), denominator: fc.integer({ min: 1, max: 7 }) });
const leg = fc.record({
  id: fc.constantFrom('a', 'b', 'd', 'e', 'f'),
  debit: account,
  credit: account,
  amountMinor,
  untilDay: fc.oneof(fc.constant(''), day),
});
const taxClass = fc.constantFrom('standard', 'reduced');
const rates = fc
  .uniqueArray(fc.record({ from: day, basisPoints: fc.constantFrom(0, 500, 700, 1_900, 2_000) }), {
    minLength: 1,
    maxLength: 3,
    selector: ({ from }) => from,
  })
  .map((said) => said.toSorted((left, right) => (left.from < right.from ? -1 : 1)));

/** What tills do beside entries by hand. */
const atTills: fc.Arbitrary<Action> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rates' as const), class: taxClass, rates }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('sell' as const),
      class: taxClass,
      amountMinor,
      included: fc.boolean(),
      day,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('lose' as const),
      as: fc.constantFrom('receivable' as const, 'backorder' as const, 'shortage' as const, 'promo-expense' as const),
      account,
      against: account,
      amountMinor,
      day,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('done' as const), debit: account, credit: account, amountMinor, day }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('uncarry' as const), index: fc.nat({ max: 2 }), day }) },
);

export const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 10, arbitrary: atTills },
  {
    weight: 4,
    arbitrary: fc.record({ one: leg, two: leg, day }).map(({ one, two, day: on }) => ({
      kind: 'link' as const,
      legs: [
        { ...one, day: on },
        { ...two, day: on },
      ] as const,
    })),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('post' as const), debit: account, credit: account, amountMinor, day }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('hold' as const),
      id,
      debit: account,
      credit: account,
      amountMinor,
      day,
      untilDay: day,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      id,
      day,
      amountMinor: fc.option(amountMinor, { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('void' as const, 'expire' as const), id }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('close' as const),
      through: day,
      late: fc.constantFrom('route' as const, 'refuse' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('day' as const), day }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reverse' as const), index: fc.nat({ max: 6 }), day }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('open' as const), account, amountMinor, day }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('carry' as const), through: day }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('redate' as const), index: fc.nat({ max: 6 }), day }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('exchange' as const),
      given: fc.constantFrom('GBP' as const, 'EUR' as const),
      amountMinor,
      rate,
      day,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revalue' as const), rate, day }) },
);

const nothing = '00000000-0000-7000-8000-000000000000';
const meeting = { base: 'GBP', position: '1900', gain: '4000' };

/** `posted`: the ids of what was posted by hand or exchanged. */
export function argsOf(asked: Action, book: LawBook, posted: readonly string[]): [string, object] {
  switch (asked.kind) {
    case 'post':
      return ['journal.post', entry(asked.debit, asked.credit, asked.amountMinor, asked.day)];
    case 'hold': {
      const { kind: _kind, day: on, ...transfer } = asked;
      return ['money.transfer', { day: on, memo: '', transfers: [{ ...transfer, currency: 'GBP' }] }];
    }
    case 'link': {
      const transfers = asked.legs.map(({ day: _day, untilDay, ...transfer }) => ({
        ...transfer,
        currency: 'GBP',
        ...(untilDay === '' ? {} : { untilDay }),
      }));
      return ['money.transfer', { day: asked.legs[0].day, memo: '', transfers }];
    }
    case 'take': {
      const { id: of, day: on, amountMinor: part } = asked;
      return ['money.post', { of, day: on, memo: '', ...(part === undefined ? {} : { amountMinor: part }) }];
    }
    case 'void':
    case 'expire':
      return [`money.${asked.kind}`, { of: asked.id }];
    case 'close':
      return ['period.close', { through: asked.through, late: asked.late }];
    case 'day':
      return ['day.open', { day: asked.day }];
    case 'reverse':
      return ['journal.reverse', { of: posted[asked.index] ?? nothing, day: asked.day, memo: '' }];
    case 'redate':
      return ['entry.redate', { of: posted[asked.index] ?? nothing, day: asked.day, reason: 'a wrong clock' }];
    case 'exchange': {
      const { given, amountMinor: minor, rate: at, day: on } = asked;
      const give = { account: '1000', currency: given, amountMinor: minor };
      const take = { account: '1000', currency: given === 'GBP' ? 'EUR' : 'GBP' };
      return ['currency.exchange', { ...meeting, day: on, memo: '', give, take, rate: at }];
    }
    case 'revalue':
      return ['currency.revalue', { ...meeting, currency: 'EUR', day: asked.day, memo: '', rate: asked.rate }];
    case 'rates':
      return ['tax.set', { class: asked.class, name: asked.class, rates: asked.rates }];
    case 'sell':
    case 'lose':
    case 'done': {
      const { kind, ...args } = asked;
      return [`test.${kind}`, args];
    }
    case 'uncarry': {
      const carried = book.query<{ op: string }>('SELECT op FROM carries ORDER BY op');
      return ['journal.reverse', { of: carried[asked.index]?.op ?? nothing, day: asked.day, memo: '' }];
    }
    case 'open':
      return [
        'opening.post',
        { day: asked.day, memo: '', equity: '3000', lines: [gbp(asked.account, asked.amountMinor)] },
      ];
    case 'carry': {
      const due = carryDue(book, { scope: 'hq', through: asked.through });
      const lines = due.length === 0 ? [gbp('4000', 0)] : due;
      return ['period.carry', { through: asked.through, retained: '3900', memo: '', lines }];
    }
  }
}

export function onPaper(paper: PaperLedger, asked: Action): string {
  switch (asked.kind) {
    case 'post':
      return paper.postByHand(asked);
    case 'hold':
      return paper.hold(asked.id, asked);
    case 'link':
      return paper.link(asked.legs);
    case 'take':
      return paper.end(asked.id, 'posted', asked.day, asked.amountMinor);
    case 'void':
      return paper.end(asked.id, 'voided', '');
    case 'expire':
      return paper.end(asked.id, 'expired', '');
    case 'close':
      return paper.close(asked.through, dayAfter(asked.through) ?? '', asked.late);
    case 'day':
      return paper.openDay(asked.day);
    case 'reverse':
      return paper.reverse(asked.index, asked.day);
    case 'open':
      return paper.open(asked.account, asked.amountMinor, asked.day);
    case 'carry':
      return paper.carry(asked.through);
    case 'redate':
      return paper.redate(asked.index, asked.day);
    case 'exchange':
      return paper.exchange(asked.given, asked.amountMinor, asked.rate, asked.day);
    case 'revalue':
      return paper.revalue(asked.rate, asked.day);
    case 'rates':
      return paper.setRates(asked.class, asked.rates);
    case 'sell':
      return paper.sell(asked);
    case 'lose':
      return paper.lose(asked);
    case 'done':
      return paper.done(asked);
    case 'uncarry':
      return paper.takeBackCarry(asked.index, asked.day);
  }
}
