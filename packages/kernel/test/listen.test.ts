// A book that reads and listens as its device: what it may not read it does not, and what is new it hears of.
import { createMemoryRelayStore, createRelay, createRelayClient, type RelayClient } from '@tallystick/relay-protocol';
import { nodeHasher } from '@tallystick/chain/node';
import { encodeHex, type Scope } from '@tallystick/oplog';
import { nodeEd25519 } from '@tallystick/sign/node';
import { afterEach, expect, it } from 'vitest';
import { openBook } from '../src/index.ts';
import { createTestRelay, HQ, type ShopBook } from './fleet.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

const BRANCH = 'b/042' as Scope;

async function openOwner(): Promise<ShopBook> {
  const options = { keys: memoryKeys(), verbs: shopVerbs, edge: testEdge(1), replicate: 'all' } as const;
  const owner = await openBook({ store: stores['better-sqlite3'](), ...options });
  closing.push(owner);
  return owner;
}

/** A till of the branch that has the book from its owner, as one that has just joined. */
async function join(owner: ShopBook, relay: RelayClient): Promise<ShopBook> {
  await owner.sync(relay);
  const { vkey } = await relay.info();
  const keys = memoryKeys();
  const { device, publicKey } = await keys.create('device');
  const args = { device, key: encodeHex(publicKey), name: 'till', role: 'till' } as const;
  expect(await owner.commit('device.enroll', args, { scope: BRANCH })).toMatchObject({ ok: true });
  const options = { keys, verbs: shopVerbs, edge: testEdge(2), book: owner.id, relayKey: vkey, scope: BRANCH };
  const till: ShopBook = await openBook({ store: stores['better-sqlite3'](), ...options });
  closing.push(till);
  await till.import(await owner.export({ scopes: [HQ, BRANCH] }));
  await till.anchor();
  return till;
}

it('reads as the device it is: from its enrolment to its revocation, and no scope but its own', async () => {
  const relay = await createTestRelay('devices');
  const owner = await openOwner();
  // Its enrolment is not there yet: the till hands it in with its own.
  const till = await join(owner, relay);
  await owner.commit('stock.move', { sku: 'tea', quantity: 3 }, { scope: 'b/007' as Scope });
  await till.commit('stock.move', { sku: 'tea', quantity: 1 });
  await expect(till.sync(relay)).resolves.toMatchObject({ notTaken: [] });
  await owner.sync(relay);
  await till.rotate();
  await till.commit('stock.move', { sku: 'tea', quantity: 1 });
  await till.sync(relay);
  await owner.sync(relay);
  expect([till, owner].map((book) => book.status().scopes.map(({ scope }) => scope))).toEqual([
    [HQ, BRANCH],
    [HQ, 'b/007', BRANCH],
  ]);
  await owner.commit('device.revoke', { device: till.device, reason: 'left' }, { scope: BRANCH });
  await owner.sync(relay);
  await till.commit('stock.move', { sku: 'tea', quantity: 5 });
  await expect(till.sync(relay)).resolves.toMatchObject({ pushed: 1, denied: 'relay/revoked' });
  expect(await till.commit('stock.move', { sku: 'tea', quantity: 1 })).toMatchObject({ code: 'kernel/revoked' });
  // What it had is handed in all the same, and waits for a person.
  await owner.sync(relay);
  expect(owner.quarantine()).toMatchObject([{ code: 'kernel/revoked', args: { quantity: 5 } }]);
});

it('notices a relay that forgot who let it in', async () => {
  const key = await nodeEd25519.fromSeed(new Uint8Array(32).fill(7));
  const signer = { name: 'relay.test', publicKey: key.publicKey, sign: (message: Uint8Array) => key.sign(message) };
  const start = () =>
    createRelay({ store: createMemoryRelayStore(), signer, hasher: nodeHasher, ed25519: nodeEd25519 });
  let relay = start();
  const client = createRelayClient({ url: 'http://relay.test', fetch: (request) => relay.fetch(request) });
  const owner = await openOwner();
  const till = await join(owner, client);
  await owner.sync(client);
  await till.sync(client);
  const genesis = await owner.log.settled(HQ, 0, 2);
  relay = start();
  await client.push(owner.id, HQ, genesis);
  await expect(till.sync(client)).rejects.toMatchObject({ code: 'relay/rolled-back' });
});

it('hears of what others hand in, and is quiet about what it has', async () => {
  const relay = await createTestRelay('devices');
  const owner = await openOwner();
  const till = await join(owner, relay);
  await owner.sync(relay);
  await till.sync(relay);
  const stop = new AbortController();
  const heard: unknown[] = [];
  const news = new Promise<void>((resolve) => {
    const options = { signal: stop.signal, onState: (isHeard: boolean) => heard.push(isHeard) };
    void till.listen(relay, { ...options, onNews: (one) => resolve(void heard.push(one)) });
  });
  await expect.poll(() => heard).toEqual([true]);
  await owner.commit('stock.move', { sku: 'tea', quantity: 3 }, { scope: BRANCH });
  await owner.sync(relay);
  await news;
  const { size } = owner.log.tip(BRANCH);
  expect(heard).toEqual([true, { scope: BRANCH, size }]);
  await till.sync(relay);
  expect(till.query('SELECT onHand FROM stock WHERE scope = ?', [BRANCH])).toEqual([{ onHand: 3 }]);
  stop.abort();
});
