/** Keys that are rotated, and devices that are revoked: what counts, what does not, and who says so. */
import { openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { encodeHex, type OpHash, type OpRecord, type Scope } from '@tallystick/oplog';
import type { DeviceKey, KeyStore, Role } from '@tallystick/sign';
import { laterKey, proveRotation } from '@tallystick/sign/rotation';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { createTestRelay, HQ, provenDigest, type ShopBook } from './fleet.ts';
import { craft, fileOf, recordsOf } from './records.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const open: ShopBook[] = [];
afterEach(async () => {
  for (const book of open.splice(0)) await book.close();
});

async function openOwner(keys: KeyStore = memoryKeys(), makeStore = stores['better-sqlite3']): Promise<ShopBook> {
  const book = await openBook({ store: makeStore(), keys, verbs: shopVerbs, edge: testEdge(1), replicate: 'all' });
  open.push(book);
  return book;
}

/** A device enrolled by `by`, with a replica of its own that knows it. */
async function enlist(
  by: ShopBook,
  role: Role,
  name: string,
  scope: Scope = HQ,
): Promise<{ book: ShopBook; key: DeviceKey; keys: KeyStore }> {
  const keys = memoryKeys();
  const key = await keys.create('device');
  const args = { device: key.device, key: encodeHex(key.publicKey), name, role };
  expect(await by.commit('device.enroll', args, { scope })).toMatchObject({ ok: true });
  const edge = testEdge(open.length + 1);
  const book = await openBook({ store: stores['better-sqlite3'](), keys, verbs: shopVerbs, edge, book: by.id, scope });
  open.push(book);
  await book.import(await by.export());
  await book.anchor();
  return { book, key, keys };
}

const move = (book: ShopBook, quantity = 1): Promise<{ ok: boolean }> =>
  book.commit('stock.move', { sku: 'tea', quantity });
const onHand = (book: ShopBook, sku = 'tea'): unknown =>
  book.query('SELECT coalesce(sum(onHand), 0) AS n FROM stock WHERE sku = ?', [sku])[0]?.['n'];
const codes = (book: ShopBook): unknown[] =>
  book.query('SELECT code FROM refusals ORDER BY code').map((row) => row['code']);
const lastOf = async (book: ShopBook, device: string, scope: string = HQ): Promise<OpRecord> =>
  (await recordsOf(book)).filter(({ op }) => op.device === device && op.scope === scope).at(-1) as OpRecord;

describe('a rotated key', () => {
  it.each(Object.keys(stores) as (keyof typeof stores)[])('signs from the next op on (%s)', async (driver) => {
    const book = await openOwner(memoryKeys(), stores[driver]);
    await move(book);
    expect(await book.rotate()).toMatchObject([{ ok: true }]);
    await move(book);
    const own = (await recordsOf(book)).filter(({ op }) => op.device === book.device);
    const [first, rotation, after] = own as [OpRecord, OpRecord, OpRecord];
    expect([first.keyId, rotation.keyId]).toEqual([book.device, book.device]);
    expect(after.keyId).not.toBe(book.device);
    expect(book.query('SELECT key, keyId FROM devices WHERE device = ?', [book.device])).toEqual([
      { key: rotation.op.args['key'], keyId: after.keyId },
    ]);
    expect(onHand(book)).toBe(2);
    await provenDigest(book, stores[driver]);
    expect(await book.verify({ every: true })).toMatchObject({ ok: true, covered: [] });
  });

  it('is in force again after a restart, however often it was rotated', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tally-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'shop.db');
    for (let round = 0; round < 3; round++) {
      const book = await openBook({
        store: nodeStore(path),
        verbs: shopVerbs,
        edge: testEdge(round, 1_764_500_000_000 + round * 1000),
      });
      expect(await book.rotate()).toMatchObject([{ ok: true }]);
      expect(await move(book)).toMatchObject({ ok: true });
      const keyIds = new Set(
        (await recordsOf(book)).filter(({ op }) => op.device === book.device).map(({ keyId }) => keyId),
      );
      expect(keyIds.size).toBe(round + 2);
      await provenDigest(book);
      await book.close();
    }
  });

  it('that was made and never written leaves the old one in force, and is taken next time', async () => {
    const keys = memoryKeys();
    const book = await openOwner(keys);
    const left = await keys.create('device-2');
    const again = await openOwner(keys);
    expect(await move(again)).toMatchObject({ ok: true });
    expect((await lastOf(again, again.device)).keyId).toBe(again.device);
    await again.rotate();
    await move(again);
    expect((await lastOf(again, again.device)).keyId).toBe(left.keyId);
    expect(book.device).toBe(again.device);
  });

  it('is missed by a copy of the keys from before', async () => {
    const owner = await openOwner();
    const till = await enlist(owner, 'till', 'till-1');
    await till.book.rotate();
    const old = memoryKeys();
    const stolen = { load: (name: string) => (name === 'device' ? till.key : old.load(name)), create: old.create };
    const copy = await openBook({
      store: stores['better-sqlite3'](),
      keys: stolen,
      verbs: shopVerbs,
      edge: testEdge(9),
      book: owner.id,
    });
    open.push(copy);
    await copy.import(await till.book.export());
    await copy.anchor();
    expect(await copy.commit('stock.move', { sku: 'tea', quantity: 1 })).toMatchObject({
      ok: false,
      code: 'kernel/superseded',
    });
  });

  it('closes the chain to the old one, by file and by relay', async () => {
    const owner = await openOwner();
    const till = await enlist(owner, 'till', 'till-1');
    await move(till.book);
    const before = await lastOf(till.book, till.key.device);
    await till.book.rotate();
    const rotation = await lastOf(till.book, till.key.device);
    const late = await craft(owner, till.key, { after: rotation });
    const fork = await craft(owner, till.key, { after: before });
    await owner.import(await till.book.export());
    expect((await owner.import(fileOf(owner, [late]))).aside).toMatchObject([{ code: 'chain/signature' }]);
    const relay = await createTestRelay();
    await owner.sync(relay);
    const pushed = await relay.push(owner.id, HQ, [late, fork]);
    expect(pushed.results.map(({ verdict }) => verdict)).toEqual(['bad-signature', 'fork']);
    await till.book.sync(relay);
    // The fork is kept and named, and the honest device goes on.
    expect(codes(till.book)).toEqual(['kernel/fork']);
    expect(await move(till.book)).toMatchObject({ ok: true });
    await till.book.sync(relay);
    await owner.sync(relay);
    expect(onHand(owner)).toBe(2);
    expect(onHand(owner, 'stolen')).toBe(0);
    expect(await provenDigest(owner)).toBe(await provenDigest(till.book));
  });

  it('stops a device whose newest key writes elsewhere too', async () => {
    const owner = await openOwner();
    const till = await enlist(owner, 'till', 'till-1');
    await till.book.rotate();
    const rotation = await lastOf(till.book, till.key.device);
    const newest = laterKey(till.key.device, (await till.keys.load('device-2')) as DeviceKey);
    await move(till.book);
    await till.book.import(fileOf(owner, [await craft(owner, newest, { after: rotation })]));
    expect(await move(till.book)).toMatchObject({ ok: false, code: 'kernel/forked' });
  });

  it('is refused at the commit when it did not agree', async () => {
    const book = await openOwner();
    const other = await memoryKeys().create('device');
    const honest = await proveRotation(
      ((await lastOf(book, book.device)) as OpRecord | undefined)?.hash ?? ('00'.repeat(32) as OpHash),
      other,
    );
    expect(await book.commit('device.rotate', honest)).toMatchObject({ ok: false, code: 'sign/proof' });
    expect(await book.commit('device.rotate', { ...honest, proof: '' })).toMatchObject({
      ok: false,
      code: 'kernel/bad-args',
    });
    expect(await move(book)).toMatchObject({ ok: true });
  });

  it('without proof is stored by nobody', async () => {
    const owner = await openOwner();
    const till = await enlist(owner, 'till', 'till-1');
    await move(till.book);
    const before = await lastOf(till.book, till.key.device);
    const thief = await memoryKeys().create('device');
    const args = { key: encodeHex(thief.publicKey), proof: '00'.repeat(64) };
    const rotation = await craft(owner, till.key, { verb: 'device.rotate@1', args, after: before });
    await owner.import(await till.book.export());
    expect((await owner.import(fileOf(owner, [rotation]))).aside).toMatchObject([{ code: 'chain/signature' }]);
    const relay = await createTestRelay();
    await owner.sync(relay);
    expect((await relay.push(owner.id, HQ, [rotation])).results).toMatchObject([{ verdict: 'bad-signature' }]);
  });

  it('of a stranger makes him nobody, though his own signatures close the run', async () => {
    const owner = await openOwner();
    await move(owner);
    const thief = laterKey(owner.device, await memoryKeys().create('device'));
    const head = await lastOf(owner, owner.device);
    const args = { ...(await proveRotation(head.hash, thief)) };
    const rotation = await craft(owner, thief, { verb: 'device.rotate@1', args, after: head });
    const theft = await craft(owner, thief, { after: rotation });
    const waits = { code: 'chain/signature' };
    expect((await owner.import(fileOf(owner, [rotation, theft]))).aside).toMatchObject([waits, waits]);
    expect(onHand(owner, 'stolen')).toBe(0);
  });

  it('of hq is followed in another scope from the mark on, and the old one counts there no more', async () => {
    const branch = 'b/042' as Scope;
    const owner = await openOwner();
    const relay = await createTestRelay();
    await owner.commit('price.set', { sku: 'tea', priceMinor: 5 });
    await owner.sync(relay);
    expect(await owner.commit('shop.sell', { sku: 'tea' }, { scope: branch })).toMatchObject({ ok: true });
    await owner.rotate();
    // Before the rotation is settled no mark can name it: the chain in the branch goes on under its old key.
    expect(await owner.commit('shop.sell', { sku: 'tea' }, { scope: branch })).toMatchObject({ ok: true });
    expect((await lastOf(owner, owner.device, branch)).keyId).toBe(owner.device);
    await owner.sync(relay);
    expect(await owner.commit('shop.sell', { sku: 'tea' }, { scope: branch })).toMatchObject({ ok: true });
    const verbs = (await recordsOf(owner)).filter(({ op }) => op.scope === branch).map(({ op }) => op.verb);
    expect(verbs.slice(-3)).toEqual(['hq.mark@1', 'device.rotate@1', 'shop.sell@1']);
    const hqKey = owner.query("SELECT keyId FROM devices WHERE scope = 'hq' AND device = ?", [owner.device])[0]?.[
      'keyId'
    ];
    expect((await lastOf(owner, owner.device, branch)).keyId).toBe(hqKey);
    await owner.sync(relay);
    expect(codes(owner)).toEqual([]);
    expect(onHand(owner, 'takings of tea')).toBe(15);
    await provenDigest(owner);
  });

  it('of hq cannot be passed by opening a chain elsewhere under the old one', async () => {
    const branch = 'b/042' as Scope;
    const keys = memoryKeys();
    const owner = await openOwner(keys);
    const old = (await keys.load('device')) as DeviceKey;
    const helper = await enlist(owner, 'owner', 'second');
    const relay = await createTestRelay();
    await owner.sync(relay);
    await owner.rotate();
    await owner.sync(relay);
    await helper.book.sync(relay);
    // Someone takes notice of the rotation in the branch, which is what makes it bite there.
    await helper.book.commit('stock.move', { sku: 'tea', quantity: 1 }, { scope: branch });
    const enrolment = String(
      owner.query('SELECT enrolment FROM devices WHERE device = ?', [owner.device])[0]?.['enrolment'],
    );
    const theft = await craft(owner, old, { enrolment, scope: branch });
    const thief = await memoryKeys().create('device');
    const rotation = await craft(owner, old, {
      verb: 'device.rotate@1',
      args: { ...(await proveRotation(theft.hash, thief)) },
      after: theft,
      scope: branch,
    });
    const more = await craft(owner, laterKey(old.device, thief), { after: rotation, scope: branch });
    await helper.book.import(fileOf(owner, [theft, rotation, more]));
    expect(codes(helper.book)).toEqual(['kernel/superseded', 'kernel/superseded', 'kernel/superseded']);
    expect(onHand(helper.book, 'stolen')).toBe(0);
    await provenDigest(helper.book);
  });

  it('belongs to the scope that enrolled the device', async () => {
    const branch = 'b/042' as Scope;
    const owner = await openOwner();
    const relay = await createTestRelay();
    await owner.sync(relay);
    const till = await enlist(owner, 'till', 'till-1', branch);
    await owner.sync(relay);
    await till.book.sync(relay);
    expect(await till.book.rotate()).toMatchObject([{ ok: true, scope: branch }]);
    expect(await move(till.book)).toMatchObject({ ok: true });
    await till.book.sync(relay);
    await owner.sync(relay);
    expect(codes(owner)).toEqual([]);
    expect(onHand(owner)).toBe(1);
  });
});

describe('a revoked device', () => {
  it('keeps what it did, and does nothing more', async () => {
    const owner = await openOwner();
    const till = await enlist(owner, 'till', 'till-1');
    const relay = await createTestRelay();
    await move(till.book, 3);
    await till.book.sync(relay);
    await owner.sync(relay);
    expect(await owner.commit('device.revoke', { device: till.key.device, reason: 'stolen' })).toMatchObject({
      ok: true,
    });
    await owner.sync(relay);
    // Offline, the till does not know yet.
    expect(await move(till.book, 5)).toMatchObject({ ok: true });
    const late = await lastOf(till.book, till.key.device);
    const { notTaken, warned } = await till.book.sync(relay, { pull: false });
    expect(notTaken).toEqual([]);
    expect(warned).toMatchObject([{ hash: late.hash, verdict: 'stored', warnings: ['quarantined'] }]);
    expect(await till.book.sync(relay)).toMatchObject({ warned: [] });
    await owner.sync(relay);
    expect(onHand(owner)).toBe(3);
    expect(codes(owner)).toEqual(['kernel/revoked']);
    expect(owner.query('SELECT status FROM devices WHERE device = ?', [till.key.device])).toEqual([
      { status: 'revoked' },
    ]);
    expect(await move(till.book)).toMatchObject({ ok: false, code: 'kernel/revoked' });
    expect(await provenDigest(owner)).toBe(await provenDigest(till.book));
  });

  it('is revoked by whom the book says', async () => {
    const owner = await openOwner();
    const manager = await enlist(owner, 'manager', 'office');
    const till = await enlist(owner, 'till', 'till-1');
    const other = await enlist(owner, 'till', 'till-2');
    for (const { book } of [manager, till, other]) await book.import(await owner.export());
    const revoke = (by: ShopBook, device: string): Promise<unknown> =>
      by.commit('device.revoke', { device, reason: 'left' });
    const refused = (code: string): object => ({ ok: false, code });
    expect(await revoke(till.book, other.key.device)).toMatchObject(refused('kernel/may-not-revoke'));
    expect(await revoke(manager.book, owner.device)).toMatchObject(refused('kernel/may-not-revoke'));
    // In `hq` it may be a device of any branch, and only owners may speak of those.
    expect(await revoke(manager.book, '00'.repeat(32))).toMatchObject(refused('kernel/may-not-revoke'));
    expect(await revoke(owner, '00'.repeat(32))).toMatchObject({ ok: true });
    expect(await revoke(owner, '00'.repeat(32))).toMatchObject(refused('kernel/already-revoked'));
    expect(await owner.commit('device.revoke', { device: till.key.device, reason: 'mood' as 'other' })).toMatchObject(
      refused('kernel/bad-args'),
    );
    expect(await till.book.commit('policy.revoke', { role: 'till', revokes: ['till'] })).toMatchObject(
      refused('kernel/role'),
    );
    await owner.commit('policy.revoke', { role: 'till', revokes: ['till'] });
    await owner.commit('policy.revoke', { role: 'manager', revokes: [] });
    for (const { book } of [manager, till]) await book.import(await owner.export());
    expect(await revoke(manager.book, other.key.device)).toMatchObject(refused('kernel/may-not-revoke'));
    expect(await revoke(till.book, other.key.device)).toMatchObject({ ok: true });
    expect(await revoke(till.book, other.key.device)).toMatchObject(refused('kernel/already-revoked'));
    expect(await revoke(manager.book, manager.key.device)).toMatchObject({ ok: true });
  });

  it('is never the last owner', async () => {
    const owner = await openOwner();
    const root = String(owner.query("SELECT device FROM devices WHERE name = 'root'")[0]?.['device']);
    expect(await owner.commit('device.revoke', { device: root, reason: 'retired' })).toMatchObject({ ok: true });
    expect(await owner.commit('device.revoke', { device: owner.device, reason: 'lost' })).toMatchObject({
      ok: false,
      code: 'kernel/last-owner',
    });
  });

  it('by its last day counts in another scope until a day there, or in hq as of the mark, is later', async () => {
    const branch = 'b/042' as Scope;
    const owner = await openOwner();
    const relay = await createTestRelay();
    const key = await memoryKeys().create('device');
    const args = { device: key.device, key: encodeHex(key.publicKey), name: 'fair', role: 'till' as const };
    await owner.commit('device.enroll', { ...args, untilDay: '2026-11-22' });
    const enrolment = String(
      owner.query('SELECT enrolment FROM devices WHERE device = ?', [key.device])[0]?.['enrolment'],
    );
    await owner.sync(relay);
    const mark = (): Promise<unknown> => owner.commit('stock.move', { sku: 'mark', quantity: 1 }, { scope: branch });
    await mark();
    let after: OpRecord | undefined;
    const sellThere = async (): Promise<unknown> => {
      after = await craft(owner, key, { ...(after === undefined ? { enrolment } : { after }), scope: branch });
      await owner.import(fileOf(owner, [after]));
      return codes(owner);
    };
    expect(await sellThere()).toEqual([]);
    await owner.commit('day.open', { day: '2026-11-23' });
    await owner.sync(relay);
    // Nobody has taken notice in the branch.
    expect(await sellThere()).toEqual([]);
    await mark();
    await owner.sync(relay);
    expect(await sellThere()).toEqual(['kernel/expired']);
    await owner.commit('day.open', { day: '2026-11-20' });
    await owner.sync(relay);
    await mark();
    await owner.sync(relay);
    expect(await sellThere()).toEqual(['kernel/expired']);
    await owner.commit('day.open', { day: '2026-11-24' }, { scope: branch });
    await owner.sync(relay);
    expect(await sellThere()).toEqual(['kernel/expired', 'kernel/expired']);
    await provenDigest(owner);
  });

  it('of hq stops counting in another scope at the first mark that says so', async () => {
    const branch = 'b/042' as Scope;
    const owner = await openOwner();
    const manager = await enlist(owner, 'manager', 'office');
    const relay = await createTestRelay();
    await owner.sync(relay);
    await manager.book.sync(relay);
    const inBranch = (book: ShopBook): Promise<unknown> =>
      book.commit('stock.move', { sku: 'tea', quantity: 1 }, { scope: branch });
    await inBranch(manager.book);
    await manager.book.sync(relay);
    await owner.commit('device.revoke', { device: manager.key.device, reason: 'left' });
    await owner.sync(relay);
    await inBranch(owner);
    await owner.sync(relay);
    expect(await inBranch(manager.book)).toMatchObject({ ok: true });
    // As a file from the manager, who does not know yet.
    await owner.import(await manager.book.export());
    expect(onHand(owner)).toBe(2);
    expect(codes(owner)).toContain('kernel/revoked');
    await provenDigest(owner);
  });
});
