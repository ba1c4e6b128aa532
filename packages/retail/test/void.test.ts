/** sale.void by example: the sale stays as it was written, and nothing of it is left standing. */
import { expect, it } from 'vitest';
import { balancesOf, day, describeShop, drawersOf, exchange, idOf, line, sale, standing } from './shop.ts';

describeShop('sale.void', (shop) => {
  const voidSale = (document: string, rest: object = {}) =>
    shop.book.commit('sale.void', { document, day, reason: 'wrong customer', ...rest });
  const openSession = async (floatMinor = 0) =>
    idOf(await shop.book.commit('session.open', { day, currency: 'GBP', floatMinor }));

  it('restores stock, drawer and balances, and leaves both documents', async () => {
    const session = await openSession(100);
    const before = standing(shop.book);
    const lines = [
      line({ quantity: 3, taxRateBasisPoints: 2000 }),
      line({ sku: 'TEA', quantityScale: 3, quantity: 7, unitPriceMilliMinor: 0 }),
    ];
    const tenders = [
      { kind: 'card', amountMinor: 500 },
      { kind: 'cash', amountMinor: 2000 },
    ] as const;
    const document = idOf(
      await shop.book.commit('sale.complete', sale(0, { lines, tenders, changeMinor: 1000, session, customer: 'c-1' })),
    );
    const by = idOf(await voidSale(document));
    expect(standing(shop.book)).toEqual(before);
    expect(shop.book.query('SELECT document, "by" FROM voids')).toEqual([{ document, by }]);
    expect(
      shop.book.query(
        'SELECT kind, number, totalMinor, taxMinor, original, session, customer, reason FROM documents WHERE id = ?',
        [by],
      ),
    ).toEqual([
      {
        kind: 'void',
        number: `VOID/till-3/${day}/1`,
        totalMinor: -1500,
        taxMinor: -250,
        original: document,
        session,
        customer: 'c-1',
        reason: 'wrong customer',
      },
    ]);
    const sums =
      'SELECT sum(quantity) AS quantity, sum(amountMinor) AS amountMinor, sum(taxMinor) AS taxMinor FROM documentLines';
    expect(shop.book.query(sums)).toEqual([{ quantity: 0, amountMinor: 0, taxMinor: 0 }]);
    expect(shop.book.query('SELECT kind, sum(amountMinor) AS net FROM tenders GROUP BY kind')).toEqual([
      { kind: 'card', net: 0 },
      { kind: 'cash', net: 0 },
    ]);
    expect(shop.book.query('SELECT count(*) AS n FROM documentLines')).toEqual([{ n: 4 }]);
  });

  it('takes an entry back that nobody took back before: money returns once', async () => {
    const reverse = (of: string) => shop.book.commit('journal.reverse', { of, day, memo: 'typo' });
    const [first, second] = [
      idOf(await shop.book.commit('sale.complete', sale(500))),
      idOf(await shop.book.commit('sale.complete', sale(500))),
    ];
    const onHand = standing(shop.book);
    idOf(await reverse(first));
    idOf(await voidSale(first));
    idOf(await voidSale(second));
    expect(await reverse(second)).toMatchObject({ ok: false, code: 'ledger/already-reversed' });
    expect(balancesOf(shop.book)).toEqual({});
    expect(standing(shop.book)).not.toEqual(onHand);
  });

  it('happens once', async () => {
    const document = idOf(await shop.book.commit('sale.complete', sale(500)));
    idOf(await voidSale(document));
    expect(await voidSale(document)).toMatchObject({ ok: false, code: 'retail/voided', details: { document } });
    expect(balancesOf(shop.book)).toEqual({});
  });

  it('pays the money of a sale back once: who did so again, apart, owes it', async () => {
    const document = idOf(await shop.book.commit('sale.complete', sale(500)));
    const other = await shop.join('manager', 'manager');
    idOf(await voidSale(document));
    idOf(await other.commit('sale.void', { document, day, reason: 'again' }));
    await exchange(shop.book, other);
    expect(shop.book.query('SELECT code FROM refusals')).toEqual([]);
    expect(shop.book.query('SELECT code FROM corrections')).toEqual([{ code: 'retail/voided' }]);
    expect(balancesOf(other)).toEqual({ '1000': -500, '1150': 500 });
    expect(other.query('SELECT onHand FROM stock')).toEqual([]);
    expect(other.digest()).toEqual(shop.book.digest());
    await other.close();
  });

  it('is no longer possible after a refund', async () => {
    const document = idOf(await shop.book.commit('sale.complete', sale(1000, { lines: [line({ quantity: 2 })] })));
    const tenders = [{ kind: 'cash', amountMinor: 500 }] as const;
    const lines = [{ ...line(), line: 1 }];
    idOf(
      await shop.book.commit('sale.refund', {
        day,
        currency: 'GBP',
        taxIncluded: true,
        original: document,
        lines,
        tenders,
        reason: '',
      }),
    );
    expect(await voidSale(document)).toMatchObject({
      ok: false,
      code: 'retail/refunded',
      details: { document, line: 1, owedMinor: 500 },
    });
  });

  it('is for sales only', async () => {
    const document = idOf(await shop.book.commit('sale.complete', sale(500)));
    const by = idOf(await voidSale(document));
    expect(await voidSale(by)).toMatchObject({ code: 'retail/not-a-sale', details: { kind: 'void' } });
    expect(await voidSale('nothing')).toMatchObject({ code: 'retail/unknown-document' });
  });

  it('voids a sale that cost nothing', async () => {
    const document = idOf(
      await shop.book.commit('sale.complete', sale(0, { tenders: [], lines: [line({ unitPriceMilliMinor: 0 })] })),
    );
    idOf(await voidSale(document));
    expect(standing(shop.book)).toEqual({ balances: {}, stock: {}, drawers: [] });
  });

  it('pays the cash out of the session that is named', async () => {
    const first = await openSession();
    const document = idOf(await shop.book.commit('sale.complete', sale(500, { session: first })));
    idOf(await shop.book.commit('session.close', { session: first, countedMinor: 500, day }));
    const second = await openSession(2000);
    expect(await voidSale(document, { session: first })).toMatchObject({ code: 'retail/session-closed' });
    idOf(await voidSale(document, { session: second }));
    expect(drawersOf(shop.book)).toEqual([1500]);
  });

  it('shows cash that left a drawer after its close', async () => {
    const session = await openSession();
    const document = idOf(await shop.book.commit('sale.complete', sale(500, { session })));
    idOf(await shop.book.commit('session.close', { session, countedMinor: 500, day }));
    expect(await voidSale(document)).toMatchObject({
      correction: { code: 'retail/late-cash', details: { session, cashMinor: -500, closedBy: shop.book.device } },
    });
    expect(drawersOf(shop.book)).toEqual([-500]);
    expect(balancesOf(shop.book)).toEqual({});
  });
});
