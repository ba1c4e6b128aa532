// A shop behind a relay of its own, cut off from the home relay and joined again: it goes on together, nothing is lost and nothing counts twice.
import { nodeHasher } from '@tallystick/chain/node';
import { encodeHex } from '@tallystick/oplog';
import { createMemoryRelayStore, createRelay, createRelayClient, type RelayClient } from '@tallystick/relay-protocol';
import { createFollowingRelay } from '@tallystick/relay-protocol/federation';
import { createSqliteOutbox } from '@tallystick/relay-protocol/node';
import { nodeEd25519 } from '@tallystick/sign/node';
import { onTestFinished, expect, it } from 'vitest';
import { openBook } from '@tallystick/kernel';
import { createFleet, provenDigest, type ShopBook } from './fleet.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

interface Town {
  readonly home: RelayClient;
  readonly near: RelayClient;
  isCut: boolean;
  exchange(): Promise<void>;
}

async function openTown(book: ShopBook): Promise<Town> {
  const key = await nodeEd25519.fromSeed(new Uint8Array(32).fill(9));
  const signer = { name: 'home.test', publicKey: key.publicKey, sign: (message: Uint8Array) => key.sign(message) };
  const crypto = { hasher: nodeHasher, ed25519: nodeEd25519 };
  const atHome = createRelay({ store: createMemoryRelayStore(), signer, reads: 'public', ...crypto });
  const town = { isCut: false };
  const home = createRelayClient({ url: 'http://home.test', fetch: (request) => atHome.fetch(request) });
  await book.sync(home);
  const far = createRelayClient({
    url: 'http://home.test',
    fetch: (request) => (town.isCut ? Promise.reject(new TypeError('no route')) : atHome.fetch(request)),
    retry: { attempts: 1 },
  });
  const outbox = createSqliteOutbox(':memory:');
  onTestFinished(() => outbox.close());
  const { relay, link } = createFollowingRelay({
    client: far,
    home: signer,
    mirror: 'shop.test',
    books: [book.id],
    node: 'one',
    store: createMemoryRelayStore(),
    outbox,
    reads: 'public',
    timing: { firstPauseMs: 1, maxPauseMs: 2 },
    ...crypto,
  });
  await link.exchange();
  const near = createRelayClient({ url: 'http://shop.test', fetch: (request) => relay.fetch(request) });
  return Object.assign(town, { home, near, exchange: link.exchange });
}

const onHand = (book: ShopBook): unknown => book.query("SELECT onHand FROM stock WHERE sku = 'tea'")[0]?.['onHand'];

async function move(book: ShopBook, quantity: number): Promise<void> {
  expect((await book.commit('stock.move', { sku: 'tea', quantity })).ok).toBe(true);
}

it('a shop that is cut off goes on together, and agrees with the town when the line is back', async () => {
  const { books, close } = await createFleet(4);
  const [office, elsewhere, one, two] = books as [ShopBook, ShopBook, ShopBook, ShopBook];
  const town = await openTown(office);
  for (const book of [one, two]) await book.sync(town.near);
  await elsewhere.sync(town.home);
  // The last sale before the line breaks has the home relay's receipt, and the shop's relay has not followed it yet.
  await move(one, 1);
  expect(await one.sync(town.near)).toMatchObject({ pushed: 1 });
  town.isCut = true;
  for (const [book, quantity] of [
    [one, 10],
    [two, 100],
    [one, 1_000],
  ] as const) {
    await move(book, quantity);
    const { kept, pushed, notTaken } = await book.sync(town.near);
    expect({ kept: (kept ?? 0) > 0, pushed, notTaken }).toEqual({ kept: true, pushed: 0, notTaken: [] });
  }
  await two.sync(town.near);
  expect([onHand(one), onHand(two)]).toEqual([1_111, 1_111]);
  const [last] = one.pendingOps().slice(-1);
  expect(await one.stage(last?.hash as never)).toBe('local');
  // What is kept is not handed in with every exchange; a relay that lost it has it again from a device that starts anew.
  let pushes = 0;
  const counted = {
    ...town.near,
    push: (...args: Parameters<RelayClient['push']>) => ((pushes += 1), town.near.push(...args)),
  };
  expect([await one.sync(counted), pushes]).toMatchObject([{ kept: 3 }, 0]);
  await move(elsewhere, 10_000);
  await elsewhere.sync(town.home);
  town.isCut = false;
  await town.exchange();
  for (const book of [one, two]) await book.sync(town.near);
  for (const book of [office, elsewhere]) await book.sync(town.home);
  expect(books.map(onHand)).toEqual([11_111, 11_111, 11_111, 11_111]);
  expect(await one.stage(last?.hash as never)).toBe('settled');
  const digest = await provenDigest(office);
  for (const book of [elsewhere, one, two]) expect(await provenDigest(book)).toBe(digest);
  expect(books.map((book) => book.status().scopes[0]?.pending)).toEqual([0, 0, 0, 0]);
  await close();
});

it('a relay that lags is not taken for one that forgot, nor is what it shows for all there is', async () => {
  const { books, close } = await createFleet(1);
  const [office] = books as [ShopBook];
  const keys = memoryKeys();
  const key = await keys.create('device');
  const member = { device: key.device, key: encodeHex(key.publicKey), name: 'till', role: 'till' } as const;
  expect((await office.commit('device.enroll', member)).ok).toBe(true);
  const town = await openTown(office);
  const { id: book } = office;
  const store = stores['better-sqlite3'];
  const till = await openBook({ store: store(), keys, verbs: shopVerbs, edge: testEdge(7), book });
  await till.sync(town.near);
  town.isCut = true;
  await till.sync(town.home);
  await move(till, 7);
  await till.sync(town.home);
  // It knows more than the relay near by, and meets that.
  expect(await till.sync(town.near)).toMatchObject({ pushed: 0, notTaken: [] });
  expect(till.status()).toMatchObject({ relayFindings: [], scopes: [{ pending: 0 }] });
  // The same till from a copy of its key alone: it must see its own last op, which is at home.
  const again = await openBook({ store: store(), keys, verbs: shopVerbs, edge: testEdge(9), book });
  await again.sync(town.near);
  expect([again.status().anchored, onHand(again)]).toEqual([false, undefined]);
  town.isCut = false;
  await town.exchange();
  await again.sync(town.near);
  expect([again.status().anchored, onHand(again)]).toEqual([true, 7]);
  for (const each of [till, again]) await each.close();
  await close();
});
