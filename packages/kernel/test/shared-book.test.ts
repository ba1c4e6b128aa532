// One book for many tabs, on the broadcast channels of Node: what is asked is done once, wherever it is asked, also when the serving side changes.
import { compensate, defineVerb, openBook } from '@tallystick/kernel';
import { type RemoteBook, connectBook, type ServedActions, serveBook } from '@tallystick/kernel/browser';
import { nodeStore } from '@tallystick/kernel/node';
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { shopVerbs, stock } from './shop.ts';

const ends: (() => unknown)[] = [];
let names = 0;

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const newName = (): string => `test-${process.pid}-${(names += 1)}`;

function connect<A extends ServedActions = ServedActions>(name: string): RemoteBook<typeof shopVerbs, A> {
  const remote = connectBook<typeof shopVerbs, A>(name);
  ends.push(() => remote.close());
  return remote;
}

const openShop = async () => {
  const book = await openBook({ store: nodeStore(':memory:'), verbs: shopVerbs });
  ends.push(() => book.close());
  return book;
};

describe('a book that is served', () => {
  it('answers every tab: commits, queries, stages, status, and calls back', async () => {
    const name = newName();
    const [one, two] = [connect(name), connect(name)];
    // Asked before anybody serves, it waits.
    const early = one.commit('stock.move', { sku: 'apple', quantity: 5 });
    const book = await openShop();
    ends.push(serveBook(book, name));
    expect((await early).ok).toBe(true);
    const heard = new Promise((resolve) => two.subscribe(({ kind }) => kind === 'commit' && resolve(kind)));
    const [commit] = await two.commitAll([{ verb: 'stock.move', args: { sku: 'apple', quantity: 2 } }]);
    if (commit?.ok !== true) throw new Error('not committed');
    expect(await heard).toBe('commit');
    expect(await one.query<{ onHand: number }>('SELECT onHand FROM stock WHERE sku = ?', ['apple'])).toEqual([
      { onHand: 7 },
    ]);
    expect(await one.stage(commit.hash)).toBe('local');
    expect((await one.pendingOps()).length).toBe(book.pendingOps().length);
    expect(await two.status()).toEqual(book.status());
  });

  it('answers a query that is watched again when its rows are others', async () => {
    const name = newName();
    ends.push(serveBook(await openShop(), name));
    const remote = connect(name);
    const seen: unknown[] = [];
    const heard = Promise.withResolvers<void>();
    const stop = await remote.watch('SELECT onHand FROM stock', [], (rows) => {
      if (seen.push(rows) === 2) heard.resolve();
    });
    await remote.commit('stock.move', { sku: 'apple', quantity: 5 });
    await heard.promise;
    stop();
    expect(seen).toEqual([[], [{ onHand: 5 }]]);
    await expect(remote.watch('SELECT nothing', [], () => undefined)).rejects.toMatchObject({ code: 'kernel/query' });
  });

  it('hands on refusals, and faults with their codes', async () => {
    const name = newName();
    ends.push(serveBook(await openShop(), name, { fail: () => Promise.reject(new Error('no relay')) }));
    const remote = connect<{ fail: () => Promise<never> }>(name);
    await expect(remote.query('DELETE FROM stock')).rejects.toMatchObject({ code: 'kernel/query' });
    await expect(remote.call('fail')).rejects.toThrow('no relay');
    expect(await remote.commit('stock.move', { sku: '', quantity: Number.NaN })).toMatchObject({ ok: false });
  });

  it('rejects what cannot be copied to another tab, and goes on with the calls behind it', async () => {
    const name = newName();
    const remote = connect(name);
    const asked = { sku: 'apple', quantity: 1, onDone: () => undefined };
    const calls = [remote.commit('stock.move', asked), remote.commit('stock.move', { sku: 'apple', quantity: 1 })];
    const ended = Promise.allSettled(calls);
    ends.push(serveBook(await openShop(), name));
    const [first, second] = await ended;
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'kernel/not-cloneable' } });
    expect(second).toMatchObject({ status: 'fulfilled', value: { ok: true } });
    await expect(remote.query('SELECT onHand FROM stock')).resolves.toEqual([{ onHand: 1 }]);
  });

  it('says with a commit what it was compensated with', async () => {
    const name = newName();
    const short = defineVerb({
      name: 'stock.short',
      version: 1,
      roles: ['owner'],
      tables: [stock],
      args: z.strictObject({}),
      plan: () => compensate('shop/short', { missing: 2 }, []),
    });
    const book = await openBook({ store: nodeStore(':memory:'), verbs: [short] });
    ends.push(() => book.close(), serveBook(book, name));
    const remote = connectBook<readonly [typeof short]>(name);
    ends.push(() => remote.close());
    const commit = await remote.commit('stock.short', {});
    expect(commit).toMatchObject({ ok: true, correction: { code: 'shop/short', details: { missing: 2 } } });
  });

  it('goes on where another serves it: reads are asked again, a write that nobody answered is said to be unknown', async () => {
    const name = newName();
    const book = await openShop();
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const stop = serveBook(book, name, { hang: () => new Promise<void>(() => asked()) });
    const remote = connect<{ hang: () => Promise<void>; count: () => number }>(name);
    const lost = remote.call('hang').catch((error: unknown) => error);
    await isAsked;
    stop();
    expect(await lost).toMatchObject({ code: 'kernel/writer-gone' });
    const read = remote.query('SELECT count(*) AS n FROM refusals');
    const write = remote.commit('stock.move', { sku: 'apple', quantity: 1 });
    ends.push(serveBook(book, name, { count: () => 3 }));
    expect(await read).toEqual([{ n: 0 }]);
    expect((await write).ok).toBe(true);
    expect(await remote.call('count')).toBe(3);
  });

  it('is typed from the verbs and the actions', () => {
    type Shop = RemoteBook<typeof shopVerbs, { storage: (all: boolean) => Promise<number> }>;
    expectTypeOf<Parameters<Shop['call']>[0]>().toEqualTypeOf<'storage'>();
    const use = async (shop: Shop) => {
      expectTypeOf(await shop.call('storage', true)).toEqualTypeOf<number>();
      // @ts-expect-error there is no such verb
      await shop.commit('stock.fly', { sku: 'apple' });
      // @ts-expect-error a quantity is a number
      await shop.commit('stock.move', { sku: 'apple', quantity: '5' });
      // @ts-expect-error the action takes a boolean
      await shop.call('storage', 'all');
    };
    expect(use).toBeTypeOf('function');
  });
});
