// Ops that stand in the log without effect, and scopes that wait: what the kernel's own verbs refuse, and what only the fold can see.
import { openRecord } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { type Book, defineVerb, openBook } from '@tallystick/kernel';
import { nodeCrypto } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { encodeHex, encodeRecord, type OpRecord, type Scope, signatureOf, textOf } from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import type { DeviceKey, KeyStore } from '@tallystick/sign';
import { proveRotation } from '@tallystick/sign/rotation';
import initSqlJs from 'sql.js';
import { describe, expect, it } from 'vitest';
import { createTestRelay, provenDigest, type ShopBook } from './fleet.ts';
import { craft, fileOf, recordsOf } from './records.ts';
import { memoryKeys, move, shopVerbs, stock, stores, testEdge } from './shop.ts';

const BRANCH = 'b/042' as Scope;
const newer = defineVerb({ ...move, name: 'stock.count', tables: [stock], plan: () => [] });

async function openOwner(keys: KeyStore = memoryKeys(), startMs?: number): Promise<ShopBook> {
  const store = stores['better-sqlite3']();
  return openBook({ store, keys, verbs: shopVerbs, edge: testEdge(1, startMs), replicate: 'all' });
}

async function join(owner: Pick<Book, 'id'>, keys: KeyStore = memoryKeys(), seed = 2): Promise<ShopBook> {
  return openBook({ store: stores['better-sqlite3'](), keys, verbs: shopVerbs, edge: testEdge(seed), book: owner.id });
}

async function enrol(owner: ShopBook, key: DeviceKey, role: 'manager' | 'till'): Promise<void> {
  const args = { device: key.device, key: encodeHex(key.publicKey), name: role, role };
  expect((await owner.commit('device.enroll', args)).ok).toBe(true);
}

function refusalsIn(book: Pick<Book, 'query'>): readonly unknown[] {
  return book.query('SELECT verb, code FROM refusals ORDER BY verb');
}

describe('a verb of the kernel', () => {
  it('adopts verbs for all scopes, and so in hq alone', async () => {
    const owner = await openOwner();
    await owner.sync(await createTestRelay());
    const adopt = await owner.commit('manifest.adopt', { verbs: ['stock.count@1'] }, { scope: BRANCH });
    expect(adopt).toMatchObject({ ok: false, code: 'kernel/only-hq' });
    expect(owner.query("SELECT * FROM manifest WHERE verb = 'stock.count@1'")).toEqual([]);
  });

  it('marks hq from other scopes, and never backwards', async () => {
    const owner = await openOwner();
    await owner.sync(await createTestRelay());
    await owner.commit('stock.move', { sku: 'apple', quantity: 1 }, { scope: BRANCH });
    const [mark] = owner.query<{ size: number; root: string }>('SELECT size, root FROM marks');
    if (mark === undefined) throw new Error('no mark was written');
    expect(await owner.commit('hq.mark', mark)).toMatchObject({ ok: false, code: 'kernel/mark-in-hq' });
    expect(await owner.commit('hq.mark', mark, { scope: BRANCH })).toEqual({
      ok: false,
      code: 'kernel/mark-backwards',
      details: { size: mark.size },
    });
  });
});

describe('an op without effect', () => {
  it('names a verb that is not adopted: its own program does not write it, and nobody folds it', async () => {
    const keys = memoryKeys();
    const store = stores['better-sqlite3']();
    const narrow = await openBook({
      store: { ...store, close: () => undefined },
      keys,
      verbs: [move],
      edge: testEdge(),
    });
    await narrow.close();
    const wide = await openBook({ store, keys, verbs: [move, newer], edge: testEdge(2) });
    const args = { sku: 'apple', quantity: 1 };
    const answer = { ok: false, code: 'kernel/not-adopted', details: { verb: 'stock.count@1' } };
    expect(await wide.commit('stock.count', args)).toEqual(answer);

    const key = (await keys.load('device')) as DeviceKey;
    const enrolment = (await recordsOf(wide)).at(-1)?.hash as string;
    const written = await craft(wide, key, { verb: 'stock.count@1', args, enrolment });
    await wide.import(fileOf(wide, [written]));
    expect(refusalsIn(wide)).toEqual([{ verb: 'stock.count@1', code: 'kernel/not-adopted' }]);
    await provenDigest(wide);
  });

  it('begins its chain at an enrolment that lost to another one', async () => {
    const relay = await createTestRelay();
    const owner = await openOwner();
    const managerKeys = memoryKeys();
    await enrol(owner, await managerKeys.create('device'), 'manager');
    const manager = await join(owner, managerKeys);
    await manager.import(await owner.export());
    await manager.anchor();

    const guestKeys = memoryKeys();
    const key = await guestKeys.create('device');
    await enrol(owner, key, 'till');
    await owner.sync(relay);
    await enrol(manager, key, 'till');
    const guest = await join(owner, guestKeys, 3);
    await guest.import(await manager.export());
    await guest.anchor();
    expect((await guest.commit('stock.move', { sku: 'apple', quantity: 5 })).ok).toBe(true);

    await owner.import(await guest.export());
    expect(refusalsIn(owner)).toEqual([
      { verb: 'device.enroll@1', code: 'kernel/already-enrolled' },
      { verb: 'stock.move@1', code: 'kernel/enrolment' },
    ]);
    expect(owner.query('SELECT * FROM stock')).toEqual([]);
    await provenDigest(owner);
  });
});

describe('a log at rest that is not as it was', () => {
  /** What the fold makes of these stored records, which no door has judged. */
  async function openOver(owner: Pick<Book, 'id'>, records: readonly OpRecord[]): Promise<ShopBook> {
    const log = createMemoryLogStore();
    log.append(records);
    const store = { ...sqljsStore({ sqlite: await initSqlJs(), log }), crypto: nodeCrypto };
    return openBook({ store, keys: memoryKeys(), verbs: shopVerbs, book: owner.id });
  }

  it('has no effect where an op is under a key that is not in force, and does not prove', async () => {
    const owner = await openOwner();
    await owner.commit('stock.move', { sku: 'apple', quantity: 1 });
    const [genesis, enrolment, last] = (await recordsOf(owner)) as [OpRecord, OpRecord, OpRecord];
    const damaged = await openOver(owner, [genesis, enrolment, underKeyOf(genesis, last)]);
    expect(refusalsIn(damaged)).toEqual([{ verb: 'stock.move@1', code: 'kernel/wrong-key' }]);
    expect(damaged.query('SELECT * FROM stock')).toEqual([]);
    expect(await damaged.prove(stores['better-sqlite3']())).toMatchObject({ ok: false });
  });

  it('goes on under its own key after a rotation that another key signed', async () => {
    const keys = memoryKeys();
    const owner = await openOwner(keys);
    await owner.commit('stock.move', { sku: 'apple', quantity: 1 });
    const records = (await recordsOf(owner)) as [OpRecord, OpRecord, OpRecord];
    const [genesis, , last] = records;
    const key = (await keys.load('device')) as DeviceKey;
    const thief = await memoryKeys().create('device');
    const args = { ...(await proveRotation(last.hash, thief)) };
    const rotation = underKeyOf(genesis, await craft(owner, key, { verb: 'device.rotate@1', args, after: last }));
    const next = await craft(owner, key, { after: rotation, args: { sku: 'pear', quantity: 2 } });
    const damaged = await openOver(owner, [...records, rotation, next]);
    expect(refusalsIn(damaged)).toEqual([{ verb: 'device.rotate@1', code: 'kernel/wrong-key' }]);
    expect(damaged.query('SELECT sku, onHand FROM stock')).toEqual([
      { sku: 'apple', onHand: 1 },
      { sku: 'pear', onHand: 2 },
    ]);
  });

  it('does not open the book again by the first op of another', async () => {
    const owner = await openOwner();
    const stranger = await openOwner(memoryKeys(), 1_764_600_000_000);
    const [genesis] = (await recordsOf(stranger)) as [OpRecord];
    const damaged = await openOver(owner, [...(await recordsOf(owner)), genesis]);
    expect(refusalsIn(damaged)).toEqual([{ verb: 'book.open@1', code: 'kernel/not-genesis' }]);
    expect(damaged.query('SELECT book FROM books')).toEqual([{ book: owner.id }]);
    expect(await damaged.prove(stores['better-sqlite3']())).toMatchObject({ ok: false });
  });
});

/** The record with its key id turned into that of another. */
function underKeyOf(other: OpRecord, record: OpRecord): OpRecord {
  const opened = openRecord(encodeRecord(other.keyId, signatureOf(record), textOf(record)), nodeHasher);
  if (!opened.ok) throw new Error(opened.message);
  return opened.value;
}

describe('a scope', () => {
  it('that marks more of hq than is here leaves that and what follows aside, and goes on when that has come', async () => {
    const relay = await createTestRelay();
    const owner = await openOwner();
    await owner.sync(relay);
    const late = await join(owner);
    await late.sync(relay);
    await owner.commit('price.set', { sku: 'apple', priceMinor: 100 });
    await owner.sync(relay);
    await owner.commit('shop.sell', { sku: 'apple' }, { scope: BRANCH });

    await late.import(await owner.export({ scopes: [BRANCH] }));
    expect(late.status().scopes).toMatchObject([
      { scope: 'hq', settled: 2, stop: undefined },
      { scope: BRANCH, settled: 0, pending: 0, waiting: 2, stop: undefined },
    ]);
    expect(late.query('SELECT * FROM stock')).toEqual([]);
    await late.import(await owner.export());
    expect(late.status().scopes[1]).toMatchObject({ scope: BRANCH, waiting: 0, stop: undefined });
    expect(late.digest()).toEqual(owner.digest());
  });
});
