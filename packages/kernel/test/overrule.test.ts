/** Recovery keys: what a thief did about devices and keys is taken back, within a window that he cannot hurry. */
import { openBook } from '@tallystick/kernel';
import { encodeHex, type OpRecord, type Scope } from '@tallystick/oplog';
import type { Role } from '@tallystick/sign';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestRelay, provenDigest, type ShopBook } from './fleet.ts';
import { fileOf, recordsOf } from './records.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const open: ShopBook[] = [];
afterEach(async () => {
  for (const book of open.splice(0)) await book.close();
});

const refused = (code: string): object => ({ ok: false, code });
const done = { ok: true };

async function enlist(by: ShopBook, role: Role, name: string): Promise<ShopBook> {
  const keys = memoryKeys();
  const key = await keys.create('device');
  const args = { device: key.device, key: encodeHex(key.publicKey), name, role };
  expect(await by.commit('device.enroll', args)).toMatchObject(done);
  const edge = testEdge(open.length + 1, 1_764_500_000_000 + open.length * 100_000);
  const book = await openBook({ store: stores['better-sqlite3'](), keys, verbs: shopVerbs, edge, book: by.id });
  open.push(book);
  await book.import(await by.export());
  await book.anchor();
  return book;
}

/** Everyone gets what everyone has. */
async function gossip(...books: readonly ShopBook[]): Promise<void> {
  for (const from of books) for (const to of books) if (from !== to) await to.import(await from.export());
}

interface Scene {
  readonly owner: ShopBook;
  /** Kept in a safe; then one that a family member keeps. */
  readonly safe: ShopBook;
  readonly family: ShopBook;
  readonly stolen: ShopBook;
}

async function scene(windowDays = 2): Promise<Scene> {
  const owner = await openBook({
    store: stores['better-sqlite3'](),
    keys: memoryKeys(),
    verbs: shopVerbs,
    edge: testEdge(1),
  });
  open.push(owner);
  const [safe, family, stolen] = [
    await enlist(owner, 'owner', 'safe'),
    await enlist(owner, 'owner', 'family'),
    await enlist(owner, 'owner', 'stolen'),
  ];
  expect(await owner.commit('recovery.set', { keys: [safe.device, family.device], windowDays })).toMatchObject(done);
  await gossip(owner, safe, family, stolen);
  return { owner, safe, family, stolen };
}

async function act(by: ShopBook, ...request: Parameters<ShopBook['commit']>): Promise<string> {
  const commit = await by.commit(...request);
  if (!commit.ok) throw new Error(commit.code);
  return commit.hash;
}

const revoke = (by: ShopBook, of: ShopBook): Promise<string> =>
  act(by, 'device.revoke', { device: of.device, reason: 'other' });
const overrule = (by: ShopBook, hash: string): Promise<unknown> => by.commit('key.overrule', { act: hash });
const statusOf = (book: ShopBook, device: string): unknown =>
  book.query('SELECT status FROM devices WHERE device = ?', [device])[0]?.['status'];

describe('an act about keys', () => {
  it('is taken back by a higher key, even by one that it revoked', async () => {
    const { owner, safe, family, stolen } = await scene();
    const hashes = [await revoke(stolen, safe), await revoke(stolen, family), await revoke(stolen, owner)];
    await gossip(stolen, safe, family, owner);
    expect(await overrule(owner, hashes[2] as string)).toMatchObject(refused('kernel/priority'));
    expect(await overrule(safe, hashes[1] as string)).toMatchObject(refused('kernel/revoked'));
    expect(await overrule(safe, hashes[0] as string)).toMatchObject(done);
    expect(await overrule(safe, hashes[2] as string)).toMatchObject(done);
    expect(await overrule(safe, hashes[2] as string)).toMatchObject(refused('kernel/overruled'));
    const against = await revoke(safe, stolen);
    await gossip(safe, family, stolen, owner);
    expect(statusOf(owner, owner.device)).toBe('active');
    expect(statusOf(owner, stolen.device)).toBe('revoked');
    // What a higher key did stands against a lower one.
    expect(await overrule(stolen, against)).toMatchObject(refused('kernel/priority'));
    expect(await overrule(family, hashes[1] as string)).toMatchObject(done);
    expect(await overrule(family, against)).toMatchObject(refused('kernel/priority'));
    expect(await overrule(family, '00'.repeat(32))).toMatchObject(refused('kernel/unknown-act'));
    await gossip(family, owner);
    expect(await provenDigest(owner)).toBe(await provenDigest(family));
  });

  it('leaves the key that its device rotated to meanwhile, in its chain, until that rotates again', async () => {
    const { owner, safe, stolen } = await scene();
    const relay = await createTestRelay();
    for (const book of [owner, stolen, safe]) await book.sync(relay);
    const against = await revoke(stolen, owner);
    await stolen.sync(relay);
    // The owner does not know yet that it is revoked.
    expect(await owner.rotate()).toMatchObject([done]);
    await act(owner, 'stock.move', { sku: 'tea', quantity: 1 });
    await owner.sync(relay);
    expect(owner.quarantine()).toMatchObject([{ verb: 'stock.move@1', code: 'kernel/revoked' }]);
    await safe.sync(relay);
    expect(await overrule(safe, against)).toMatchObject(done);
    for (const book of [safe, owner]) await book.sync(relay);
    const keyIdOf = (table: string): unknown =>
      owner.query(`SELECT keyId FROM ${table} WHERE device = ?`, [owner.device])[0]?.['keyId'];
    expect(keyIdOf('devices')).toBe(owner.device);
    expect(keyIdOf('chains')).not.toBe(owner.device);
    await act(owner, 'stock.move', { sku: 'tea', quantity: 2 });
    expect(await owner.recoverAll(owner.device)).toMatchObject([done]);
    expect(await owner.rotate()).toMatchObject([done]);
    expect(keyIdOf('devices')).toBe(keyIdOf('chains'));
    for (const book of [owner, safe, stolen]) expect(await book.sync(relay)).toMatchObject({ notTaken: [] });
    expect(stolen.query('SELECT onHand FROM stock')).toEqual([{ onHand: 3 }]);
    expect(await provenDigest(owner)).toBe(await provenDigest(safe));
  });

  it('of each kind goes back to what was before', async () => {
    const { owner, safe, stolen } = await scene();
    const accomplice = await enlist(stolen, 'owner', 'accomplice');
    await accomplice.commit('stock.move', { sku: 'tea', quantity: 9 });
    await stolen.import(await accomplice.export());
    const enrolment = String(
      stolen.query('SELECT enrolment FROM devices WHERE name = ?', ['accomplice'])[0]?.['enrolment'],
    );
    await act(owner, 'policy.revoke', { role: 'manager', revokes: ['till'] });
    const first = await act(stolen, 'policy.revoke', { role: 'till', revokes: ['owner'] });
    await gossip(owner, stolen);
    const second = await act(stolen, 'policy.revoke', { role: 'manager', revokes: ['owner'] });
    const [rotation] = await stolen.rotate();
    const more = await act(stolen, 'recovery.set', {
      keys: [
        safe.device,
        String(owner.query("SELECT device FROM devices WHERE name = 'family'")[0]?.['device']),
        stolen.device,
      ],
      windowDays: 2,
    });
    await gossip(stolen, safe, owner);
    for (const hash of [enrolment, first, second, rotation?.ok === true ? rotation.hash : '', more])
      expect(await overrule(safe, hash)).toMatchObject(done);
    await gossip(safe, owner, accomplice, stolen);
    expect(owner.query('SELECT role, revokes FROM keyPolicy ORDER BY role')).toEqual([
      { role: 'manager', revokes: 'till' },
      { role: 'till', revokes: '' },
    ]);
    expect([accomplice, stolen].map(({ device }) => statusOf(owner, device))).toEqual(['revoked', 'revoked']);
    expect(owner.query('SELECT devices FROM recoveryKeys')[0]?.['devices']).not.toContain(stolen.device);
    // The accomplice's work from before stays, as for any revoked device.
    expect(owner.query('SELECT onHand FROM stock')).toEqual([{ onHand: 9 }]);
    expect(await accomplice.commit('stock.move', { sku: 'tea', quantity: 1 })).toMatchObject(refused('kernel/revoked'));
    await provenDigest(owner);
  });

  it('stands once the window is closed, which days of the thief do not close', async () => {
    const { owner, safe, family, stolen } = await scene();
    const till = await enlist(owner, 'till', 'till');
    await gossip(owner, stolen);
    const accomplice = await enlist(stolen, 'owner', 'accomplice');
    const theft = await revoke(stolen, owner);
    for (const day of ['2026-12-01', '2026-12-02', '2026-12-03']) await act(stolen, 'day.open', { day });
    await gossip(stolen, accomplice, till);
    for (const day of ['2026-12-04', '2026-12-05', '2026-12-06']) await act(accomplice, 'day.open', { day });
    await gossip(accomplice, till);
    for (const day of ['2026-12-07', '2026-12-08', '2026-12-09']) await act(till, 'day.open', { day });
    await gossip(till, accomplice, owner, family, safe);
    for (const day of ['2027-12-07', '2027-12-08']) await act(family, 'day.open', { day });
    await gossip(family, safe);
    expect(safe.query('SELECT rank FROM openedDays')).toEqual([{ rank: 1 }, { rank: 1 }]);
    await act(family, 'day.open', { day: '2027-12-09' });
    await gossip(family, safe);
    expect(await overrule(safe, theft)).toMatchObject(refused('kernel/window-closed'));
    expect(await act(safe, 'device.revoke', { device: stolen.device, reason: 'stolen' })).toBeTruthy();
  });

  it('that revokes a recovery key is taken back by it, whatever days the keys below it open', async () => {
    const { safe, family, stolen } = await scene();
    const accomplice = await enlist(family, 'owner', 'accomplice');
    const theft = await revoke(accomplice, safe);
    await gossip(accomplice, family);
    for (const day of ['2026-12-01', '2026-12-02', '2026-12-03']) await act(family, 'day.open', { day });
    await gossip(family, safe, stolen);
    expect(safe.query('SELECT rank FROM openedDays')).toHaveLength(3);
    expect(await overrule(safe, theft)).toMatchObject(done);
    expect(statusOf(safe, safe.device)).toBe('active');
    await gossip(safe, stolen);
    expect(await provenDigest(stolen)).toBe(await provenDigest(safe));
  });

  it('that let in what now ranks above is not taken back from below', async () => {
    const { safe, family, stolen } = await scene();
    const safer = await enlist(stolen, 'owner', 'safer');
    const [row] = stolen.query('SELECT enrolment FROM devices WHERE device = ?', [safer.device]);
    const enrolment = String(row?.['enrolment']);
    await gossip(stolen, safe);
    await act(safe, 'recovery.set', { keys: [safer, safe, family].map(({ device }) => device), windowDays: 2 });
    await gossip(safe, family, safer);
    for (const by of [family, safe, safer])
      expect(await overrule(by, enrolment)).toMatchObject(refused('kernel/priority'));
    expect(statusOf(safer, safer.device)).toBe('active');
  });

  it('is taken back on the last day', async () => {
    const { owner, safe, family, stolen } = await scene();
    const theft = await revoke(stolen, owner);
    await gossip(stolen, family);
    for (const day of ['2026-12-07', '2026-12-08']) await act(family, 'day.open', { day });
    await gossip(family, safe);
    expect(await overrule(safe, theft)).toMatchObject(done);
  });

  it('stays with the keys above it when the list is shortened', async () => {
    const { owner, safe, family, stolen } = await scene();
    const against = await revoke(owner, stolen);
    const another = await revoke(owner, family);
    await gossip(owner, safe);
    await act(safe, 'recovery.set', { keys: [safe.device], windowDays: 2 });
    await gossip(safe, family, stolen);
    // Both ranked, or rank now, above what the owner had: 1 against 2.
    expect(await overrule(stolen, against)).toMatchObject(refused('kernel/priority'));
    expect(await overrule(family, another)).toMatchObject(refused('kernel/priority'));
    expect(await overrule(safe, another)).toMatchObject(done);
    expect([stolen, family].map(({ device }) => statusOf(safe, device))).toEqual(['revoked', 'active']);
  });

  it('of a lower key does not shield an accomplice from a revocation by a higher one', async () => {
    const { safe, family, stolen, owner } = await scene();
    const shield = await revoke(stolen, family);
    await gossip(stolen, safe, family);
    const again = await revoke(safe, family);
    expect(await safe.commit('device.revoke', { device: family.device, reason: 'stolen' })).toMatchObject(
      refused('kernel/already-revoked'),
    );
    await gossip(safe, family);
    expect(await overrule(family, shield)).toMatchObject(done);
    expect(statusOf(family, family.device)).toBe('revoked');
    expect(await overrule(family, again)).toMatchObject(refused('kernel/priority'));
    expect(await family.commit('stock.move', { sku: 'tea', quantity: 1 })).toMatchObject(refused('kernel/revoked'));
    await gossip(family, owner);
    expect(await provenDigest(owner)).toBe(await provenDigest(family));
  });

  it('of before there were recovery keys stands', async () => {
    const owner = await openBook({
      store: stores['better-sqlite3'](),
      keys: memoryKeys(),
      verbs: shopVerbs,
      edge: testEdge(1),
    });
    open.push(owner);
    const safe = await enlist(owner, 'owner', 'safe');
    const early = await act(owner, 'policy.revoke', { role: 'till', revokes: [] });
    await act(owner, 'recovery.set', { keys: [safe.device], windowDays: 5 });
    await safe.import(await owner.export());
    expect(await overrule(safe, early)).toMatchObject(refused('kernel/unknown-act'));
  });
});

describe('the list of recovery keys', () => {
  it('is changed from the author’s own rank down', async () => {
    const { owner, safe, family, stolen } = await scene();
    const set = (by: ShopBook, keys: readonly ShopBook[], windowDays = 2): Promise<unknown> =>
      by.commit('recovery.set', { keys: keys.map(({ device }) => device), windowDays });
    expect(await set(stolen, [stolen])).toMatchObject(refused('kernel/priority'));
    expect(await set(stolen, [safe, stolen, family])).toMatchObject(refused('kernel/priority'));
    expect(await set(stolen, [safe, family, stolen], 1)).toMatchObject(refused('kernel/priority'));
    expect(await set(family, [owner, family])).toMatchObject(refused('kernel/priority'));
    expect(await set(family, [safe, owner])).toMatchObject(done);
    await gossip(family, safe);
    expect(await set(safe, [family], 9)).toMatchObject(done);
    expect(safe.query('SELECT devices, windowDays FROM recoveryKeys')).toEqual([
      { devices: family.device, windowDays: 9 },
    ]);
  });

  it('returns only as its overruler might set it', async () => {
    const { owner, safe, family, stolen } = await scene();
    const set = (by: ShopBook, keys: readonly ShopBook[], windowDays = 2): Promise<string> =>
      act(by, 'recovery.set', { keys: keys.map(({ device }) => device), windowDays });
    const low = await set(stolen, [safe, family, stolen]);
    await gossip(stolen, safe);
    await set(safe, [owner, safe, family], 30);
    await gossip(safe, family, owner);
    // The list from before is without the highest key.
    expect(await overrule(safe, low)).toMatchObject(refused('kernel/priority'));
    expect(await overrule(owner, low)).toMatchObject(done);
    expect(owner.query('SELECT windowDays FROM recoveryKeys')).toEqual([{ windowDays: 2 }]);
  });

  it('names owners that are active, each once, in hq', async () => {
    const { owner, safe, family } = await scene();
    const till = await enlist(owner, 'till', 'till');
    const set = (keys: readonly string[], windowDays = 2, scope = 'hq'): Promise<unknown> =>
      safe.commit('recovery.set', { keys, windowDays }, { scope: scope as Scope });
    await revoke(owner, family);
    await gossip(owner, safe);
    for (const keys of [[], [safe.device, safe.device], ['safe']])
      expect(await set(keys)).toMatchObject(refused('kernel/bad-args'));
    expect(await set([safe.device], 0)).toMatchObject(refused('kernel/bad-args'));
    expect(await set(['00'.repeat(32)])).toMatchObject(refused('kernel/unknown-device'));
    for (const book of [till, family]) expect(await set([book.device])).toMatchObject(refused('kernel/role'));
    const relay = await createTestRelay();
    await safe.sync(relay);
    expect(await set([safe.device], 2, 'b/042')).toMatchObject(refused('kernel/only-hq'));
  });
});

describe.each(Object.keys(stores) as (keyof typeof stores)[])('any order of arrival (%s)', (driver) => {
  it('of theft, days and overruling ends in one state', async () => {
    const { owner, safe, family, stolen } = await scene();
    const known = new Set((await recordsOf(owner)).map(({ hash }) => hash));
    const first = await revoke(stolen, safe);
    const second = await revoke(stolen, family);
    await gossip(stolen, safe, owner);
    await act(owner, 'day.open', { day: '2026-12-01' });
    await act(owner, 'stock.move', { sku: 'tea', quantity: 3 });
    await safe.commit('key.overrule', { act: first });
    await safe.commit('key.overrule', { act: second });
    await revoke(safe, stolen);
    await act(stolen, 'stock.move', { sku: 'tea', quantity: 50 });
    await gossip(safe, stolen, owner);
    const records = await recordsOf(owner);
    const opening = records.filter(({ hash }) => known.has(hash));
    const parts = records.filter(({ hash }) => !known.has(hash)).map((record): OpRecord[] => [record]);
    const wanted = await provenDigest(owner);
    expect(statusOf(owner, stolen.device)).toBe('revoked');
    expect(statusOf(owner, family.device)).toBe('active');
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([opening, ...parts], { minLength: parts.length + 1 }), async (order) => {
        const book = await openBook({
          store: stores[driver](),
          keys: memoryKeys(),
          verbs: shopVerbs,
          edge: testEdge(70),
          book: owner.id,
        });
        for (const part of order) await book.import(fileOf(owner, part));
        expect(await provenDigest(book, stores[driver])).toBe(wanted);
        await book.close();
      }),
      { numRuns: 15 },
    );
  });
});
