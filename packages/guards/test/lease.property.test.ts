/** Whatever arrives when, a pool gives out no more than was put into it, and every unit of it is accounted for. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { poolVerbs } from './pool.ts';
import { anyHistory, createScene, expectOneState, moved, type Scene } from './scene.ts';

const DEVICES = 3;
const anyAct = fc.record({
  kind: fc.constantFrom('grant', 'draw', 'draw', 'draw', 'expire', 'day', 'fill'),
  device: fc.nat(DEVICES - 1),
  /** Which of the leases that the device knows. */
  lease: fc.nat(9),
  holder: fc.nat(DEVICES),
  quantity: fc.integer({ min: 1, max: 6 }),
});
type Act = typeof anyAct extends fc.Arbitrary<infer A> ? A : never;

/** Two devices draw all of the lease that any may draw. */
const drawOf = (device: number): Act => ({ kind: 'draw', device, lease: 0, holder: 0, quantity: 6 });

async function act(scene: Scene, { kind, device, lease: index, holder, quantity }: Act, step: number): Promise<string> {
  const known = scene.books[device]!.query<{ lease: string }>('SELECT lease FROM leases ORDER BY lease');
  const lease = known[index % Math.max(1, known.length)]?.lease;
  const pool = 'seats';
  const untilDay = '2026-11-20';
  if (kind === 'fill') return scene.commit(device, 'pool.fill', { pool, quantity });
  if (kind === 'day') return scene.commit(device, 'day.open', { day: `2026-11-${21 + (step % 9)}` });
  if (kind === 'grant') {
    const to = holder < DEVICES ? { device: scene.device(holder) } : {};
    return scene.commit(device, 'lease.grant', { pool, scope: 'hq', quantity, untilDay, ...to });
  }
  if (lease === undefined) return '';
  return scene.commit(
    device,
    kind === 'draw' ? 'stock.take' : 'lease.expire',
    kind === 'draw' ? { lease, quantity } : { lease },
  );
}

it('no pool is oversold, and nothing of it is lost', async () => {
  const met = { taken: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(anyHistory(DEVICES, anyAct), async (history) => {
      const scene = await createScene(poolVerbs, ['owner', 'owner']);
      try {
        await scene.must(0, 'pool.fill', { pool: 'seats', quantity: 12 });
        await scene.must(0, 'lease.grant', { pool: 'seats', scope: 'hq', quantity: 6, untilDay: '2026-11-20' });
        await scene.settle();
        let step = 0;
        for (const event of history) if (!(await moved(scene, event))) await act(scene, event as Act, step++);
        await scene.settle();
        await expectOneState(scene);
        const book = scene.books[0]!;
        const one = (sql: string): number => Number(Object.values(book.query(sql)[0] ?? { sum: 0 })[0]);
        const taken = one('SELECT coalesce(sum(quantity), 0) FROM taken');
        const available = one('SELECT coalesce(sum(available), 0) FROM pools');
        const total = one('SELECT coalesce(sum(available + leased + drawn), 0) FROM pools');
        const drawn = one('SELECT coalesce(sum(drawn), 0) FROM leaseDraws');
        const records = await book.log.settled('hq' as never, 0, 1000);
        const filled = records.filter(({ op, hash }) => op.verb === 'pool.fill@1' && !isRefused(scene, hash));
        expect(total).toBe(filled.reduce((sum, { op }) => sum + Number(op.args['quantity']), 0));
        expect(available).toBeGreaterThanOrEqual(0);
        expect(taken).toBe(drawn);
        expect(taken).toBeLessThanOrEqual(total);
        expect(
          book.query('SELECT l.lease FROM leases l JOIN leaseDraws d USING (lease) WHERE d.drawn > l.quantity'),
        ).toEqual([]);
        met.taken += taken;
        met.refused += scene.refusedCodes().length;
      } finally {
        await scene.close();
      }
    }),
    { numRuns: 8, examples: [[[drawOf(0), drawOf(1)]]] },
  );
  expect(Math.min(met.taken, met.refused)).toBeGreaterThan(0);
});

function isRefused(scene: Scene, hash: string): boolean {
  return scene.books[0]!.query('SELECT hash FROM refusals WHERE hash = ?', [hash]).length > 0;
}
