// The image of rows that live in memory: what it saves, and everything for which it must not be believed.
import { type Book, defineVerb, openBook } from '@tallystick/kernel';
import { nodeCrypto } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import type { LogStore } from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import fc from 'fast-check';
import { createMemoryFile } from '../../oplog/test/memory-file.ts';
import initSqlJs from 'sql.js';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createTestRelay, HQ, provenDigest, type ShopBook } from './fleet.ts';
import { memoryFiles, type MemoryPlace, memoryPlace } from './memory-place.ts';
import { memoryKeys, shopVerbs, stock, testEdge } from './shop.ts';

const sqlite = await initSqlJs();

/** One device whose log and image outlive its store. */
function createDevice(images: MemoryPlace = memoryPlace()) {
  const [keys, log] = [memoryKeys(), createMemoryLogStore()];
  let opened = 0;
  const storeOver = (under: LogStore, release?: string) => ({
    ...sqljsStore({ sqlite, keys, images, log: under, ...(release === undefined ? {} : { release }) }),
    crypto: nodeCrypto,
  });
  const open = (under: LogStore = log, release?: string): Promise<ShopBook> =>
    openBook({ store: storeOver(under, release), verbs: shopVerbs, edge: testEdge(++opened) });
  return { keys, images, log, open, storeOver };
}

const move = (book: Pick<ShopBook, 'commit'>, sku: string, quantity = 1) =>
  book.commit('stock.move', { sku, quantity });

const places = [
  ['kept whole', memoryPlace],
  ['in files', memoryFiles],
] as const;

describe.each(places)('an image of the rows, %s', (_, place) => {
  it('is gone on from, with what was committed after it', async () => {
    const device = createDevice(place());
    const book = await device.open();
    for (let index = 0; index < 5; index++) await move(book, `sku-${index % 2}`);
    expect(await book.saveImage()).toBe(true);
    // The statements go on over the database that sql.js opened anew.
    await move(book, 'later', 3);
    const { digest } = book.digest();
    await book.close();
    const again = await device.open();
    expect(again.status().imageMisfit).toBeUndefined();
    expect(again.digest().digest).toBe(digest);
    expect(again.query("SELECT onHand FROM stock WHERE sku = 'later'")).toEqual([{ onHand: 3 }]);
    expect((await move(again, 'more')).ok).toBe(true);
    await provenDigest(again);
    await again.close();
  });

  it('ends in the rows of a fold from nothing, whatever settled after it (property)', async () => {
    const step = fc.constantFrom('move', 'take', 'seat', 'row', 'price', 'sync', 'image', 'reopen');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), async (steps) => {
        const device = createDevice(place());
        const relay = await createTestRelay();
        let book = await device.open();
        for (const [at, kind] of steps.entries()) {
          if (kind === 'move') await move(book, `sku-${at % 3}`, at);
          else if (kind === 'take') await book.commit('stock.take', { sku: `sku-${at % 3}`, quantity: 2 });
          else if (kind === 'seat') await book.commit('seat.take', { row: at % 2, seat: at % 3 });
          else if (kind === 'row') await book.commit('row.book', { row: at % 2, seat: at });
          else if (kind === 'price') await book.commit('price.set', { sku: 'a', priceMinor: at });
          else if (kind === 'sync') await book.sync(relay);
          else if (kind === 'image') await book.saveImage();
          else {
            const { digest } = book.digest();
            await book.close();
            book = await device.open();
            expect(book.digest().digest).toBe(digest);
          }
        }
        await provenDigest(book);
        await book.close();
      }),
      { numRuns: 15 },
    );
  });
});

describe('an image of the rows', () => {
  it('with a page that cannot be read refuses no op: the commit fails, and the log is folded', async () => {
    const files = [createMemoryFile(), createMemoryFile()] as const;
    const device = createDevice({ ...memoryPlace(), openPair: () => files });
    const name = (index: number): string => `${index} ${'x'.repeat(100)}`;
    const moves = Array.from({ length: 500 }, (_, index) => ({
      verb: 'stock.move' as const,
      args: { sku: name(1_000 + index), quantity: 5 },
    }));
    const book = await device.open();
    await book.commitAll(moves);
    await book.saveImage();
    await book.close();
    const again = await device.open();
    expect(again.status().imageMisfit).toBeUndefined();
    for (const file of files) {
      const text = Buffer.from(file.contents());
      const row = `hq${name(1_250)}`;
      for (let at = text.indexOf(row); at >= 0; at = text.indexOf(row, at + 1))
        file.write(at + 5, Uint8Array.of((text[at + 5] as number) ^ 1));
    }
    const taken = again.commit('stock.take', { sku: name(1_250), quantity: 1 });
    await expect(taken).rejects.toMatchObject({ code: 'kernel/storage' });
    await again.close();
    const third = await device.open();
    expect(third.query('SELECT code FROM refusals')).toEqual([]);
    expect((await third.commit('stock.take', { sku: name(1_250), quantity: 1 })).ok).toBe(true);
    await third.close();
  });

  it('is not used by another build, for other verbs or tables, for another log, or damaged', async () => {
    const device = createDevice();
    const book = await device.open();
    await move(book, 'apple', 4);
    const shorter = createMemoryLogStore();
    shorter.setMeta('book', book.id);
    shorter.append(device.log.pending('hq' as never));
    await move(book, 'pear', 1);
    await book.saveImage();
    const { digest } = book.digest();
    await book.close();
    const misfit = async (opening: Promise<Pick<Book, 'status' | 'close' | 'query'>>): Promise<unknown> => {
      const opened = await opening;
      const { imageMisfit } = opened.status();
      expect(opened.query("SELECT onHand FROM stock WHERE sku = 'apple'")).toEqual([{ onHand: 4 }]);
      await opened.close();
      return imageMisfit;
    };
    expect(await misfit(device.open())).toBeUndefined();
    expect(await misfit(device.open(device.log, 'next build'))).toBe('release');
    expect(await misfit(device.open(shorter))).toBe('log');
    const other = defineVerb({
      ...shopVerbs[0],
      version: 2,
      args: z.strictObject({}),
      tables: [stock],
      plan: () => [],
    });
    const verbs = [...shopVerbs, other];
    expect(await misfit(openBook({ store: device.storeOver(device.log), verbs, edge: testEdge() }))).toBe('verbs');
    const whole = device.images.files.get('rows') as Uint8Array;
    for (const at of [0, 40, whole.length >> 1, whole.length - 1]) {
      const damaged = whole.slice();
      damaged[at] = (damaged[at] as number) ^ 4;
      device.images.files.set('rows', damaged);
      expect(['damaged', 'verbs', 'book', 'release']).toContain(await misfit(device.open()));
      device.images.files.set('rows', whole.subarray(0, at));
      expect(await misfit(device.open())).toBe('damaged');
    }
    device.images.files.clear();
    const again = await device.open();
    expect(again.status().imageMisfit).toBe('none');
    expect(again.digest().digest).toBe(digest);
    await again.close();
  });

  it('is not used for a log of the same ops in another order', async () => {
    const device = createDevice();
    const book = await device.open();
    for (const sku of ['apple', 'pear']) await move(book, sku, 4);
    await book.sync(await createTestRelay());
    await book.saveImage();
    await book.close();
    const settled = device.log.settled(HQ, 0, 9);
    const turned = createMemoryLogStore();
    turned.setMeta('book', book.id);
    turned.settle(HQ, 0, [...settled.slice(0, -2), ...settled.slice(-2).reverse()], device.log.tip(HQ));
    const again = await device.open(turned);
    expect(again.status().imageMisfit).toBe('log');
    expect(again.query('SELECT sku FROM stock')).toEqual([{ sku: 'apple' }]);
    await again.close();
  });

  it('is not used where a table has another shape', async () => {
    const device = createDevice();
    const book = await device.open();
    await move(book, 'apple', 4);
    const store = device.storeOver(device.log);
    await book.close();
    const indexed = await openBook({ store, verbs: shopVerbs, edge: testEdge(8) });
    store.sql.exec('CREATE INDEX look_up ON moves (sku)');
    await indexed.saveImage();
    await indexed.close();
    const withLookUp = await device.open();
    expect(withLookUp.status().imageMisfit).toBeUndefined();
    await withLookUp.close();
    const reshaped = device.storeOver(device.log);
    const changed = await openBook({ store: reshaped, verbs: shopVerbs, edge: testEdge(9) });
    reshaped.sql.exec('ALTER TABLE moves ADD COLUMN extra TEXT');
    await changed.saveImage();
    await changed.close();
    const again = await device.open();
    expect(again.status().imageMisfit).toBe('tables');
    await provenDigest(again);
    await again.close();
  });

  it('is believed like a database file: what was edited in it shows in the proof', async () => {
    const device = createDevice();
    const store = device.storeOver(device.log);
    const book = await openBook({ store, verbs: shopVerbs, edge: testEdge() });
    await move(book, 'apple', 4);
    book.query('SELECT onHand FROM stock');
    store.sql.exec('UPDATE stock SET onHand = 40');
    await book.saveImage();
    await book.close();
    const again = await device.open();
    expect(again.query('SELECT onHand FROM stock')).toEqual([{ onHand: 40 }]);
    const fresh = device.storeOver(createMemoryLogStore());
    expect((await again.prove(fresh)).problems).toMatchObject([{ table: 'stock', row: 'hq apple' }]);
    await again.close();
  });
});
