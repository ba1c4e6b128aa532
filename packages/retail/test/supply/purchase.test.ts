/** Purchases by example: ordered, received short, damaged and over, billed, matched three ways, decided and paid. */
import { describe, expect, it } from 'vitest';
import { dueBills, heldBills, purchaseLines } from '../../src/supply.ts';
import { balancesOf, createTestRelay, day, describeShop, idOf, type ShopBook, stockOf } from '../shop.ts';

const supplier = 'S-1';
const head = { day, currency: 'GBP' };
const bill = { supplier, reference: 'B-1' };
const goods = { sku: 'MUG', name: 'Mug', unitCostMilliMinor: 200_000 };
const ten = { ...goods, quantity: 10 };
const asked = (rest: object = {}) => ({ line: 1, quantity: 10, unitCostMilliMinor: 200_000, ...rest });

async function order(book: ShopBook, lines: readonly (typeof ten)[] = [ten]): Promise<string> {
  return idOf(await book.commit('purchase.order', { ...head, supplier, lines, reference: 'O-1' }));
}
const receive = (book: ShopBook, purchase: string, quantity: number, rest: object = {}) =>
  book.commit('purchase.receive', {
    ...head,
    order: purchase,
    reference: 'D-1',
    lines: [{ line: 1, quantity, goods, ...rest }],
  });
const enter = (book: ShopBook, purchase: string, line: object = {}, rest: object = {}) =>
  book.commit('purchase.bill', { ...bill, order: purchase, day, lines: [asked(line)], ...rest });

describeShop('a purchase', (shop) => {
  const verdicts = () => purchaseLines(shop.book).map(({ received, damaged, verdict }) => [received, damaged, verdict]);

  it('is owed as received, then as billed, until it is paid', async () => {
    const { book } = shop;
    const purchase = await order(book);
    expect([balancesOf(book), stockOf(book), verdicts()]).toEqual([{}, {}, [[0, 0, 'open']]]);
    idOf(await receive(book, purchase, 10, { lot: 'L-9' }));
    expect([balancesOf(book), stockOf(book), verdicts()]).toEqual([
      { 2150: -2000, 5000: 2000 },
      { MUG: 10 },
      [[10, 0, 'met']],
    ]);
    idOf(await enter(book, purchase, { taxRateBasisPoints: 2000 }));
    expect(balancesOf(book)).toEqual({ 2100: -2400, 2200: 400, 5000: 2000 });
    expect(dueBills(book)).toEqual([{ ...bill, day, currency: 'GBP', totalMinor: 2400, leftMinor: 2400 }]);
    const pay = (amountMinor: number, account = '1000') =>
      book.commit('purchase.pay', { ...bill, day, currency: 'GBP', amountMinor, account });
    expect(await pay(100, '2100')).toMatchObject({ code: 'retail/pay-account' });
    idOf(await pay(1000));
    expect(await pay(1401)).toMatchObject({ code: 'retail/over-paid', details: { leftMinor: 1400 } });
    idOf(await pay(1400));
    expect(balancesOf(book)).toEqual({ 1000: -2400, 2200: 400, 5000: 2000 });
    expect(dueBills(book)).toEqual([]);
    expect(book.query('SELECT kind, number FROM documents ORDER BY id').map(({ number }) => number)).toEqual(
      ['PO', 'RCV', 'BILL', 'PAY', 'PAY'].map((series, index) => `${series}/till-3/${day}/${index === 4 ? 2 : 1}`),
    );
  });

  it('says what is short, damaged and over', async () => {
    const { book } = shop;
    const purchase = await order(book, [ten, ten, ten]);
    const lines = [
      { line: 3, quantity: 12, goods },
      { line: 1, quantity: 4, damaged: 2, goods },
    ];
    idOf(await book.commit('purchase.receive', { ...head, order: purchase, reference: 'D', lines }));
    idOf(await receive(book, purchase, 3));
    expect(verdicts()).toEqual([
      [7, 2, 'open'],
      [0, 0, 'open'],
      [12, 0, 'over'],
    ]);
    idOf(await book.commit('purchase.close', { order: purchase, reason: 'no more' }));
    expect(verdicts().map(([, , verdict]) => verdict)).toEqual(['short', 'short', 'over']);
    expect(await receive(book, purchase, 1)).toMatchObject({ code: 'retail/purchase-closed' });
    expect(balancesOf(book)).toEqual({ 2150: -3800, 5000: 3800 });
  });

  describe('whose bill does not match', () => {
    it('is held with a code, and posted once it does', async () => {
      const { book } = shop;
      const purchase = await order(book);
      idOf(await receive(book, purchase, 8, { damaged: 2 }));
      const entered = await enter(book, purchase);
      expect(entered).toMatchObject({ ok: true, correction: { code: 'retail/bill-quantity' } });
      expect(heldBills(book)).toMatchObject([{ ...bill, purchase, totalMinor: 2000, why: 'retail/bill-quantity' }]);
      expect(balancesOf(book)).toEqual({ 2150: -1600, 5000: 1600 });
      expect(
        await book.commit('purchase.pay', { ...bill, day, currency: 'GBP', amountMinor: 1, account: '1000' }),
      ).toMatchObject({
        code: 'retail/bill-held',
      });
      const match = () => book.commit('purchase.match', { ...bill, day });
      expect(await match()).toMatchObject({ code: 'retail/bill-quantity', details: { received: 8, asked: 10 } });
      idOf(await receive(book, purchase, 2));
      idOf(await match());
      expect(balancesOf(book)).toEqual({ 2100: -2000, 5000: 2000 });
      expect(await match()).toMatchObject({ code: 'retail/not-held' });
    });

    it('is approved by a manager who did not enter it, or by an owner', async () => {
      const { book } = shop;
      const purchase = await order(book);
      idOf(await receive(book, purchase, 10));
      const manager = await shop.join('manager', 'till-4');
      expect(await enter(manager, purchase, { unitCostMilliMinor: 210_000 })).toMatchObject({
        ok: true,
        correction: { code: 'retail/bill-price', details: { ordered: 200_000, asked: 210_000 } },
      });
      const approve = { ...bill, day, reason: 'agreed by telephone' };
      expect(await manager.commit('purchase.approve', approve)).toMatchObject({ code: 'retail/own-bill' });
      await book.import(await manager.export());
      expect(book.query("SELECT code FROM corrections WHERE code = 'retail/bill-price'")).toHaveLength(1);
      idOf(await book.commit('purchase.approve', approve));
      expect(balancesOf(book)).toEqual({ 2100: -2100, 5000: 2100 });
      expect(book.query('SELECT state, decidedBy, reason FROM bills')).toEqual([
        { state: 'posted', decidedBy: book.device, reason: approve.reason },
      ]);
      await manager.close();
    });

    it('is sent back, and may come again under its number', async () => {
      const { book } = shop;
      const purchase = await order(book);
      idOf(await receive(book, purchase, 10));
      idOf(await enter(book, purchase, { quantity: 11 }));
      expect(await enter(book, purchase)).toMatchObject({ code: 'retail/bill-entered' });
      idOf(await book.commit('purchase.reject', { ...bill, reason: 'eleven' }));
      idOf(await enter(book, purchase));
      expect(balancesOf(book)).toEqual({ 2100: -2000, 5000: 2000 });
      expect(book.query('SELECT state FROM bills_history ORDER BY place')).toEqual([
        { state: 'held' },
        { state: 'rejected' },
        { state: 'posted' },
      ]);
    });
  });

  it('may be billed within the tolerance that is stated', async () => {
    const { book } = shop;
    const purchase = await order(book);
    idOf(await receive(book, purchase, 10));
    idOf(await book.commit('purchase.tolerance', { priceBasisPoints: 0, quantityBasisPoints: 0 }));
    idOf(await book.commit('purchase.tolerance', { supplier, priceBasisPoints: 100, quantityBasisPoints: 1000 }));
    const exact = { ...bill, reference: 'B-2' };
    const dear = await enter(book, purchase, { quantity: 1, unitCostMilliMinor: 202_001 });
    expect(dear).toMatchObject({ ok: true, correction: { code: 'retail/bill-price' } });
    const cheap = await enter(book, purchase, { quantity: 1, unitCostMilliMinor: 197_999 }, { reference: 'B-3' });
    expect(cheap).toMatchObject({ ok: true, correction: { code: 'retail/bill-price' } });
    expect(await enter(book, purchase, { quantity: 11, unitCostMilliMinor: 202_000 }, exact)).toMatchObject({
      ok: true,
      correction: undefined,
    });
    expect(balancesOf(book)).toEqual({ 2100: -2222, 2150: 200, 5000: 2022 });
  });

  it('is refused where it does not fit', async () => {
    const { book } = shop;
    const purchase = await order(book);
    expect(await receive(book, 'nothing', 1)).toMatchObject({ code: 'retail/no-purchase-order' });
    expect(await receive(book, purchase, 1, { line: 2 })).toMatchObject({ code: 'retail/unknown-line' });
    expect(await enter(book, 'nothing')).toMatchObject({ code: 'retail/no-purchase-order' });
    expect(await enter(book, purchase, {}, { supplier: 'S-2' })).toMatchObject({ code: 'retail/other-supplier' });
    const twice = { lines: [asked(), asked()] };
    expect(await enter(book, purchase, {}, twice)).toMatchObject({ code: 'retail/line-twice' });
    for (const commit of [
      () => book.commit('purchase.match', { ...bill, day }),
      () => book.commit('purchase.approve', { ...bill, day, reason: '' }),
      () => book.commit('purchase.reject', { ...bill, reason: '' }),
      () => book.commit('purchase.pay', { ...bill, day, currency: 'GBP', amountMinor: 1, account: '1000' }),
    ])
      expect(await commit()).toMatchObject({ code: 'retail/no-bill' });
    await book.sync(await createTestRelay());
    const stated = { priceBasisPoints: 1, quantityBasisPoints: 1 };
    expect(await book.commit('purchase.tolerance', stated, { scope: 'b/042' as never })).toMatchObject({
      code: 'retail/hq-only',
    });
  });
});
