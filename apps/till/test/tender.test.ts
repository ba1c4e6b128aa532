import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addTender,
  changeMinor,
  dueMinor,
  isPaid,
  type Payment,
  quickCash,
  removeTender,
} from '../src/model/tender.ts';

const due = (totalMinor: number): Payment => ({ totalMinor, tenders: [] });

describe('taking money', () => {
  it('gives change out of cash', () => {
    const payment = addTender(due(1_240), 'cash', 2_000);
    expect([isPaid(payment), changeMinor(payment), dueMinor(payment)]).toEqual([true, 760, 0]);
  });

  it('never charges a card more than is due', () => {
    const payment = addTender(due(1_240), 'card', 5_000);
    expect(payment.tenders).toEqual([{ kind: 'card', amountMinor: 1_240 }]);
    expect(changeMinor(payment)).toBe(0);
  });

  it('splits between cash and card, and takes a part back', () => {
    const split = addTender(addTender(due(1_240), 'cash', 1_000), 'card');
    expect(split.tenders).toEqual([
      { kind: 'cash', amountMinor: 1_000 },
      { kind: 'card', amountMinor: 240 },
    ]);
    expect(dueMinor(removeTender(split, 'card'))).toBe(240);
  });

  it('pays a total of nothing with nothing', () => {
    expect(isPaid(addTender(due(0), 'cash'))).toBe(true);
  });

  it('always balances: tenders less change are the total once it is paid', () => {
    const step = fc.record({
      kind: fc.constantFrom('cash' as const, 'card' as const),
      amount: fc.option(fc.integer({ min: -100, max: 100_000 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.nat(50_000), fc.array(step), (total, steps) => {
        let payment = due(total);
        for (const { kind, amount } of steps) if (!isPaid(payment)) payment = addTender(payment, kind, amount);
        if (!isPaid(payment)) return;
        const paid = payment.tenders.reduce((sum, tender) => sum + tender.amountMinor, 0);
        const cash = payment.tenders.find((tender) => tender.kind === 'cash')?.amountMinor ?? 0;
        expect(paid - changeMinor(payment)).toBe(total);
        expect(changeMinor(payment)).toBeLessThanOrEqual(cash);
      }),
    );
  });
});

describe('quick amounts', () => {
  it.each([
    [1_240, 2, [1_300, 1_500, 2_000]],
    [2_000, 2, [5_000, 10_000]],
    [350, 0, [400, 500, 1_000]],
    [0, 2, []],
  ])('offers for %i with %i decimals %j', (amount, digits, offered) => {
    expect(quickCash(amount, digits)).toEqual(offered);
  });

  it('offers only more than is due, each once, ascending', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 9 }), fc.integer({ min: 0, max: 3 }), (amount, digits) => {
        const offered = quickCash(amount, digits);
        expect(offered.every((quick) => quick > amount)).toBe(true);
        expect(offered).toEqual([...new Set(offered)].sort((a, b) => a - b));
      }),
    );
  });
});
