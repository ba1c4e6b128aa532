/** sale.refund by example: goods and money go back, never more of either than were sold. */
import { expect, it } from 'vitest';
import type { RefundLine, SaleRefundArgs } from '../src/index.ts';
import {
  balancesOf,
  day,
  describeShop,
  drawersOf,
  exchange,
  idOf,
  line,
  numbersOf,
  sale,
  standing,
  stockOf,
} from './shop.ts';

function refund(cashMinor: number, rest: Partial<SaleRefundArgs> = {}): SaleRefundArgs {
  const tenders = cashMinor === 0 ? [] : ([{ kind: 'cash', amountMinor: cashMinor }] as const);
  return { day, currency: 'GBP', taxIncluded: true, lines: [line()], tenders, reason: 'unwanted', ...rest };
}

describeShop('sale.refund', (shop) => {
  const giveBack = (...args: Parameters<typeof refund>) => shop.book.commit('sale.refund', refund(...args));
  /** Three mugs at 5.00, then tea with tax in the price. */
  const sellFour = async (session?: string): Promise<string> => {
    const tea = line({
      sku: 'TEA',
      quantity: 500,
      quantityScale: 3,
      unitPriceMilliMinor: 2_000_000,
      taxRateBasisPoints: 2000,
    });
    const lines = [line({ quantity: 3 }), tea];
    return idOf(
      await shop.book.commit('sale.complete', sale(2500, { lines, ...(session === undefined ? {} : { session }) })),
    );
  };

  it('takes goods back and pays money out, without naming a sale', async () => {
    const session = idOf(await shop.book.commit('session.open', { day, currency: 'GBP', floatMinor: 10_000 }));
    idOf(await giveBack(500, { session, customer: 'c-1', external: 'C536365' }));
    expect(shop.book.query('SELECT quantity, amountMinor FROM documentLines')).toEqual([
      { quantity: -1, amountMinor: -500 },
    ]);
    expect(
      shop.book.query('SELECT kind, number, totalMinor, original, customer, external, reason FROM documents'),
    ).toEqual([
      {
        kind: 'refund',
        number: `REF/till-3/${day}/1`,
        totalMinor: -500,
        original: '',
        customer: 'c-1',
        external: 'C536365',
        reason: 'unwanted',
      },
    ]);
    expect(shop.book.query('SELECT kind, amountMinor FROM tenders')).toEqual([{ kind: 'cash', amountMinor: -500 }]);
    expect(balancesOf(shop.book)).toEqual({ 1000: -500, 4000: 500 });
    expect(stockOf(shop.book)).toEqual({ MUG: 1 });
    expect(drawersOf(shop.book)).toEqual([9500]);
  });

  it('brings back exactly how things stood before the sale', async () => {
    const session = idOf(await shop.book.commit('session.open', { day, currency: 'GBP', floatMinor: 100 }));
    const before = standing(shop.book);
    const original = await sellFour(session);
    const tea = line({
      line: 2,
      sku: 'TEA',
      quantity: 500,
      quantityScale: 3,
      unitPriceMilliMinor: 2_000_000,
      taxRateBasisPoints: 2000,
    } as RefundLine);
    const lines: RefundLine[] = [{ ...line({ quantity: 3 }), line: 1 }, tea];
    idOf(await giveBack(2500, { original, session, lines }));
    expect(standing(shop.book)).toEqual(before);
  });

  it('counts what was refunded before', async () => {
    const original = await sellFour();
    const two = { original, lines: [{ ...line({ quantity: 2 }), line: 1 }] };
    idOf(await giveBack(1000, two));
    expect(shop.book.query('SELECT line, quantity, amountMinor FROM refunded')).toEqual([
      { line: 1, quantity: 2, amountMinor: 1000 },
    ]);
    expect(await giveBack(1000, two)).toEqual({
      ok: false,
      code: 'retail/over-refunded',
      details: { document: original, line: 1, quantity: 1, amountMinor: 500, owedMinor: 500 },
    });
    idOf(await giveBack(500, { original, lines: [{ ...line(), line: 1 }] }));
    expect(await giveBack(500, { original, lines: [{ ...line(), line: 1 }] })).toMatchObject({
      code: 'retail/over-refunded',
    });
  });

  it('counts several lines of one refund together', async () => {
    const original = await sellFour();
    const twice = [
      { ...line({ quantity: 2 }), line: 1 },
      { ...line({ quantity: 2 }), line: 1 },
    ];
    expect(await giveBack(2000, { original, lines: twice })).toMatchObject({ code: 'retail/over-refunded' });
  });

  it('never pays out more than was paid, however it is cut up or priced', async () => {
    const halves = { quantity: 2, unitPriceMilliMinor: 500 };
    const original = idOf(await shop.book.commit('sale.complete', sale(1, { lines: [line(halves)] })));
    const piece = { original, lines: [{ ...line({ unitPriceMilliMinor: 500 }), line: 1 }] };
    idOf(await giveBack(1, piece));
    expect(await giveBack(1, piece)).toMatchObject({
      code: 'retail/over-refunded',
      details: { quantity: 1, amountMinor: 0 },
    });
    idOf(await giveBack(0, { original, lines: [{ ...line({ unitPriceMilliMinor: 0 }), line: 1 }] }));
    const dearer = await sellFour();
    const overpriced = [{ ...line({ unitPriceMilliMinor: 1_500_001_000 }), line: 1 }];
    expect(await giveBack(1_500_001, { original: dearer, lines: overpriced })).toMatchObject({
      code: 'retail/over-refunded',
    });
  });

  it.each([
    ['retail/refund-reference', { original: 'x' }],
    ['retail/refund-reference', { lines: [{ ...line(), line: 1 }] }],
    ['retail/unknown-document', { original: 'x', lines: [{ ...line(), line: 1 }] }],
    ['retail/tender-mismatch', { tenders: [] }],
    ['retail/unknown-session', { session: 'x' }],
    ['retail/bad-part', { part: 2 }],
    ['retail/scale-mismatch', { lines: [line({ quantityScale: 1, quantity: 10 })] }],
  ])('refuses %s', async (code, rest: Partial<SaleRefundArgs>) => {
    expect(await giveBack(500, rest)).toMatchObject({ ok: false, code });
    expect(shop.book.query('SELECT * FROM documents')).toEqual([]);
  });

  it.each([
    ['retail/unknown-line', { line: 3 }],
    ['retail/line-mismatch', { line: 1, sku: 'VASE' }],
    ['retail/line-mismatch', { line: 1, quantityScale: 1 }],
    ['retail/line-mismatch', { line: 1, taxRateBasisPoints: 500 }],
    ['retail/line-mismatch', { line: 2 }],
  ])('refuses %s', async (code, rest) => {
    const original = await sellFour();
    expect(await giveBack(500, { original, lines: [{ ...line(), ...rest }] })).toMatchObject({ ok: false, code });
  });

  it('refunds sales only, in their currency, and not voided ones', async () => {
    const original = await sellFour();
    const lines = [{ ...line(), line: 1 }];
    expect(await giveBack(500, { original, lines, currency: 'EUR' })).toMatchObject({
      code: 'retail/currency-mismatch',
    });
    const refunded = idOf(await giveBack(500));
    expect(await giveBack(500, { original: refunded, lines })).toMatchObject({ code: 'retail/not-a-sale' });
    idOf(await shop.book.commit('sale.void', { document: original, day, reason: 'wrong' }));
    expect(await giveBack(500, { original, lines })).toMatchObject({ code: 'retail/voided' });
    expect(numbersOf(shop.book).filter((number) => number.startsWith('REF'))).toEqual([`REF/till-3/${day}/1`]);
  });

  it('stands when two tills refunded the same mug apart, and the later owes the money', async () => {
    const original = idOf(await shop.book.commit('sale.complete', sale(500)));
    const other = await shop.join('till', 'till-4');
    const args = refund(500, { original, lines: [{ ...line(), line: 1 }] });
    idOf(await shop.book.commit('sale.refund', args));
    idOf(await other.commit('sale.refund', args));
    await exchange(shop.book, other);
    expect(shop.book.query('SELECT code FROM refusals')).toEqual([]);
    const [later] = shop.book.query('SELECT device, code, details FROM corrections');
    expect(later).toMatchObject({ code: 'retail/over-refunded', details: expect.stringContaining('"owedMinor":500') });
    // Both paid out, both took a mug back; there was one sale.
    expect(balancesOf(shop.book)).toEqual({ '1000': -500, '1150': 500 });
    expect(shop.book.query('SELECT seller, amountMinor FROM sellerDebts')).toEqual([
      { seller: later?.['device'], amountMinor: 500 },
    ]);
    expect(stockOf(shop.book)).toEqual({ MUG: 1 });
    expect(other.digest()).toEqual(shop.book.digest());
    await other.close();
  });
});
