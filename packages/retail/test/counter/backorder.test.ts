/** Backorders: what was sold and is not there is owed, by name and in the ledger. */
import { expect, it } from 'vitest';
import { openBackorders } from '../../src/index.ts';
import { balancesOf, day, describeShop, exchange, idOf, line, product, sale, stockOf } from '../shop.ts';

describeShop('backorders', (shop) => {
  const lamps = (quantity: number) => sale(500 * quantity, { lines: [line({ sku: 'LAMP', quantity })] });
  const sell = (quantity: number) => shop.book.commit('sale.complete', lamps(quantity));
  const end = (document: string, outcome: 'delivered' | 'cancelled' = 'delivered') =>
    shop.book.commit('backorder.end', { document, sku: 'LAMP', day, outcome });
  const stockLamps = async (quantity: number): Promise<void> => {
    idOf(await shop.book.commit('product.set', product('LAMP', { negativeStock: 'backorder' })));
    const lines = [{ sku: 'LAMP', name: 'Lamp', quantity, unitCostMilliMinor: 0 }];
    idOf(await shop.book.commit('stock.receive', { day, currency: 'GBP', lines, reference: 'D-1' }));
  };

  it('owe what was not there, and deliver it once', async () => {
    await stockLamps(2);
    expect(await sell(1)).toMatchObject({ ok: true, correction: undefined });
    const over = await sell(3);
    const correction = { code: 'retail/backorder', details: { sku: 'LAMP', owed: 2, amountMinor: 1_000 } };
    expect(over).toMatchObject({ ok: true, correction });
    const document = idOf(over);
    expect(balancesOf(shop.book)).toEqual({ 1000: 2_000, 2400: -1_000, 4000: -1_000 });
    expect(stockOf(shop.book)).toEqual({ LAMP: -2 });
    expect(openBackorders(shop.book)).toEqual([
      { document, sku: 'LAMP', quantity: 2, currency: 'GBP', amountMinor: 1_000 },
    ]);
    idOf(await end(document));
    expect(balancesOf(shop.book)).toEqual({ 1000: 2_000, 4000: -2_000 });
    expect(openBackorders(shop.book)).toEqual([]);
    expect(await end(document)).toMatchObject({ code: 'retail/backorder-ended' });
    expect(await end('none')).toMatchObject({ code: 'retail/no-backorder' });
    expect(await shop.book.commit('sale.void', { document, day, reason: '' })).toMatchObject({
      code: 'retail/backorder-ended',
    });
  });

  it('end with a void, or with a refund and a cancellation', async () => {
    await stockLamps(0 + 1);
    const voided = idOf(await sell(3));
    idOf(await shop.book.commit('sale.void', { document: voided, day, reason: '' }));
    expect(balancesOf(shop.book)).toEqual({});
    expect(await end(voided)).toMatchObject({ code: 'retail/voided' });
    expect(openBackorders(shop.book)).toEqual([]);
    const refunded = idOf(await sell(3));
    const back = {
      day,
      currency: 'GBP',
      taxIncluded: true,
      reason: '',
      tenders: [{ kind: 'cash', amountMinor: 1_500 }],
    } as const;
    idOf(
      await shop.book.commit('sale.refund', {
        ...back,
        original: refunded,
        lines: [{ ...line({ sku: 'LAMP', quantity: 3 }), line: 1 }],
      }),
    );
    idOf(await end(refunded, 'cancelled'));
    expect(balancesOf(shop.book)).toEqual({});
    expect(stockOf(shop.book)).toEqual({ LAMP: 1 });
  });

  it('come to whoever is later in the order, of two tills that sold the last one', async () => {
    await stockLamps(1);
    const till = await shop.join('till', 'till-4');
    const mine = await sell(1);
    const yours = await till.commit('sale.complete', lamps(1));
    expect([mine, yours]).toMatchObject([
      { ok: true, correction: undefined },
      { ok: true, correction: undefined },
    ]);
    await exchange(shop.book, till);
    expect(openBackorders(shop.book).map(({ quantity, amountMinor }) => [quantity, amountMinor])).toEqual([[1, 500]]);
    expect(openBackorders(till)).toEqual(openBackorders(shop.book));
    expect(till.query('SELECT code FROM corrections')).toEqual([{ code: 'retail/backorder' }]);
    expect(till.query('SELECT code FROM refusals')).toEqual([]);
    expect(balancesOf(till)).toEqual({ 1000: 1_000, 2400: -500, 4000: -500 });
    await till.close();
  });
});
