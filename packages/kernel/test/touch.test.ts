// Which ops may pass each other, and that a merge in which they may takes nothing back.
import { defineVerb, refusals, type Verb } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Touch } from '../src/touch.ts';
import { TouchIndex } from '../src/touch-index.ts';
import { createFleet, provenDigest, type ShopBook } from './fleet.ts';
import { prices, shopVerbs, stores } from './shop.ts';

function touchOf(touched: Partial<Touch>): Touch {
  return { reads: [], writes: [], adds: [], all: false, ...touched };
}

describe('an index of what ops touched', () => {
  const read = touchOf({ reads: ['a|1;'] });
  const write = touchOf({ writes: ['a|1;'] });
  const add = touchOf({ adds: ['a|1;'] });
  const range = touchOf({ reads: ['a|*'] });
  const bound = touchOf({ all: true });

  it.each([
    ['a write and a read', write, read, true],
    ['a write and a range', write, range, true],
    ['a read and a write', read, write, true],
    ['a range and a write', range, write, true],
    ['two writes', write, write, true],
    ['an add and a read', add, read, true],
    ['an add and a range', add, range, true],
    ['a range and an add', range, add, true],
    ['a sum near its bound and anything', bound, read, true],
    ['anything and a sum near its bound', read, bound, true],
    ['two adds', add, add, false],
    ['two reads', read, range, false],
  ])('tells whether %s may conflict, from a place on', (_what, earlier, later, conflicts) => {
    const index = new TouchIndex();
    index.add(earlier, 0);
    index.add(touchOf({ reads: ['b|1;'] }), 1);
    expect(index.conflicts(later, 0)).toBe(conflicts);
    expect(index.conflicts(later)).toBe(conflicts);
    expect(index.conflicts(later, 2)).toBe(false);
    if (later !== bound) expect(index.conflicts(later, 1)).toBe(false);
  });

  it('lets nothing pass an op so far up that the changes below it may come to a bound together', () => {
    const index = new TouchIndex();
    for (let place = 0; place < 2 ** 19; place++) index.add(add, place);
    expect(index.conflicts(add)).toBe(false);
    index.add(add, 2 ** 19);
    expect(index.conflicts(add, 0, 2 ** 19)).toBe(false);
    expect(index.conflicts(add)).toBe(true);
  });

  it('remembers the last op that touched a key', () => {
    const index = new TouchIndex();
    index.add(write, 0);
    index.add(write, 1);
    expect(index.conflicts(read, 1)).toBe(true);
    expect(index.conflicts(read, 2)).toBe(false);
  });
});

describe('a merge of two tails', () => {
  it('takes nothing back for ops that come before others they have nothing in common with', async () => {
    const { books, close } = await createFleet(2);
    const [owner, till] = books as [(typeof books)[0], (typeof books)[0]];
    for (let round = 0; round < 2; round++) {
      for (let count = 0; count < 3; count++) {
        for (const book of [owner, till]) await book.commit('stock.move', { sku: 'sku-1', quantity: 1 });
      }
      // The till's enrolment is pending too, and what the till wrote comes after it but before some ops of the owner.
      expect(await owner.import(await till.export())).toMatchObject({ added: 3, refolded: 0 });
      expect(await till.import(await owner.export())).toMatchObject({ added: 3, refolded: 0 });
    }
    const ids = owner.pendingOps().map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
    const digests = [await provenDigest(owner, stores['better-sqlite3']), await provenDigest(till, stores['sql.js'])];
    expect(digests[0]).toBe(digests[1]);
    await close();
  });

  it('folds the tail again when an op comes before one that took its seat', async () => {
    const { books, close } = await createFleet(2);
    const [owner, till] = books as [(typeof books)[0], (typeof books)[0]];
    const first = await till.commit('seat.take', { row: 1, seat: 1 });
    const second = await owner.commit('seat.take', { row: 1, seat: 1 });
    if (!first.ok || !second.ok) throw new Error('both seats were free');
    const [early, late] = first.id < second.id ? [till, owner] : [owner, till];
    const { refolded } = await late.import(await early.export());
    expect(refolded).toBeGreaterThan(0);
    expect(await provenDigest(late, stores['better-sqlite3'])).toBeTruthy();
    await close();
  });
});

describe('an op that reads what was refused', () => {
  /** Notes how many ops were refused before it. */
  const count: Verb<'refusals.count', Record<string, never>> = defineVerb({
    name: 'refusals.count',
    version: 1,
    roles: ['owner', 'till'],
    tables: [prices],
    args: z.strictObject({}),
    plan: (view, { id }) => [prices.write({ sku: id, priceMinor: view.list(refusals, {}).length })],
  });
  const verbs = [...shopVerbs, count] as unknown as typeof shopVerbs;

  it('does not pass one that was refused after it', async () => {
    const { books, close } = await createFleet(3, stores['better-sqlite3'], verbs);
    const [owner, one, other] = books as [ShopBook, ShopBook, ShopBook];
    expect((await other.commit('refusals.count' as 'seat.take', {} as never)).ok).toBe(true);
    for (const book of [one, owner]) await book.commit('seat.take', { row: 1, seat: 1 });
    await owner.import(await one.export());
    expect(owner.query('SELECT count(*) AS refused FROM refusals')).toEqual([{ refused: 1 }]);
    await owner.import(await other.export());
    const { digest, problems, freshDigest } = await owner.prove(stores['better-sqlite3']());
    expect({ problems, digest }).toEqual({ problems: [], digest: freshDigest });
    await close();
  });
});

const HUGE = 2 ** 50;

describe.each(Object.entries(stores))(
  'changes so great that their order decides which fit, on %s',
  (_name, makeStore) => {
    it('are refused alike where they only get their positions and where they are folded in that order', async () => {
      const fleet = await createFleet(5, makeStore);
      const [office, ...tills] = fleet.books as [ShopBook, ShopBook, ShopBook, ShopBook, ShopBook];
      for (let round = 0; round < 5; round++) {
        for (const [index, till] of tills.entries())
          expect(await till.commit('stock.move', { sku: 'x', quantity: index % 2 === 0 ? HUGE : -HUGE })).toMatchObject(
            {
              ok: true,
            },
          );
      }
      // The office holds them as they were written, up and down in turn; the log has all that go up first.
      for (const till of tills) await office.import(await till.export());
      const [upFirst, downFirst, upLast, downLast] = tills;
      for (const till of [upFirst, upLast, downFirst, downLast]) await till.sync(fleet.relay, { pull: false });
      for (const book of [...fleet.books, ...fleet.books]) await book.sync(fleet.relay);
      const digests = new Set<string>();
      for (const book of fleet.books) {
        expect(book.query('SELECT code, count(*) AS ops FROM refusals')).toEqual([
          { code: 'kernel/sum-overflow', ops: 3 },
        ]);
        digests.add(await provenDigest(book, makeStore));
      }
      expect(digests.size).toBe(1);
      await fleet.close();
    });
  },
);
