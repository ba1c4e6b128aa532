/** A pool, leases of it, and devices that are away for a week. */
import type { Verb } from '@tallystick/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { leaseFaults, leaseReturnsDue } from '../src/index.ts';
import { poolVerbs, unguardedPoolVerbs } from './pool.ts';
import { createScene, expectOneState, type Scene } from './scene.ts';

const [OFFICE, VAN, TILL] = [0, 1, 2];
const pool = 'seats';
const untilDay = '2026-11-23';
const open: Scene[] = [];
afterEach(async () => {
  for (const scene of open.splice(0)) await scene.close();
});

async function openScene(verbs: readonly Verb[] = poolVerbs): Promise<Scene> {
  const scene = await createScene(verbs, ['van', 'till']);
  open.push(scene);
  await scene.must(OFFICE, 'pool.fill', { pool, quantity: 10 });
  await scene.must(OFFICE, 'day.open', { day: '2026-11-21' });
  return scene;
}
/** Grants, and answers the lease. */
async function grant(scene: Scene, quantity: number, more: object = {}): Promise<string> {
  const hash = await scene.must(OFFICE, 'lease.grant', { pool, scope: 'hq', quantity, untilDay, ...more });
  return (await scene.books[OFFICE]!.log.get(hash))!.record.op.id;
}
const poolOf = (scene: Scene): unknown =>
  scene.books[OFFICE]!.query('SELECT available, leased, drawn FROM pools WHERE pool = ?', [pool])[0];
const takenOf = (scene: Scene): unknown => scene.books[OFFICE]!.query('SELECT quantity FROM taken')[0];

describe('drawing', () => {
  it('needs a lease of this pool, for this scope, by its holder, and stays within it', async () => {
    const scene = await openScene();
    const lease = await grant(scene, 4, { device: scene.device(VAN) });
    await scene.settle();
    const draw = (index: number, args: object, scope?: string) => scene.commit(index, 'stock.take', args, scope);
    expect(await draw(VAN, { lease, quantity: 3 })).toBe('ok');
    expect(await draw(VAN, { lease, quantity: 2 })).toBe('guards/overdrawn');
    expect(await draw(VAN, { lease, quantity: 0 })).toBe('guards/quantity');
    expect(await draw(VAN, { lease, quantity: -1 })).toBe('guards/quantity');
    expect(await draw(VAN, { lease: 'none', quantity: 1 })).toBe('guards/no-lease');
    expect(await draw(TILL, { lease, quantity: 1 })).toBe('guards/not-holder');
    expect(await draw(OFFICE, { lease, quantity: 1 }, 'b/1')).toBe('guards/other-scope');
    const others = await scene
      .must(OFFICE, 'pool.fill', { pool: 'beds', quantity: 1 })
      .then(() => grant(scene, 1, { pool: 'beds' }));
    expect(await draw(OFFICE, { lease: others, quantity: 1 })).toBe('guards/other-pool');
  });

  it('counts everything that one op draws', async () => {
    const scene = await openScene();
    const [small, large] = [await grant(scene, 4), await grant(scene, 6)];
    await scene.settle();
    const drawEach = (...takes: readonly (readonly [lease: string, quantity: number])[]) =>
      scene.commit(VAN, 'stock.take-each', { takes: takes.map(([lease, quantity]) => ({ lease, quantity })) });
    expect(await drawEach([small, 3], [large, 6], [small, 2])).toBe('guards/overdrawn');
    expect(await drawEach([small, 3], [large, 6], [small, 1])).toBe('ok');
    expect(await drawEach([small, 1])).toBe('guards/overdrawn');
    expect(await drawEach([large, 1])).toBe('guards/overdrawn');
  });

  it('is granted out of what is free, in hq', async () => {
    const scene = await openScene();
    const args = { pool, scope: 'hq', quantity: 11, untilDay };
    expect(await scene.commit(OFFICE, 'lease.grant', args)).toBe('guards/pool-short');
    expect(await scene.commit(OFFICE, 'pool.fill', { pool, quantity: -11 })).toBe('guards/pool-short');
    await scene.sync(OFFICE);
    expect(await scene.commit(OFFICE, 'lease.grant', args, 'b/1')).toBe('guards/only-hq');
    expect(await scene.commit(OFFICE, 'pool.fill', { pool, quantity: 1 }, 'b/1')).toBe('guards/only-hq');
  });
});

describe('a device that is offline for a week', () => {
  /** The van draws 2 at once and 3 more when everybody else has taken its lease back, and sold what was left of it. */
  const week = async (verbs: readonly Verb[]): Promise<Scene> => {
    const scene = await openScene(verbs);
    const lease = await grant(scene, 6, { device: scene.device(VAN) });
    await scene.settle();
    await scene.must(VAN, 'stock.take', { lease, quantity: 2 });
    await scene.sync(VAN);
    for (const day of ['2026-11-22', '2026-11-23', '2026-11-24']) await scene.must(OFFICE, 'day.open', { day });
    await scene.sync(OFFICE);
    await scene.must(OFFICE, 'lease.expire', { lease });
    const rest = await grant(scene, 8, { device: scene.device(OFFICE) });
    await scene.must(OFFICE, 'stock.take', { lease: rest, quantity: 8 });
    await scene.must(VAN, 'stock.take', { lease, quantity: 3 });
    await scene.settle();
    return scene;
  };

  it('keeps what it drew, and loses what it drew after the lease was taken back', async () => {
    const scene = await week(poolVerbs);
    expect(takenOf(scene)).toEqual({ quantity: 10 });
    expect(poolOf(scene)).toEqual({ available: 0, leased: 8, drawn: 2 });
    expect(scene.refusedCodes()).toEqual(['guards/lease-ended']);
    await expectOneState(scene);
  });

  it('with the guard off sells what is not there (falsifier)', async () => {
    expect(takenOf(await week(unguardedPoolVerbs))).toEqual({ quantity: 13 });
  });
});

describe('the end of a lease', () => {
  it('comes after its days, or from its holder', async () => {
    const scene = await openScene();
    const lease = await grant(scene, 6, { device: scene.device(VAN) });
    const other = await grant(scene, 1);
    await scene.settle();
    expect(await scene.commit(TILL, 'lease.expire', { lease })).toBe('guards/lease-running');
    expect(await scene.commit(TILL, 'lease.expire', { lease: other })).toBe('guards/lease-running');
    expect(await scene.commit(VAN, 'lease.expire', { lease })).toBe('ok');
    await scene.settle();
    expect(await scene.commit(VAN, 'lease.expire', { lease })).toBe('guards/lease-ended');
    expect(poolOf(scene)).toEqual({ available: 9, leased: 1, drawn: 0 });
    await scene.must(OFFICE, 'day.open', { day: '2026-11-24' });
    await scene.settle();
    expect(await scene.commit(TILL, 'lease.expire', { lease: other })).toBe('ok');
  });

  it('of another scope is told to hq, and a return that is not true is found', async () => {
    const scene = await openScene();
    const lease = await grant(scene, 6, { scope: 'b/1' });
    await scene.settle();
    await scene.must(OFFICE, 'stock.take', { lease, quantity: 4 }, 'b/1');
    await scene.must(OFFICE, 'day.open', { day: '2026-11-24' });
    await scene.settle();
    const act = await scene.must(OFFICE, 'lease.expire', { lease }, 'b/1');
    expect(await scene.commit(OFFICE, 'stock.take', { lease, quantity: 1 }, 'b/1')).toBe('guards/lease-ended');
    // Until it is settled, a draw of another may still come before the end.
    expect(await leaseReturnsDue(scene.books[OFFICE]!)).toEqual([]);
    await scene.settle();
    expect(await leaseReturnsDue(scene.books[OFFICE]!)).toEqual([{ lease, drawn: 4, act }]);
    const back = (drawn: number, more: object = {}, scope?: string) =>
      scene.commit(OFFICE, 'lease.return', { lease, drawn, act, ...more }, scope);
    expect(await back(4, {}, 'b/1')).toBe('guards/only-hq');
    expect(await back(7)).toBe('guards/overdrawn');
    expect(await back(4, { lease: lease.replace(/.$/, (last) => (last === '0' ? '1' : '0')) })).toBe('guards/no-lease');
    expect(await back(4, { lease: await grant(scene, 1) })).toBe('guards/other-scope');
    expect(await back(4)).toBe('ok');
    expect(await back(4)).toBe('guards/lease-ended');
    expect(poolOf(scene)).toEqual({ available: 5, leased: 1, drawn: 4 });
    expect(leaseFaults(scene.books[OFFICE]!)).toEqual([]);
    expect(await leaseReturnsDue(scene.books[OFFICE]!)).toEqual([]);

    const second = await grant(scene, 3, { scope: 'b/1' });
    await scene.settle();
    await scene.must(OFFICE, 'stock.take', { lease: second, quantity: 3 }, 'b/1');
    expect(await back(0, { lease: second })).toBe('ok');
    expect(leaseFaults(scene.books[OFFICE]!)).toEqual([{ lease: second, pool, returnedDrawn: 0, scopeDrawn: 3 }]);
    // Once the branch has marked what hq was told, it draws no more.
    await scene.settle();
    expect(await scene.commit(OFFICE, 'stock.take', { lease: second, quantity: 1 }, 'b/1')).toBe('guards/lease-ended');
    // The refused draw has left a mark.
    await scene.settle();
    await expectOneState(scene);
  });
});

it('reads need no lease, of what is here and of what is leased to others', async () => {
  const scene = await openScene();
  const lease = await grant(scene, 6, { device: scene.device(VAN) });
  await scene.settle();
  await scene.must(VAN, 'stock.take', { lease, quantity: 2 });
  await scene.settle();
  expect(await scene.commit(TILL, 'stock.take', { lease, quantity: 1 })).toBe('guards/not-holder');
  const [row] = scene.books[TILL]!.query('SELECT quantity, leaseDraws.drawn FROM leases JOIN leaseDraws USING (lease)');
  expect(row).toEqual({ quantity: 6, drawn: 2 });
});
