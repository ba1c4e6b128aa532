// Marks beyond the `hq` that is here: anybody can hand one over, so it waits with what builds on it and stops nobody else.
import { type BookStore, openBook } from '@tallystick/kernel';
import { encodeHex, type JsonObject, type OpRecord, type Scope } from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestRelay, provenDigest, type ShopBook } from './fleet.ts';
import { craft, fileOf, recordsOf } from './records.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const BRANCH = 'b/042' as Scope;
const NEVER = { root: 'ab'.repeat(32), size: Number.MAX_SAFE_INTEGER };
const closing: ShopBook[] = [];
afterEach(async () => {
  for (const book of closing.splice(0)) await book.close();
});

async function openOver(
  book: ShopBook['id'] | undefined,
  seed: number,
  keys = memoryKeys(),
  store: BookStore = stores['better-sqlite3'](),
  relayKey = '',
): Promise<ShopBook> {
  const opened = await openBook({
    store,
    keys,
    verbs: shopVerbs,
    edge: testEdge(seed, 1_764_500_000_000 + seed * 100_000),
    replicate: 'all',
    ...(book === undefined ? {} : { book, scope: BRANCH }),
    ...(relayKey === '' ? {} : { relayKey }),
  });
  closing.push(opened);
  return opened;
}

/** A branch with two tills, both at the same place, and the key of the second. */
async function openBranch() {
  const relay = await createTestRelay();
  const owner = await openOver(undefined, 1);
  await owner.sync(relay);
  const [good, goodKeys] = await enrolled(owner, 'good');
  const [bad, badKeys] = await enrolled(owner, 'bad');
  await owner.sync(relay);
  const tills = { good: await openOver(owner.id, 2, goodKeys), bad: await openOver(owner.id, 3, badKeys) };
  for (const till of [tills.good, tills.bad]) {
    await till.sync(relay);
    await till.anchor();
    expect((await move(till)).ok).toBe(true);
    await till.sync(relay);
  }
  for (const book of [owner, tills.good, tills.bad]) await book.sync(relay);
  const head = (await recordsOf(owner)).filter(({ op }) => op.device === tills.bad.device).at(-1) as OpRecord;
  expect(good.device).toBe(tills.good.device);
  return { relay, owner, ...tills, badKey: bad, head };
}

async function enrolled(owner: ShopBook, name: string) {
  const keys = memoryKeys();
  const key = await keys.create('device');
  const args = { device: key.device, key: encodeHex(key.publicKey), name, role: 'till' as const };
  expect((await owner.commit('device.enroll', args, { scope: BRANCH })).ok).toBe(true);
  return [key, keys] as const;
}

function move(book: ShopBook) {
  return book.commit('stock.move', { sku: 'tea', quantity: 1 }, { scope: BRANCH });
}

function onHand(book: ShopBook): unknown {
  return book.query('SELECT onHand FROM stock WHERE scope = ?', [BRANCH])[0]?.['onHand'];
}

function branchOf(book: ShopBook) {
  return book.status().scopes.find(({ scope }) => scope === BRANCH);
}

describe('a mark beyond hq that comes without a position', () => {
  it('from a revoked till stops no branch, and neither does what that till builds on it', async () => {
    const { relay, owner, good, bad, badKey, head } = await openBranch();
    expect((await owner.commit('device.revoke', { device: bad.device, reason: 'stolen' })).ok).toBe(true);
    await owner.sync(relay);
    await good.sync(relay);
    expect((await move(good)).ok).toBe(true);
    const mark = await craft(owner, badKey, {
      verb: 'hq.mark@1',
      args: NEVER,
      after: head,
      scope: BRANCH,
      backDated: true,
    });
    const after = await craft(owner, badKey, { after: mark, scope: BRANCH, backDated: true });

    const before = good.digest();
    await good.import(fileOf(owner, [mark, after]));
    expect(good.digest()).toEqual(before);
    expect(branchOf(good)).toMatchObject({ waiting: 2, stop: undefined });
    expect((await move(good)).ok).toBe(true);
    expect(onHand(good)).toBe(4);
    await provenDigest(good);
    for (const book of [good, owner, good]) await book.sync(relay);
    expect((await move(good)).ok).toBe(true);
    expect(onHand(good)).toBe(5);
    expect(onHand(owner)).toBe(4);
  });

  it('counts, with what builds on it, once that hq has come, in whatever order all of it came', async () => {
    const { relay, owner, good, bad } = await openBranch();
    await owner.commit('price.set', { sku: 'tea', priceMinor: 7 });
    await owner.sync(relay);
    await bad.sync(relay);
    const handed: OpRecord[] = [];
    for (let count = 0; count < 2; count++) {
      expect((await move(bad)).ok).toBe(true);
      const all = await recordsOf(bad);
      handed.push(...all.filter(({ hash, op }) => op.scope === BRANCH && !handed.some((one) => one.hash === hash)));
    }
    expect(handed.filter(({ op }) => op.verb === 'hq.mark@1' && op.args['size'] === 2)).toHaveLength(1);

    // A third device that has read the second's ops, so that its own chain builds on them by a head.
    await owner.import(await bad.export());
    expect((await move(owner)).ok).toBe(true);
    const all = (await recordsOf(owner)).filter(({ op }) => op.scope === BRANCH);

    const before = good.digest();
    for (const record of [...all].reverse()) await good.import(fileOf(owner, [record]));
    expect(branchOf(good)).toMatchObject({ waiting: 4, stop: undefined });
    expect(good.digest()).toEqual(before);
    expect((await move(good)).ok).toBe(true);
    await provenDigest(good);
    await good.import(await owner.export({ scopes: ['hq' as Scope] }));
    expect(branchOf(good)).toMatchObject({ waiting: 0, stop: undefined });
    expect(onHand(good)).toBe(6);
    await owner.import(await good.export());
    expect(good.digest()).toEqual(owner.digest());
    expect(await provenDigest(good)).toEqual(await provenDigest(owner));
  });

  it('is folded where the rows are made anew from a log that has all of it', async () => {
    const relay = await createTestRelay();
    const owner = await openOver(undefined, 1);
    await owner.sync(relay);
    expect((await move(owner)).ok).toBe(true);
    const log = createMemoryLogStore();
    const relayKey = owner.status().relayKey ?? '';
    for (let round = 0; round < 2; round++) {
      const again = await openOver(owner.id, 9, memoryKeys(), { ...stores['sql.js'](), log }, relayKey);
      if (round === 0) await again.import(await owner.export());
      expect(branchOf(again)).toMatchObject({ pending: 2, waiting: 0, stop: undefined });
      expect(again.digest()).toEqual(owner.digest());
      await closing.pop()?.close();
    }
  });

  it('holds up the device whose own it is, which would else write its next op over it', async () => {
    const { owner, good, bad, badKey, head } = await openBranch();
    const args: JsonObject = NEVER;
    const mark = await craft(owner, badKey, { verb: 'hq.mark@1', args, after: head, scope: BRANCH });
    for (const book of [bad, good]) await book.import(fileOf(owner, [mark]));
    expect(await move(bad)).toMatchObject({
      ok: false,
      code: 'kernel/scope-stopped',
      details: { reason: 'kernel/needs-hq' },
    });
    expect((await move(good)).ok).toBe(true);
  });
});
