// A commit takes its time where a signer or a log does. Whoever reads meanwhile sees what is durable, and nothing of that commit before it is.
import { type BookStore, openBook } from '@tallystick/kernel';
import { encodeHex, type OpRecord } from '@tallystick/oplog';
import { afterEach, describe, expect, it } from 'vitest';
import { createFleet, type ShopBook } from './fleet.ts';
import { memoryPlace } from './memory-place.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const apple = { sku: 'apple', quantity: 1 };
const opened: ShopBook[] = [];
const gates: Gate[] = [];
afterEach(async () => {
  for (const gate of gates.splice(0)) gate.open();
  for (const book of opened.splice(0)) await book.close();
});

/** A log whose next append waits, before or after it is made, until it is let go or made to fail. */
interface Gate {
  /** Makes the next append wait. */
  shut(when: 'before' | 'after'): void;
  /** Resolves when an append waits. */
  waits(): Promise<void>;
  open(failure?: Error): void;
  /** What reading the log anew waits for. */
  rereads: Promise<void> | undefined;
}

function gated(store: BookStore): Gate & { readonly store: BookStore } {
  const { log } = store;
  let shut: 'before' | 'after' | undefined;
  let reached = Promise.withResolvers<void>();
  let released = Promise.withResolvers<void>();
  const pause = async (): Promise<void> => {
    shut = undefined;
    reached.resolve();
    await released.promise;
  };
  const append = async (records: readonly OpRecord[]): Promise<void> => {
    if (shut === 'before') await pause();
    await log.append(records);
    if (shut === 'after') await pause();
  };
  const refresh = async (): Promise<void> => {
    await gate.rereads;
    await log.refresh();
  };
  const gate = {
    rereads: undefined as Promise<void> | undefined,
    store: { ...store, log: { ...log, append, refresh } },
    shut: (when: 'before' | 'after') => {
      shut = when;
      reached = Promise.withResolvers<void>();
      released = Promise.withResolvers<void>();
    },
    waits: () => reached.promise,
    open: (failure?: Error) => (failure === undefined ? released.resolve() : released.reject(failure)),
  };
  return gate;
}

describe.each(Object.entries(stores))('a commit under way on %s', (_name, createStore) => {
  async function shop(): Promise<{ readonly book: ShopBook; readonly gate: Gate }> {
    const gate = gated(createStore());
    const book = await openBook({ store: gate.store, keys: memoryKeys(), verbs: shopVerbs, edge: testEdge() });
    gates.push(gate);
    opened.push(book);
    await book.commit('stock.move', apple);
    return { book, gate };
  }

  const seen = (book: ShopBook): unknown => ({
    onHand: book.query('SELECT onHand FROM stock')[0]?.['onHand'],
    moves: book.query('SELECT id FROM moves').length,
    price: book.query('SELECT priceMinor FROM prices')[0]?.['priceMinor'],
    pending: book.pendingOps().length,
    scope: book.status().scopes[0]?.pending,
    digest: book.digest().digest,
  });
  const proven = async (book: ShopBook): Promise<unknown> => (await book.prove(createStore())).problems;

  it.each(['before', 'after'] as const)(
    'shows nothing of it %s its ops are appended, and all of it then',
    async (when) => {
      const { book, gate } = await shop();
      await book.commit('price.set', { sku: 'apple', priceMinor: 5 });
      // Held, or not: both were durable.
      await book.commit('stock.move', apple);
      gate.shut(when);
      const committing = book.commitAll([
        { verb: 'stock.move', args: { sku: 'apple', quantity: 3 } },
        { verb: 'price.set', args: { sku: 'apple', priceMinor: 7 } },
        { verb: 'stock.take', args: { sku: 'apple', quantity: 4 } },
      ]);
      await gate.waits();
      const before = seen(book);
      expect(before).toMatchObject({ onHand: 2, moves: 2, price: 5 });
      expect(seen(book)).toEqual(before);
      gate.open();
      expect((await committing).map(({ ok }) => ok)).toEqual([true, true, true]);
      expect(seen(book)).toMatchObject({ onHand: 1, moves: 3, price: 7 });
      expect(await proven(book)).toEqual([]);
    },
  );

  it('shows nothing of one that fails', async () => {
    const { book, gate } = await shop();
    const before = seen(book);
    gate.shut('before');
    const committing = book.commit('stock.move', apple);
    await gate.waits();
    expect(seen(book)).toEqual(before);
    gate.open(new Error('the disk is gone'));
    await expect(committing).rejects.toThrow('the disk is gone');
    expect(seen(book)).toEqual(before);
    expect((await book.commit('stock.move', apple)).ok).toBe(true);
    expect(seen(book)).toMatchObject({ onHand: 2, moves: 2 });
    expect(await proven(book)).toEqual([]);
  });

  it('shows nothing of one that failed while the log is read anew', async () => {
    const { book, gate } = await shop();
    const before = seen(book);
    const reread = Promise.withResolvers<void>();
    gate.rereads = reread.promise;
    gate.shut('before');
    const committing = book.commit('stock.move', apple);
    await gate.waits();
    const failed = committing.catch((error: unknown) => error);
    gate.open(new Error('the disk is gone'));
    await new Promise((resolve) => setImmediate(resolve));
    const meanwhile = seen(book);
    reread.resolve();
    expect(await failed).toMatchObject({ message: 'the disk is gone' });
    expect(meanwhile).toEqual(before);
    expect(seen(book)).toEqual(before);
    expect(await proven(book)).toEqual([]);
  });

  it('shows nothing of one that belongs before what another device has far ahead', async () => {
    const { book, gate } = await shop();
    // More than a day ahead, so that no other device's ids follow its own.
    const keys = memoryKeys();
    const { device, publicKey } = await keys.create('device');
    await book.commit('device.enroll', { device, key: encodeHex(publicKey), name: 'ahead', role: 'till' });
    const edge = testEdge(2, 1_764_700_000_000);
    const ahead = await openBook({ store: createStore(), keys, verbs: shopVerbs, edge, book: book.id });
    opened.push(ahead);
    await ahead.import(await book.export());
    await ahead.anchor();
    await ahead.commit('stock.move', { sku: 'apple', quantity: 10 });
    await book.import(await ahead.export());
    const before = seen(book);
    expect(before).toMatchObject({ onHand: 11, moves: 2 });
    gate.shut('after');
    const committing = book.commit('stock.move', apple);
    await gate.waits();
    expect(seen(book)).toEqual(before);
    gate.open();
    expect((await committing).ok).toBe(true);
    expect(seen(book)).toMatchObject({ onHand: 12, moves: 3 });
    expect(await proven(book)).toEqual([]);
  });
});

describe.each(Object.entries(stores))('settled rows read apart on %s', (_name, createStore) => {
  it('hide no pending op from whoever reads meanwhile', async () => {
    const { books, relay, close } = await createFleet(2, createStore);
    const [office, till] = books as [ShopBook, ShopBook];
    await office.commit('stock.move', { sku: 'apple', quantity: 10 });
    await office.sync(relay);
    await till.sync(relay);
    await till.commit('stock.take', { sku: 'apple', quantity: 3 });
    await till.commit('price.set', { sku: 'apple', priceMinor: 5 });
    const seen = (): unknown => ({
      onHand: till.query('SELECT onHand FROM stock')[0]?.['onHand'],
      price: till.query('SELECT priceMinor FROM prices')[0]?.['priceMinor'],
      pending: till.pendingOps().length,
      scope: till.status().scopes[0]?.pending,
      digest: till.digest().digest,
    });
    const before = seen();
    expect(before).toMatchObject({ onHand: 7, price: 5, pending: 2, scope: 2 });
    const [{ save, ...place }, sights] = [memoryPlace(), [] as unknown[]];
    await till.saveSnapshot({
      ...place,
      save: (name, parts) => {
        sights.push(seen());
        return save(name, parts);
      },
    });
    expect(sights.length).toBeGreaterThan(3);
    for (const sight of sights) expect(sight).toEqual(before);
    // What was read apart is what is settled, all the same.
    const cold = await openBook({
      store: createStore(),
      keys: memoryKeys(),
      verbs: shopVerbs,
      edge: testEdge(9),
      book: office.id,
      snapshot: { from: place },
    });
    await cold.sync(relay);
    expect(cold.digest()).toEqual(office.digest());
    const attesting = till.attest();
    expect(seen()).toEqual(before);
    expect(await attesting).toMatchObject({ ok: true });
    expect((await till.prove(createStore())).problems).toEqual([]);
    await cold.close();
    await close();
  });
});
