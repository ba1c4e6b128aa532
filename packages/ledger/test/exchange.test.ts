/** Currencies at recorded rates: what a position cost, and what was gained with it, against exact fractions. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { balanceOf, trialBalance } from '../src/index.ts';
import { day, openLedger } from './laws.ts';

const accounts = { position: '1900', gain: '4900' };
const common = { day, memo: '', base: 'EUR', ...accounts };
const buy = (amountMinor: number, numerator: number, denominator: number): object => ({
  ...common,
  give: { account: '1000', currency: 'EUR', amountMinor },
  take: { account: '1000', currency: 'USD' },
  rate: { numerator, denominator },
});
const sell = (amountMinor: number, numerator: number, denominator: number): object => ({
  ...common,
  give: { account: '1000', currency: 'USD', amountMinor },
  take: { account: '1000', currency: 'EUR' },
  rate: { numerator, denominator },
});

it('a reversal takes an exchange out of its position too', async () => {
  const { book, act } = await openLedger();
  const bought = await book.commit('currency.exchange', buy(11_000, 10, 11));
  await act('currency.exchange', buy(500, 1, 1));
  if (!bought.ok) throw new Error(bought.code);
  expect(await act('journal.reverse', { of: bought.id, day, memo: 'keyed twice' })).toBe('ok');
  expect(book.query('SELECT currencyMinor, costMinor FROM positions')).toEqual([
    { currencyMinor: 500, costMinor: 500 },
  ]);
  expect([balanceOf(book, '1900', 'USD'), balanceOf(book, '1900', 'EUR')]).toEqual([-500, 500]);
  await book.close();
});

it('gains are realised at average cost, and revalued at the day’s rate', async () => {
  const { book, act } = await openLedger();
  const position = () => book.query('SELECT currencyMinor, costMinor FROM positions');
  const gain = () => 0 - balanceOf(book, '4900', 'EUR');
  expect(await act('currency.exchange', buy(11_000, 10, 11))).toBe('ok');
  expect(position()).toEqual([{ currencyMinor: 10_000, costMinor: 11_000 }]);
  expect(await act('currency.exchange', sell(4_000, 115, 100))).toBe('ok');
  expect([gain(), ...position()]).toEqual([200, { currencyMinor: 6_000, costMinor: 6_600 }]);
  expect(await act('currency.revalue', { ...common, currency: 'USD', rate: { numerator: 12, denominator: 10 } })).toBe(
    'ok',
  );
  expect([gain(), ...position()]).toEqual([800, { currencyMinor: 6_000, costMinor: 7_200 }]);
  // More than there is: the position closes, and the rest is owed at what it brought.
  expect(await act('currency.exchange', sell(8_000, 1, 1))).toBe('ok');
  expect([gain(), ...position()]).toEqual([-400, { currencyMinor: -2_000, costMinor: -2_000 }]);
  expect(balanceOf(book, '1900', 'EUR')).toBe(-2_000);
  expect(balanceOf(book, '1900', 'USD')).toBe(2_000);
  await book.close();
});

it('refuses what is no exchange', async () => {
  const { book, act } = await openLedger();
  const same = { ...buy(1, 1, 1), take: { account: '1000', currency: 'EUR' } };
  expect(await act('currency.exchange', same)).toBe('ledger/base-currency');
  expect(await act('currency.exchange', { ...buy(1, 1, 1), base: 'GBP' })).toBe('ledger/base-currency');
  expect(await act('currency.exchange', buy(1, 1, 3))).toBe('ledger/amount-range');
  expect(await act('currency.revalue', { ...common, currency: 'EUR', rate: { numerator: 1, denominator: 1 } })).toBe(
    'ledger/base-currency',
  );
  const idle = { ...common, currency: 'USD', rate: { numerator: 1, denominator: 1 } };
  expect(await act('currency.revalue', idle)).toBe('ledger/empty-entry');
  await book.close();
});

it('whatever is bought, sold, revalued and taken back, gains are what the cash and the position came to', async () => {
  const trade = fc.record({
    kind: fc.constantFrom<'buy' | 'sell' | 'revalue' | 'undo'>('buy', 'buy', 'sell', 'sell', 'revalue', 'undo'),
    amountMinor: fc.integer({ min: 10, max: 100_000 }),
    numerator: fc.integer({ min: 1, max: 5_000 }),
    denominator: fc.integer({ min: 1, max: 500 }),
  });
  const bought = { kind: 'buy' as const, amountMinor: 100, numerator: 1, denominator: 1 };
  await fc.assert(
    fc.asyncProperty(fc.array(trade, { minLength: 1, maxLength: 12 }), async (trades) => {
      const { book, act } = await openLedger();
      const done: string[] = [];
      for (const { kind, amountMinor, numerator, denominator } of trades) {
        const rate = { numerator, denominator };
        if (kind === 'revalue') {
          const commit = await book.commit('currency.revalue', { ...common, currency: 'USD', rate });
          if (commit.ok) done.push(commit.id);
        } else if (kind === 'undo') await act('journal.reverse', { of: done.pop() ?? 'none', day, memo: '' });
        else {
          const trade = (kind === 'buy' ? buy : sell)(amountMinor, numerator, denominator);
          const commit = await book.commit('currency.exchange', trade);
          // Only what comes to nothing is no exchange.
          expect(commit.ok || commit.code).toEqual(
            commit.ok || expect.stringMatching(/^ledger\/(empty-entry|amount-range)$/),
          );
          if (commit.ok) done.push(commit.id);
        }
      }
      const [position = { currencyMinor: 0, costMinor: 0 }] = book.query<{ currencyMinor: number; costMinor: number }>(
        'SELECT currencyMinor, costMinor FROM positions',
      );
      expect(balanceOf(book, '1000', 'USD')).toBe(position.currencyMinor);
      const gainMinor = 0 - balanceOf(book, '4900', 'EUR');
      expect(gainMinor).toBe(balanceOf(book, '1000', 'EUR') + position.costMinor);
      // Each exchange says what was gained by it, and its reversal takes that back.
      const [said] = book.query<{ minor: number }>('SELECT coalesce(sum(gainMinor), 0) AS minor FROM exchanges');
      expect(said?.minor).toBe(gainMinor);
      // What is held has a cost of its own sign, and nothing is left of a position that is closed.
      if (!trades.some(({ kind }) => kind === 'undo')) {
        expect(Math.sign(position.currencyMinor) * Math.sign(position.costMinor)).toBeGreaterThanOrEqual(0);
        if (position.currencyMinor === 0) expect(position.costMinor).toBe(0);
      }
      for (const currency of ['EUR', 'USD'])
        expect(
          trialBalance(book).reduce((sum, row) => sum + (row.currency === currency ? row.amountMinor : 0), 0),
        ).toBe(0);
      await book.close();
    }),
    { numRuns: 25, examples: [[[bought, { ...bought, kind: 'sell', numerator: 2 }, { ...bought, kind: 'undo' }]]] },
  );
});
