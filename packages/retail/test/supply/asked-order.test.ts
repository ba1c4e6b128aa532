/** What somebody asks to be ordered becomes an order by another person's approval, once, against that person's limit, and as it was read. */
import { authorityVerbs } from '@tallystick/guards';
import { type Book, defineVerb, type Verb, type View } from '@tallystick/kernel';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { askedOrdersWaiting, orderApprove, purchaseLines } from '../../src/supply.ts';
import {
  createTestRelay,
  day,
  drivers,
  exchange,
  idOf,
  joinReplica,
  openShop,
  stockOf,
  verbs as shopVerbs,
} from '../shop.ts';

const verbs = [...shopVerbs, ...authorityVerbs] as const;
type Firm = Book<typeof verbs>;
const [{ store }] = drivers as [(typeof drivers)[number]];
const head = { day, currency: 'GBP' };
const mug = { sku: 'MUG', name: 'Mug', unitCostMilliMinor: 10_000 };
/** 10 of these are worth 1.00. */
const orderOf = (quantity: number) => ({ ...head, supplier: 'S-1', reference: 'Q-9', lines: [{ ...mug, quantity }] });
const answer = (commit: { readonly ok: boolean; readonly code?: string }): string =>
  commit.ok ? 'ok' : (commit.code ?? '');

const open: Firm[] = [];
afterEach(async () => {
  for (const book of open.splice(0)) await book.close();
});

/** An owner, an agent and a manager, each of these two spending for somebody with 10.00 a month. */
async function openFirm(used: typeof verbs = verbs): Promise<readonly [Firm, Firm, Firm]> {
  for (const book of open.splice(0)) await book.close();
  const owner = (await openShop(store(), used as never)) as unknown as Firm;
  open.push(owner);
  const limit = { scope: 'hq', currency: 'GBP', limitMinor: 1_000, period: 'month' } as const;
  for (const [index, role] of (['agent', 'manager'] as const).entries()) {
    const book: Firm = await joinReplica(owner, {
      store: store(),
      verbs: used,
      role,
      deviceName: role,
      seed: index + 2,
    });
    open.push(book);
    idOf(await owner.commit('spender.set', { device: book.device, subject: role }));
    idOf(await owner.commit('spend.limit', { ...limit, subject: role }));
  }
  idOf(await owner.commit('day.open', { day }));
  const firm = [...open] as [Firm, Firm, Firm];
  for (const book of firm.slice(1)) await exchange(owner, book);
  return firm;
}

/** What an approval or a rejection names, of the order of this rank among those that wait. */
function waitingAt(book: Firm, rank = 0): { readonly asked: string; readonly hash: string } {
  const { asked, hash } = askedOrdersWaiting(book)[rank] ?? { asked: 'none', hash: '0'.repeat(64) };
  return { asked, hash };
}
const spentBy = (book: Firm, subject: string): number =>
  Number(book.query('SELECT coalesce(sum(postedMinor), 0) AS n FROM spending WHERE subject = ?', [subject])[0]?.['n']);

describe('an order that is asked for', () => {
  it('goes past the limit of whoever asks, by the approval of somebody else', async () => {
    const [owner, agent] = await openFirm();
    expect(answer(await agent.commit('purchase.order', orderOf(150)))).toBe('guards/over-limit');
    idOf(await agent.commit('order.ask', orderOf(150)));
    expect(purchaseLines(agent)).toEqual([]);
    await exchange(owner, agent);
    const [waiting] = askedOrdersWaiting(owner);
    expect(waiting).toMatchObject({
      number: `ASK/agent/${day}/1`,
      device: agent.device,
      supplier: 'S-1',
      totalMinor: 1_500,
    });
    const order = idOf(await owner.commit('order.approve', { ...waitingAt(owner), day }));
    expect(askedOrdersWaiting(owner)).toEqual([]);
    expect(purchaseLines(owner)).toMatchObject([
      { purchase: order, number: `PO/till-3/${day}/1`, ordered: 150, verdict: 'open' },
    ]);
    const [paper] = owner.query('SELECT customer, external, original, totalMinor FROM documents WHERE id = ?', [order]);
    expect(paper).toEqual({ customer: 'S-1', external: 'Q-9', original: waiting?.asked, totalMinor: 1_500 });
    // It is an order like another: goods come of it, and whoever asked has as much left as before.
    const came = [{ line: 1, quantity: 150, goods: mug }];
    idOf(await owner.commit('purchase.receive', { ...head, order, reference: 'D-1', lines: came }));
    expect(stockOf(owner as never)).toMatchObject({ MUG: 150 });
    expect([spentBy(owner, 'agent'), spentBy(owner, 'manager')]).toEqual([0, 0]);
  });

  it('counts against the limit of whoever approves', async () => {
    const [owner, agent, manager] = await openFirm();
    for (const quantity of [70, 40, 30]) idOf(await agent.commit('order.ask', orderOf(quantity)));
    await exchange(owner, agent);
    await exchange(owner, manager);
    expect(answer(await manager.commit('order.approve', { ...waitingAt(manager), day }))).toBe('ok');
    expect(answer(await manager.commit('order.approve', { ...waitingAt(manager), day }))).toBe('guards/over-limit');
    expect(answer(await manager.commit('order.approve', { ...waitingAt(manager, 1), day }))).toBe('ok');
    expect([spentBy(manager, 'agent'), spentBy(manager, 'manager')]).toEqual([0, 1_000]);
  });

  it('is approved by no agent, not by who asked, nor by another device that spends for the same person', async () => {
    const [owner, agent, manager] = await openFirm();
    idOf(await agent.commit('order.ask', orderOf(1)));
    expect(answer(await agent.commit('order.approve', { ...waitingAt(agent), day }))).toBe('kernel/role');
    idOf(await owner.commit('spender.set', { device: manager.device, subject: 'agent' }));
    for (const book of [agent, manager, agent]) await exchange(owner, book);
    expect(answer(await manager.commit('order.approve', { ...waitingAt(manager), day }))).toBe('retail/own-order');
    idOf(await owner.commit('order.ask', orderOf(1)));
    expect(answer(await owner.commit('order.approve', { ...waitingAt(owner, 1), day }))).toBe('retail/own-order');
  });

  it('is rejected by who decides, taken back by who asked, and decided once', async () => {
    const [owner, agent, manager] = await openFirm();
    for (const quantity of [1, 2, 3]) idOf(await agent.commit('order.ask', orderOf(quantity)));
    const [first, second, third] = [0, 1, 2].map((rank) => waitingAt(agent, rank)) as [Ask, Ask, Ask];
    idOf(await agent.commit('order.reject', { ...first, reason: 'a slip' }));
    for (const book of [agent, manager, agent]) await exchange(owner, book);
    idOf(await manager.commit('order.reject', { ...second, reason: 'enough of them' }));
    expect(answer(await manager.commit('order.approve', { ...second, day }))).toBe('retail/order-decided');
    expect(answer(await owner.commit('order.approve', { ...first, day }))).toBe('retail/order-decided');
    // Two who decide apart: the first in the order stands, the other is told.
    idOf(await owner.commit('order.approve', { ...third, day }));
    idOf(await manager.commit('order.approve', { ...third, day }));
    await exchange(owner, manager);
    expect(owner.query("SELECT code FROM refusals WHERE code LIKE 'retail/%'")).toEqual([
      { code: 'retail/order-decided' },
    ]);
    expect(purchaseLines(owner)).toHaveLength(1);
    expect(owner.query("SELECT count(*) AS n FROM refusedDocuments WHERE number LIKE 'PO/%'")).toEqual([{ n: 1 }]);
  });

  it('is approved as it was read, and not at all where nobody asked', async () => {
    const [owner, agent] = await openFirm();
    idOf(await agent.commit('order.ask', orderOf(5)));
    await exchange(owner, agent);
    const { asked } = waitingAt(owner);
    const read = { asked, hash: 'ab'.repeat(32) };
    expect(answer(await owner.commit('order.approve', { ...read, day }))).toBe('retail/not-asked');
    expect(answer(await owner.commit('order.reject', { ...read, reason: 'no' }))).toBe('retail/not-asked');
    expect(answer(await owner.commit('order.approve', { ...waitingAt(owner, 7), day }))).toBe('retail/not-asked');
  });
});

type Ask = ReturnType<typeof waitingAt>;
const anyAct = fc.record({
  kind: fc.constantFrom('ask', 'ask', 'order', 'approve', 'approve', 'reject', 'meet'),
  who: fc.nat(2),
  rank: fc.nat(2),
  quantity: fc.integer({ min: 1, max: 70 }),
});
type Act = typeof anyAct extends fc.Arbitrary<infer A> ? A : never;

/** What does not fit in the books of the owner after all have met: orders that nobody but who asked agreed to, asked for twice, or beyond a limit. */
async function faultsAfter(acts: readonly Act[], used: typeof verbs = verbs): Promise<readonly string[]> {
  const [owner, agent, manager] = await openFirm(used);
  const relay = await createTestRelay();
  const all = [owner, agent, manager];
  const meet = async (): Promise<void> => {
    for (let round = 0; round < 2; round++) for (const book of all) await book.sync(relay);
  };
  for (const { kind, who, rank, quantity } of acts) {
    const book = all[who] as Firm;
    if (kind === 'meet') await meet();
    else if (kind === 'ask') idOf(await book.commit('order.ask', orderOf(quantity)));
    else if (kind === 'order') await book.commit('purchase.order', orderOf(quantity));
    else if (kind === 'approve') await book.commit('order.approve', { ...waitingAt(book, rank), day });
    else await book.commit('order.reject', { ...waitingAt(book, rank), reason: 'no' });
  }
  await meet();
  const own = `SELECT 'own ' || o.id AS fault FROM documents o JOIN documents a ON a.id = o.original WHERE o.kind = 'order' AND a.device = o.device`;
  const twice = `SELECT 'twice ' || original AS fault FROM documents WHERE kind = 'order' AND original <> '' GROUP BY original HAVING count(*) > 1`;
  const other = `SELECT 'other ' || o.id AS fault FROM documents o JOIN documents a ON a.id = o.original WHERE o.kind = 'order' AND a.totalMinor <> o.totalMinor`;
  const over = `SELECT 'over ' || device AS fault FROM documents WHERE kind = 'order' AND device <> ? GROUP BY device HAVING sum(totalMinor) > 1000`;
  const faults = [own, twice, other].flatMap((sql) => owner.query<{ fault: string }>(sql));
  faults.push(...owner.query<{ fault: string }>(over, [owner.device]));
  expect(owner.digest()).toEqual(manager.digest());
  return faults.map(({ fault }) => fault);
}

it('whatever people and agents do apart, each order has another person behind it, or stays within the limit', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyAct, { minLength: 4, maxLength: 14 }), async (acts) => {
      expect(await faultsAfter(acts)).toEqual([]);
    }),
    { numRuns: 8 },
  );
}, 60_000);

/** The same view, in which papers do not say whose device made them. */
function withoutAsker(view: View): View {
  const get: View['get'] = (table, key) => {
    const row = view.get(table, key);
    return row === undefined || table.name !== 'documents' ? row : { ...row, device: 'nobody' };
  };
  return { ...view, author: view.author, hq: view.hq, get, sum: view.sum.bind(view), list: view.list.bind(view) };
}

it('and has not where one approves without looking who asked (falsifier)', async () => {
  const careless: Verb = defineVerb({
    ...orderApprove,
    plan: (view, op, args) => orderApprove.plan(withoutAsker(view), op, args),
  }) as never;
  const acts = (['ask', 'approve'] as const).map((kind) => ({ kind, who: 2, rank: 0, quantity: 60 }));
  const used = verbs.map((verb) => (verb.name === 'order.approve' ? careless : verb)) as never;
  expect(await faultsAfter(acts)).toEqual([]);
  expect(await faultsAfter(acts, used)).toHaveLength(1);
});
