/** The reports against what a bookkeeper would add up by hand, and against each other. */
import type { Scope } from '@tallystick/oplog';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  agedReceivables,
  balanceSheet,
  carryDue,
  dayBook,
  lateEntriesOf,
  profitAndLoss,
  statementOf,
  totalOf,
  trialBalance,
} from '../src/index.ts';
import { entry, eur, openLedger } from './laws.ts';
import { createTestRelay } from './replica.ts';

it('a year in one small book', async () => {
  const { book, act } = await openLedger();
  await act('opening.post', {
    day: '2026-01-01',
    memo: 'opening',
    equity: '3000',
    lines: [{ account: '1000', currency: 'GBP', amountMinor: 1_000 }],
  });
  await act('journal.post', entry('1000', '4000', 900, '2026-03-31'));
  await act('journal.post', entry('6000', '1000', 250, '2026-06-30'));
  await act('journal.post', { day: '2026-06-30', memo: '', lines: [eur('1000', 40), eur('4000', -40)] });
  expect(statementOf(book, '1000', { from: '2026-03-31', to: '2026-05-31', currency: 'GBP' })).toMatchObject([
    { currency: 'GBP', openingMinor: 1_000, rows: [{ amountMinor: 900, balanceMinor: 1_900 }], closingMinor: 1_900 },
  ]);
  expect(profitAndLoss(book, { to: '2026-12-31' })).toEqual([
    { currency: 'EUR', income: [{ account: '4000', name: 'Sales', amountMinor: 40 }], expense: [], resultMinor: 40 },
    {
      currency: 'GBP',
      income: [{ account: '4000', name: 'Sales', amountMinor: 900 }],
      expense: [{ account: '6000', name: 'Rent', amountMinor: 250 }],
      resultMinor: 650,
    },
  ]);
  await act('day.open', { day: '2027-01-01' });
  await act('period.close', { through: '2026-12-31', late: 'route' });
  await act('journal.post', entry('1000', '4000', 5, '2026-12-24'));
  const lines = carryDue(book, { scope: 'hq', through: '2026-12-31' });
  expect(await act('period.carry', { through: '2026-12-31', retained: '3900', memo: '2026', lines })).toBe('ok');
  // The late sale is of the new year; nothing else is left of the old one.
  expect(carryDue(book, { scope: 'hq', through: '2026-12-31' })).toEqual([]);
  expect(profitAndLoss(book, { from: '2027-01-01' })).toMatchObject([{ currency: 'GBP', resultMinor: 5 }]);
  expect(profitAndLoss(book, { to: '2026-12-31' })).toMatchObject([{ resultMinor: 40 }, { resultMinor: 650 }]);
  const [, before] = balanceSheet(book, { at: '2026-12-31' });
  expect(before).toMatchObject({ currency: 'GBP', assets: [{ amountMinor: 1_650 }], resultMinor: 650 });
  const [, after] = balanceSheet(book, { at: '2027-01-01' });
  expect(after).toMatchObject({ equity: [{ account: '3000' }, { account: '3900', amountMinor: 650 }], resultMinor: 5 });
  expect(lateEntriesOf(book)).toMatchObject([{ scope: 'hq', meantFor: '2026-12-24', day: '2027-01-01' }]);
  expect(lateEntriesOf(book, 'b/1')).toEqual([]);
  await book.close();
});

it('one scope, or all of them: consolidated is their sum', async () => {
  const { book, act } = await openLedger();
  await book.sync(await createTestRelay());
  await act('journal.post', entry('1000', '4000', 7, '2026-11-20'));
  await book.commitAll([{ verb: 'journal.post', scope: 'b/1' as Scope, args: entry('1000', '4000', 5, '2026-11-21') }]);
  const cash = (scope?: string) => trialBalance(book, scope === undefined ? {} : { scope })[0]?.amountMinor;
  expect([cash('hq'), cash('b/1'), cash()]).toEqual([7, 5, 12]);
  expect(trialBalance(book, { to: '2026-11-20' })[0]?.amountMinor).toBe(7);
  expect(dayBook(book, '2026-11-21', { scope: 'hq' })).toEqual([]);
  expect(dayBook(book, '2026-11-21', { scope: 'b/1' })).toHaveLength(2);
  await book.close();
});

it('payments settle the oldest debt, and what was paid in advance is negative', async () => {
  const { book, act } = await openLedger();
  await act('journal.post', entry('1000', '4000', 100, '2026-08-01'));
  await act('journal.post', entry('1000', '4000', 70, '2026-11-01'));
  await act('journal.post', entry('6000', '1000', 130, '2026-11-10'));
  const aged = (at: string) => agedReceivables(book, { accounts: ['1000'], at })[0];
  expect(aged('2026-11-09')).toEqual({
    party: '1000',
    currency: 'GBP',
    amountsMinor: [70, 0, 0, 100],
    totalMinor: 170,
  });
  expect(aged('2026-11-30')).toMatchObject({ amountsMinor: [40, 0, 0, 0] });
  expect(aged('2026-12-02')).toMatchObject({ amountsMinor: [0, 40, 0, 0] });
  await act('journal.post', entry('6000', '1000', 60, '2026-11-11'));
  expect(aged('2026-11-30')).toMatchObject({ amountsMinor: [-20, 0, 0, 0], totalMinor: -20 });
  expect(agedReceivables(book, { accounts: ['1000'], at: '2026-07-31' })).toEqual([]);
  await book.close();
});

interface Moved {
  readonly day: string;
  /** Debits positive. */
  readonly amountMinor: number;
}

/** What is aged, by hand: whatever was paid at any time is taken off the first of all debts, and what is left of each has the age of its day. */
function agedByHand(moves: readonly Moved[], at: string): readonly number[] {
  const counted = moves.filter(({ day }) => day <= at).sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0));
  let paid = counted.reduce((sum, { amountMinor }) => sum + Math.max(0, 0 - amountMinor), 0);
  const aged = [0, 0, 0, 0];
  for (const { day, amountMinor } of counted) {
    if (amountMinor <= 0) continue;
    const off = Math.min(paid, amountMinor);
    paid -= off;
    const ageDays = (Date.parse(at) - Date.parse(day)) / 86_400_000;
    const place = ageDays > 90 ? 3 : ageDays > 60 ? 2 : ageDays > 30 ? 1 : 0;
    aged[place] = (aged[place] ?? 0) + amountMinor - off;
  }
  aged[0] = (aged[0] ?? 0) - paid;
  return aged;
}

it('whatever is posted: balance sheets are equal, what is aged is the balance, and statements end where they must', async () => {
  const posting = fc.record({
    debit: fc.constantFrom('1000', '3000', '4000', '6000'),
    credit: fc.constantFrom('1000', '3000', '4000', '6000'),
    amountMinor: fc.integer({ min: 1, max: 1_000 }),
    month: fc.integer({ min: 1, max: 12 }),
  });
  // Of the last day of a bound: 30 days from April to May, 90 from January to April.
  const lent = (month: number) => [{ debit: '1000', credit: '4000', amountMinor: 5, month }] as const;
  await fc.assert(
    fc.asyncProperty(fc.array(posting, { maxLength: 25 }), fc.integer({ min: 1, max: 12 }), async (drawn, month) => {
      const { book, act } = await openLedger();
      const dayIn = (count: number) => `2026-${String(count).padStart(2, '0')}-15`;
      for (const { debit, credit, amountMinor, month: on } of drawn)
        await act('journal.post', entry(debit, credit, amountMinor, dayIn(on)));
      // By hand, from what was drawn alone.
      const cash = drawn
        .filter((row) => row.month <= month)
        .reduce(
          (sum, { debit, credit, amountMinor }) =>
            sum + (debit === '1000' ? amountMinor : 0) - (credit === '1000' ? amountMinor : 0),
          0,
        );
      const at = dayIn(month);
      for (const { assets, liabilities, equity, resultMinor } of balanceSheet(book, { at })) {
        expect(totalOf(assets)).toBe(totalOf(liabilities) + totalOf(equity) + resultMinor);
        expect(totalOf(assets)).toBe(cash);
      }
      expect(agedReceivables(book, { accounts: ['1000'], at })[0]?.totalMinor ?? 0).toBe(cash);
      const moves = drawn
        .filter(({ debit, credit }) => (debit === '1000') !== (credit === '1000'))
        .map((row) => ({
          day: dayIn(row.month),
          amountMinor: row.debit === '1000' ? row.amountMinor : 0 - row.amountMinor,
        }));
      expect(agedReceivables(book, { accounts: ['1000'], at })[0]?.amountsMinor ?? [0, 0, 0, 0]).toEqual(
        agedByHand(moves, at),
      );
      const [statement] = statementOf(book, '1000', { from: at, to: at });
      expect(statement?.closingMinor ?? 0).toBe(cash);
      await book.close();
    }),
    {
      numRuns: 15,
      examples: [
        [[...lent(4)], 5],
        [[...lent(1)], 4],
      ],
    },
  );
});
