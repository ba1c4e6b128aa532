// An op that can be left undone where it is committed, and stands where it was done elsewhere before anybody knew better.
import { contest, defineVerb, openBook, refuse } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createFleet, provenDigest } from './fleet.ts';
import { memoryKeys, shopVerbs, stock, stores, testEdge } from './shop.ts';

const args = z.strictObject({ sku: z.string().regex(/^[!-?A-~]*$/), quantity: z.int().positive() });
const common = { version: 1, roles: ['owner', 'till'], tables: [stock], args } as const;

/** Hands goods over. Not below nought, unless they have gone already. */
const hand = defineVerb({
  ...common,
  name: 'shop.hand',
  plan: (view, _op, { sku, quantity }) => {
    const short = quantity - view.sum(stock, { sku }).onHand;
    const effects = [stock.add({ sku }, { onHand: -quantity })];
    return short <= 0 ? effects : contest('shop/short', { sku, short }, effects);
  },
});
/** The same, as it would be without a third answer. */
const deny = defineVerb({
  ...common,
  name: 'shop.deny',
  plan: (view, _op, { sku, quantity }) => {
    const short = quantity - view.sum(stock, { sku }).onHand;
    const effects = [stock.add({ sku }, { onHand: -quantity })];
    return short <= 0 ? effects : refuse('shop/short', { sku, short });
  },
});
const verbs = [...shopVerbs, hand, deny] as const;
type Fleet = Awaited<ReturnType<typeof createFleet>>;
type Books = [Fleet['books'][0], Fleet['books'][0], Fleet['books'][0]];

/** Three teas; both tills sell two apart, and then meet in this order. */
async function sellApart(verb: 'shop.hand' | 'shop.deny', order: readonly [0 | 1, 0 | 1]): Promise<Fleet> {
  const fleet = await createFleet(3, stores['better-sqlite3'], verbs as never);
  const [office, ...tills] = fleet.books as Books;
  await office.commit('stock.move', { sku: 'tea', quantity: 3 });
  await office.sync(fleet.relay);
  for (const till of tills) {
    await till.sync(fleet.relay);
    expect(await till.commit(verb as 'stock.take', { sku: 'tea', quantity: 2 })).toMatchObject({ ok: true });
  }
  for (const index of order) await tills[index]?.sync(fleet.relay);
  for (const book of [...tills, office]) await book.sync(fleet.relay);
  return fleet;
}

describe('a contested op', () => {
  it('is not committed: whoever is about to do it is told why, and nothing is stored', async () => {
    const book = await openBook({ store: stores['sql.js'](), keys: memoryKeys(), verbs, edge: testEdge() });
    await book.commit('stock.move', { sku: 'tea', quantity: 1 });
    const before = await provenDigest(book);
    const told = await book.commit('shop.hand', { sku: 'tea', quantity: 3 });
    expect(told).toEqual({ ok: false, code: 'shop/short', details: { sku: 'tea', short: 2 } });
    expect(await provenDigest(book)).toBe(before);
    expect(book.query('SELECT code FROM corrections UNION ALL SELECT code FROM refusals')).toEqual([]);
    // The next one goes on where the last one that counts left off; of a batch the others are committed.
    const batch = await book.commitAll([
      { verb: 'shop.hand', args: { sku: 'tea', quantity: 2 } },
      { verb: 'shop.hand', args: { sku: 'tea', quantity: 1 } },
    ]);
    expect(batch.map(({ ok }) => ok)).toEqual([false, true]);
    await provenDigest(book);
    await book.close();
  });

  it.each([[[0, 1] as const], [[1, 0] as const]])(
    'that was done apart stands with its correction, whichever was settled first (%j)',
    async (order) => {
      const fleet = await sellApart('shop.hand', order);
      const [office, ...tills] = fleet.books as Books;
      const later = tills[order[1]];
      for (const book of fleet.books) {
        expect(book.query('SELECT * FROM refusals')).toEqual([]);
        expect(book.query('SELECT onHand FROM stock')).toEqual([{ onHand: -1 }]);
        expect(book.query('SELECT device, verb, code, details FROM corrections')).toEqual([
          { device: later?.device, verb: 'shop.hand@1', code: 'shop/short', details: '{"short":1,"sku":"tea"}' },
        ]);
      }
      // It knows by now, and is told; what it may do, it goes on doing.
      const verb = 'shop.hand' as 'stock.take';
      expect(await later?.commit(verb, { sku: 'tea', quantity: 1 })).toMatchObject({ ok: false, code: 'shop/short' });
      expect(await office.commit('stock.move', { sku: 'tea', quantity: 3 })).toMatchObject({ ok: true });
      await office.sync(fleet.relay);
      await later?.sync(fleet.relay);
      expect(await later?.commit(verb, { sku: 'tea', quantity: 2 })).toMatchObject({ ok: true, correction: undefined });
      for (const book of [later, ...fleet.books]) await book?.sync(fleet.relay);
      expect(new Set(await Promise.all(fleet.books.map((book) => provenDigest(book)))).size).toBe(1);
      await fleet.close();
    },
  );

  it('would be lost were it refused', async () => {
    const fleet = await sellApart('shop.deny', [0, 1]);
    for (const book of fleet.books) {
      expect(book.query('SELECT onHand FROM stock')).toEqual([{ onHand: 1 }]);
      expect(book.query('SELECT code FROM refusals')).toEqual([{ code: 'shop/short' }]);
    }
    await fleet.close();
  });

  it('that waited for a person is adopted, because it was done long ago', async () => {
    const fleet = await createFleet(3, stores['better-sqlite3'], verbs as never);
    const [office, lost] = fleet.books as Books;
    await office.commit('stock.move', { sku: 'tea', quantity: 2 });
    await office.sync(fleet.relay);
    await lost.sync(fleet.relay);
    await lost.commit('shop.hand' as 'stock.take', { sku: 'tea', quantity: 2 });
    await office.commit('device.revoke', { device: lost.device, reason: 'lost' });
    await office.commit('shop.hand' as 'stock.take', { sku: 'tea', quantity: 1 });
    await office.sync(fleet.relay);
    await lost.sync(fleet.relay);
    await office.sync(fleet.relay);
    expect(office.query('SELECT onHand FROM stock')).toEqual([{ onHand: 1 }]);
    const [waiting] = office.quarantine();
    const adopted = await office.commit('device.recover', { op: waiting?.hash ?? '' });
    expect(adopted).toMatchObject({ ok: true, correction: { code: 'shop/short' } });
    expect(office.query('SELECT onHand FROM stock')).toEqual([{ onHand: -1 }]);
    expect(office.query('SELECT device, code FROM corrections')).toEqual([{ device: lost.device, code: 'shop/short' }]);
    await provenDigest(office);
    await fleet.close();
  });
});
