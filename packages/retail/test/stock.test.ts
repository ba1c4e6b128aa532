/** Deliveries, corrections, charges and the catalogue by example. */
import type { Scope } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import type { ChargeAdjustArgs, StockAdjustArgs } from '../src/index.ts';
import { balancesOf, createTestRelay, day, describeShop, idOf, line, product, stockOf } from './shop.ts';

const adjust = (rest: Partial<StockAdjustArgs> = {}): StockAdjustArgs => ({
  day,
  currency: 'GBP',
  lines: [line({ quantity: -2 })],
  reason: 'broken',
  ...rest,
});

const charge = (rest: Partial<ChargeAdjustArgs> = {}): ChargeAdjustArgs => ({
  day,
  currency: 'GBP',
  lines: [{ sku: 'B', name: 'Adjust bad debt', quantity: 1, unitPriceMilliMinor: -1_106_206_000 }],
  account: '6100',
  reason: 'bad debt',
  ...rest,
});

describeShop('stock, charges and catalogue', (shop) => {
  describe('stock.receive', () => {
    it('adds to stock and owes the supplier', async () => {
      const lines = [
        { sku: 'MUG', name: 'Mug', quantity: 10, unitCostMilliMinor: 123_400 },
        { sku: 'TEA', name: 'Tea', quantity: 2500, quantityScale: 3, unitCostMilliMinor: 800_000 },
      ];
      const document = idOf(await shop.book.commit('stock.receive', { day, currency: 'GBP', lines, reference: 'D-1' }));
      expect(stockOf(shop.book)).toEqual({ MUG: 10, TEA: 2500 });
      expect(balancesOf(shop.book)).toEqual({ 2100: -3234, 5000: 3234 });
      expect(shop.book.query('SELECT id, kind, number, external, totalMinor, taxMinor FROM documents')).toEqual([
        {
          id: document,
          kind: 'receipt',
          number: `RCV/till-3/${day}/1`,
          external: 'D-1',
          totalMinor: 3234,
          taxMinor: 0,
        },
      ]);
      expect(shop.book.query('SELECT kind, quantity, amountMinor FROM documentLines ORDER BY line')).toEqual([
        { kind: 'receipt', quantity: 10, amountMinor: 1234 },
        { kind: 'receipt', quantity: 2500, amountMinor: 2000 },
      ]);
    });

    it('wants the scale of the product', async () => {
      const lines = [{ sku: 'TEA', name: 'Tea', quantity: 1, unitCostMilliMinor: 0 }];
      const args = { day, currency: 'GBP', lines, reference: 'D-1' };
      expect(await shop.book.commit('stock.receive', args)).toMatchObject({ code: 'retail/scale-mismatch' });
    });
  });

  describe('stock.adjust', () => {
    it('writes off what is lost at the given price', async () => {
      idOf(await shop.book.commit('stock.adjust', adjust({ external: '536414' })));
      expect(stockOf(shop.book)).toEqual({ MUG: -2 });
      expect(balancesOf(shop.book)).toEqual({ 5000: -1000, 5900: 1000 });
      expect(shop.book.query('SELECT kind, number, totalMinor, external, reason FROM documents')).toEqual([
        { kind: 'adjustment', number: `ADJ/till-3/${day}/1`, totalMinor: -1000, external: '536414', reason: 'broken' },
      ]);
    });

    it('posts nothing for what has no price', async () => {
      idOf(
        await shop.book.commit(
          'stock.adjust',
          adjust({ lines: [line({ quantity: -30, unitPriceMilliMinor: 0, name: '' })] }),
        ),
      );
      expect(stockOf(shop.book)).toEqual({ MUG: -30 });
      expect(balancesOf(shop.book)).toEqual({});
    });

    it('takes a find back in', async () => {
      idOf(await shop.book.commit('stock.adjust', adjust({ lines: [line({ quantity: 1 })] })));
      expect(balancesOf(shop.book)).toEqual({ 5000: 500, 5900: -500 });
    });

    it('keeps to the policy on negative stock, per product and on balance', async () => {
      const vase = (quantity: number) => line({ sku: 'VASE', quantity });
      expect(await shop.book.commit('stock.adjust', adjust({ lines: [vase(-1)] }))).toMatchObject({
        code: 'retail/out-of-stock',
      });
      idOf(await shop.book.commit('stock.adjust', adjust({ lines: [vase(-1), vase(1)] })));
      idOf(await shop.book.commit('stock.adjust', adjust({ lines: [vase(2)] })));
      idOf(await shop.book.commit('stock.adjust', adjust({ lines: [vase(-2)] })));
      expect(stockOf(shop.book)).toEqual({});
    });

    it('is not for tills', async () => {
      const till = await shop.join('till', 'till-4');
      expect(await till.commit('stock.adjust', adjust())).toMatchObject({ code: 'kernel/role' });
      await till.close();
    });

    it('may be a part of an invoice', async () => {
      expect(await shop.book.commit('stock.adjust', adjust({ part: 1 }))).toMatchObject({ code: 'retail/bad-part' });
      idOf(await shop.book.commit('stock.adjust', adjust({ external: 'x', part: 2, parts: 2 })));
    });
  });

  describe('charge.adjust', () => {
    it('writes a bad debt off against receivables, and leaves stock alone', async () => {
      idOf(await shop.book.commit('charge.adjust', charge({ external: 'A563186' })));
      expect(balancesOf(shop.book)).toEqual({ 1100: -1_106_206, 6100: 1_106_206 });
      expect(stockOf(shop.book)).toEqual({});
      expect(shop.book.query('SELECT kind, number, totalMinor FROM documents')).toEqual([
        { kind: 'charge', number: `CHG/till-3/${day}/1`, totalMinor: -1_106_206 },
      ]);
    });

    it('charges a fee the other way round, and takes a line of no units', async () => {
      const lines = [
        { sku: 'FEE', name: 'Fee', quantity: 1, unitPriceMilliMinor: 250_000 },
        { sku: 'NOTE', name: '', quantity: 0, unitPriceMilliMinor: 250_000 },
      ];
      idOf(await shop.book.commit('charge.adjust', charge({ lines })));
      expect(balancesOf(shop.book)).toEqual({ 1100: 250, 6100: -250 });
    });

    it.each([
      ['retail/charge-account', { account: '1100' }],
      ['ledger/unknown-account', { account: '9999' }],
      ['retail/bad-part', { part: 1 }],
    ])('refuses %s', async (code, rest) => {
      expect(await shop.book.commit('charge.adjust', charge(rest))).toMatchObject({ ok: false, code });
    });
  });

  describe('the catalogue', () => {
    it('replaces what is said of a product, but never its scale', async () => {
      idOf(await shop.book.commit('product.set', product('MUG', { name: 'Big mug', active: 0 })));
      expect(shop.book.query("SELECT name, active FROM products WHERE sku = 'MUG'")).toEqual([
        { name: 'Big mug', active: 0 },
      ]);
      expect(await shop.book.commit('product.set', product('MUG', { unitScale: 3 }))).toMatchObject({
        code: 'retail/scale-mismatch',
      });
    });

    it('tells skus apart by case', async () => {
      idOf(await shop.book.commit('product.set', product('mug')));
      expect(shop.book.query("SELECT count(*) AS n FROM products WHERE lower(sku) = 'mug'")).toEqual([{ n: 2 }]);
    });

    it('prices products it has, per currency', async () => {
      idOf(await shop.book.commit('price.set', { sku: 'MUG', currency: 'GBP', unitPriceMilliMinor: 500_000 }));
      idOf(await shop.book.commit('price.set', { sku: 'MUG', currency: 'EUR', unitPriceMilliMinor: 599_900 }));
      expect(shop.book.query('SELECT currency, unitPriceMilliMinor FROM prices ORDER BY currency')).toEqual([
        { currency: 'EUR', unitPriceMilliMinor: 599_900 },
        { currency: 'GBP', unitPriceMilliMinor: 500_000 },
      ]);
      const unknown = { sku: 'NOPE', currency: 'GBP', unitPriceMilliMinor: 1 };
      expect(await shop.book.commit('price.set', unknown)).toMatchObject({ code: 'retail/unknown-product' });
    });

    it('is kept in hq', async () => {
      await shop.book.sync(await createTestRelay());
      const scope = 'b/042' as Scope;
      const answers = await shop.book.commitAll([
        { verb: 'product.set', scope, args: product('MUG') },
        { verb: 'price.set', scope, args: { sku: 'MUG', currency: 'GBP', unitPriceMilliMinor: 1 } },
      ]);
      expect(answers).toMatchObject([{ code: 'retail/hq-only' }, { code: 'retail/hq-only' }]);
    });
  });
});
