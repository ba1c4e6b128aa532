// What of the till's own work stands otherwise than meant, on the real book: what it was, who owes what, and that it is said once.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { owedText } from '../src/corrections/corrections.tsx';
import { countCorrections } from '../src/engine/own-corrections.ts';
import { seeCorrections } from '../src/engine/see-corrections.ts';
import { ownCorrections } from '../src/engine/till-status.ts';
import { type Counter, openCounter } from './counter.ts';

let counter: Counter;
beforeEach(async () => {
  counter = await openCounter();
});
afterEach(() => counter.close());

async function sellLamp(): Promise<void> {
  const lines = [{ sku: 'LAMP', name: 'Lamp', quantity: 1, unitPriceMilliMinor: 900_000 }];
  const trade = { day: '2026-01-02', currency: 'GBP', taxIncluded: true, lines, customer: 'K-17' } as const;
  const tenders = [{ kind: 'cash', amountMinor: 900 }] as const;
  expect(await counter.shop.book.commit('sale.complete', { ...trade, tenders })).toMatchObject({ ok: true });
}

it('is told once, and again when there is more', async () => {
  expect(countCorrections(counter.shop)).toEqual({ count: 0, unseen: 0 });
  const lamp = { sku: 'LAMP', name: 'Lamp', category: '', unitScale: 0, taxRateBasisPoints: 0, active: 1 } as const;
  await counter.shop.book.commit('product.set', { ...lamp, negativeStock: 'backorder' });
  await sellLamp();
  expect(countCorrections(counter.shop)).toEqual({ count: 1, unseen: 1 });
  const [shown, ...others] = ownCorrections(counter.shop, 50);
  expect(others).toEqual([]);
  expect(shown).toMatchObject({ document: 'INV/till-1/2026-01-02/1', codes: ['retail/backorder'], lines: ['Lamp'] });
  expect(shown?.owed.map(owedText)).toEqual(['Customer K-17 is owed goods worth £9.00.']);
  await seeCorrections(counter.shop, [shown?.op ?? '']);
  expect(countCorrections(counter.shop)).toEqual({ count: 1, unseen: 0 });
  await counter.openAgain();
  expect(countCorrections(counter.shop)).toEqual({ count: 1, unseen: 0 });
  await sellLamp();
  await sellLamp();
  expect(countCorrections(counter.shop)).toEqual({ count: 3, unseen: 2 });
  // Only what stood before somebody's eyes is seen: here the newest, not the one below it.
  const [newest] = ownCorrections(counter.shop, 1);
  await seeCorrections(counter.shop, [newest?.op ?? '']);
  expect(countCorrections(counter.shop)).toEqual({ count: 3, unseen: 1 });
  await seeCorrections(counter.shop, []);
  expect(countCorrections(counter.shop)).toEqual({ count: 3, unseen: 1 });
});
