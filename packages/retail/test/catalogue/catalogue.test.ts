/** Variants, barcodes, price lists and recipes by example, and what edits apart come to. */
import { describe, expect, it } from 'vitest';
import { findBarcode, priceOf, taxRateOf } from '../../src/index.ts';
import { scan } from '../../src/scan.ts';
import { day, describeShop, exchange, idOf, line, product, sale, stockOf } from '../shop.ts';

/** Of the first twelve digits of an EAN-13. */
function checkDigit(digits: string): number {
  const sum = Array.from(digits).reduce((all, digit, index) => all + Number(digit) * (index % 2 === 0 ? 1 : 3), 0);
  return (10 - (sum % 10)) % 10;
}

describeShop('the catalogue', (shop) => {
  const set = (sku: string, rest: object = {}) => shop.book.commit('product.set', product(sku, rest));

  describe('variants', () => {
    const shirt = { options: ['size', 'colour'] };
    const red = { parent: 'SHIRT', choices: { size: 'M', colour: 'red' } };

    it('say something of each option of their parent', async () => {
      idOf(await set('SHIRT', shirt));
      idOf(await set('SHIRT-M-RED', red));
      const sizes = "SELECT sku, choices ->> 'size' AS size FROM products WHERE parent = 'SHIRT'";
      expect(shop.book.query(sizes)).toEqual([{ sku: 'SHIRT-M-RED', size: 'M' }]);
      const same = { choices: { colour: 'red', size: 'M' } };
      idOf(await set('SHIRT-AGAIN', { ...red, ...same }));
      expect(shop.book.query('SELECT count(DISTINCT choices) AS n FROM products WHERE parent <> ?', [''])).toEqual([
        { n: 1 },
      ]);
    });

    it.each([
      ['without a choice', { parent: 'SHIRT', choices: { size: 'M' } }],
      ['with one too many', { parent: 'SHIRT', choices: { size: 'M', colour: 'red', fit: 'slim' } }],
      ['with variants of its own', { ...red, options: ['fit'] }],
      ['of a product without options', { parent: 'MUG', choices: { size: 'M' } }],
      ['of nothing', { choices: { size: 'M' } }],
    ])('are refused %s', async (_how, rest) => {
      idOf(await set('SHIRT', shirt));
      expect(await set('SHIRT-M', rest)).toMatchObject({ code: 'retail/variant' });
    });

    it('are refused of a parent that is not there', async () => {
      expect(await set('SHIRT-M', red)).toMatchObject({ code: 'retail/unknown-product' });
      expect(await set('SHIRT-M', { options: ['__proto__'] })).toMatchObject({ code: 'kernel/bad-args' });
    });
  });

  it('knows a product by several barcodes, and a pack by its own', async () => {
    idOf(await shop.book.commit('barcode.set', { barcode: '4006381333931', sku: 'MUG', quantity: 1 }));
    idOf(await shop.book.commit('barcode.set', { barcode: 'PACK', sku: 'MUG', quantity: 6 }));
    expect(findBarcode(shop.book, '04006381333931')).toEqual({ sku: 'MUG', quantity: 1 });
    expect(findBarcode(shop.book, 'PACK')).toEqual({ sku: 'MUG', quantity: 6 });
    idOf(await shop.book.commit('barcode.set', { barcode: 'PACK', sku: '', quantity: 1 }));
    expect(findBarcode(shop.book, 'PACK')).toBeUndefined();
    const unknown = await shop.book.commit('barcode.set', { barcode: 'X', sku: 'NOTHING', quantity: 1 });
    expect(unknown).toMatchObject({ code: 'retail/unknown-product' });
  });

  it('reads the labels of the shop’s own scales as it was told to', async () => {
    idOf(await set('HAM', { unitScale: 3 }));
    for (const [barcode, sku] of [
      ['2112345WWWWW', 'HAM'],
      ['22123VPPPPPP', 'MUG'],
      ['2212345PPPPP', 'HAM'],
      ['21999WWWWWWW', 'HAM'],
    ] as const)
      idOf(await shop.book.commit('barcode.set', { barcode, sku, quantity: 1 }));
    const read = (digits: string) => findBarcode(shop.book, `${digits}${checkDigit(digits)}`);
    expect(read('211234501250')).toEqual({ sku: 'HAM', quantity: 1250 });
    expect(read('221237000499')).toEqual({ sku: 'MUG', quantity: 1, priceMinor: 499 });
    // Two layouts fit: the longer item number is meant.
    expect(read('221234501250')).toEqual({ sku: 'HAM', quantity: 1, priceMinor: 1250 });
    expect(read('211234500000')).toBeUndefined();
    expect(read('219990000001')).toBeUndefined();
    expect(read('231234501250')).toBeUndefined();
    expect(findBarcode(shop.book, `211234501250${(checkDigit('211234501250') + 1) % 10}`)).toBeUndefined();
    const scanned = scan(`211234501250${checkDigit('211234501250')}`);
    expect(scanned.ok && findBarcode(shop.book, scanned.value.gtin ?? '')).toMatchObject({ quantity: 1250 });
    // Grams of what is counted in pieces say nothing.
    idOf(await shop.book.commit('barcode.set', { barcode: '2112345WWWWW', sku: 'MUG', quantity: 1 }));
    expect(read('211234501250')).toBeUndefined();
  });

  it('takes the tax of a product from its class, and says where a line was charged at another rate', async () => {
    const food = (basisPoints: number) => ({
      class: 'food',
      name: 'Food',
      rates: [
        { from: '2026-01-01', basisPoints },
        { from: '2026-12-01', basisPoints: 1000 },
      ],
    });
    expect(await set('JAM', { taxClass: 'food' })).toMatchObject({ code: 'ledger/unknown-tax-class' });
    idOf(await shop.book.commit('tax.set', food(500)));
    idOf(await set('JAM', { taxClass: 'food', taxRateBasisPoints: 2000 }));
    const rates = [day, '2026-12-01', '2025-12-31'].map((on) => taxRateOf(shop.book, { sku: 'JAM', day: on }));
    expect([...rates, taxRateOf(shop.book, { sku: 'NOTHING', day })]).toEqual([500, 1000, 2000, undefined]);
    const sell = (rate: number, on = day) => {
      const jam = line({ sku: 'JAM', unitPriceMilliMinor: 100_000, taxRateBasisPoints: rate });
      return shop.book.commit('sale.complete', { ...sale(100, { lines: [jam] }), day: on });
    };
    const right = await sell(500);
    expect(right).toMatchObject({ ok: true });
    expect(right.ok && right.correction).toBeUndefined();
    const correction = { code: 'retail/tax-rate', details: { line: 1, taxClass: 'food', expected: 500, got: 2000 } };
    expect(await sell(2000)).toMatchObject({ ok: true, correction });
    expect(await sell(2000, '2025-12-31')).toMatchObject({ ok: true });
    expect(shop.book.query("SELECT count(*) AS n FROM corrections WHERE code = 'retail/tax-rate'")).toEqual([{ n: 1 }]);
  });

  it('has prices by list and day', async () => {
    const price = (unitPriceMilliMinor: number, rest = {}) =>
      shop.book.commit('price.set', { sku: 'MUG', currency: 'GBP', unitPriceMilliMinor, ...rest });
    idOf(await price(500_000));
    idOf(await price(550_000, { fromDay: '2026-12-01' }));
    idOf(await price(400_000, { list: 'trade', fromDay: '2026-12-10' }));
    const asked = { sku: 'MUG', currency: 'GBP' };
    const on = (day: string, list?: string) =>
      priceOf(shop.book, { ...asked, day, ...(list === undefined ? {} : { list }) });
    expect([on('2026-11-30'), on('2026-12-01'), on('2027-01-01')]).toEqual([500_000, 550_000, 550_000]);
    expect([on('2026-12-09', 'trade'), on('2026-12-10', 'trade'), on('2026-12-10', 'staff')]).toEqual([
      550_000, 400_000, 550_000,
    ]);
    expect(priceOf(shop.book, { ...asked, currency: 'EUR', day })).toBeUndefined();
  });

  describe('recipes', () => {
    const burger = async (): Promise<void> => {
      for (const sku of ['BURGER', 'BUN', 'PATTY']) idOf(await set(sku));
      const parts = [
        { sku: 'BUN', quantity: 1 },
        { sku: 'PATTY', quantity: 2 },
      ];
      idOf(await shop.book.commit('recipe.set', { sku: 'BURGER', makes: 1, parts }));
    };
    const burgers = (quantity: number) => sale(500 * quantity, { lines: [line({ sku: 'BURGER', quantity })] });
    const back = (original: string, quantity: number, rest = {}) =>
      shop.book.commit('sale.refund', {
        day,
        currency: 'GBP',
        taxIncluded: true,
        tenders: [{ kind: 'cash', amountMinor: 500 * quantity }],
        original,
        reason: 'cold',
        lines: [{ ...line({ sku: 'BURGER', quantity }), line: 1, ...rest }],
      });

    it('take the parts in place of the whole, and a void brings them back', async () => {
      await burger();
      const sold = idOf(await shop.book.commit('sale.complete', burgers(2)));
      expect(stockOf(shop.book)).toEqual({ BUN: -2, PATTY: -4 });
      idOf(await shop.book.commit('sale.void', { document: sold, day, reason: '' }));
      expect(stockOf(shop.book)).toEqual({});
      expect(shop.book.query('SELECT sum(quantity) AS n FROM movements')).toEqual([{ n: 0 }]);
    });

    it('are those of the sale when it is given back, whatever they say by now', async () => {
      await burger();
      const sold = idOf(await shop.book.commit('sale.complete', burgers(3)));
      idOf(await shop.book.commit('recipe.set', { sku: 'BURGER', makes: 1, parts: [{ sku: 'BUN', quantity: 9 }] }));
      idOf(await back(sold, 1));
      expect(stockOf(shop.book)).toEqual({ BUN: -2, PATTY: -4 });
      idOf(await back(sold, 1, { restock: false }));
      idOf(await back(sold, 1));
      expect(stockOf(shop.book)).toEqual({ BUN: -1, PATTY: -2 });
    });

    it('respect what may not run out', async () => {
      await burger();
      idOf(await set('PATTY', { negativeStock: 'refuse' }));
      expect(await shop.book.commit('sale.complete', burgers(1))).toMatchObject({
        code: 'retail/out-of-stock',
        details: { sku: 'PATTY' },
      });
    });

    it('survive that the product is set again, and end when they are empty', async () => {
      await burger();
      idOf(await set('BURGER', { name: 'Hamburger' }));
      idOf(await shop.book.commit('sale.complete', burgers(1)));
      idOf(await shop.book.commit('recipe.set', { sku: 'BURGER', makes: 1, parts: [] }));
      idOf(await shop.book.commit('sale.complete', burgers(1)));
      expect(stockOf(shop.book)).toEqual({ BUN: -1, BURGER: -1, PATTY: -2 });
    });

    it('are refused that name the whole, a part twice, or nothing known', async () => {
      await burger();
      const recipe = (...skus: string[]) =>
        shop.book.commit('recipe.set', { sku: 'BURGER', makes: 1, parts: skus.map((sku) => ({ sku, quantity: 1 })) });
      expect(await recipe('BURGER')).toMatchObject({ code: 'retail/recipe' });
      expect(await recipe('BUN', 'BUN')).toMatchObject({ code: 'retail/recipe' });
      expect(await recipe('NOTHING')).toMatchObject({ code: 'retail/unknown-product' });
    });
  });

  it('shows both of two edits made apart, and one stands', async () => {
    const manager = await shop.join('manager', 'manager');
    idOf(await set('MUG', { name: 'Big mug' }));
    idOf(await manager.commit('product.set', product('MUG', { name: 'Blue mug' })));
    await exchange(shop.book, manager);
    const names = (book: typeof manager) =>
      book.query("SELECT name FROM products_history WHERE sku = 'MUG' ORDER BY place").map((row) => row['name']);
    expect(new Set(names(shop.book))).toEqual(new Set(['Product MUG', 'Big mug', 'Blue mug']));
    expect(names(manager)).toEqual(names(shop.book));
    expect(shop.book.query("SELECT name FROM products WHERE sku = 'MUG'")).toEqual([{ name: names(shop.book).at(-1) }]);
    await manager.close();
  });
});
