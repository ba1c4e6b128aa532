// Scopes (DESIGN section 4): logs of their own, `hq` read as of the last mark, and nothing of it in a shop with one scope.
import { openBook } from '@tallystick/kernel';
import { nodeCrypto } from '@tallystick/kernel/node';
import { encodeHex, type RootHash, type Scope } from '@tallystick/oplog';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestRelay, HQ, provenDigest, type ShopBook } from './fleet.ts';
import { craft, fileOf } from './records.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const BRANCH = 'b/042' as Scope;
const OTHER = 'b/043' as Scope;
const closing: ShopBook[] = [];
afterEach(async () => {
  for (const book of closing.splice(0)) await book.close();
});

async function openChain() {
  const relay = await createTestRelay();
  const owner = await openBook({
    store: stores['better-sqlite3'](),
    keys: memoryKeys(),
    verbs: shopVerbs,
    edge: testEdge(1),
    replicate: 'all',
  });
  closing.push(owner);
  await owner.commit('price.set', { sku: 'apple', priceMinor: 100 });
  await owner.sync(relay);
  return { relay, owner };
}

async function enrolTill(
  owner: ShopBook,
  relay: Awaited<ReturnType<typeof createTestRelay>>,
  scope: Scope,
  seed: number,
): Promise<ShopBook> {
  const keys = memoryKeys();
  const key = await keys.create('device');
  const args = { device: key.device, key: encodeHex(key.publicKey), name: `till ${seed}`, role: 'till' as const };
  expect((await owner.commit('device.enroll', args, { scope })).ok).toBe(true);
  await owner.sync(relay);
  const till = await openBook({
    store: stores['better-sqlite3'](),
    keys,
    verbs: shopVerbs,
    edge: testEdge(seed),
    book: owner.id,
    scope,
  });
  closing.push(till);
  await till.sync(relay);
  await till.anchor();
  return till;
}

describe('a branch', () => {
  it('reads hq as of its last mark, which a device of it writes when hq has grown', async () => {
    const { relay, owner } = await openChain();
    const till = await enrolTill(owner, relay, BRANCH, 2);
    expect(till.status()).toMatchObject({
      role: 'till',
      scopes: [
        { scope: 'hq', settled: 3 },
        { scope: BRANCH, settled: 2 },
      ],
    });
    await till.commit('shop.sell', { sku: 'apple' });
    expect(till.query('SELECT onHand FROM stock WHERE scope = ?', [BRANCH])).toEqual([{ onHand: 100 }]);

    await owner.commit('price.set', { sku: 'apple', priceMinor: 250 });
    await owner.sync(relay);
    await till.commit('shop.sell', { sku: 'apple' });
    expect(till.query('SELECT onHand FROM stock WHERE scope = ?', [BRANCH])).toEqual([{ onHand: 200 }]);

    await till.sync(relay);
    await till.commit('shop.sell', { sku: 'apple' });
    expect(till.query('SELECT onHand FROM stock WHERE scope = ?', [BRANCH])).toEqual([{ onHand: 450 }]);
    expect(till.query('SELECT size FROM marks_history ORDER BY place')).toEqual([{ size: 3 }, { size: 4 }]);

    await till.sync(relay);
    await owner.sync(relay);
    expect(owner.digest()).toEqual(till.digest());
    await provenDigest(owner);
    await provenDigest(till);
  });

  it('takes notice of a grown hq without reading it again', async () => {
    const relay = await createTestRelay();
    const store = stores['better-sqlite3']();
    const { hasher } = nodeCrypto;
    let hashes = 0;
    const sha256 = (data: Uint8Array): Uint8Array => ((hashes += 1), hasher.sha256(data));
    const crypto = { ...nodeCrypto, hasher: { ...hasher, sha256 } };
    const options = { keys: memoryKeys(), verbs: shopVerbs, edge: testEdge(1), replicate: 'all' as const };
    const owner = await openBook({ ...options, store: { ...store, crypto } });
    closing.push(owner);
    const prices = Array.from({ length: 200 }, (_, n) => ({ sku: `sku-${n}`, priceMinor: n }));
    await owner.commitAll(prices.map((args) => ({ verb: 'price.set', args })));
    await owner.sync(relay);
    hashes = 0;
    expect(await owner.commit('shop.sell', { sku: 'sku-100' }, { scope: BRANCH })).toMatchObject({ ok: true });
    expect(hashes).toBeGreaterThan(0);
    expect(hashes).toBeLessThan(40);
    expect(owner.query('SELECT size FROM marks')).toEqual([{ size: 202 }]);
    await owner.sync(relay);
    await provenDigest(owner);
  });

  it('is folded by itself: a till of one branch and the office that holds all have the same digest of it', async () => {
    const { relay, owner } = await openChain();
    const one = await enrolTill(owner, relay, BRANCH, 2);
    const two = await enrolTill(owner, relay, OTHER, 3);
    for (const till of [one, two]) {
      await till.commit('stock.move', { sku: 'apple', quantity: 7 });
      await till.sync(relay);
    }
    await owner.sync(relay);
    expect(Object.keys(owner.digest().scopes)).toEqual([BRANCH, OTHER, 'hq']);
    expect(Object.keys(one.digest().scopes)).toEqual([BRANCH, 'hq']);
    expect(one.digest().scopes[BRANCH]).toEqual(owner.digest().scopes[BRANCH]);
    expect(two.digest().scopes[OTHER]).toEqual(owner.digest().scopes[OTHER]);
    expect(owner.query('SELECT sum(onHand) AS onHand FROM stock')).toEqual([{ onHand: 14 }]);
    await provenDigest(owner);
  });

  it('does not let a till of another branch write', async () => {
    const { relay, owner } = await openChain();
    const one = await enrolTill(owner, relay, BRANCH, 2);
    await enrolTill(owner, relay, OTHER, 3);
    expect(await one.commit('stock.move', { sku: 'apple', quantity: 1 }, { scope: OTHER })).toMatchObject({
      ok: false,
      code: 'kernel/unknown-device',
    });
    expect(await one.commit('stock.move', { sku: 'apple', quantity: 1 }, { scope: 'hq' as Scope })).toMatchObject({
      ok: false,
      code: 'kernel/unknown-device',
    });
  });

  it('takes in the ops of a device that hq enrolled while it was syncing', async () => {
    const { relay, owner } = await openChain();
    const till = await enrolTill(owner, relay, BRANCH, 2);
    await owner.commit('stock.move', { sku: 'pear', quantity: 1 }, { scope: BRANCH });
    await owner.sync(relay);
    let writes = 0;
    const pull: typeof relay.pull = async (book, scope, ...rest) => {
      if (scope === BRANCH && writes++ === 0) {
        const late = await enrolTill(owner, relay, HQ, 3);
        expect((await late.commit('stock.move', { sku: 'apple', quantity: 7 }, { scope: BRANCH })).ok).toBe(true);
        await late.sync(relay);
      }
      return relay.pull(book, scope, ...rest);
    };
    await till.sync({ ...relay, pull });
    expect(till.query("SELECT onHand FROM stock WHERE scope = ? AND sku = 'apple'", [BRANCH])).toEqual([{ onHand: 7 }]);
    expect(await provenDigest(till)).toBe(till.digest().digest);
  });

  it('waits while it lacks the hq that a mark names, then goes on by itself', async () => {
    const { relay, owner } = await openChain();
    const till = await enrolTill(owner, relay, BRANCH, 2);
    await till.commit('shop.sell', { sku: 'apple' });
    await till.sync(relay);
    await owner.sync(relay);

    const late = await openBook({
      store: stores['better-sqlite3'](),
      keys: memoryKeys(),
      verbs: shopVerbs,
      book: owner.id,
      relayKey: owner.status().relayKey ?? '',
    });
    closing.push(late);
    await late.import(await owner.export({ scopes: [BRANCH] }));
    expect(late.query('SELECT * FROM stock')).toEqual([]);
    await late.import(await owner.export());
    expect(late.status().scopes).toEqual(owner.status().scopes);
    expect(late.digest()).toEqual(owner.digest());
  });

  it('refuses a mark that goes backwards or names another root', async () => {
    const { relay, owner } = await openChain();
    await enrolTill(owner, relay, BRANCH, 2);
    const root = '0'.repeat(64) as RootHash;
    expect(await owner.commit('hq.mark', { size: 2, root }, { scope: BRANCH })).toMatchObject({
      ok: false,
      code: 'kernel/mark-backwards',
    });
    // By hand: this program marks what is there before it writes anything else. It goes on, so its root is looked at.
    const key = await memoryKeys().create('device');
    const args = { device: key.device, key: encodeHex(key.publicKey), name: 'liar', role: 'till' as const };
    const enrolled = await owner.commit('device.enroll', args, { scope: BRANCH });
    const enrolment = enrolled.ok ? enrolled.hash : '';
    await owner.commit('price.set', { sku: 'apple', priceMinor: 1 });
    await owner.sync(relay);
    const { size } = owner.log.tip('hq' as Scope);
    const mark = await craft(owner, key, { verb: 'hq.mark@1', args: { size, root }, scope: BRANCH, enrolment });
    await owner.import(fileOf(owner, [mark]));
    expect(owner.query('SELECT code FROM refusals WHERE hash = ?', [mark.hash])).toEqual([
      { code: 'kernel/mark-root' },
    ]);
    expect(await owner.commit('hq.mark', { size: 99, root }, { scope: BRANCH })).toMatchObject({
      ok: false,
      code: 'kernel/scope-stopped',
    });
    expect(await owner.commit('hq.mark', { size: 3, root })).toMatchObject({ ok: false });
    expect((await owner.commit('stock.move', { sku: 'apple', quantity: 1 }, { scope: BRANCH })).ok).toBe(true);
  });
});
