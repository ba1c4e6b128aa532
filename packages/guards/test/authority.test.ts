/** An agent's limit: cumulative, whoever asks and however it is cut; and the life of a plan. */
import type { Verb } from '@tallystick/kernel';
import type { OpRecord } from '@tallystick/oplog';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { anyHistory, createScene, expectOneState, moved, type Scene } from './scene.ts';
import { spendVerbs, unguardedSpendVerbs } from './spend.ts';

const [OFFICE, ONE, TWO] = [0, 1, 2];
const open: Scene[] = [];
afterEach(async () => {
  for (const scene of open.splice(0)) await scene.close();
});

/** The devices 1 and 2 spend for the same agent, at most 1.00 a day. */
async function grant(scene: Scene): Promise<void> {
  for (const device of [ONE, TWO])
    await scene.must(OFFICE, 'spender.set', { device: scene.device(device), subject: 'ada' });
  const limit = { subject: 'ada', scope: 'hq', currency: 'GBP', limitMinor: 100, period: 'day' };
  await scene.must(OFFICE, 'spend.limit', limit);
  await scene.must(OFFICE, 'day.open', { day: '2026-11-21' });
  await scene.settle();
}
async function openScene(verbs: readonly Verb[] = spendVerbs): Promise<Scene> {
  const scene = await createScene(verbs, ['agent', 'agent', 'manager']);
  open.push(scene);
  await grant(scene);
  return scene;
}
const buy = (scene: Scene, device: number, amountMinor: number) =>
  scene.commit(device, 'purchase.make', { amountMinor });
const bought = (scene: Scene): unknown =>
  scene.books[OFFICE]!.query('SELECT sum(amountMinor) AS minor FROM purchases')[0]!['minor'];
const account = (scene: Scene, device = OFFICE): unknown =>
  scene.books[device]!.query('SELECT period, pendingMinor, postedMinor FROM spending ORDER BY period');
async function plan(scene: Scene, device: number, amountMinor: number): Promise<string> {
  const hash = await scene.must(device, 'spend.plan', { currency: 'GBP', amountMinor, untilDay: '2026-11-22' });
  return (await scene.books[device]!.log.get(hash))!.record.op.id;
}

describe('a purchase cut into small ones', () => {
  it('comes to the same sum, on one device and on two that are apart', async () => {
    const scene = await openScene();
    expect(await buy(scene, ONE, 60)).toBe('ok');
    expect(await buy(scene, ONE, 60)).toBe('guards/over-limit');
    expect(await buy(scene, ONE, 30)).toBe('ok');
    // The other device knows nothing of these.
    expect(await buy(scene, TWO, 60)).toBe('ok');
    await scene.sync(ONE);
    await scene.settle();
    expect(scene.refusedCodes()).toEqual(['guards/over-limit']);
    expect(bought(scene)).toBe(90);
    await expectOneState(scene);
  });

  it('with the guard off slips under a limit of each purchase (falsifier)', async () => {
    const scene = await openScene(unguardedSpendVerbs);
    for (const device of [ONE, ONE, TWO]) expect(await buy(scene, device, 60)).toBe('ok');
    await scene.settle();
    expect(bought(scene)).toBe(180);
  });

  it('does not wait for the next day of its own choosing', async () => {
    const scene = await openScene();
    expect(await buy(scene, ONE, 100)).toBe('ok');
    await scene.settle();
    expect(await scene.commit(ONE, 'day.open', { day: '2026-11-22' })).toBe('kernel/role');
    await scene.must(OFFICE, 'day.open', { day: '2026-11-22' });
    expect(await buy(scene, ONE, 1)).toBe('guards/over-limit');
    await scene.settle();
    expect(await buy(scene, ONE, 100)).toBe('ok');
  });
});

describe('a plan', () => {
  it('is posted by somebody else who decides', async () => {
    const scene = await openScene();
    const id = await plan(scene, ONE, 70);
    await scene.settle();
    expect(await scene.commit(ONE, 'spend.post', { plan: id })).toBe('kernel/role');
    expect(await scene.commit(OFFICE, 'spend.post', { plan: id })).toBe('ok');
    expect(await scene.commit(OFFICE, 'spend.post', { plan: id })).toBe('guards/plan-settled');
    expect(await scene.commit(OFFICE, 'spend.void', { plan: id })).toBe('guards/plan-settled');
    expect(account(scene)).toEqual([{ period: '2026-11-21', pendingMinor: 0, postedMinor: 70 }]);
    expect(scene.books[OFFICE]!.query('SELECT state, "by" FROM spendEnds')).toEqual([
      { state: 'posted', by: scene.device(OFFICE) },
    ]);
  });

  it('is one an op, and ends once, whatever the verb', async () => {
    const scene = await openScene();
    expect(await scene.commit(ONE, 'purchase.twice', { plan: '' })).toBe('kernel/duplicate-id');
    const id = await plan(scene, ONE, 70);
    expect(await scene.commit(ONE, 'purchase.twice', { plan: id })).toBe('kernel/duplicate-id');
    expect(account(scene, ONE)).toEqual([{ period: '2026-11-21', pendingMinor: 70, postedMinor: 0 }]);
  });

  it('is not approved by whoever made it, nor for whom it was made', async () => {
    const scene = await openScene();
    await scene.must(OFFICE, 'spender.set', { device: scene.device(3), subject: 'ada' });
    await scene.must(OFFICE, 'spender.set', { device: scene.device(OFFICE), subject: 'bea' });
    await scene.must(OFFICE, 'spend.limit', {
      subject: 'bea',
      scope: 'hq',
      currency: 'GBP',
      limitMinor: 5,
      period: 'ever',
    });
    const own = await plan(scene, OFFICE, 5);
    const id = await plan(scene, ONE, 70);
    await scene.settle();
    expect(await scene.commit(OFFICE, 'spend.post', { plan: own })).toBe('guards/own-plan');
    expect(await scene.commit(3, 'spend.post', { plan: id })).toBe('guards/own-plan');
    expect(await scene.commit(3, 'spend.post', { plan: own })).toBe('ok');
  });

  it('is voided by its side or whoever decides, and expires after its day; both give back', async () => {
    const scene = await openScene();
    const [first, second, third] = [await plan(scene, ONE, 40), await plan(scene, ONE, 30), await plan(scene, ONE, 30)];
    await scene.settle();
    expect(await scene.commit(ONE, 'spend.plan', { currency: 'GBP', amountMinor: 1, untilDay: '2026-11-22' })).toBe(
      'guards/over-limit',
    );
    expect(await scene.commit(TWO, 'spend.void', { plan: first })).toBe('ok');
    expect(await scene.commit(OFFICE, 'spend.void', { plan: second })).toBe('ok');
    expect(await scene.commit(TWO, 'spend.expire', { plan: third })).toBe('guards/plan-running');
    await scene.must(OFFICE, 'day.open', { day: '2026-11-23' });
    await scene.settle();
    expect(await scene.commit(TWO, 'spend.expire', { plan: third })).toBe('ok');
    expect(
      await scene.commit(TWO, 'spend.expire', { plan: first.replace(/.$/, (last) => (last === '0' ? '1' : '0')) }),
    ).toBe('guards/no-plan');
    expect(account(scene, TWO)).toEqual([]);
    const states = scene.books[TWO]!.query<{ state: string }>('SELECT state FROM spendEnds').map(({ state }) => state);
    expect(states.sort()).toEqual(['expired', 'voided', 'voided']);
  });

  it('needs an authority in this scope and currency, an amount, and a day', async () => {
    const scene = await openScene();
    const ask = (device: number, more: object = {}, scope?: string) =>
      scene.commit(device, 'spend.plan', { currency: 'GBP', amountMinor: 1, untilDay: '2026-11-22', ...more }, scope);
    expect(await ask(3)).toBe('guards/no-authority');
    expect(await ask(ONE, { currency: 'EUR' })).toBe('guards/no-authority');
    expect(await ask(ONE, {}, 'b/1')).toBe('guards/no-authority');
    expect(await buy(scene, ONE, 0)).toBe('guards/quantity');
    expect(await buy(scene, ONE, -5)).toBe('guards/quantity');
    await scene.must(OFFICE, 'spender.set', { device: scene.device(TWO), subject: '' });
    await scene.settle();
    expect(await ask(TWO)).toBe('guards/no-authority');
    expect(await scene.commit(OFFICE, 'spender.set', { device: scene.device(TWO), subject: 'ada' }, 'b/1')).toBe(
      'guards/only-hq',
    );
    const limit = { subject: 'ada', scope: 'hq', currency: 'GBP', limitMinor: 1, period: 'month' };
    expect(await scene.commit(OFFICE, 'spend.limit', limit, 'b/1')).toBe('guards/only-hq');
    const fresh = await createScene(spendVerbs, []);
    open.push(fresh);
    await fresh.must(OFFICE, 'spender.set', { device: fresh.device(OFFICE), subject: 'ada' });
    await fresh.must(OFFICE, 'spend.limit', limit);
    expect(await buy(fresh, OFFICE, 1)).toBe('guards/no-day');
  });

  it.each([
    ['month', '2026-11'],
    ['year', '2026'],
    ['ever', 'ever'],
  ])('counts in its %s', async (period, name) => {
    const scene = await openScene();
    await scene.must(OFFICE, 'spend.limit', { subject: 'ada', scope: 'hq', currency: 'GBP', limitMinor: 100, period });
    await scene.settle();
    expect(await buy(scene, ONE, 70)).toBe('ok');
    await scene.must(OFFICE, 'day.open', { day: '2026-11-22' });
    await scene.settle();
    expect(await buy(scene, ONE, 70)).toBe('guards/over-limit');
    expect(account(scene)).toEqual([{ period: name, pendingMinor: 70, postedMinor: 0 }]);
  });
});

/** How plans ended, told by hand from the ops in their order: once, and of itself only on a day after its last. */
function endsOf(book: Scene['books'][number], records: readonly OpRecord[]): unknown {
  const untilDays = new Map(
    book
      .query<{ plan: string; untilDay: string }>('SELECT plan, untilDay FROM spendPlans')
      .map((row) => [row.plan, row.untilDay]),
  );
  const refused = new Set(book.query<{ hash: string }>('SELECT hash FROM refusals').map(({ hash }) => hash));
  const [made, ends] = [new Set<string>(), new Map<string, string>()];
  let today = '';
  for (const { op, hash } of records) {
    const { plan = '', day = '' } = op.args as { readonly plan?: string; readonly day?: string };
    if (op.verb === 'day.open@1' && !refused.has(hash)) today = day;
    if (untilDays.has(op.id)) made.add(op.id);
    if (!made.has(plan) || ends.has(plan)) continue;
    if (op.verb === 'spend.post@1') ends.set(plan, 'posted');
    if (op.verb === 'spend.void@1') ends.set(plan, 'voided');
    if (op.verb === 'spend.expire@1' && today > (untilDays.get(plan) ?? '')) ends.set(plan, 'expired');
  }
  return [...ends].map(([plan, state]) => ({ plan, state })).sort((a, b) => (a.plan < b.plan ? -1 : 1));
}

it('whatever arrives when, no period is overspent and every plan stands in the account', {
  timeout: 120_000,
}, async () => {
  const anyAct = fc.record({
    kind: fc.constantFrom('buy', 'buy', 'buy', 'post', 'post', 'void', 'expire', 'day'),
    device: fc.nat(2),
    amount: fc.integer({ min: 10, max: 60 }),
    index: fc.nat(9),
  });
  const buyBy = (device: number) => ({ kind: 'buy', device, amount: 60, index: 0 }) as const;
  // On its last day a plan still stands, and on the next it is over.
  const office = { device: OFFICE, amount: 10, index: 0 } as const;
  const onLastDay = [
    { ...office, kind: 'day' },
    { ...office, kind: 'expire' },
  ] as const;
  const met = { refused: 0, posted: 0 };
  await fc.assert(
    fc.asyncProperty(anyHistory(3, anyAct), async (history) => {
      const scene = await createScene(spendVerbs, ['agent', 'agent']);
      try {
        await grant(scene);
        await plan(scene, ONE, 30);
        await scene.settle();
        for (const [step, event] of history.entries()) {
          if (await moved(scene, event)) continue;
          const { kind, device, amount, index } = event as {
            kind: string;
            device: number;
            amount: number;
            index: number;
          };
          const actor = kind === 'post' ? OFFICE : device;
          const known = scene.books[actor]!.query<{ plan: string }>('SELECT plan FROM spendPlans ORDER BY plan');
          const chosen = known[index % Math.max(1, known.length)]?.plan;
          if (kind === 'buy') await buy(scene, 1 + (device % 2), amount);
          else if (kind === 'day') await scene.commit(OFFICE, 'day.open', { day: `2026-11-${22 + (step % 7)}` });
          else if (chosen !== undefined) await scene.commit(actor, `spend.${kind}`, { plan: chosen });
        }
        await scene.settle();
        await expectOneState(scene);
        const book = scene.books[OFFICE]!;
        expect(book.query('SELECT period FROM spending WHERE pendingMinor + postedMinor > 100')).toEqual([]);
        const sums = `SELECT period, sum(iif(state IS NULL, amountMinor, 0)) AS pendingMinor, sum(iif(state = 'posted', amountMinor, 0)) AS postedMinor
                        FROM spendPlans LEFT JOIN spendEnds USING (scope, plan) WHERE state IS NULL OR state = 'posted' GROUP BY period ORDER BY period`;
        expect(account(scene)).toEqual(book.query(sums));
        const records = await book.log.settled('hq' as never, 0, 1000);
        expect(book.query('SELECT plan, state FROM spendEnds ORDER BY plan')).toEqual(endsOf(book, records));
        met.refused += scene.refusedCodes().length;
        met.posted += book.query("SELECT plan FROM spendEnds WHERE state = 'posted'").length;
      } finally {
        await scene.close();
      }
    }),
    {
      seed: 1,
      numRuns: 8,
      examples: [[[buyBy(0), buyBy(1), { ...buyBy(0), kind: 'post' }]], [onLastDay], [[...onLastDay, ...onLastDay]]],
    },
  );
  expect(Math.min(met.refused, met.posted)).toBeGreaterThan(0);
});
