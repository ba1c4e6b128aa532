/** Tax classes by day, and splits that lose no cent. */
import { defineVerb, type Outcome } from '@tallystick/kernel';
import type { Scope } from '@tallystick/oplog';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ledgerVerbs, splitTax, taxByClass, taxClasses, taxRateOn } from '../src/index.ts';
import { anything, newStore, openLedger } from './laws.ts';
import { createTestRelay } from './replica.ts';

it('a class has the rate of its day', async () => {
  const rates: unknown[] = [];
  const ask = defineVerb<'test.rate', { class: string; day: string }>({
    name: 'test.rate',
    version: 1,
    roles: ['owner'],
    tables: [taxClasses],
    args: anything,
    plan: (view, _op, args): Outcome => {
      const rate = taxRateOn(view, args.class, args.day);
      rates.push(rate);
      return typeof rate === 'number' ? [] : rate;
    },
  });
  const { book, act } = await openLedger(newStore(), [...ledgerVerbs, ask]);
  const food = {
    class: 'food',
    name: 'Food',
    rates: [
      { from: '2026-01-01', basisPoints: 700 },
      { from: '2027-07-01', basisPoints: 0 },
    ],
  };
  expect(await act('tax.set', food)).toBe('ok');
  for (const day of ['2026-01-01', '2027-06-30', '2027-07-01']) await act('test.rate', { class: 'food', day });
  expect([...new Set(rates)]).toEqual([700, 0]);
  expect(await act('test.rate', { class: 'food', day: '2025-12-31' })).toBe('ledger/no-tax-rate');
  expect(await act('test.rate', { class: 'wine', day: '2026-12-31' })).toBe('ledger/unknown-tax-class');
  const backwards = { ...food, rates: [...food.rates].reverse() };
  expect(await act('tax.set', backwards)).toBe('kernel/bad-args');
  await book.sync(await createTestRelay());
  const [branch] = await book.commitAll([{ verb: 'tax.set', scope: 'b/1' as Scope, args: food }]);
  expect(branch).toMatchObject({ ok: false, code: 'ledger/hq-only' });
  await book.close();
});

const line = fc.record({
  class: fc.constantFrom('standard', 'food', 'zero'),
  basisPoints: fc.constantFrom(0, 700, 1900, 2000),
  amountMinor: fc.integer({ min: -1_000_000, max: 1_000_000 }),
});

it('net and tax add up to gross, by line, by class and in all, and a refund is the exact opposite', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.boolean(), (lines, included) => {
      const totals = taxByClass(lines, included) ?? [];
      const sum = (pick: (row: (typeof totals)[number]) => number) => totals.reduce((all, row) => all + pick(row), 0);
      expect(sum((row) => (included ? row.grossMinor : row.netMinor))).toBe(
        lines.reduce((all, row) => all + row.amountMinor, 0),
      );
      expect(sum((row) => row.netMinor + row.taxMinor - row.grossMinor)).toBe(0);
      for (const { amountMinor, basisPoints } of lines) {
        const [there, back] = [
          splitTax(amountMinor, basisPoints, included),
          splitTax(0 - amountMinor, basisPoints, included),
        ];
        expect((there?.taxMinor ?? 1) + (back?.taxMinor ?? 1)).toBe(0);
      }
    }),
  );
  expect(splitTax(Number.MAX_SAFE_INTEGER, 2000, false)).toBeUndefined();
});
