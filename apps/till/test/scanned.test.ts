// What a scanned code adds, from the text that a scanner types to the product and the quantity of the real catalogue.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readScan } from '../src/engine/scanning.ts';
import { looksScanned, scannedQuantity, shortCode } from '../src/model/scanned.ts';
import { refusalText } from '../src/model/words.ts';
import { type Counter, openCounter } from './counter.ts';

describe('a text in the search field', () => {
  it.each([
    '5012345678900',
    '(01)09506000134352(3103)000245',
    ']C10109506000134352',
    'HTTPS://id.gs1.org/01/1',
    '01095060001343523103000245',
    'A\x1dB',
  ])('%j is of a scanner', (text) => expect(looksScanned(text)).toBe(true));
  it.each(['', 'flat', '1234567', 'C02', '3 x milk', '(two)'])('%j is a search', (text) =>
    expect(looksScanned(text)).toBe(false),
  );
});

describe('the quantity in a code', () => {
  it.each([
    ['none: what the catalogue says', {}, 6, 0, 6],
    ['a count of packs', { quantity: 2, quantityScale: 0 }, 6, 0, 12],
    ['a weight in grams', { quantity: 245, quantityScale: 3 }, 1_000, 3, 245],
    ['a weight in kilograms', { quantity: 2, quantityScale: 0 }, 1_000, 3, 2_000],
    ['a weight on a piece', { quantity: 245, quantityScale: 3 }, 1, 0, 1],
    ['tenths of a gram that are whole grams', { quantity: 2_450, quantityScale: 4 }, 1, 3, 245],
    ['finer than the product is kept', { quantity: 2_451, quantityScale: 4 }, 1, 3, undefined],
  ])('%s', (_, amount, meant, scale, quantity) => {
    expect(scannedQuantity(amount, meant, scale)).toBe(quantity);
  });
});

describe('a code and the catalogue', () => {
  let counter: Counter;
  beforeEach(async () => {
    counter = await openCounter();
  });
  afterEach(() => counter.close());

  it('finds the article, its weight, lot and date', async () => {
    const { shop } = counter;
    expect(await readScan(shop, '5012345678900')).toEqual({ ok: true, value: { sku: 'S01', quantity: 1 } });
    const link = 'https://id.gs1.org/01/09506000134352/10/LOT7?3103=000245&17=301231';
    const value = { sku: 'W01', quantity: 245, lot: 'LOT7', expiry: '2030-12-31' };
    expect(await readScan(shop, link)).toEqual({ ok: true, value });
    expect(await readScan(shop, '(01)09506000134352(3103)000245(10)LOT7(17)301231')).toEqual({ ok: true, value });
    await shop.book.commit('barcode.set', { barcode: 'BOX-6', sku: 'S01', quantity: 6 });
    expect(await readScan(shop, 'BOX-6')).toEqual({ ok: true, value: { sku: 'S01', quantity: 6 } });
  });

  it('says what it does not know, and what is damaged', async () => {
    const unknown = await readScan(counter.shop, '4006381333931');
    expect(unknown).toEqual({ ok: false, code: 'till/scan-unknown', message: '04006381333931' });
    expect(refusalText('till/scan-unknown', '04006381333931')).toBe('No article has the code 04006381333931.');
    expect(await readScan(counter.shop, '(01)09506000134353')).toMatchObject({ code: 'till/scan-damaged' });
    expect(await readScan(counter.shop, '(01)09506000134352(3104)002451')).toMatchObject({ code: 'till/scan-amount' });
    expect(shortCode('x'.repeat(40))).toHaveLength(32);
  });
});
