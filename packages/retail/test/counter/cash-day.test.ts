/** A day at a drawer: pay-in, pay-out, drop, X and Z reports, and what comes after the close. */
import { expect, it } from 'vitest';
import { sessionReport } from '../../src/index.ts';
import { balancesOf, day, describeShop, drawersOf, exchange, idOf, line, sale } from '../shop.ts';

describeShop('a day at a drawer', (shop) => {
  const open = async (): Promise<string> =>
    idOf(await shop.book.commit('session.open', { day, currency: 'GBP', floatMinor: 5_000 }));
  const taxed = { lines: [line({ taxRateBasisPoints: 2_500, discountMinor: 100, quantity: 2 })] };

  it('moves no cash against cash, which would leave the drawer and post nothing', async () => {
    const move = { session: await open(), day, amountMinor: 900, account: '1000', reason: 'to nobody' };
    for (const verb of ['cash.pay', 'cash.receive'] as const)
      expect(await shop.book.commit(verb, move)).toMatchObject({ code: 'retail/pay-account' });
    expect(drawersOf(shop.book)).toEqual([5_000]);
  });

  it('reports what it took, and closes to the penny', async () => {
    const session = await open();
    const sold = idOf(await shop.book.commit('sale.complete', sale(900, { session, ...taxed })));
    const card = [{ kind: 'card', amountMinor: 500 }] as const;
    const other = idOf(await shop.book.commit('sale.complete', sale(0, { session, tenders: card })));
    idOf(await shop.book.commit('sale.void', { document: other, day, reason: 'wrong' }));
    const move = { session, day, reason: 'as it goes' };
    idOf(await shop.book.commit('cash.receive', { ...move, amountMinor: 2_000, account: '3000' }));
    idOf(await shop.book.commit('cash.pay', { ...move, amountMinor: 300, account: '6100' }));
    idOf(await shop.book.commit('cash.drop', { ...move, amountMinor: 4_000 }));
    const back = {
      day,
      currency: 'GBP',
      taxIncluded: true,
      session,
      reason: 'chipped',
      tenders: [{ kind: 'cash', amountMinor: 450 }],
    } as const;
    idOf(
      await shop.book.commit('sale.refund', {
        ...back,
        original: sold,
        lines: [{ ...line({ taxRateBasisPoints: 2_500, discountMinor: 50 }), line: 1 }],
      }),
    );
    const taken = {
      sales: 2,
      salesMinor: 1_400,
      refunds: 1,
      refundsMinor: -450,
      voids: 1,
      voidsMinor: -500,
      discountMinor: 50,
      taxMinor: 90,
      tenders: { cash: 450, card: 0, account: 0, other: 0 },
      paidInMinor: 2_000,
      paidOutMinor: -300,
      droppedMinor: -4_000,
      expectedMinor: 3_150,
      late: { documents: 0, totalMinor: 0 },
    };
    expect(sessionReport(shop.book, session)).toMatchObject({ ...taken, kind: 'X', number: '', overMinor: 0 });
    expect(balancesOf(shop.book)).toMatchObject({ 1000: 450 + 2_000 - 300, 3000: -2_000, 6100: 300 });

    idOf(await shop.book.commit('session.close', { session, countedMinor: 3_140, day }));
    const report = sessionReport(shop.book, session);
    expect(report).toMatchObject({
      ...taken,
      kind: 'Z',
      number: `Z/till-3/${day}/1`,
      countedMinor: 3_140,
      overMinor: -10,
    });
    expect(report?.taxes).toEqual([
      { taxRateBasisPoints: 0, amountMinor: 0, taxMinor: 0 },
      { taxRateBasisPoints: 2_500, amountMinor: 360, taxMinor: 90 },
    ]);
    // The parts of the report are the drawer: nothing else moves cash.
    const { floatMinor = 0, tenders, paidInMinor = 0, paidOutMinor = 0, droppedMinor = 0 } = report ?? {};
    expect(floatMinor + (tenders?.cash ?? 0) + paidInMinor + paidOutMinor + droppedMinor).toBe(report?.expectedMinor);
    expect(drawersOf(shop.book)).toEqual([]);
  });

  it('numbers Z reports without a gap', async () => {
    for (const expected of [1, 2, 3]) {
      const session = await open();
      idOf(await shop.book.commit('session.close', { session, countedMinor: 5_000, day }));
      expect(sessionReport(shop.book, session)?.number).toBe(`Z/till-3/${day}/${expected}`);
      expect(await shop.book.commit('session.close', { session, countedMinor: 0, day })).toMatchObject({
        code: 'retail/session-closed',
      });
    }
  });

  it('keeps a Z report as it was, and shows apart what came late', async () => {
    const session = await open();
    const manager = await shop.join('manager', 'manager');
    idOf(await manager.commit('session.close', { session, countedMinor: 5_000, day }));
    idOf(await shop.book.commit('sale.complete', sale(500, { session })));
    await exchange(shop.book, manager);
    idOf(await shop.book.commit('sale.complete', sale(500, { session })));
    const report = sessionReport(shop.book, session);
    expect((report?.sales ?? 0) + (report?.late.documents ?? 0)).toBe(2);
    expect(report?.late.documents).toBeGreaterThan(0);
    expect(report?.expectedMinor).toBe(5_000 + (report?.salesMinor ?? 0));
    await manager.close();
  });

  it('takes nothing for a drawer that is not there, or is another till’s', async () => {
    const move = { day, reason: '', amountMinor: 100 };
    expect(await shop.book.commit('cash.drop', { ...move, session: 'none' })).toMatchObject({
      code: 'retail/unknown-session',
    });
    const session = await open();
    const till = await shop.join('till', 'till-4');
    expect(await till.commit('cash.drop', { ...move, session })).toMatchObject({ code: 'retail/foreign-session' });
    expect(await shop.book.commit('cash.pay', { ...move, session, account: '9999' })).toMatchObject({
      code: 'ledger/unknown-account',
    });
    const short = { code: 'retail/drawer-short', details: { amountMinor: 1_000_000 } };
    const much = { ...move, session, amountMinor: 1_000_000 };
    expect(await shop.book.commit('cash.drop', much)).toMatchObject(short);
    expect(await shop.book.commit('cash.pay', { ...much, account: '6100' })).toMatchObject(short);
    expect(sessionReport(shop.book, 'none')).toBeUndefined();
    await till.close();
  });
});
