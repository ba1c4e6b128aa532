/** Cash sessions by example: open, trade, count, and post the difference. */
import { expect, it } from 'vitest';
import { balancesOf, day, describeShop, drawersOf, exchange, idOf, sale } from './shop.ts';

describeShop('sessions', (shop) => {
  const open = (floatMinor = 5000) => shop.book.commit('session.open', { day, currency: 'GBP', floatMinor });
  const close = (session: string, countedMinor: number) =>
    shop.book.commit('session.close', { session, countedMinor, day: '2026-11-22' });

  it('opens with a float, which is no income', async () => {
    const id = idOf(await open());
    expect(shop.book.query('SELECT * FROM sessions')).toEqual([
      {
        scope: 'hq',
        id,
        device: shop.book.device,
        state: 'open',
        currency: 'GBP',
        floatMinor: 5000,
        openedDay: day,
        closedDay: '',
        closedBy: '',
        expectedMinor: 0,
        countedMinor: 0,
      },
    ]);
    expect(shop.book.query('SELECT session FROM deviceSessions WHERE device = ?', [shop.book.device])).toEqual([
      { session: id },
    ]);
    expect(drawersOf(shop.book)).toEqual([5000]);
    expect(balancesOf(shop.book)).toEqual({});
  });

  it('is one a device', async () => {
    const session = idOf(await open());
    expect(await open()).toEqual({ ok: false, code: 'retail/session-open', details: { session } });
    idOf(await close(session, 5000));
    idOf(await open());
    expect(shop.book.query('SELECT state FROM sessions ORDER BY id')).toEqual([{ state: 'closed' }, { state: 'open' }]);
  });

  it.each([
    ['to the penny', 5500, {}],
    ['short', 5480, { 1000: -20, 6900: 20 }],
    ['over', 5520, { 1000: 20, 6900: -20 }],
    ['with an empty drawer', 0, { 1000: -5500, 6900: 5500 }],
  ])('closes %s', async (_how, countedMinor, difference) => {
    const session = idOf(await open());
    idOf(await shop.book.commit('sale.complete', sale(500, { session })));
    const before = balancesOf(shop.book);
    idOf(await close(session, countedMinor));
    const expected: Record<string, number> = { ...before };
    for (const [account, minor] of Object.entries(difference)) expected[account] = (expected[account] ?? 0) + minor;
    expect(balancesOf(shop.book)).toEqual(expected);
    expect(shop.book.query('SELECT state, closedDay, closedBy, expectedMinor, countedMinor FROM sessions')).toEqual([
      { state: 'closed', closedDay: '2026-11-22', closedBy: shop.book.device, expectedMinor: 5500, countedMinor },
    ]);
    expect(drawersOf(shop.book)).toEqual([]);
  });

  it('closes once, and only what was opened', async () => {
    const session = idOf(await open());
    idOf(await close(session, 5000));
    expect(await close(session, 5000)).toMatchObject({ code: 'retail/session-closed' });
    expect(await close('nothing', 0)).toMatchObject({ code: 'retail/unknown-session' });
  });

  it('keeps to numbers that exist', async () => {
    const session = idOf(await open(0));
    const tenders = [{ kind: 'cash', amountMinor: 500 }] as const;
    const lines = [{ sku: 'MUG', name: 'Mug', quantity: 1, unitPriceMilliMinor: 500_000 }];
    idOf(
      await shop.book.commit('sale.refund', {
        day,
        currency: 'GBP',
        taxIncluded: true,
        session,
        lines,
        tenders,
        reason: '',
      }),
    );
    expect(drawersOf(shop.book)).toEqual([-500]);
    expect(await close(session, 1e13 + 1)).toMatchObject({ code: 'kernel/bad-args' });
  });

  it('is closed by its own till, or by a manager', async () => {
    const session = idOf(await open());
    const till = await shop.join('till', 'till-4');
    expect(await till.commit('session.close', { session, countedMinor: 0, day })).toMatchObject({
      code: 'retail/foreign-session',
    });
    const manager = await shop.join('manager', 'manager', 3);
    idOf(await manager.commit('session.close', { session, countedMinor: 5000, day }));
    await exchange(shop.book, manager);
    idOf(await open());
    await till.close();
    await manager.close();
  });

  it('loses no sale that a till made before it heard that its session was closed', async () => {
    const session = idOf(await open());
    const manager = await shop.join('manager', 'manager');
    idOf(await manager.commit('session.close', { session, countedMinor: 5000, day }));
    const unaware = await shop.book.commit('sale.complete', sale(500, { session }));
    expect(unaware).toMatchObject({ ok: true, correction: undefined });
    await exchange(shop.book, manager);
    const late = await shop.book.commit('sale.complete', sale(500, { session }));
    const correction = {
      code: 'retail/late-cash',
      details: { session, cashMinor: 500, currency: 'GBP', closedBy: manager.device, closedDay: day },
    };
    expect(late).toMatchObject({ ok: true, correction });
    expect(shop.book.query("SELECT count(*) AS n FROM documents WHERE kind = 'sale'")).toEqual([{ n: 2 }]);
    expect(shop.book.query("SELECT details ->> 'cashMinor' AS cashMinor FROM corrections")).toEqual([
      { cashMinor: 500 },
      { cashMinor: 500 },
    ]);
    expect(balancesOf(shop.book)).toMatchObject({ 4000: -1000 });
    await exchange(shop.book, manager);
    expect(drawersOf(manager)).toEqual(drawersOf(shop.book));
    expect(manager.digest()).toEqual(shop.book.digest());
    await manager.close();
  });
});
