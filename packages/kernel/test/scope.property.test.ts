// The central property (DESIGN section 4): however ops arrive, settle and are folded again, the state is that of a fold from nothing.
import { defineVerb, openBook } from '@tallystick/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createFleet, type Fleet, provenDigest, type ShopBook } from './fleet.ts';
import { memoryKeys, stock, stores, testEdge } from './shop.ts';

type Action =
  | {
      readonly kind: 'commit';
      readonly device: number;
      readonly verb: 'move' | 'take' | 'seat' | 'row' | 'price';
      readonly key: number;
      readonly value: number;
    }
  | { readonly kind: 'sync'; readonly device: number; readonly pull: boolean }
  | { readonly kind: 'hand-over'; readonly from: number; readonly to: number };

const DEVICES = 3;
const device = fc.nat(DEVICES - 1);
type Verb = Extract<Action, { kind: 'commit' }>['verb'];
/** Actions whose commits are of these verbs, with these values; `commits` of them to five others. */
function actionsOf(verb: fc.Arbitrary<Verb>, key: fc.Arbitrary<number>, value: fc.Arbitrary<number>, commits: number) {
  const pull = fc.boolean();
  return fc.oneof(
    { weight: commits, arbitrary: fc.record({ kind: fc.constant('commit' as const), device, verb, key, value }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('sync' as const), device, pull }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('hand-over' as const), from: device, to: device }) },
  ) as fc.Arbitrary<Action>;
}
const anyVerb = fc.constantFrom<Verb>('move', 'take', 'seat', 'row', 'price');
/** Of these a few leave the bound of a sum, unless others go the other way between them. */
const huge = fc.constantFrom(-(2 ** 50), 2 ** 50, 2 ** 51 - 1, 1 - 2 ** 51);
const kinds = [
  ['of any verbs', actionsOf(anyVerb, fc.nat(2), fc.integer({ min: 1, max: 5 }), 6), 25],
  ['of huge moves', actionsOf(fc.constant('move'), fc.constant(0), huge, 20), 8],
] as const;

async function commit(book: ShopBook, { verb, key, value }: Extract<Action, { kind: 'commit' }>): Promise<void> {
  if (verb === 'move') await book.commit('stock.move', { sku: `sku-${key}`, quantity: value });
  else if (verb === 'take') await book.commit('stock.take', { sku: `sku-${key}`, quantity: value });
  else if (verb === 'seat') await book.commit('seat.take', { row: key, seat: value });
  else if (verb === 'row') await book.commit('row.book', { row: key, seat: value });
  else await book.commit('price.set', { sku: `sku-${key}`, priceMinor: value });
}

async function run({ books, relay }: Fleet, actions: readonly Action[]): Promise<void> {
  for (const step of actions) {
    if (step.kind === 'commit') await commit(books[step.device] as ShopBook, step);
    else if (step.kind === 'sync') await (books[step.device] as ShopBook).sync(relay, { pull: step.pull });
    else await (books[step.to] as ShopBook).import(await (books[step.from] as ShopBook).export());
  }
}

/** Two rounds: what the last device pushed in the first reaches everybody in the second. */
async function settleAll({ books, relay }: Fleet): Promise<void> {
  for (let round = 0; round < 2; round++) for (const book of books) await book.sync(relay);
}

describe.each(Object.entries(stores))('any history on %s', (_name, makeStore) => {
  it.each(kinds)(
    '%s folds to the same state live, afresh and on every device',
    { timeout: 120_000 },
    async (_of, action, numRuns) => {
      await fc.assert(
        fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), async (actions) => {
          const fleet = await createFleet(DEVICES, makeStore);
          try {
            await run(fleet, actions);
            for (const book of fleet.books) await provenDigest(book, makeStore);
            await settleAll(fleet);
            const digests = new Set<string>();
            for (const book of fleet.books) digests.add(await provenDigest(book, makeStore));
            expect(digests.size).toBe(1);
            expect(fleet.books.every((book) => book.pendingOps().length === 0)).toBe(true);
          } finally {
            await fleet.close();
          }
        }),
        { numRuns },
      );
    },
  );
});

it('goes red on a verb that reads what is neither in its op nor in its view', async () => {
  const calls = { count: 0 };
  const lottery = defineVerb({
    name: 'lottery.draw',
    version: 1,
    roles: ['owner'],
    tables: [stock],
    args: z.strictObject({}),
    plan: () => [stock.add({ sku: 'prize' }, { onHand: ++calls.count })],
  });
  const book = await openBook({ store: stores['sql.js'](), keys: memoryKeys(), verbs: [lottery], edge: testEdge() });
  await book.commit('lottery.draw', {});
  const report = await book.prove(stores['sql.js']());
  expect(report.ok).toBe(false);
  expect(report.problems[0]).toMatchObject({ table: 'stock', row: 'hq prize' });
  await book.close();
});
