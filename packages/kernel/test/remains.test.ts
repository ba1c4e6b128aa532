// What is left of an op that is refused, or waits for a person: what its author has handed out already.
import { defineVerb, openBook, refuse, setTable, sumTable } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createFleet, provenDigest } from './fleet.ts';
import { shopVerbs, stock, stores } from './shop.ts';

const tickets = sumTable('tickets', { key: { device: 'text' }, sums: ['given'] });
const stubs = setTable('stubs', { key: { id: 'text' }, columns: { ticket: 'integer' } });
const common = {
  version: 1,
  roles: ['owner', 'till'],
  tables: [stock, tickets, stubs],
  args: z.strictObject({ sku: z.string().regex(/^[!-?A-~]*$/) }),
} as const;

/** One of the last, with a numbered ticket. */
const take = defineVerb({
  ...common,
  name: 'shop.ticket',
  plan: (view, op, { sku }) => {
    if (view.sum(stock, { sku }).onHand < 1) return refuse('shop/none', { sku });
    const ticket = view.sum(tickets, { device: op.device }).given + 1;
    return [
      stock.add({ sku }, { onHand: -1 }),
      tickets.add({ device: op.device }, { given: 1 }),
      stubs.put({ id: op.id, ticket }),
    ];
  },
  remains: (_view, op) => [tickets.add({ device: op.device }, { given: 1 })],
});
/** What is left of it cannot be. */
const wild = defineVerb({
  ...common,
  name: 'shop.wild',
  plan: take.plan.bind(take),
  remains: (view, op) => {
    if (view.sum(stock, { sku: 'tea' }).onHand === 0) throw new Error('a bug');
    return [stubs.put({ id: op.id, ticket: 0 }), stubs.put({ id: op.id, ticket: 0 })];
  },
});
const verbs = [...shopVerbs, take, wild] as const;
type Fleet = Awaited<ReturnType<typeof createFleet>>;
type Books = [Fleet['books'][0], Fleet['books'][0], Fleet['books'][0]];

const ask = async (book: Books[0], verb: string, sku = 'tea') => book.commit(verb as 'stock.take', { sku } as never);

describe('what is left of a refused op', () => {
  it('counts at its place, so that what its author wrote after it stays as it was written', async () => {
    const fleet = await createFleet(3, stores['better-sqlite3'], verbs as never);
    const [office, one, two] = fleet.books as Books;
    await office.commit('stock.move', { sku: 'tea', quantity: 1 });
    await office.commit('stock.move', { sku: 'jam', quantity: 1 });
    await office.sync(fleet.relay);
    for (const till of [one, two]) {
      await till.sync(fleet.relay);
      expect(await ask(till, 'shop.ticket')).toMatchObject({ ok: true });
    }
    // A ticket of another kind, printed as number two.
    const jam = await ask(two, 'shop.ticket', 'jam');
    if (!jam.ok) throw new Error(jam.code);
    for (const book of [one, two, office, one]) await book.sync(fleet.relay);
    for (const book of fleet.books) {
      expect(book.query('SELECT code, device FROM refusals')).toEqual([{ code: 'shop/none', device: two.device }]);
      expect(book.query('SELECT ticket FROM stubs WHERE id = ?', [jam.id])).toEqual([{ ticket: 2 }]);
      expect(book.query('SELECT given FROM tickets WHERE device = ?', [two.device])).toEqual([{ given: 2 }]);
    }
    expect(await ask(two, 'shop.ticket')).toMatchObject({ code: 'shop/none' });
    expect(two.query('SELECT given FROM tickets WHERE device = ?', [two.device])).toEqual([{ given: 2 }]);
    expect(new Set(await Promise.all(fleet.books.map((book) => provenDigest(book)))).size).toBe(1);
    await fleet.close();
  });

  it.each([0, 1])('is nothing where it throws or does not apply, and halts nobody (%i left)', async (left) => {
    const fleet = await createFleet(2, stores['better-sqlite3'], verbs as never);
    const [office, till] = fleet.books as unknown as [Books[0], Books[0]];
    await office.commit('stock.move', { sku: 'tea', quantity: 2 });
    await office.sync(fleet.relay);
    await till.sync(fleet.relay);
    await ask(till, 'shop.wild');
    await office.commit('device.revoke', { device: till.device, reason: 'lost' });
    if (left === 0) await office.commit('stock.move', { sku: 'tea', quantity: -2 });
    await office.sync(fleet.relay);
    await till.sync(fleet.relay);
    await office.sync(fleet.relay);
    expect(office.query('SELECT code FROM refusals')).toEqual([{ code: 'kernel/revoked' }]);
    expect(office.query('SELECT * FROM stubs')).toEqual([]);
    await provenDigest(office);
    await fleet.close();
  });

  it('is for whoever has the verb: another stops there, as at any op of it', async () => {
    const fleet = await createFleet(2, stores['better-sqlite3'], verbs as never);
    const [office, till] = fleet.books as unknown as [Books[0], Books[0]];
    await office.commit('stock.move', { sku: 'tea', quantity: 2 });
    await office.sync(fleet.relay);
    await till.sync(fleet.relay);
    await ask(till, 'shop.ticket');
    await office.commit('device.revoke', { device: till.device, reason: 'lost' });
    await office.sync(fleet.relay);
    await till.sync(fleet.relay);
    await office.sync(fleet.relay);
    const older = await openBook({ store: stores['better-sqlite3'](), verbs: shopVerbs, book: office.id });
    await older.import(await office.export());
    expect(older.status().scopes[0]?.stop).toMatchObject({ code: 'kernel/unsupported-verb', verb: 'shop.ticket@1' });
    await older.close();
    await fleet.close();
  });
});
