/** A book that goes on at another relay: whoever follows it, by whichever relay it reaches, ends in the same books with every op in them once. */
import { nodeHasher } from '@tallystick/chain/node';
import { type BookStore, openBook } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { encodeHex, type OpHash, type OpRecord, type Scope } from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import {
  createMemoryRelayStore,
  createRelay,
  createRelayClient,
  RelayError,
  type RelayClient,
  type RelayStore,
} from '@tallystick/relay-protocol';
import { nodeEd25519 } from '@tallystick/sign/node';
import initSqlJs from 'sql.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFleet, type Fleet, HQ, provenDigest, type ShopBook } from './fleet.ts';
import { memoryPlace } from './memory-place.ts';
import { memoryKeys, shopVerbs, stock, testEdge } from './shop.ts';

interface TestRelay {
  readonly vkey: string;
  readonly client: RelayClient;
  readonly store: RelayStore;
}

async function startRelay(name: string, store: RelayStore = createMemoryRelayStore()): Promise<TestRelay> {
  const key = await nodeEd25519.fromSeed(new Uint8Array(32).fill(name.length));
  const signer = { name, publicKey: key.publicKey, sign: (message: Uint8Array) => key.sign(message) };
  const relay = createRelay({ store, signer, hasher: nodeHasher, ed25519: nodeEd25519, reads: 'public' });
  const fetch = (request: Request): Promise<Response> => relay.fetch(request);
  return { vkey: relay.vkey, client: createRelayClient({ url: 'http://relay.test', fetch }), store };
}

let fleet: Fleet;
let owner: ShopBook;
let till: ShopBook;
let other: ShopBook;
let old: TestRelay;
let next: TestRelay;
let made: BookStore[];

beforeEach(async () => {
  old = await startRelay('old');
  next = await startRelay('second');
  made = [];
  fleet = await createFleet(3, () => {
    const store = nodeStore(':memory:');
    made.push(store);
    return store;
  });
  [owner, till, other] = fleet.books as [ShopBook, ShopBook, ShopBook];
  for (const book of fleet.books) await book.sync(old.client);
  await sell(till);
  for (const book of fleet.books) await book.sync(old.client);
});
afterEach(() => fleet.close());

async function sell(book: ShopBook, scope: Scope = HQ): Promise<OpHash> {
  const sold = await book.commit('stock.move', { sku: 'tea', quantity: -1 }, { scope });
  if (!sold.ok) throw new Error(sold.code);
  return sold.hash;
}

/** Gives a relay what a book has settled, in its order. */
async function fill({ client }: TestRelay, book: ShopBook): Promise<void> {
  const scopes = [HQ, ...book.log.scopes().filter((scope) => scope !== HQ)];
  for (const scope of scopes) await client.push(book.id, scope, await book.log.settled(scope, 0, 1_000));
}

async function appoint(by: ShopBook, { vkey }: TestRelay): Promise<void> {
  expect(await by.appointRelay({ vkey, address: 'https://relay.test' })).toMatchObject({ ok: true });
}

/** As devices do, until nobody has anything that another one lacks. */
async function settle({ client }: TestRelay, books: readonly ShopBook[] = fleet.books): Promise<void> {
  for (let round = 0; round < 3; round++) for (const book of books) await book.sync(client);
}

async function hashesAt({ store }: TestRelay, scope: Scope = HQ): Promise<string[]> {
  const { size } = (await store.log(owner.id, scope)) ?? { size: 0 };
  const records = await store.records(owner.id, scope, 0, size);
  // Key id and signature come first: an op signed twice is one op.
  return records.map((bytes) => new TextDecoder().decode(bytes.subarray(96)));
}

async function expectOneBook(books: readonly ShopBook[], relay: TestRelay): Promise<void> {
  const digests = await Promise.all(books.map((book) => provenDigest(book)));
  expect(new Set(digests).size).toBe(1);
  const all = await hashesAt(relay);
  expect(new Set(all).size).toBe(all.length);
  for (const book of books) {
    const { relayKey, relayEpoch, relayFindings, otherViews, scopes } = book.status();
    const said = { relayKey, relayFindings, otherViews };
    expect(said).toEqual({ relayKey: relay.vkey, relayFindings: [], otherViews: [] });
    expect(relayEpoch).toBeGreaterThan(0);
    expect(scopes.map(({ pending }) => pending)).toEqual(scopes.map(() => 0));
    expect(book.log.tip(HQ).size).toBe(all.length);
  }
}

const refusal = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

describe('a book that appointed another relay', () => {
  it.each([
    ['once that is known to read the log of the new relay', [1, 2], 1],
    ['unless what it saw may be the log of the old relay', [], 0],
  ])('finds that a device was shown another log, %s', async (_, days, found) => {
    await fill(next, owner);
    await appoint(owner, next);
    await owner.sync(next.client);
    for (const day of days) {
      await sell(till);
      await settle(next);
      expect(till.log.tip(HQ).size, `day ${day}`).toBe(owner.log.tip(HQ).size);
    }
    // The same relay, with a log in which the office's sale is not.
    const aside = await startRelay('second');
    await fill(aside, owner);
    const before = owner.log.tip(HQ).size;
    await sell(till);
    await till.sync(aside.client);
    await sell(till);
    const shown = [...(await till.log.settled(HQ, before, 9)), ...(await till.log.pending(HQ))];
    const last = shown.at(-1) as OpRecord;
    expect(last.op.seen?.size).toBeGreaterThan(before);
    for (let sales = 0; sales < 5; sales++) await sell(owner);
    await owner.sync(next.client);
    await next.client.push(owner.id, HQ, shown);
    await owner.sync(next.client);
    const { otherViews, relayFindings } = owner.status();
    expect([otherViews.map(({ op }) => op), relayFindings]).toEqual([[last.hash].slice(0, found), []]);
  });

  it('loses nothing that the old one acknowledged while it was cut off, and gives no op two positions', async () => {
    // Cut apart: two tills go on at the old relay, and the office takes a new one.
    const sold: OpHash[] = [];
    for (let day = 0; day < 3; day++) {
      sold.push(await sell(till), await sell(other));
      await till.sync(old.client);
      await other.sync(old.client);
    }
    expect(await till.stage(sold[4] as OpHash)).toBe('settled');
    await fill(next, owner);
    await appoint(owner, next);
    sold.push(await sell(owner));
    await owner.sync(next.client);
    // Joined again: one that has what the old relay alone had, then the other.
    await settle(next);
    await expectOneBook(fleet.books, next);
    const books = await Promise.all(sold.map((hash) => other.stage(hash)));
    expect(books).toEqual(sold.map(() => 'settled'));
    expect(owner.query('SELECT onHand FROM stock')).toEqual([{ onHand: -8 }]);
  });

  it('is followed by who reaches only the old relay, which says so and takes nothing more', async () => {
    await fill(next, owner);
    await appoint(owner, next);
    await old.client.push(owner.id, HQ, await owner.log.pending(HQ));
    await owner.sync(next.client);
    // Who has nothing to hand in reads it there.
    expect(await refusal(() => other.sync(old.client))).toBe('kernel/relay-moved');
    expect(other.status()).toMatchObject({ relayKey: next.vkey, relayEpoch: 1 });
    const sold = await sell(till);
    expect(await refusal(() => till.sync(old.client))).toBe('kernel/relay-moved');
    expect(till.status()).toMatchObject({ relayKey: next.vkey, relayEpoch: 1, relayAddress: 'https://relay.test' });
    expect(await till.stage(sold)).toBe('local');
    expect(await refusal(() => till.sync(old.client))).toBe('kernel/relay-moved');
    await settle(next);
    await expectOneBook(fleet.books, next);
  });

  it('is followed by who reaches only the new one, however long it was away, and by who joins then', async () => {
    await fill(next, owner);
    await appoint(owner, next);
    for (let n = 0; n < 3; n++) await sell(owner);
    await owner.sync(next.client);
    const sold = await sell(other);
    await other.sync(next.client);
    expect(await other.stage(sold)).toBe('settled');
    await settle(next);
    await expectOneBook(fleet.books, next);
  });

  it('is followed by who sold on at the old one past what the office wrote before it appointed', async () => {
    for (let day = 0; day < 3; day++) {
      await sell(till);
      await till.sync(old.client);
    }
    await sell(owner);
    await fill(next, owner);
    await appoint(owner, next);
    await owner.sync(next.client);
    const sold = await sell(till);
    await till.sync(next.client);
    expect(await till.stage(sold)).toBe('settled');
    await settle(next);
    await expectOneBook(fleet.books, next);
  });

  it('finds no disagreement in what was certified of either log, and still one of two devices that read the same', async () => {
    const edited = made[2] as BookStore;
    // One length, two logs: the till's at the old relay, the office's at the new one.
    await fill(next, owner);
    await appoint(owner, next);
    await owner.sync(next.client);
    const [{ size }] = [owner.log.tip(HQ)];
    while (till.log.tip(HQ).size < size) {
      await sell(till);
      await till.sync(old.client);
    }
    const certified = [await till.attest(), await owner.attest()];
    expect(certified.map(({ ok }) => ok)).toEqual([true, true]);
    await till.sync(old.client);
    await settle(next);
    const said = other.query('SELECT size, count(DISTINCT root) AS roots FROM certificates GROUP BY size');
    expect(said).toEqual([{ size, roots: 2 }]);
    for (const book of fleet.books) expect(book.status().disagreements).toEqual([]);
    edited.sql.exec(`UPDATE ${stock.name} SET onHand = onHand + 1`);
    for (const book of [owner, other]) expect(await book.attest()).toMatchObject({ ok: true });
    await settle(next);
    expect(till.status().disagreements).toMatchObject([{ about: 'digest' }]);
  });

  it('gets everything from a device that cannot take positions back, before that one says so', async () => {
    const files = new Map<string, Uint8Array>();
    const save = (name: string, parts: readonly Uint8Array[]): void =>
      void files.set(name, new Uint8Array(Buffer.concat(parts)));
    await owner.sync(old.client);
    await till.archive({ to: { load: (name) => files.get(name), save } });
    await sell(till);
    await till.sync(old.client);
    await fill(next, owner);
    await appoint(owner, next);
    await owner.sync(next.client);
    await sell(till);
    expect(await refusal(() => till.sync(next.client))).toBe('kernel/needs-snapshot');
    await owner.sync(next.client);
    expect(owner.query('SELECT onHand FROM stock')).toEqual([{ onHand: -3 }]);
  });

  it('is folded anew by who had an image of the rows in the order of before, also where the last op kept its place', async () => {
    const images = memoryPlace();
    const [keys, log, sqlite] = [memoryKeys(), createMemoryLogStore(), await initSqlJs()];
    const key = await keys.create('device');
    const { device, publicKey } = key;
    await owner.commit('device.enroll', { device, key: encodeHex(publicKey), name: 'tab', role: 'till' });
    for (const book of fleet.books) await book.sync(old.client);
    const open = (seed: number): Promise<ShopBook> => {
      const store = { ...sqljsStore({ sqlite, keys, images, log }), crypto: nodeCrypto };
      return openBook({ store, verbs: shopVerbs, edge: testEdge(seed), book: owner.id });
    };
    const tab = await open(50);
    await tab.sync(old.client);
    await tab.sync(old.client);
    await fill(next, owner);
    await sell(tab);
    await tab.sync(old.client);
    // At the new relay another sale comes before this one, in the place of the one at the old.
    await sell(other);
    await next.client.push(owner.id, HQ, await other.log.pending(HQ));
    await sell(owner);
    for (const { client } of [old, next]) await client.push(owner.id, HQ, await owner.log.pending(HQ));
    await tab.sync(old.client);
    expect(await tab.saveImage()).toBe(true);
    await appoint(owner, next);
    await owner.sync(next.client);
    await tab.sync(next.client);
    // The tab is gone before the next image.
    const again = await open(51);
    expect(again.status().imageMisfit).toBe('log');
    expect(again.query('SELECT onHand FROM stock')).toEqual([{ onHand: -4 }]);
    expect(again.query('SELECT code FROM refusals')).toEqual([]);
    await again.close();
  });

  it('goes on at one relay where two were appointed at once, the one of the higher key', async () => {
    const third = await startRelay('thethird');
    const key = await owner.appointRelay({ vkey: third.vkey });
    expect(key.ok).toBe(true);
    const refused = await owner.appointRelay({ vkey: next.vkey, epoch: 1 });
    const later = await owner.appointRelay({ vkey: next.vkey, epoch: 3 });
    expect(later).toMatchObject({ ok: false, code: 'kernel/epoch' });
    // Among equals the smaller hash counts, whichever came first.
    if (key.ok && refused.ok) expect(refused.hash < key.hash).toBe(true);
    else expect(refused).toMatchObject({ ok: false, code: 'kernel/epoch', details: { epoch: 1 } });
  });

  it('is led back from the relay of who stole the key of a revoked owner, by later appointments that come in a file', async () => {
    const keys = memoryKeys();
    const { device, publicKey } = await keys.create('device');
    await owner.commit('device.enroll', { device, key: encodeHex(publicKey), name: 'partner', role: 'owner' });
    const thief = await openBook({
      store: nodeStore(':memory:'),
      keys,
      verbs: shopVerbs,
      edge: testEdge(70),
      book: owner.id,
    });
    await settle(old, [owner, till, other, thief]);
    await owner.commit('device.revoke', { device, reason: 'stolen' });
    await owner.sync(old.client);
    // The till has not heard of that, and reaches the thief's relay alone.
    await fill(next, thief);
    expect(await thief.appointRelay({ vkey: next.vkey })).toMatchObject({ ok: true });
    await thief.sync(next.client);
    await till.sync(next.client);
    const sold = await sell(till);
    await till.sync(next.client);
    expect([till.status().relayKey, await till.stage(sold)]).toEqual([next.vkey, 'settled']);
    expect(await refusal(() => till.sync(old.client))).toBe('kernel/relay-moved');
    // Of the thief's epoch either may count for the till; the next one is the owner's alone.
    for (const epoch of [1, 2]) expect(await owner.appointRelay({ vkey: old.vkey, epoch })).toMatchObject({ ok: true });
    await owner.sync(old.client);
    await till.import(await owner.export());
    await settle(old, [till, owner, other, till]);
    expect(await till.stage(sold)).toBe('settled');
    await expectOneBook([owner, till, other], old);
    await thief.close();
  });

  it('may appoint the relay that it has anew, where nobody has any more what that one had signed for', async () => {
    // What the till wrote is at the relay alone, and the till is gone.
    await sell(till);
    await till.sync(old.client);
    const emptied = await startRelay('old');
    await fill(emptied, owner);
    await appoint(owner, emptied);
    await settle(emptied, [owner, other]);
    await expectOneBook([owner, other], emptied);
    // It comes back after all, and nothing of it is lost.
    await settle(emptied);
    await expectOneBook(fleet.books, emptied);
  });

  it('takes what scopes beside hq know of hq up to the appointment, where the old relay alone had confirmed it', async () => {
    const branch = 'b/1' as Scope;
    await sell(owner, branch);
    await settle(old);
    // Somebody else writes in hq, and a branch takes notice of it, past the office.
    await sell(till);
    await till.sync(old.client);
    const marked = await sell(till, branch);
    await till.sync(old.client);
    await fill(next, owner);
    await appoint(owner, next);
    await sell(owner, branch);
    await owner.sync(next.client);
    await settle(next);
    await expectOneBook([owner, till], next);
    expect(await owner.stage(marked)).toBe('settled');
    expect(owner.query('SELECT code FROM refusals')).toEqual([]);
  });

  it('does so under each relay that comes after, and refuses nothing that was sold on it', async () => {
    const branch = 'b/1' as Scope;
    const third = await startRelay('thethird');
    await sell(owner, branch);
    await settle(old, [owner, till]);
    await fill(next, owner);
    await appoint(owner, next);
    await settle(next, [owner, till]);
    // The branch takes notice of hq beyond the first appointment.
    await sell(owner);
    await settle(next, [owner, till]);
    await sell(owner, branch);
    await settle(next, [owner, till]);
    expect(await owner.commit('price.set', { sku: 'tea', priceMinor: 500 })).toMatchObject({ ok: true });
    await settle(next, [owner, till]);
    // The second relay goes on with the till alone, and is gone then.
    await sell(till);
    await till.sync(next.client);
    expect(await till.commit('shop.sell', { sku: 'tea' }, { scope: branch })).toMatchObject({ ok: true });
    await till.sync(next.client);
    await fill(third, owner);
    await appoint(owner, third);
    await owner.sync(third.client);
    await settle(third, [owner, till]);
    expect(owner.query('SELECT verb, code FROM refusals')).toEqual([]);
    await expectOneBook([owner, till], third);
  });
});

describe('nobody goes over to a relay', () => {
  it('that the book did not appoint, or that somebody appointed who may not', async () => {
    await fill(next, owner);
    expect(await refusal(() => till.sync(next.client))).toBe('kernel/relay-key');
    expect(await till.appointRelay({ vkey: next.vkey })).toMatchObject({ ok: false, code: 'kernel/role' });
    expect(till.status()).toMatchObject({ relayKey: old.vkey, relayEpoch: 0 });
  });

  it('whose log does not begin as the appointment lists', async () => {
    const settled = await owner.log.settled(HQ, 0, 100);
    await next.client.push(owner.id, HQ, settled.slice(0, -1));
    await sell(other);
    await next.client.push(owner.id, HQ, await other.log.pending(HQ));
    await appoint(owner, next);
    await next.client.push(owner.id, HQ, await owner.log.pending(HQ));
    expect(await refusal(() => owner.sync(next.client))).toBe('kernel/relay-log');
    expect(owner.log.tip(HQ).size).toBe(settled.length);
    expect(owner.status().relayFindings).toEqual([]);
  });

  it('and the one that was replaced gives no positions', async () => {
    await appoint(owner, next);
    await old.client.push(owner.id, HQ, await owner.log.pending(HQ));
    await sell(till);
    const pushed = old.client.push(owner.id, HQ, await till.log.pending(HQ));
    await expect(pushed).rejects.toMatchObject({ code: 'relay/retired', details: { address: 'https://relay.test' } });
    await expect(pushed).rejects.toBeInstanceOf(RelayError);
  });
});
