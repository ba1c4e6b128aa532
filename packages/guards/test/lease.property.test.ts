/** Whatever arrives when, a pool gives out no more than was put into it, and every unit of it is accounted for. */
import { nodeStore } from '@tallystick/kernel/node';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { leaseFaults, leaseReturnsDue } from '../src/index.ts';
import { poolVerbs } from './pool.ts';
import type { OpRecord } from '@tallystick/oplog';
import { anyHistory, createScene, expectOneState, type Move, moved, type Scene } from './scene.ts';

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

/** The lease ends, and both who know of it and who do not draw on. */
const lateDraws: Act[] = [
  { ...drawOf(1), quantity: 2 },
  { ...drawOf(0), kind: 'day' },
  { ...drawOf(0), kind: 'expire' },
  { ...drawOf(0), quantity: 1 },
  { ...drawOf(1), quantity: 1 },
];

/** A lease of another device is drawn on; and the day comes to one on which a lease still runs, which somebody else ends. */
const foreign: Act[] = [
  { ...drawOf(0), kind: 'grant', holder: 1 },
  { ...drawOf(0), lease: 1, quantity: 1 },
];
const early: Act[] = [
  { ...drawOf(0), kind: 'day' },
  { ...drawOf(0), kind: 'grant', lease: 1, holder: 1 },
  { ...drawOf(0), kind: 'expire', lease: 1 },
];

interface Lease {
  readonly quantity: number;
  /** '' where any device may draw. */
  readonly device: string;
  readonly untilDay: string;
  drawn: number;
  isOver: boolean;
}

/** Of the args of all these verbs, what is read. */
interface Asked {
  readonly quantity?: number;
  readonly lease?: string;
  readonly device?: string;
  readonly untilDay?: string;
  readonly day?: string;
}

/** The pool on paper: which of these ops count, read one after the other. */
class Paper {
  available = 0;
  private day = '';
  private readonly leases = new Map<string, Lease>();

  /** Whether the op counts; `isOpened` says so of a day, which is none of the guards'. */
  read({ op }: OpRecord, isOpened: boolean): boolean {
    const { verb, device, id } = op;
    const args = op.args as Asked;
    const { quantity = 0, lease = '' } = args;
    if (verb === 'day.open@1') {
      if (isOpened) this.day = args.day ?? '';
      return isOpened;
    }
    if (verb === 'pool.fill@1') this.available += quantity;
    else if (verb === 'lease.grant@1') return this.grant(id, args);
    else if (verb === 'stock.take@1') return this.draw(lease, quantity, device);
    else if (verb === 'lease.expire@1') return this.expire(lease, device);
    return true;
  }

  private grant(id: string, { quantity = 0, device = '', untilDay = '' }: Asked): boolean {
    if (quantity > this.available) return false;
    this.available -= quantity;
    this.leases.set(id, { quantity, device, untilDay, drawn: 0, isOver: false });
    return true;
  }

  private draw(id: string, quantity: number, device: string): boolean {
    const lease = this.leases.get(id);
    if (lease === undefined || lease.isOver || quantity > lease.quantity - lease.drawn) return false;
    if (lease.device !== '' && lease.device !== device) return false;
    lease.drawn += quantity;
    return true;
  }

  private expire(id: string, device: string): boolean {
    const lease = this.leases.get(id);
    if (lease === undefined || lease.isOver || (this.day <= lease.untilDay && device !== lease.device)) return false;
    lease.isOver = true;
    this.available += lease.quantity - lease.drawn;
    return true;
  }
}

async function act(scene: Scene, { kind, device, lease: index, holder, quantity }: Act, step: number): Promise<string> {
  const known = scene.books[device]!.query<{ lease: string }>('SELECT lease FROM leases ORDER BY lease');
  const lease = known[index % Math.max(1, known.length)]?.lease;
  const pool = 'seats';
  const untilDay = `2026-11-${20 + (index % 4)}`;
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
        const paper = new Paper();
        for (const record of records) {
          const stands = !isRefused(scene, record.hash);
          expect([record.op.verb, record.op.args, stands]).toEqual([
            record.op.verb,
            record.op.args,
            paper.read(record, stands),
          ]);
        }
        expect(available).toBe(paper.available);
        const filled = records.filter(({ op, hash }) => op.verb === 'pool.fill@1' && !isRefused(scene, hash));
        expect(total).toBe(filled.reduce((sum, { op }) => sum + Number(op.args['quantity']), 0));
        expect(available).toBeGreaterThanOrEqual(0);
        expect(taken).toBe(drawn);
        expect(taken).toBeLessThanOrEqual(total);
        expect(
          book.query('SELECT l.lease FROM leases l JOIN leaseDraws d USING (lease) WHERE d.drawn > l.quantity'),
        ).toEqual([]);
        // Once it has ended nobody draws on it: what was left of it is the pool's again.
        expect(
          book.query(
            'SELECT e.lease FROM leaseEnds e LEFT JOIN leaseDraws d USING (scope, lease) WHERE coalesce(d.drawn, 0) <> e.drawn',
          ),
        ).toEqual([]);
        met.taken += taken;
        met.refused += scene.refusedCodes().length;
      } finally {
        await scene.close();
      }
    }),
    { seed: 1, numRuns: 8, examples: [[[drawOf(0), drawOf(1)]], [lateDraws], [foreign], [early]] },
  );
  expect(Math.min(met.taken, met.refused)).toBeGreaterThan(0);
});

it('everybody reads all that is here at any time, whoever holds the leases, and changes nothing by it', async () => {
  // It may hold and draw nothing.
  const AUDITOR = 2;
  const met = { read: 0 };
  const tables = ['pools', 'leases', 'leaseDraws'] as const;
  await fc.assert(
    fc.asyncProperty(anyHistory(DEVICES, anyAct), async (history) => {
      const scene = await createScene(poolVerbs, ['owner', 'auditor']);
      try {
        await scene.must(0, 'pool.fill', { pool: 'seats', quantity: 12 });
        await scene.settle();
        let step = 0;
        for (const event of history) {
          if (!(await moved(scene, event))) await act(scene, event as Act, step++);
          const book = scene.books[AUDITOR]!;
          const before = book.digest().digest;
          // What a fold from nothing of the ops that it has says, and nothing less.
          const fresh = nodeStore(':memory:');
          expect((await book.prove(fresh)).problems).toEqual([]);
          for (const table of tables) {
            const rows = book.query(`SELECT * FROM ${table}`).length;
            expect(rows).toBe(Number(fresh.sql.query(`SELECT count(*) AS n FROM ${table}`, [])[0]?.['n']));
            met.read += rows;
          }
          await fresh.close();
          expect(book.digest().digest).toBe(before);
        }
      } finally {
        await scene.close();
      }
    }),
    { seed: 1, numRuns: 2 },
  );
  expect(met.read).toBeGreaterThan(0);
});

function isRefused(scene: Scene, hash: string): boolean {
  return scene.books[0]!.query('SELECT hash FROM refusals WHERE hash = ?', [hash]).length > 0;
}

/** The lease of the branch that is drawn, ended and returned, as each device sees it; `soon` tells `hq` before the end is settled. */
async function branchAct(scene: Scene, { kind, device, quantity }: Act, lease: string, soon: boolean): Promise<void> {
  const book = scene.books[device]!;
  if (kind === 'draw') await scene.commit(device, 'stock.take', { lease, quantity }, 'b/1');
  else if (kind === 'expire') await scene.commit(device, 'lease.expire', { lease }, 'b/1');
  else if (kind === 'fill' || kind === 'grant') {
    const ends = book.query<{ lease: string; drawn: number; act: string }>('SELECT lease, drawn, act FROM leaseEnds');
    const due = soon ? ends : await leaseReturnsDue(book);
    for (const args of due) await scene.commit(device, 'lease.return', args);
  }
}

interface Branch {
  readonly faults: readonly unknown[];
  /** What was drawn in the branch; and where nobody returned the lease, what `hq` was told that it came to. */
  readonly taken: number;
  readonly told: number | undefined;
  readonly lease: string;
}

/** With `told`, an owner who returns the lease where nobody has says that it came to so much. */
async function liveBranch(history: readonly object[], soon: boolean, told?: number): Promise<Branch> {
  const scene = await createScene(poolVerbs, ['owner', 'owner']);
  try {
    await scene.must(0, 'pool.fill', { pool: 'seats', quantity: 12 });
    await scene.must(0, 'day.open', { day: '2026-11-21' });
    const args = { pool: 'seats', scope: 'b/1', quantity: 8, untilDay: '2026-11-20' };
    const act = await scene.must(0, 'lease.grant', args);
    const granted = await scene.books[0]!.log.get(act);
    await scene.settle();
    const lease = String(granted?.record.op.id);
    for (const event of history) if (!(await moved(scene, event))) await branchAct(scene, event as Act, lease, soon);
    await scene.settle();
    await expectOneState(scene);
    const [row] = scene.books[0]!.query<{ taken: number }>("SELECT quantity AS taken FROM taken WHERE scope = 'b/1'");
    const taken = row?.taken ?? 0;
    expect(taken).toBeLessThanOrEqual(8);
    const isReturned = scene.books[0]!.query("SELECT 1 FROM leases WHERE state = 'returned'").length > 0;
    const isTold = told !== undefined && !isReturned;
    if (isTold) await scene.must(0, 'lease.return', { lease, drawn: told, act });
    return { faults: leaseFaults(scene.books[0]!), taken, told: isTold ? told : undefined, lease };
  } finally {
    await scene.close();
  }
}

/** One device ends the lease and tells hq; what another drew meanwhile then comes to stand before the end. */
const branchActOf = (kind: Act['kind'], device: number): Act => ({ kind, device, lease: 0, holder: 0, quantity: 3 });
const hasty: readonly (Act | Move)[] = [
  branchActOf('draw', 1),
  branchActOf('expire', 2),
  branchActOf('fill', 2),
  { kind: 'sync', device: 1 },
  { kind: 'sync', device: 2 },
  branchActOf('fill', 2),
];

it('what hq is told of a lease of a branch is what it came to there', { timeout: 120_000 }, async () => {
  const met = { less: 0, more: 0 };
  await fc.assert(
    fc.asyncProperty(anyHistory(DEVICES, anyAct), fc.nat({ max: 8 }), async (history, said) => {
      const { faults, taken, told, lease } = await liveBranch(history, false, said);
      // Whoever tells hq anything else, more or less, is found out.
      const isFalse = told !== undefined && told !== taken;
      expect(faults).toEqual(isFalse ? [{ lease, pool: 'seats', returnedDrawn: told, scopeDrawn: taken }] : []);
      if (isFalse) met[told < taken ? 'less' : 'more'] += 1;
    }),
    {
      seed: 1,
      numRuns: 8,
      examples: [
        [hasty, 0],
        [[branchActOf('draw', 1)], 2],
        [[branchActOf('draw', 1)], 4],
      ],
    },
  );
  expect(Math.min(met.less, met.more)).toBeGreaterThan(0);
});

it('and is not, where hq is told before the end is settled (falsifier)', async () => {
  expect((await liveBranch(hasty, true)).faults).toHaveLength(1);
  expect((await liveBranch(hasty, false)).faults).toEqual([]);
});
