// The books as they stood: every digest that was once live comes back, and every query with it.
import { type BookStore, openBook } from '@tallystick/kernel';
import type { Scope } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import { createFleet, createTestRelay, HQ, type ShopBook } from './fleet.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const BRANCH = 'b/042' as Scope;
const drivers = Object.keys(stores) as (keyof typeof stores)[];

/** A store that says how many records were read at once. */
function watched(store: BookStore): { store: BookStore; most: () => number } {
  let most = 0;
  const settled: BookStore['log']['settled'] = async (scope, from, limit) => {
    const records = await store.log.settled(scope, from, limit);
    most = Math.max(most, records.length);
    return records;
  };
  return { store: { ...store, log: { ...store.log, settled } }, most: () => most };
}

async function trade(book: ShopBook, n: number): Promise<void> {
  const sku = `sku-${n % 3}`;
  if (n % 4 === 3) await book.commit('stock.take', { sku, quantity: 2 });
  else if (n % 4 === 2) await book.commit('seat.take', { row: n % 2, seat: n });
  else if (n % 4 === 1) await book.commit('price.set', { sku, priceMinor: n });
  else await book.commit('stock.move', { sku, quantity: n + 1 });
}

describe.each(drivers)('as of, on %s', (driver) => {
  it('a book without a relay is what it was after each of its ops', async () => {
    const book = await openBook({ store: stores[driver](), keys: memoryKeys(), verbs: shopVerbs, edge: testEdge() });
    const digests: string[] = [];
    const sums: unknown[] = [];
    for (let n = 0; n < 14; n++) {
      await trade(book, n);
      const size = book.pendingOps().length;
      digests[size] = book.digest().digest;
      sums[size] = book.query('SELECT sku, onHand FROM stock ORDER BY sku');
    }
    expect(digests.length).toBeGreaterThan(10);
    for (const [size, digest] of digests.entries()) {
      if (digest === undefined) continue;
      const store = stores[driver]();
      const then = await book.asOf({ sizes: { hq: size } }, store);
      expect(then.digest().digest).toBe(digest);
      expect(then.query('SELECT sku, onHand FROM stock ORDER BY sku')).toEqual(sums[size]);
      expect(then.scopes).toEqual([{ scope: HQ, size, stop: undefined }]);
      await store.close();
    }
    await book.close();
  });

  it('a fleet is what it was at each position that was shared', async () => {
    const fleet = await createFleet(3, stores[driver]);
    const [office] = fleet.books as [ShopBook];
    const digestBySize = new Map<number, string>();
    for (let n = 0; n < 9; n++) {
      await trade(fleet.books[n % 3] as ShopBook, n);
      await (fleet.books[n % 3] as ShopBook).sync(fleet.relay);
      await office.sync(fleet.relay);
      if (office.pendingOps().length === 0)
        digestBySize.set(office.status().scopes[0]?.settled ?? 0, office.digest().digest);
    }
    expect(digestBySize.size).toBeGreaterThan(4);
    for (const [size, digest] of digestBySize) {
      const store = stores[driver]();
      expect((await office.asOf({ sizes: { hq: size } }, store)).digest().digest).toBe(digest);
      await store.close();
    }
    await fleet.close();
  });
});

describe('as of a business day', () => {
  it('each scope ends where it heard of a later day, settled or pending', async () => {
    const relay = await createTestRelay();
    const office: ShopBook = await openBook({
      store: stores['better-sqlite3'](),
      keys: memoryKeys(),
      verbs: shopVerbs,
      edge: testEdge(1),
      replicate: 'all',
    });
    const at = async (day: string, where = office): Promise<unknown> => {
      const store = stores['better-sqlite3']();
      const then = await where.asOf({ day }, store);
      const rows = then.query('SELECT scope, onHand FROM stock ORDER BY scope');
      await store.close();
      return rows.map(({ scope, onHand }) => `${String(scope)} ${String(onHand)}`);
    };
    const sell = async (quantity: number, scope: Scope): Promise<void> => {
      expect((await office.commit('stock.move', { sku: 'tea', quantity }, { scope })).ok).toBe(true);
    };
    await sell(1, HQ);
    expect(await at('2026-11-20')).toEqual(['hq 1']);
    await office.commit('day.open', { day: '2026-11-21' });
    await sell(10, HQ);
    expect(await at('2026-11-20')).toEqual(['hq 1']);
    await office.sync(relay);
    await sell(5, BRANCH);
    await office.commit('day.open', { day: '2026-11-22' });
    // The branch has not heard of it yet.
    await sell(50, BRANCH);
    await sell(100, HQ);
    await office.sync(relay);
    await sell(500, BRANCH);
    expect(await at('2026-11-20')).toEqual(['hq 1']);
    expect(await at('2026-11-21')).toEqual(['b/042 55', 'hq 11']);
    expect(await at('2026-11-22')).toEqual(['b/042 555', 'hq 111']);
    await office.sync(relay);
    expect(await at('2026-11-21')).toEqual(['b/042 55', 'hq 11']);
    await office.commit('day.open', { day: '2026-11-23' }, { scope: BRANCH });
    await sell(5000, BRANCH);
    expect(await at('2026-11-22')).toEqual(['b/042 555', 'hq 111']);
    expect(await at('2026-11-23')).toEqual(['b/042 5555', 'hq 111']);
    await office.close();
  });
});

describe('as of a place', () => {
  it('in a branch needs the hq that it has marked, and says so where it is cut off', async () => {
    const relay = await createTestRelay();
    const keys = memoryKeys();
    const office = await openBook({
      store: stores['sql.js'](),
      keys,
      verbs: shopVerbs,
      edge: testEdge(),
      replicate: 'all',
    });
    await office.commit('price.set', { sku: 'tea', priceMinor: 7 });
    await office.sync(relay);
    await office.commit('shop.sell', { sku: 'tea' }, { scope: BRANCH });
    const before = office.digest().scopes[BRANCH];
    await office.commit('shop.sell', { sku: 'tea' }, { scope: BRANCH });
    const then = await office.asOf({ sizes: { [BRANCH]: 2 } }, stores['sql.js']());
    expect(then.digest().scopes[BRANCH]).toEqual(before);
    const cut = await office.asOf({ sizes: { hq: 1, [BRANCH]: 2 } }, stores['sql.js']());
    expect(cut.scopes).toMatchObject([
      { scope: 'hq', size: 1 },
      { scope: BRANCH, size: 0, stop: { code: 'kernel/needs-hq', size: 3 } },
    ]);
    await office.close();
  });

  it('reads pages, changes nothing, and answers for no place that is not there', async () => {
    const { store, most } = watched(stores['better-sqlite3']());
    const book = await openBook({ store, keys: memoryKeys(), verbs: shopVerbs, edge: testEdge() });
    const work = Array.from({ length: 2500 }, (_, n) => ({ sku: `sku-${n % 50}`, quantity: 1 }));
    await book.commitAll(work.map((args) => ({ verb: 'stock.move', args })));
    await book.sync(await createTestRelay());
    const before = { digest: book.digest(), status: book.status() };
    const into = stores['better-sqlite3']();
    const then = await book.asOf({ sizes: { hq: 2400 } }, into);
    expect(then.query('SELECT sum(onHand) AS n FROM stock')).toEqual([{ n: 2398 }]);
    expect(most()).toBeLessThanOrEqual(2000);
    expect(() => then.query('DELETE FROM stock')).toThrow(expect.objectContaining({ code: 'kernel/query' }) as Error);
    expect({ digest: book.digest(), status: book.status() }).toEqual(before);
    const wrong = { code: 'kernel/as-of' };
    const fresh = (): BookStore => stores['better-sqlite3']();
    await expect(book.asOf({ sizes: { hq: 1 } }, into)).rejects.toMatchObject(wrong);
    await expect(book.asOf({ sizes: { hq: 2503 } }, fresh())).rejects.toMatchObject(wrong);
    await expect(book.asOf({ sizes: { hq: -1 } }, fresh())).rejects.toMatchObject(wrong);
    await expect(book.asOf({ sizes: { 'b/9': 0 } }, fresh())).rejects.toMatchObject(wrong);
    for (const day of ['', 'zzz', '2026-11-31', 20_261_121 as never])
      await expect(book.asOf({ day }, fresh())).rejects.toMatchObject(wrong);
    await book.close();
  });

  it('before an archive is what it was, out of that archive', async () => {
    const book = await openBook({ store: stores['sql.js'](), keys: memoryKeys(), verbs: shopVerbs, edge: testEdge() });
    const relay = await createTestRelay();
    await book.commit('day.open', { day: '2026-11-21' });
    for (let n = 0; n < 6; n++) await trade(book, n);
    await book.sync(relay);
    const [before, size] = [book.digest().digest, book.status().scopes[0]?.settled ?? 0];
    await book.commit('day.open', { day: '2026-11-22' });
    await trade(book, 8);
    await book.sync(relay);
    const files: Uint8Array[] = [];
    const save = (_name: string, parts: readonly Uint8Array[]): void =>
      void files.push(new Uint8Array(Buffer.concat(parts)));
    await book.archive({ to: { save, load: () => files[0] }, until: size });
    for (const place of [{ day: '2026-11-21' }, { sizes: { hq: size } }]) {
      for (const older of [{ archives: files }, { relay }])
        expect((await book.asOf(place, stores['better-sqlite3'](), older)).digest().digest).toBe(before);
      const missing = book.asOf(place, stores['better-sqlite3']());
      await expect(missing).rejects.toMatchObject({ code: 'archive/missing' });
    }
    await book.close();
  });
});
