/** Counting stock: the books come to what was counted, and the difference has a price. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { balancesOf, day, describeShop, drivers, exchange, idOf, line, openShop, sale, stockOf } from '../shop.ts';

const counted = (sku: string, countedQuantity: number, unitCostMilliMinor = 200_000) => ({
  sku,
  name: sku,
  countedQuantity,
  unitCostMilliMinor,
});
const count = (lines: readonly ReturnType<typeof counted>[]) => ({ day, currency: 'GBP', lines, reason: 'month end' });

describeShop('counting', (shop) => {
  it('writes off what is missing and takes in what is found, at cost', async () => {
    idOf(await shop.book.commit('sale.complete', sale(1_500, { lines: [line({ quantity: 3 })] })));
    idOf(await shop.book.commit('stock.count', count([counted('MUG', 7), counted('VASE', 0)])));
    expect(stockOf(shop.book)).toEqual({ MUG: 7 });
    expect(balancesOf(shop.book)).toMatchObject({ 5000: 2_000, 5900: -2_000 });
    expect(shop.book.query('SELECT sku, countedQuantity, expectedQuantity FROM counts')).toEqual([
      { sku: 'MUG', countedQuantity: 7, expectedQuantity: -3 },
      { sku: 'VASE', countedQuantity: 0, expectedQuantity: 0 },
    ]);
    idOf(await shop.book.commit('stock.count', count([counted('MUG', 4)])));
    expect(balancesOf(shop.book)).toMatchObject({ 5000: 1_400, 5900: -1_400 });
  });

  it('is refused that counts a sku twice, or in other units', async () => {
    expect(await shop.book.commit('stock.count', count([counted('MUG', 1), counted('MUG', 2)]))).toMatchObject({
      code: 'retail/counted-twice',
    });
    expect(await shop.book.commit('stock.count', count([counted('TEA', 1)]))).toMatchObject({
      code: 'retail/scale-mismatch',
    });
  });

  it('is worked out again when sales come to stand before it', async () => {
    const manager = await shop.join('manager', 'manager');
    idOf(await manager.commit('sale.complete', sale(500)));
    idOf(await shop.book.commit('stock.count', count([counted('MUG', 5)])));
    await exchange(shop.book, manager);
    expect(manager.digest()).toEqual(shop.book.digest());
    const [row] = shop.book.query('SELECT expectedQuantity FROM counts');
    // Whichever came first: after the count there are five, less what was sold after it.
    expect(stockOf(shop.book)['MUG']).toBe(row?.['expectedQuantity'] === -1 ? 5 : 4);
    await manager.close();
  });

  it('is not for a van, whose shortage somebody else counts', async () => {
    const van = await shop.join('van', 'van');
    expect(await van.commit('stock.count', count([counted('MUG', 0)]))).toMatchObject({ code: 'kernel/role' });
    await van.close();
  });
});

it('leaves what was counted, whatever moved before', async () => {
  const [{ store }] = drivers as [(typeof drivers)[number]];
  const moves = fc.array(fc.record({ isSale: fc.boolean(), quantity: fc.integer({ min: 1, max: 9 }) }), {
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(moves, fc.nat({ max: 30 }), fc.nat({ max: 3_000 }), async (before, found, cost) => {
      const book = await openShop(store());
      let onHand = 0;
      for (const { isSale, quantity } of before) {
        onHand += isSale ? -quantity : quantity;
        const goods = { sku: 'MUG', name: 'Mug', quantity };
        if (isSale) idOf(await book.commit('sale.complete', sale(500 * quantity, { lines: [line({ quantity })] })));
        else
          idOf(
            await book.commit('stock.receive', {
              day,
              currency: 'GBP',
              reference: 'D',
              lines: [{ ...goods, unitCostMilliMinor: 0 }],
            }),
          );
      }
      idOf(await book.commit('stock.count', count([counted('MUG', found, cost * 1_000)])));
      expect(stockOf(book)['MUG'] ?? 0).toBe(found);
      expect(balancesOf(book)['5900'] ?? 0).toBe(0 - (found - onHand) * cost || 0);
      await book.close();
    }),
    { numRuns: 15 },
  );
});
