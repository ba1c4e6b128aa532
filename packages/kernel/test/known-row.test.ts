// Rows of sets are inserted many at a time where many ops are folded. One that was there already refuses the op that put it, and no other.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { defineVerb } from '../src/verb.ts';
import { PutBuffers } from '../src/row-cache.ts';
import { createFleet, provenDigest, type ShopBook } from './fleet.ts';
import { counted, moves, shopVerbs, stores } from './shop.ts';

/** Names its row itself, so two ops can name one. */
const note = defineVerb({
  name: 'shop.note',
  version: 1,
  roles: ['owner', 'till'],
  tables: [moves, counted],
  args: z.strictObject({ id: z.string().regex(/^[!-?A-~]*$/) }),
  plan: (_view, op, { id }) => [
    moves.put({ id: op.id, sku: 'before', quantity: 1 }),
    moves.put({ id, sku: 'named', quantity: 1 }),
    moves.put({ id: `${op.id} after`, sku: 'after', quantity: 1 }),
  ],
});
const verbs = [...shopVerbs, note] as unknown as typeof shopVerbs;

async function write(book: ShopBook, ids: readonly string[]): Promise<void> {
  for (const id of ids) expect((await book.commit('shop.note' as never, { id })).ok).toBe(true);
}

const refused = (book: ShopBook): unknown => book.query('SELECT code, details FROM refusals ORDER BY details');

async function meet(makeStore: (typeof stores)['sql.js']) {
  const { books, relay, close } = await createFleet(2, makeStore, verbs);
  const [owner, till] = books as [ShopBook, ShopBook];
  await write(owner, ['c', 'h']);
  await write(till, 'abcdefghij'.split(''));
  await owner.import(await till.export());
  await till.import(await owner.export());
  return { owner, till, relay, close };
}

const duplicate = (id: string) => ({ code: 'kernel/duplicate-id', details: `{"key":"[\\"${id}\\"]","table":"moves"}` });

afterEach(() => vi.restoreAllMocks());

describe.each(Object.entries(stores))('a row that was there (%s)', (_name, makeStore) => {
  it('refuses its own op among many, in a merge, in a replay and where ops settle', async () => {
    const { owner, till, relay, close } = await meet(makeStore);
    for (const book of [owner, till]) {
      expect(refused(book)).toEqual([duplicate('c'), duplicate('h')]);
      expect(book.query('SELECT count(*) AS n FROM moves')).toEqual([{ n: 30 }]);
    }
    const digest = await provenDigest(owner);
    expect(await provenDigest(till)).toBe(digest);
    for (const book of [owner, till, owner]) await book.sync(relay);
    expect(owner.pendingOps()).toEqual([]);
    expect(refused(owner)).toEqual([duplicate('c'), duplicate('h')]);
    expect(await provenDigest(owner)).toBe(await provenDigest(till));
    await close();
  });

  const batch = 'abcdefbghij'.split('').map((id) => ({ verb: 'shop.note', args: { id } }) as never);

  it('refuses its own op of a batch, and the others are written', async () => {
    const { books, close } = await createFleet(1, makeStore, verbs);
    const [owner] = books as [ShopBook];
    const answers = await owner.commitAll(batch);
    expect(answers.map((answer) => answer.ok || answer.code)).toEqual([
      ...new Array(6).fill(true),
      'kernel/duplicate-id',
      ...new Array(4).fill(true),
    ]);
    expect(owner.query('SELECT count(*) AS n FROM moves')).toEqual([{ n: 30 }]);
    expect(refused(owner)).toEqual([]);
    await write(owner, ['k']);
    await provenDigest(owner);
    await close();
  });

  it('is no reason to keep what a refused op of a batch had added', async () => {
    const { books, close } = await createFleet(2, makeStore, verbs);
    const [owner, till] = books as [ShopBook, ShopBook];
    // The table's own check refuses 13, after the sums were added to.
    const quantities = [1, 2, 3, 13, 4, 5, 13, 6, 7, 8];
    const answers = await owner.commitAll(
      quantities.map((quantity) => ({ verb: 'stock.move', args: { sku: 'apple', quantity } }) as never),
    );
    expect(answers.filter(({ ok }) => !ok)).toHaveLength(2);
    await till.import(await owner.export());
    for (const book of [owner, till]) {
      expect(book.query('SELECT onHand FROM stock')).toEqual([{ onHand: 36 }]);
      expect(book.query('SELECT moves FROM counted')).toEqual([{ moves: 8 }]);
      await provenDigest(book);
    }
    await close();
  });

  it('goes unseen where nobody counts what was inserted', async () => {
    const { owner, till, relay, close } = await meet(makeStore);
    for (const book of [owner, till, owner]) await book.sync(relay);
    vi.spyOn(PutBuffers.prototype, 'metKnownRow', 'get').mockReturnValue(false);
    const fresh = makeStore();
    const tables = (await owner.prove(fresh)).problems.map(({ table }) => table);
    expect(tables).toContain('refusals');
    await fresh.close();
    await close();
  });
});
