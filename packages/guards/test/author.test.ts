/** Identity, roles and the day: what the kernel gives, and what a verb asks for beside it. */
import { defineVerb, registerTable, setTable, type Verb } from '@tallystick/kernel';
import { nodeCrypto } from '@tallystick/kernel/node';
import { bookFileOf, createSeededKeys, createWriter } from '@tallystick/testkit';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { businessDay, refuseUnlessRole, refuseUnlessThere } from '../src/index.ts';
import { anyHistory, createScene, expectOneState, moved, type Scene, startMs } from './scene.ts';

const sales = setTable('sales', { key: { id: 'text' }, columns: { sku: 'text', day: 'text' } });
const voids = setTable('voids', { key: { id: 'text' }, columns: { sale: 'text' } });
/** What loses a sale: rows that are known by their content. */
const byContent = registerTable('byContent', { key: { sku: 'text' }, columns: { by: 'text' } });

const sell = defineVerb({
  name: 'shop.sell',
  version: 1,
  roles: ['owner', 'till'],
  tables: [sales, byContent],
  args: z.strictObject({
    sku: z.string().regex(/^[!-?A-~]*$/),
    id: z
      .string()
      .regex(/^[!-?A-~]*$/)
      .optional(),
  }),
  plan: (view, op, { sku, id = op.id }) => [
    sales.put({ id, sku, day: businessDay(view) }),
    byContent.write({ sku, by: op.id }),
  ],
});
const takeBack = (isGuarded: boolean): Verb =>
  defineVerb({
    name: 'shop.void',
    version: 1,
    roles: ['owner', 'till'],
    tables: [sales, voids],
    args: z.strictObject({ sale: z.string().regex(/^[!-?A-~]*$/) }),
    plan: (view, op, { sale }: { sale: string }) =>
      (isGuarded ? (refuseUnlessRole(view, ['owner']) ?? refuseUnlessThere(view, sales, { id: sale })) : undefined) ?? [
        voids.put({ id: op.id, sale }),
      ],
  }) as Verb;
const verbs = [sell, takeBack(true)] as readonly Verb[];

const roles = ['owner', 'manager', 'till', 'van', 'warehouse', 'carrier', 'agent', 'customer', 'auditor'] as const;
const stamps = setTable('stamps', { key: { id: 'text' }, columns: { device: 'text' } });
/** A verb for these roles, that leaves a stamp. */
const stamp = (name: string, of: readonly (typeof roles)[number][]): Verb =>
  defineVerb({
    name,
    version: 1,
    roles: of,
    tables: [stamps],
    args: z.strictObject({}),
    plan: (_view, op) => [stamps.put({ id: op.id, device: op.device })],
  }) as Verb;

const open: Scene[] = [];
afterEach(async () => {
  for (const scene of open.splice(0)) await scene.close();
});
async function openScene(of = verbs): Promise<Scene> {
  const scene = await createScene(of, ['till', 'agent']);
  open.push(scene);
  return scene;
}
const count = (scene: Scene, table: string): number => scene.books[0]!.query(`SELECT * FROM ${table}`).length;

describe('identity', () => {
  it('is the id: equal content counts as often as it happened, wherever it happened', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory(2, fc.record({ kind: fc.constant('sell'), device: fc.nat(1) })), async (history) => {
        const scene = await createScene(verbs, ['till']);
        let sold = 0;
        for (const step of history) {
          if (await moved(scene, step)) continue;
          await scene.must((step as { device: number }).device, 'shop.sell', { sku: 'tea' });
          sold += 1;
        }
        await scene.settle();
        await expectOneState(scene);
        expect(count(scene, 'sales')).toBe(sold);
        // Known by its content a sale that is like another is lost (falsifier).
        expect(count(scene, 'byContent')).toBe(Math.min(sold, 1));
        await scene.close();
      }),
      { numRuns: 8 },
    );
  });

  it('is of one thing: the same id counts once, and the second is refused', async () => {
    const scene = await openScene();
    await scene.must(0, 'shop.sell', { sku: 'tea', id: 'same' });
    await scene.must(1, 'shop.sell', { sku: 'milk', id: 'same' });
    await scene.settle();
    expect(count(scene, 'sales')).toBe(1);
    expect(scene.refusedCodes()).toEqual(['kernel/duplicate-id']);
  });

  it('leads references to rows', async () => {
    const scene = await openScene();
    const answer = await scene.books[0]!.commit('shop.void', { sale: 'no-such' });
    expect(answer).toMatchObject({ code: 'guards/unknown-reference', details: { table: 'sales', id: 'no-such' } });
    await scene.must(0, 'shop.sell', { sku: 'tea', id: 'sale-1' });
    expect(await scene.commit(0, 'shop.void', { sale: 'sale-1' })).toBe('ok');
    const off = await openScene([sell, takeBack(false)] as readonly Verb[]);
    expect(await off.commit(0, 'shop.void', { sale: 'no-such' })).toBe('ok');
  });
});

describe('role', () => {
  it('is judged again by everybody: an op that was signed past it has no effect', async () => {
    const scene = await openScene();
    expect(await scene.commit(2, 'shop.sell', { sku: 'tea' })).toBe('kernel/role');
    // The agent's program has no such check: it signs what it likes and hands it in.
    const keys = createSeededKeys('device 2', nodeCrypto);
    const key = (await keys.load('device')) ?? (await keys.create('device'));
    const [enrolment] = scene.books[0]!.query<{ enrolment: string }>('SELECT enrolment FROM devices WHERE device = ?', [
      key.device,
    ]);
    const writer = createWriter({
      key,
      book: scene.books[0]!.id,
      after: enrolment!.enrolment as never,
      hasher: nodeCrypto.hasher,
      atMs: startMs,
    });
    const forged = await writer.write({ verb: 'shop.sell@1', args: { sku: 'tea' } });
    await scene.books[0]!.import(bookFileOf(scene.books[0]!.id, [forged]));
    expect(count(scene, 'sales')).toBe(0);
    expect(scene.refusedCodes()).toEqual(['kernel/role']);
  });

  it('decides alone, whatever a program signs: any verb of any role has effect where the verb names the role, and nowhere else', async () => {
    const anyRoles = fc.subarray([...roles], { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(
        anyRoles,
        anyRoles,
        fc.subarray([...roles].slice(1), { minLength: 2 }),
        async (a, b, enlisted) => {
          const scene = await createScene([stamp('test.a', a), stamp('test.b', b)], enlisted);
          try {
            const [book] = scene.books as readonly [Scene['books'][number]];
            const expected: string[] = [];
            for (const [index, role] of enlisted.entries()) {
              const keys = createSeededKeys(`device ${index + 1}`, nodeCrypto);
              const key = (await keys.load('device')) ?? (await keys.create('device'));
              const [row] = book.query<{ enrolment: string }>('SELECT enrolment FROM devices WHERE device = ?', [
                key.device,
              ]);
              const place = {
                key,
                book: book.id,
                after: row!.enrolment as never,
                hasher: nodeCrypto.hasher,
                atMs: startMs,
              };
              const writer = createWriter(place);
              const written = [];
              for (const [verb, of] of [['test.a@1', a] as const, ['test.b@1', b] as const]) {
                const record = await writer.write({ verb, args: {} });
                written.push(record);
                if (of.includes(role)) expected.push(record.op.id);
              }
              await book.import(bookFileOf(book.id, written));
            }
            const ids = book.query<{ id: string }>('SELECT id FROM stamps').map(({ id }) => id);
            expect(ids.toSorted()).toEqual(expected.toSorted());
            expect(scene.refusedCodes()).toEqual(Array(2 * enlisted.length - expected.length).fill('kernel/role'));
          } finally {
            await scene.close();
          }
        },
      ),
      { numRuns: 5 },
    );
  });

  it('can be asked for within a verb', async () => {
    const scene = await openScene();
    await scene.must(1, 'shop.sell', { sku: 'tea', id: 'sale-1' });
    expect(await scene.commit(1, 'shop.void', { sale: 'sale-1' })).toBe('guards/role');
    const off = await openScene([sell, takeBack(false)] as readonly Verb[]);
    expect(await off.commit(1, 'shop.void', { sale: 'sale-1' })).toBe('ok');
  });
});

it('the business day is that of the scope, or of hq where that is later', async () => {
  const scene = await openScene();
  const days = (): unknown =>
    scene.books[0]!.query<{ day: string }>('SELECT day FROM sales ORDER BY id').map(({ day }) => day);
  await scene.must(0, 'shop.sell', { sku: 'tea', id: '1' }, 'b/1');
  await scene.must(0, 'day.open', { day: '2026-11-20' });
  await scene.settle();
  await scene.must(0, 'shop.sell', { sku: 'tea', id: '2' }, 'b/1');
  await scene.must(0, 'day.open', { day: '2026-11-21' }, 'b/1');
  await scene.must(0, 'shop.sell', { sku: 'tea', id: '3' }, 'b/1');
  expect(days()).toEqual(['', '2026-11-20', '2026-11-21']);
});
