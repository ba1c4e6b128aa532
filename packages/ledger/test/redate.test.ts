/** Entries that a wrong clock put on a wrong day: every report of days follows a correction, in whatever order corrections come. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dayBook, trialBalance } from '../src/index.ts';
import { type Act, day, entry, openLedger } from './laws.ts';
import type { LawBook } from './laws.ts';

const days = ['2026-11-19', '2026-11-20', '2026-11-21', '2026-11-22'] as const;
const lastOp = (book: LawBook): string => String(book.query('SELECT max(op) AS op FROM postings')[0]?.['op']);
const redate = (act: Act, of: string, to: string): Promise<string> =>
  act('entry.redate', { of, day: to, reason: 'the clock was wrong' });
/** What the cash account was moved by on a day. */
const cashOn = (book: LawBook, on: string): number =>
  trialBalance(book, { from: on, to: on }).find(({ account }) => account === '1000')?.amountMinor ?? 0;

it('moves an entry from day to day, as often as somebody finds out (property)', async () => {
  const moves = fc.array(fc.tuple(fc.nat({ max: 2 }), fc.constantFrom(...days)), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(moves, async (asked) => {
      const { book, act } = await openLedger();
      const made: { op: string; amountMinor: number; day: string }[] = [];
      for (const [at, amountMinor] of [100, 30, 7].entries()) {
        const on = days[at] as string;
        await act('journal.post', entry('1000', '4000', amountMinor, on));
        made.push({ op: lastOp(book), amountMinor, day: on });
      }
      for (const [which, to] of asked) {
        const one = made[which] as (typeof made)[number];
        expect(await redate(act, one.op, to)).toBe(one.day === to ? 'ledger/same-day' : 'ok');
        one.day = to;
      }
      for (const on of days) {
        const expected = made.filter((one) => one.day === on).reduce((sum, { amountMinor }) => sum + amountMinor, 0);
        expect(cashOn(book, on)).toBe(expected);
        // What is on a day is in balance.
        expect(dayBook(book, on).reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(0);
      }
      expect(trialBalance(book).find(({ account }) => account === '1000')?.amountMinor).toBe(137);
      await book.close();
    }),
    { numRuns: 12 },
  );
});

it('leaves what is closed as it is: it goes where the close says', async () => {
  const { book, act } = await openLedger();
  await act('journal.post', entry('1000', '4000', 100, days[0]));
  const early = lastOp(book);
  await act('journal.post', entry('1000', '4000', 30, days[2]));
  const late = lastOp(book);
  await act('day.open', { day: days[3] });
  expect(await act('period.close', { through: days[1], late: 'route' })).toBe('ok');
  // From a closed day to another one: nothing moves, and the day is on record.
  expect(await redate(act, early, days[1])).toBe('ok');
  expect([cashOn(book, days[0]), cashOn(book, days[1]), cashOn(book, days[2])]).toEqual([100, 0, 30]);
  // From it to an open one: it is taken back on the first open day.
  expect(await redate(act, early, days[3])).toBe('ok');
  expect([cashOn(book, days[0]), cashOn(book, days[2]), cashOn(book, days[3])]).toEqual([100, -70, 100]);
  expect(await redate(act, late, days[0])).toBe('ok');
  const [row] = book.query('SELECT day, first, posted FROM entryDays WHERE of = ?', [late]);
  expect(row).toEqual({ day: days[0], first: days[2], posted: days[2] });
  await book.close();
});

it('is refused for what is no entry, for what moved one, and for days out of balance', async () => {
  const { book, act } = await openLedger();
  expect(await redate(act, '019b0000-0000-7000-8000-000000000000', day)).toBe('ledger/unknown-entry');
  await act('journal.post', entry('1000', '4000', 100, days[0]));
  expect(await redate(act, lastOp(book), days[1])).toBe('ok');
  expect(await redate(act, lastOp(book), days[2])).toBe('ledger/two-days');
  await book.close();
});
