/** Goods with a lot or serial number: every document that moves them says which, and what takes a document back says it again. */
import { describe, expect, it } from 'vitest';
import { day, describeShop, idOf, line, sale } from './shop.ts';

describeShop('lots', (shop) => {
  const moves = (document: string) =>
    shop.book.query('SELECT line, sku, lot, quantity FROM lotMoves WHERE document = ? ORDER BY line', [document]);

  it('come in with a delivery, go out with a sale, and come back with its void', async () => {
    const received = idOf(
      await shop.book.commit('stock.receive', {
        day,
        currency: 'GBP',
        reference: 'D-1',
        lines: [
          { sku: 'MUG', name: 'Mug', quantity: 6, unitCostMilliMinor: 200_000, lot: 'L-1' },
          { sku: 'MUG', name: 'Mug', quantity: 4, unitCostMilliMinor: 200_000 },
        ],
      }),
    );
    const sold = idOf(await shop.book.commit('sale.complete', sale(500, { lines: [line({ lot: 'L-1' })] })));
    const voided = idOf(await shop.book.commit('sale.void', { document: sold, day, reason: 'wrong' }));
    const lost = { day, currency: 'GBP', reason: 'broken', lines: [line({ quantity: -2, lot: 'L-1' })] };
    const adjusted = idOf(await shop.book.commit('stock.adjust', lost));
    expect([received, sold, voided, adjusted].map(moves)).toEqual([
      [{ line: 1, sku: 'MUG', lot: 'L-1', quantity: 6 }],
      [{ line: 1, sku: 'MUG', lot: 'L-1', quantity: -1 }],
      [{ line: 1, sku: 'MUG', lot: 'L-1', quantity: 1 }],
      [{ line: 1, sku: 'MUG', lot: 'L-1', quantity: -2 }],
    ]);
  });

  describe('of a refund', () => {
    it.each([
      ['the one that was sold', { lot: 'S-7' }, true],
      ['another', { lot: 'S-8' }, false],
      ['none', {}, false],
    ])('must be those of the sale: %s', async (_which, lot, isTaken) => {
      const original = idOf(
        await shop.book.commit('sale.complete', sale(500, { lines: [line({ lot: 'S-7', quantity: 1 })] })),
      );
      const back = await shop.book.commit('sale.refund', {
        ...sale(500, { lines: [] }),
        tenders: [{ kind: 'cash', amountMinor: 500 }],
        original,
        lines: [{ ...line(lot), line: 1 }],
        reason: 'back',
      });
      expect(back).toMatchObject(isTaken ? { ok: true } : { code: 'retail/line-mismatch' });
      if (back.ok) expect(moves(back.id)).toEqual([{ line: 1, sku: 'MUG', lot: 'S-7', quantity: 1 }]);
    });
  });
});
