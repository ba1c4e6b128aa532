// Starting from a snapshot: the same rows as a fold from nothing, and every way in which a snapshot may lie.
import { type Book, type BookStore, openBook, type SnapshotManifest, type SnapshotOptions } from '@tallystick/kernel';
import { encodeHex } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFleet, type Fleet, HQ, provenDigest, type ShopBook } from './fleet.ts';
import { craft, fileOf } from './records.ts';
import { type MemoryPlace, memoryPlace } from './memory-place.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

interface Place extends MemoryPlace {
  /** Names in the order in which they were asked for. */
  readonly asked: string[];
}

function watchedPlace(): Place {
  const [place, asked] = [memoryPlace(), [] as string[]];
  return {
    ...place,
    asked,
    load: (name) => {
      asked.push(name);
      return place.load(name);
    },
  };
}

const settle = async (fleet: Fleet): Promise<void> => {
  for (const book of [...fleet.books, ...fleet.books]) await book.sync(fleet.relay);
};

async function trade(book: ShopBook, kinds: readonly number[]): Promise<void> {
  for (const [at, kind] of kinds.entries()) {
    if (kind === 0) await book.commit('stock.move', { sku: `sku-${at % 4}`, quantity: at + 1 });
    else if (kind === 1) await book.commit('stock.take', { sku: `sku-${at % 4}`, quantity: 2 });
    else if (kind === 2) await book.commit('seat.take', { row: at % 2, seat: at % 5 });
    else if (kind === 3) await book.commit('row.book', { row: at % 2, seat: at });
    else await book.commit('price.set', { sku: `sku-${at % 3}`, priceMinor: at });
  }
}

/** A device that knows the book's id alone, and reads: it is enrolled nowhere. */
function openCold(
  book: Pick<Book, 'id'>,
  snapshot: SnapshotOptions | undefined,
  store: BookStore = stores['better-sqlite3'](),
): Promise<ShopBook> {
  return openBook({
    store,
    keys: memoryKeys(),
    verbs: shopVerbs,
    edge: testEdge(77),
    book: book.id,
    ...(snapshot === undefined ? {} : { snapshot }),
  });
}

/** Two devices, a snapshot of what they settled, attested by both, and the proof. */
async function certified(): Promise<{ fleet: Fleet; office: ShopBook; till: ShopBook; place: Place }> {
  const fleet = await createFleet(2);
  const [office, till] = fleet.books as [ShopBook, ShopBook];
  await trade(office, [0, 0, 0, 0, 4, 4, 2]);
  await trade(till, [1, 0, 2, 3, 1]);
  await settle(fleet);
  const place = watchedPlace();
  await office.saveSnapshot(place);
  expect((await office.attest()).ok && (await till.attest()).ok).toBe(true);
  await settle(fleet);
  expect(await office.saveSnapshotProof(place)).toBe('certified');
  return { fleet, office, till, place };
}

const codeOf = (opening: Promise<ShopBook>): Promise<string> =>
  opening.then(
    async (book) => {
      await book.close();
      return 'opened';
    },
    (error: { code?: string }) => error.code ?? 'no code',
  );

describe('a book opened from a snapshot', () => {
  it.each(Object.entries(stores))(
    'and its tail is the fold of the whole log (property): %s',
    async (_name, makeStore) => {
      const history = fc.array(fc.nat({ max: 4 }), { maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(history, history, history, async (before, after, pending) => {
          const fleet = await createFleet(2);
          const [office, till] = fleet.books as [ShopBook, ShopBook];
          await trade(office, [0, ...before]);
          await trade(till, before);
          await settle(fleet);
          // What is pending when the snapshot is made is not in it.
          await trade(till, after);
          const place = watchedPlace();
          await till.saveSnapshot(place);
          await settle(fleet);
          await trade(office, pending);
          await settle(fleet);
          // All rows at once, or each table as it is needed.
          const hot = before.length % 2 === 0 ? {} : { hotBytes: 0 };
          const cold = await openCold(office, { from: place, ...hot }, makeStore());
          await cold.sync(fleet.relay);
          await cold.loadRest();
          expect(cold.digest()).toEqual(office.digest());
          expect((await cold.attest()).ok).toBe(false); // It is nobody's device, so it signs nothing.
          await cold.close();
          await fleet.close();
        }),
        { numRuns: 8 },
      );
    },
  );

  it('is trusted through two devices, one not its author, and else says so', async () => {
    const { fleet, office, till, place } = await certified();
    const cold = await openCold(office, { from: place, require: 'certified' });
    expect(cold.status().snapshot).toEqual({ trust: 'certified', device: office.device, absent: [] });
    await cold.close();
    const alone = watchedPlace();
    for (const [name, bytes] of place.files) alone.files.set(name, bytes);
    alone.files.delete('proof');
    expect(await codeOf(openCold(office, { from: alone, require: 'certified' }))).toBe('snapshot/untrusted');
    const doubtful = await openCold(office, { from: alone });
    expect(doubtful.status().snapshot?.trust).toBe('untrusted');
    await doubtful.close();
    // One certificate of the author is not two devices.
    const own = watchedPlace();
    await trade(office, [0]);
    await settle(fleet);
    await till.saveSnapshot(own);
    await till.attest();
    await settle(fleet);
    expect(await till.saveSnapshotProof(own)).toBe('untrusted');
    await fleet.close();
  });

  it('is refused where it is forged, cut, damaged, foreign, stale or of other tables', async () => {
    const { fleet, office, place } = await certified();
    const changed = (name: string, change: (bytes: Uint8Array) => Uint8Array | undefined): Place => {
      const copy = watchedPlace();
      for (const [key, bytes] of place.files) copy.files.set(key, bytes);
      const bytes = change(place.files.get(name) as Uint8Array);
      if (bytes === undefined) copy.files.delete(name);
      else copy.files.set(name, bytes);
      return copy;
    };
    const text = (edit: (line: string) => string) => (bytes: Uint8Array) =>
      new Uint8Array(Buffer.from(edit(Buffer.from(bytes).toString())));
    const open = (from: Place) => codeOf(openCold(office, { from }));
    expect(await open(place)).toBe('opened');
    expect(await open(changed('manifest', () => undefined))).toBe('snapshot/format');
    expect(await open(changed('manifest', (bytes) => bytes.subarray(0, 300)))).toBe('snapshot/format');
    expect(
      await open(
        changed(
          'manifest',
          text((line) => line.replace('"at":1', '"at":2')),
        ),
      ),
    ).toBe('snapshot/signature');
    expect(
      await open(
        changed(
          'manifest',
          text((line) => line.replace('"rows":', '"rows":0.5,"was":')),
        ),
      ),
    ).toBe('snapshot/format');
    expect(
      await open(
        changed(
          'manifest',
          text((line) => line.replace('"table":"stock"', '"table":"stocks"')),
        ),
      ),
    ).toBe('snapshot/format');
    const [line = ''] = Buffer.from(place.files.get('manifest') as Uint8Array)
      .toString()
      .split('\n');
    const { scopes } = JSON.parse(line) as SnapshotManifest;
    const shardOf = (name: string) => scopes[0]?.shards.find(({ table }) => table === name)?.digest ?? '';
    const [shard, other] = [shardOf('stock'), shardOf('moves')];
    expect(await open(changed(shard, () => undefined))).toBe('snapshot/shard');
    expect(await open(changed(shard, (bytes) => bytes.subarray(0, bytes.length - 9)))).toBe('snapshot/shard');
    expect(await open(changed(shard, () => place.files.get(other)))).toBe('snapshot/shard');
    const flipped = (bytes: Uint8Array) => bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte));
    expect(await open(changed(shard, flipped))).toBe('snapshot/shard');
    const stranger = await openBook({
      store: stores['sql.js'](),
      keys: memoryKeys(),
      verbs: shopVerbs,
      edge: testEdge(5),
    });
    expect(await codeOf(openCold(stranger, { from: place }))).toBe('snapshot/foreign');
    const fewer = openBook({
      store: stores['sql.js'](),
      keys: memoryKeys(),
      verbs: [shopVerbs[0]],
      book: office.id,
      snapshot: { from: place },
    });
    expect(await codeOf(fewer as unknown as Promise<ShopBook>)).toBe('snapshot/tables');
    await stranger.close();
    await fleet.close();
  });

  it('refuses a snapshot of another log than the one that is here', async () => {
    const { fleet, office, till, place } = await certified();
    const store = stores['better-sqlite3']();
    // The till's log up to now, without its rows.
    await store.log.setMeta('book', office.id);
    const size = office.log.tip('hq' as never).size;
    await store.log.settle(
      'hq' as never,
      0,
      (await till.log.settled('hq' as never, 0, size)).toReversed(),
      office.log.tip('hq' as never),
    );
    expect(await codeOf(openCold(office, { from: place }, store))).toBe('snapshot/log');
    await fleet.close();
  });

  it('goes on as a device: it is enrolled, writes, is settled, and knows where its log begins', async () => {
    const { fleet, office, place } = await certified();
    const store = stores['better-sqlite3']();
    const cold = await openCold(office, { from: place }, store);
    await office.commit('device.enroll', {
      device: cold.device,
      key: cold.status().publicKey,
      name: 'cold',
      role: 'till',
    });
    await settle(fleet);
    await cold.sync(fleet.relay);
    expect((await cold.commit('stock.move', { sku: 'cold', quantity: 7 })).ok).toBe(true);
    await cold.sync(fleet.relay);
    await settle(fleet);
    expect(cold.digest()).toEqual(office.digest());
    expect(() => cold.log.settled('hq' as never, 0, 1)).toThrow('store/dropped');
    await fleet.close();
  });

  it('is proven where it has never seen the longer branch of a chain, which has no effect', async () => {
    const keys = memoryKeys();
    const fleet = await createFleet(2);
    const [office, till] = fleet.books as [ShopBook, ShopBook];
    const key = await keys.create('device');
    const args = { device: key.device, key: encodeHex(key.publicKey), name: 'cloned', role: 'till' } as const;
    const enrolled = await office.commit('device.enroll', args);
    const enrolment = enrolled.ok ? enrolled.hash : '';
    const first = await craft(office, key, { enrolment });
    const other = await craft(office, key, { enrolment, args: { sku: 'other', quantity: 1 } });
    const longer = await craft(office, key, { after: other });
    await settle(fleet);
    await office.import(fileOf(office, [first]));
    await settle(fleet);
    await till.import(fileOf(office, [other, longer]));
    await settle(fleet);
    expect(office.log.head(key.device, HQ)?.seq).toBe(2);
    const place = watchedPlace();
    await office.saveSnapshot(place);
    await office.commit('stock.move', { sku: 'later', quantity: 1 });
    await settle(fleet);
    const store = stores['better-sqlite3']();
    const cold = await openCold(office, { from: place }, store);
    await cold.sync(fleet.relay);
    expect(cold.log.head(key.device, HQ)?.seq).toBe(1);
    const problems = async (): Promise<unknown> =>
      (await cold.prove(stores['better-sqlite3'](), { relay: fleet.relay })).problems;
    expect(await problems()).toEqual([]);
    const row = `(SELECT id FROM log_names WHERE name = '${office.device}')`;
    store.sql.exec(`UPDATE log_heads SET seq = seq + 1 WHERE device = ${row}`);
    expect(await problems()).toMatchObject([{ table: 'log_heads' }]);
    await fleet.close();
  });

  it('cannot be opened without its snapshot where its rows are gone', async () => {
    const { fleet, office, place } = await certified();
    const [first, second] = [stores['sql.js'](), stores['sql.js']()];
    const cold = await openCold(office, { from: place }, first);
    await cold.sync(fleet.relay);
    const { digest } = cold.digest();
    const again = { ...second, log: first.log };
    expect(await codeOf(openCold(office, undefined, again))).toBe('kernel/needs-snapshot');
    const back = await openCold(office, { from: place }, { ...stores['sql.js'](), log: first.log });
    expect(back.digest().digest).toBe(digest);
    await fleet.close();
  });
});

describe('a table that nobody has touched', () => {
  it('is loaded when a query reads it, and no other; until then a query says so', async () => {
    const { fleet, office, place } = await certified();
    const cold = await openCold(office, { from: place, hotBytes: 0 });
    const absent = () => (cold.status().snapshot?.absent ?? []).map(({ table }) => table).sort();
    const before = absent();
    expect(before).toEqual(['counted', 'moves', 'prices', 'prices_history', 'seats', 'seats_history', 'stock']);
    expect(cold.digest()).toEqual((await openCold(office, { from: place })).digest());
    expect(cold.query('SELECT count(*) AS n FROM devices')).toHaveLength(1);
    expect(absent()).toEqual(before);
    const heard: string[] = [];
    cold.subscribe(({ kind }) => heard.push(kind));
    expect(() => cold.query('SELECT onHand FROM stock')).toThrow(
      expect.objectContaining({ code: 'kernel/not-resident' }),
    );
    await expect.poll(() => heard).toEqual(['resident']);
    expect(absent()).toEqual(before.filter((table) => table !== 'stock'));
    const stockRows = 'SELECT * FROM stock ORDER BY sku';
    const seatRows =
      'SELECT s.*, p.priceMinor FROM seats s LEFT JOIN prices_history p ON p.place = s.seat ORDER BY row, seat';
    const wholes = await openCold(office, { from: place });
    expect(cold.query(stockRows)).toEqual(wholes.query(stockRows));
    expect(await cold.read(seatRows)).toEqual(wholes.query(seatRows));
    expect(absent()).toEqual(['counted', 'moves', 'prices', 'seats_history']);
    await fleet.close();
  });

  it.each(Object.entries(stores))(
    'is loaded when a fold reads or writes it, and no other: %s',
    async (_name, makeStore) => {
      const { fleet, office, place } = await certified();
      const cold = await openCold(office, { from: place, hotBytes: 0 }, makeStore());
      const absent = () => (cold.status().snapshot?.absent ?? []).map(({ table }) => table).sort();
      // The certificates that were settled after the snapshot touch tables that are here already.
      await cold.sync(fleet.relay);
      expect(absent()).toHaveLength(7);
      await office.commit('price.set', { sku: 'sku-0', priceMinor: 9 });
      await settle(fleet);
      await cold.sync(fleet.relay);
      expect(absent()).toEqual(['counted', 'moves', 'seats', 'seats_history', 'stock']);
      await office.commit('stock.take', { sku: 'sku-0', quantity: 1 });
      await settle(fleet);
      await cold.sync(fleet.relay);
      expect(absent()).toEqual(['counted', 'moves', 'seats', 'seats_history']);
      expect(cold.digest()).toEqual(office.digest());
      for (const table of absent()) await cold.read(`SELECT * FROM ${table}`);
      expect(absent()).toEqual([]);
      expect(cold.digest()).toEqual(office.digest());
      await cold.close();
      await fleet.close();
    },
  );

  it('stops what needs it where it cannot be had, and goes on when it can', async () => {
    const { fleet, office, place } = await certified();
    const store = stores['better-sqlite3']();
    const cold = await openCold(office, { from: place, hotBytes: 0 }, { ...store, close: () => undefined });
    await cold.close();
    // Reopened without the place.
    const offline = await openCold(office, undefined, { ...store, close: () => undefined });
    await office.commit('stock.move', { sku: 'sku-0', quantity: 1 });
    await settle(fleet);
    await offline.sync(fleet.relay);
    expect(offline.status().scopes[0]?.stop).toMatchObject({ code: 'kernel/not-resident', table: 'stock' });
    await expect(offline.read('SELECT * FROM stock')).rejects.toMatchObject({ code: 'kernel/not-resident' });
    await offline.close();
    const back = await openCold(office, { from: place }, store);
    expect(back.status().scopes[0]?.stop).toBeUndefined();
    await back.loadRest();
    expect(back.digest()).toEqual(office.digest());
    expect(await provenDigest(office)).toBe(back.digest().digest);
    await fleet.close();
  });

  it('is loaded before this device writes to it', async () => {
    const { fleet, office, place } = await certified();
    const cold = await openCold(office, { from: place, hotBytes: 0 });
    await office.commit('device.enroll', {
      device: cold.device,
      key: cold.status().publicKey,
      name: 'cold',
      role: 'till',
    });
    await settle(fleet);
    await cold.sync(fleet.relay);
    const [before] = office.query<{ onHand: number }>("SELECT onHand FROM stock WHERE sku = 'sku-0'");
    expect(await cold.commit('stock.take', { sku: 'sku-0', quantity: 1000 })).toMatchObject({
      code: 'shop/too-few',
      details: before,
    });
    expect((await cold.commit('stock.move', { sku: 'sku-0', quantity: 1 })).ok).toBe(true);
    await cold.sync(fleet.relay);
    await settle(fleet);
    await cold.loadRest();
    expect(cold.digest()).toEqual(office.digest());
    await fleet.close();
  });
});
