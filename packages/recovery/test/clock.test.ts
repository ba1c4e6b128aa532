// Wrong clocks, told by what the links of the log prove.
import { type Book, openBook } from '@tallystick/kernel';
import { encodeHex } from '@tallystick/oplog';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findWrongTimes, type WrongTime } from '../src/index.ts';
import { newKeys, newRelay, newStore, verbs } from './shop.ts';

const hour = 3_600_000;
const start = Date.UTC(2026, 10, 21, 8);

interface Story {
  readonly books: readonly Book<typeof verbs>[];
  /** Sells at one till and exchanges there, and an hour passes. */
  sell(till: number, online?: boolean): Promise<void>;
  find(trusted?: boolean): Promise<readonly WrongTime[]>;
  /** Ids of ops that a till wrote while its clock was wrong. */
  readonly wrote: { till: number; at: number; off: number }[];
  close(): Promise<void>;
}

/** An office and tills, each of whose clocks is off by so much, as a function of the true time. */
async function story(
  offs: readonly ((nowMs: number) => number)[],
  officeOff: (nowMs: number) => number = () => 0,
): Promise<Story> {
  let nowMs = start;
  const relay = await newRelay();
  const random = (count: number): Uint8Array => globalThis.crypto.getRandomValues(new Uint8Array(count));
  const edge = (off: (nowMs: number) => number) => ({ random, now: () => nowMs + off(nowMs) });
  const office = await openBook({ store: newStore(), keys: newKeys(), verbs, replicate: 'all', edge: edge(officeOff) });
  const tills: Book<typeof verbs>[] = [];
  for (const [at, off] of offs.entries()) {
    const keys = newKeys();
    const { device, publicKey } = await keys.create('device');
    tills.push(await openBook({ store: newStore(), keys, verbs, book: office.id, edge: edge(off) }));
    await office.commit('device.enroll', { device, key: encodeHex(publicKey), name: `till ${at}`, role: 'till' });
  }
  await office.sync(relay);
  for (const till of tills) await till.sync(relay);
  const wrote: Story['wrote'] = [];
  return {
    books: [office, ...tills],
    wrote,
    async sell(till, online = true) {
      nowMs += hour;
      const book = tills[till] as Book<typeof verbs>;
      const commit = await book.commit('stock.move', { sku: 'apple', quantity: -1 });
      if (!commit.ok) throw new Error(commit.code);
      const off = (offs[till] as (nowMs: number) => number)(nowMs);
      wrote.push({ till, at: nowMs + off, off });
      if (online) await book.sync(relay);
    },
    async find(trusted = true) {
      await office.sync(relay);
      await office.sync(relay);
      return findWrongTimes(office.log, { nowMs: nowMs + hour, ...(trusted ? { trusted: [office.device] } : {}) });
    },
    async close() {
      for (const book of [office, ...tills]) await book.close();
    },
  };
}

it.each([
  ['ahead', 72 * hour],
  ['behind', -72 * hour],
] as const)('finds the till whose clock is %s, and no other', async (_, off) => {
  const told = await story([() => 0, () => off, () => 0]);
  for (const till of [0, 1, 2, 0, 1, 2, 0, 1, 2]) await told.sell(till);
  const found = await told.find();
  expect(new Set(found.map(({ device }) => device))).toEqual(new Set([told.books[2]?.device]));
  expect(found.map(({ at }) => at)).toEqual(told.wrote.filter(({ till }) => till === 1).map(({ at }) => at));
  for (const { offMs, isSure } of found) expect([Math.sign(offMs), isSure]).toEqual([Math.sign(off), true]);
  await told.close();
});

it('blames nobody whose clock is right, however long it was away (property)', async () => {
  const sales = fc.array(fc.tuple(fc.nat({ max: 2 }), fc.boolean()), { minLength: 1, maxLength: 12 });
  // One at most is wrong: of two nobody could say which.
  const which = fc.tuple(fc.nat({ max: 2 }), fc.constantFrom(0, 48 * hour, -48 * hour));
  await fc.assert(
    fc.asyncProperty(sales, which, async (sold, [wrong, off]) => {
      const used = [0, 1, 2].map((till) => (till === wrong ? off : 0));
      const told = await story(used.map((by) => () => by));
      for (const [till, online] of sold) await told.sell(till, online);
      const found = await told.find();
      for (const { device, at, offMs, isSure } of found) {
        const till = told.books.findIndex((book) => book.device === device) - 1;
        expect([till, used[till] !== 0, isSure]).toEqual([till, true, true]);
        expect(Math.abs(offMs)).toBeLessThanOrEqual(Math.abs(used[till] as number) + hour * (sold.length + 2));
        expect(Math.sign(offMs)).toBe(Math.sign(used[till] as number));
        expect(told.wrote.some((one) => one.till === till && one.at === at)).toBe(true);
      }
      await told.close();
    }),
    { numRuns: 15 },
  );
});

it('blames no till for what an office said whose clock was ahead and is right now', async () => {
  const told = await story([() => 0, () => 0], (nowMs) => (nowMs === start ? 72 * hour : 0));
  for (const till of [0, 1, 0]) await told.sell(till);
  const found = await told.find();
  expect(new Set(found.map(({ device, offMs }) => `${device} ${offMs > 0}`))).toEqual(
    new Set([`${told.books[0]?.device} true`]),
  );
  await told.close();
});

it('names both where two contradict each other and nothing decides', async () => {
  const told = await story([(nowMs) => (nowMs > start + 2 * hour ? -48 * hour : 0)]);
  for (const _ of [1, 2, 3, 4]) await told.sell(0);
  const [office, till] = told.books.map(({ device }) => device);
  const said = (found: readonly WrongTime[]) => [...new Set(found.map(({ device, isSure }) => `${device} ${isSure}`))];
  expect(said(await told.find(false)).sort()).toEqual([`${office} false`, `${till} false`].sort());
  expect(said(await told.find())).toEqual([`${till} true`]);
  await told.close();
});
