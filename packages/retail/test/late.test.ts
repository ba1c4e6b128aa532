/** What is sold, taken back and received for a day that was closed: it counts, on the first open day, and says so. */
import { expect, it } from 'vitest';
import { day, describeShop, idOf, line, sale } from './shop.ts';

describeShop('after the period was closed', (shop) => {
  it('sales, voids and deliveries stand on the first open day, as corrections', async () => {
    const early = idOf(await shop.book.commit('sale.complete', sale(500)));
    idOf(await shop.book.commit('day.open', { day: '2026-11-22' }));
    expect(await shop.book.commit('period.close', { through: day, late: 'route' })).toMatchObject({ ok: true });
    const correction = { code: 'ledger/late-entry', details: { meantFor: day } };
    expect(await shop.book.commit('sale.complete', sale(500))).toMatchObject({ ok: true, correction });
    const back = { document: early, day, reason: 'wrong' };
    expect(await shop.book.commit('sale.void', back)).toMatchObject({ ok: true, correction });
    const { sku, name, quantity } = line();
    const lines = [{ sku, name, quantity, unitCostMilliMinor: 1_000 }];
    const delivery = { day, currency: 'GBP', lines, reference: 'd-1' };
    expect(await shop.book.commit('stock.receive', delivery)).toMatchObject({ ok: true, correction });
    const closed = shop.book.query<{ n: number }>('SELECT sum(abs(amountMinor)) AS n FROM postings WHERE day <= ?', [
      day,
    ]);
    expect(closed).toEqual([{ n: 1_000 }]);
  });
});
