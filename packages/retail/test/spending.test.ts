/** Whoever spends within a limit orders, takes in and pays out within it, however it is cut and at however many devices; what was done apart beyond it has a name. */
import { authorityVerbs } from '@tallystick/guards';
import type { Book } from '@tallystick/kernel';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestRelay, day, drivers, exchange, idOf, joinReplica, openShop, verbs as shopVerbs } from './shop.ts';

const verbs = [...shopVerbs, ...authorityVerbs] as const;
type Buyer = Book<typeof verbs>;
const [{ store }] = drivers as [(typeof drivers)[number]];
const head = { day, currency: 'GBP' };
const mug = { sku: 'MUG', name: 'Mug', unitCostMilliMinor: 10_000 };
const limitMinor = 1_000;

const open: Buyer[] = [];
afterEach(async () => {
  for (const book of open.splice(0)) await book.close();
});

/** An owner, and two devices that spend for one person, 10.00 a month. */
async function openFirm(isLimited = true): Promise<readonly [Buyer, Buyer, Buyer]> {
  const office = (await openShop(store(), verbs as never)) as unknown as Buyer;
  const buyers: Buyer[] = [];
  for (const [index, deviceName] of ['one', 'two'].entries()) {
    const book: Buyer = await joinReplica(office, {
      store: store(),
      verbs,
      role: 'warehouse',
      deviceName,
      seed: index + 2,
    });
    buyers.push(book);
    if (isLimited) idOf(await office.commit('spender.set', { device: book.device, subject: 'e-7' }));
  }
  const limit = { subject: 'e-7', scope: 'hq', currency: 'GBP', limitMinor, period: 'month' } as const;
  idOf(await office.commit('spend.limit', limit));
  idOf(await office.commit('day.open', { day }));
  const firm = [office, ...buyers] as [Buyer, Buyer, Buyer];
  open.push(...firm);
  for (const book of buyers) await exchange(office, book);
  return firm;
}

const answer = (commit: { readonly ok: boolean; readonly code?: string }): string =>
  commit.ok ? 'ok' : (commit.code ?? '');
const orderOf = (quantity: number) => ({ ...head, supplier: 'S-1', lines: [{ ...mug, quantity }] });
const deliveryOf = (quantity: number) => ({ ...head, reference: 'D', lines: [{ ...mug, quantity }] });
const spent = (book: Buyer): number =>
  Number(book.query('SELECT coalesce(sum(postedMinor + pendingMinor), 0) AS n FROM spending')[0]?.['n']);

describe('a limit', () => {
  it('is of orders, deliveries that nobody ordered, and what came beyond an order, together', async () => {
    const [, buyer] = await openFirm();
    const order = idOf(await buyer.commit('purchase.order', orderOf(40)));
    expect(answer(await buyer.commit('purchase.order', orderOf(61)))).toBe('guards/over-limit');
    expect(answer(await buyer.commit('stock.receive', deliveryOf(30)))).toBe('ok');
    const came = (quantity: number) => ({ ...head, order, reference: 'D', lines: [{ line: 1, quantity, goods: mug }] });
    expect(answer(await buyer.commit('purchase.receive', came(35)))).toBe('ok');
    expect(spent(buyer)).toBe(700);
    // Five were still to come; of forty more thirty-five are worth more than what is left.
    expect(answer(await buyer.commit('purchase.receive', came(40)))).toBe('guards/over-limit');
    expect(answer(await buyer.commit('purchase.receive', came(25)))).toBe('ok');
    expect(spent(buyer)).toBe(900);
    expect(answer(await buyer.commit('purchase.order', orderOf(11)))).toBe('guards/over-limit');
    expect(answer(await buyer.commit('purchase.order', orderOf(10)))).toBe('ok');
    expect(buyer.query("SELECT count(*) AS n FROM spendEnds WHERE state = 'posted'")).toEqual([{ n: 4 }]);
  });

  it('is all the authority that an agent has to order, and no other verb is its own', async () => {
    const office = (await openShop(store(), verbs as never)) as unknown as Buyer;
    const agent: Buyer = await joinReplica(office, { store: store(), verbs, role: 'agent', deviceName: 'agent' });
    open.push(office, agent);
    const tries = async (...quantities: readonly number[]): Promise<readonly string[]> => {
      await exchange(office, agent);
      const answers: string[] = [];
      for (const quantity of quantities) answers.push(answer(await agent.commit('purchase.order', orderOf(quantity))));
      return answers;
    };
    idOf(await office.commit('day.open', { day }));
    expect(await tries(1)).toEqual(['guards/no-authority']);
    idOf(await office.commit('spender.set', { device: agent.device, subject: 'a-1' }));
    expect(await tries(1)).toEqual(['guards/no-authority']);
    const limit = { subject: 'a-1', scope: 'hq', currency: 'GBP', limitMinor, period: 'day' } as const;
    idOf(await office.commit('spend.limit', limit));
    expect(await tries(60, 41, 40, 1)).toEqual(['ok', 'guards/over-limit', 'ok', 'guards/over-limit']);
    expect(spent(agent)).toBe(limitMinor);
    expect(answer(await agent.commit('stock.receive', deliveryOf(1)))).toBe('kernel/role');
    idOf(await office.commit('day.open', { day: '2026-11-22' }));
    expect(await tries(100, 1)).toEqual(['ok', 'guards/over-limit']);
  });

  it('is of cash that is paid out of a drawer, and of none that is paid in', async () => {
    const office = (await openShop(store(), verbs as never)) as unknown as Buyer;
    const till: Buyer = await joinReplica(office, { store: store(), verbs, role: 'till', deviceName: 'till' });
    open.push(office, till);
    idOf(await office.commit('spender.set', { device: till.device, subject: 'e-7' }));
    const limit = { subject: 'e-7', scope: 'hq', currency: 'GBP', limitMinor, period: 'day' } as const;
    idOf(await office.commit('spend.limit', limit));
    idOf(await office.commit('day.open', { day }));
    await exchange(office, till);
    const session = idOf(await till.commit('session.open', { ...head, floatMinor: 5_000 }));
    const cash = { session, day, account: '6100', reason: 'milk' };
    expect(answer(await till.commit('cash.pay', { ...cash, amountMinor: 600 }))).toBe('ok');
    expect(answer(await till.commit('cash.pay', { ...cash, amountMinor: 600 }))).toBe('guards/over-limit');
    expect(answer(await till.commit('cash.receive', { ...cash, amountMinor: 600 }))).toBe('ok');
    expect(answer(await till.commit('cash.pay', { ...cash, amountMinor: 400 }))).toBe('ok');
  });

  it('is gone around by no bill that the same person enters at one device and approves at another', async () => {
    const [office] = await openFirm();
    const managers: Buyer[] = [];
    for (const [index, deviceName] of ['three', 'four'].entries()) {
      const book: Buyer = await joinReplica(office, {
        store: store(),
        verbs,
        role: 'manager',
        deviceName,
        seed: index + 4,
      });
      managers.push(book);
      open.push(book);
      idOf(await office.commit('spender.set', { device: book.device, subject: 'e-7' }));
    }
    const [one, two] = managers as [Buyer, Buyer];
    await exchange(office, one);
    const order = idOf(await one.commit('purchase.order', orderOf(10)));
    const lines = [{ line: 1, quantity: 10, goods: mug }];
    idOf(await one.commit('purchase.receive', { ...head, order, reference: 'D', lines }));
    // Ordered for a pound, billed for a thousand: held for somebody else to decide.
    const bill = { supplier: 'S-1', reference: 'B-1' };
    const dear = [{ line: 1, quantity: 10, unitCostMilliMinor: 10_000_000 }];
    idOf(await one.commit('purchase.bill', { ...bill, order, day, lines: dear }));
    await exchange(office, one);
    await exchange(office, two);
    const approve = { ...bill, day, reason: 'agreed' };
    expect(answer(await two.commit('purchase.approve', approve))).toBe('retail/own-bill');
    idOf(await office.commit('spender.set', { device: two.device, subject: 'e-8' }));
    await exchange(office, two);
    expect(answer(await two.commit('purchase.approve', approve))).toBe('ok');
  });

  it('gives nothing back by an expiry, and binds nobody who spends for nobody', async () => {
    const [office, buyer, free] = await openFirm();
    const plan = idOf(await buyer.commit('purchase.order', orderOf(100)));
    expect(answer(await buyer.commit('spend.expire', { plan }))).toBe('guards/plan-settled');
    expect(answer(await buyer.commit('spend.void', { plan }))).toBe('guards/plan-settled');
    idOf(await office.commit('spender.set', { device: free.device, subject: '' }));
    await exchange(office, free);
    expect(answer(await free.commit('purchase.order', orderOf(5_000)))).toBe('ok');
    expect(answer(await buyer.commit('purchase.order', { ...orderOf(1), currency: 'EUR' }))).toBe(
      'guards/no-authority',
    );
  });
});

const anyAct = fc.record({
  kind: fc.constantFrom('order', 'order', 'delivery', 'delivery', 'meet'),
  device: fc.constantFrom(1 as const, 2 as const),
  quantity: fc.integer({ min: 1, max: 70 }),
});
type Act = typeof anyAct extends fc.Arbitrary<infer A> ? A : never;

/** What stands beyond the limit without anybody's name on it, in minor units; and how often it was met. */
async function played(acts: readonly Act[], isLimited: boolean): Promise<{ unnamedMinor: number; met: number }> {
  const [office, ...buyers] = await openFirm(isLimited);
  const relay = await createTestRelay();
  const meet = async (): Promise<void> => {
    for (let round = 0; round < 2; round++) for (const book of [...buyers, office]) await book.sync(relay);
  };
  let met = 0;
  for (const { kind, device, quantity } of acts) {
    const book = buyers[device - 1] as Buyer;
    if (kind === 'meet') await meet();
    else if (kind === 'order') met += Number(!(await book.commit('purchase.order', orderOf(quantity))).ok);
    else met += Number(!(await book.commit('stock.receive', deliveryOf(quantity))).ok);
  }
  await meet();
  const [standing] = office.query<{ n: number }>(
    `SELECT coalesce(sum(totalMinor), 0) AS n FROM documents WHERE kind IN ('order', 'receipt')
        AND id NOT IN (SELECT id FROM corrections WHERE code = 'guards/over-limit')`,
  );
  const [late] = office.query<{ n: number }>(
    `SELECT (SELECT count(*) FROM refusals WHERE code = 'guards/over-limit') + (SELECT count(*) FROM corrections WHERE code = 'guards/over-limit') AS n`,
  );
  const standingMinor = standing?.n ?? 0;
  expect(office.query("SELECT code FROM refusals WHERE code NOT LIKE 'guards/%'")).toEqual([]);
  if (isLimited) expect(spent(office)).toBe(standingMinor);
  for (const book of open.splice(0)) await book.close();
  return { unnamedMinor: Math.max(0, standingMinor - limitMinor), met: met + (late?.n ?? 0) };
}

it('however it is cut, whatever two do apart, nothing stands beyond the limit without a name', async () => {
  let met = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyAct, { minLength: 3, maxLength: 10 }), async (acts) => {
      const { unnamedMinor, met: now } = await played(acts, true);
      expect(unnamedMinor).toBe(0);
      met += now;
    }),
    { seed: 1, numRuns: 6 },
  );
  expect(met).toBeGreaterThan(0);
}, 60_000);

it('and does where nobody said for whom they spend (falsifier)', async () => {
  const acts = [1, 2].flatMap((device) => [
    { kind: 'order', device, quantity: 60 } as Act,
    { kind: 'delivery', device, quantity: 60 } as Act,
  ]);
  expect(await played(acts, false)).toEqual({ unnamedMinor: 1_400, met: 0 });
  const { unnamedMinor, met } = await played(acts, true);
  expect([unnamedMinor, met > 0]).toEqual([0, true]);
});
