/** Cloned tabs, restored backups, copied databases: both halves are kept, the device is told, and every sale ends up counted once. */
import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BookStore, openBook, type Renewal } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { encodeHex } from '@tallystick/oplog';
import { createFileLogStore } from '@tallystick/oplog/file';
import { createNodeAppendFile } from '@tallystick/oplog/node';
import type { RelayClient } from '@tallystick/relay-protocol';
import { createMemoryKeyStore, type KeyStore } from '@tallystick/sign';
import { createFileKeyStore, nodeEd25519 } from '@tallystick/sign/node';
import { nodeHasher } from '@tallystick/chain/node';
import fc from 'fast-check';
import initSqlJs from 'sql.js';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { createTestRelay, provenDigest, type ShopBook } from './fleet.ts';
import { craft, fileOf, recordsOf } from './records.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const sqlite = await initSqlJs();
const open: ShopBook[] = [];
afterEach(async () => {
  for (const book of open.splice(0)) await book.close();
});

type Driver = keyof typeof stores;
let edges = 1;

async function openShop(driver: Driver): Promise<ShopBook> {
  const book = await openBook({
    store: stores[driver](),
    keys: memoryKeys(),
    verbs: shopVerbs,
    edge: testEdge((edges += 1)),
  });
  open.push(book);
  return book;
}

/** A key store with the till's first key, as every copy of its files has one. */
async function tillKeys(): Promise<KeyStore> {
  const keys = createMemoryKeyStore(nodeEd25519, nodeHasher);
  await keys.import('device', new Uint8Array(32).fill(77));
  return keys;
}

/** A replica that writes as the till, with what `from` holds. */
async function copyOf(driver: Driver, from: ShopBook): Promise<ShopBook> {
  const edge = testEdge((edges += 1), 1_764_500_000_000 + edges * 10_000);
  const book = await openBook({
    store: stores[driver](),
    keys: await tillKeys(),
    verbs: shopVerbs,
    edge,
    book: from.id,
  });
  open.push(book);
  await book.import(await from.export());
  await book.anchor();
  return book;
}

async function enrolTill(owner: ShopBook): Promise<void> {
  const key = await (await tillKeys()).load('device');
  if (key === undefined) throw new Error('no key');
  await owner.commit('device.enroll', {
    device: key.device,
    key: encodeHex(key.publicKey),
    name: 'till',
    role: 'till',
  });
}

async function enrolRenewal(owner: ShopBook, { device, key, replaces }: Renewal): Promise<void> {
  const args = { device, key, replaces, name: 'till again', role: 'till' as const };
  expect(await owner.commit('device.enroll', args)).toMatchObject({ ok: true });
}

const sell = (book: ShopBook, quantity: number) => book.commit('stock.move', { sku: 'tea', quantity });
const isForked = (book: ShopBook): boolean => book.status().scopes.some(({ forked }) => forked);
const counts = (book: ShopBook): unknown =>
  book.query(
    `SELECT (SELECT coalesce(sum(onHand), 0) FROM stock) AS units, (SELECT count(*) FROM moves) AS sales,
            (SELECT coalesce(sum(moves), 0) FROM counted) AS counted`,
  )[0];

/** Every copy that is told of the fork goes on as a new device and adopts what waits, until nothing waits anywhere. */
async function mend(owner: ShopBook, copies: readonly ShopBook[], relay: RelayClient): Promise<void> {
  for (const book of [...copies, owner, ...copies]) await book.sync(relay);
  for (const book of copies.filter(isForked)) {
    expect(await sell(book, 1)).toMatchObject({ ok: false, code: 'kernel/forked' });
    await enrolRenewal(owner, await book.renew());
  }
  await owner.sync(relay);
  // Both adopt before either knows of the other.
  for (const book of copies) await book.sync(relay, { pull: true });
  for (const book of copies) for (const commit of await book.recoverAll()) expect(commit.ok).toBe(true);
  for (const book of [...copies, owner, ...copies]) await book.sync(relay);
}

describe.each(Object.keys(stores) as Driver[])('a copied till (%s)', (driver) => {
  it('sells on both sides, in any order, and every sale counts exactly once', async () => {
    const quantities = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 4 });
    const exchanges = fc.array(fc.nat(2), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(quantities, quantities, quantities, exchanges, async (before, here, there, syncs) => {
        const relay = await createTestRelay();
        const owner = await openShop(driver);
        await enrolTill(owner);
        await owner.sync(relay);
        const till = await copyOf(driver, owner);
        const sold: number[] = [];
        const ring = async (book: ShopBook, quantity: number): Promise<void> => {
          if ((await sell(book, quantity)).ok) sold.push(quantity);
        };
        for (const quantity of before) await ring(till, quantity);
        const clone = await copyOf(driver, till);
        const parties = [till, clone, owner] as const;
        for (const [index, quantity] of here.entries()) {
          await ring(till, quantity);
          await parties[syncs[index] ?? 2]?.sync(relay);
        }
        for (const quantity of there) await ring(clone, quantity);
        await mend(owner, [till, clone], relay);
        for (const book of [till, clone]) await ring(book, 5);
        await mend(owner, [till, clone], relay);
        const units = sold.reduce((sum, quantity) => sum + quantity, 0);
        expect(counts(owner)).toEqual({ units, sales: sold.length, counted: sold.length });
        expect(owner.quarantine()).toEqual([]);
        const digests = [];
        for (const book of parties) digests.push(await provenDigest(book, stores[driver]));
        expect(new Set(digests).size).toBe(1);
        for (const book of open.splice(0)) await book.close();
      }),
      { numRuns: 12 },
    );
  });

  it('is mended by files alone, without any relay', async () => {
    const owner = await openShop(driver);
    await enrolTill(owner);
    const till = await copyOf(driver, owner);
    const clone = await copyOf(driver, till);
    for (const quantity of [1, 2]) await sell(till, quantity);
    for (const quantity of [4, 8]) await sell(clone, quantity);
    await owner.import(await till.export());
    await owner.import(await clone.export());
    expect(counts(owner)).toMatchObject({ sales: 2 });
    expect(owner.quarantine().map(({ verb, code }) => [verb, code])).toEqual([
      ['stock.move@1', 'kernel/fork'],
      ['stock.move@1', 'kernel/fork'],
    ]);
    const all = await owner.export();
    for (const book of [till, clone]) await book.import(all);
    expect([till, clone].map(isForked)).toEqual([true, true]);
    // An owner may adopt for a device that will never come back.
    for (const commit of await owner.recoverAll(till.device)) expect(commit.ok).toBe(true);
    expect(counts(owner)).toEqual({ units: 15, sales: 4, counted: 4 });
    await till.import(await owner.export());
    expect(await provenDigest(till, stores[driver])).toBe(await provenDigest(owner, stores[driver]));
  });
});

describe('on disk', () => {
  async function onDisk(path: string, extra: object = {}): Promise<ShopBook> {
    edges += 1;
    const book = await openBook({
      store: path.endsWith('.log') ? tabStore(path) : nodeStore(path),
      verbs: shopVerbs,
      edge: testEdge(edges, 1_764_500_000_000 + edges * 10_000),
      ...extra,
    });
    open.push(book);
    return book;
  }

  /** As a browser's tab keeps a book: rows in memory, the log in an append file. */
  function tabStore(path: string): BookStore {
    const log = createFileLogStore(createNodeAppendFile(path));
    const keys = createFileKeyStore(`${path}.keys`, nodeEd25519, nodeHasher);
    return { ...sqljsStore({ sqlite, keys, log }), crypto: nodeCrypto };
  }

  it.each(['a cloned tab', 'a copied database', 'a restored backup'])(
    '%s is found at the first contact, and nothing is lost',
    async (kind) => {
      const relay = await createTestRelay();
      const owner = await openShop('better-sqlite3');
      const folder = mkdtempSync(join(tmpdir(), 'tally-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const file = kind === 'a cloned tab' ? 'tab.log' : 'till.db';
      const [path, copied] = [join(folder, file), join(folder, `copy-${file}`)];
      const first = await onDisk(path, { book: owner.id });
      const keys = createFileKeyStore(`${path}.keys`, nodeEd25519, nodeHasher);
      await owner.commit('device.enroll', {
        device: first.device,
        key: encodeHex((await keys.load('device'))?.publicKey ?? new Uint8Array(0)),
        name: 'till',
        role: 'till',
      });
      await owner.sync(relay);
      await first.sync(relay);
      await sell(first, 1);
      await first.sync(relay);
      // A tab is cloned while it is open; of a database people copy what was closed.
      if (kind !== 'a cloned tab') await first.close();
      copyFileSync(path, copied);
      cpSync(`${path}.keys`, `${copied}.keys`, { recursive: true });
      const till = kind === 'a cloned tab' ? first : await onDisk(path);
      await sell(till, 2);
      await till.sync(relay);
      // A backup comes back after the till is gone; a copy sells beside it.
      if (kind === 'a restored backup') await till.close();
      const copy = await onDisk(copied);
      expect(await sell(copy, 4)).toMatchObject({ ok: true });
      await copy.sync(relay);
      expect(isForked(copy)).toBe(true);
      expect(await sell(copy, 8)).toMatchObject({ ok: false, code: 'kernel/forked' });
      expect(copy.quarantine()).toMatchObject([{ args: { sku: 'tea', quantity: 4 }, code: 'kernel/fork' }]);
      const renewal = await copy.renew();
      expect(await copy.renew()).toEqual(renewal);
      expect(await sell(copy, 8)).toMatchObject({ ok: false, code: 'kernel/not-enrolled' });
      await copy.close();
      const again = await onDisk(copied);
      expect(again.device).toBe(renewal.device);
      await enrolRenewal(owner, renewal);
      await owner.sync(relay);
      await again.sync(relay);
      expect(await again.recoverAll()).toMatchObject([{ ok: true }]);
      expect(await sell(again, 8)).toMatchObject({ ok: true });
      await again.sync(relay);
      await owner.sync(relay);
      expect(counts(owner)).toEqual({ units: 15, sales: 4, counted: 4 });
      await provenDigest(owner);
    },
  );
});

describe('the only office of a book', () => {
  it('goes on by the root key that it holds, and its copy by the office', async () => {
    const seeds = async (): Promise<KeyStore> => {
      const keys = createMemoryKeyStore(nodeEd25519, nodeHasher);
      await keys.import('root', new Uint8Array(32).fill(1));
      await keys.import('device', new Uint8Array(32).fill(2));
      return keys;
    };
    const openAs = async (from?: ShopBook): Promise<ShopBook> => {
      const edge = testEdge((edges += 1), 1_764_500_000_000 + edges * 10_000);
      const joined = from === undefined ? {} : { book: from.id };
      const book = await openBook({
        store: stores['better-sqlite3'](),
        keys: await seeds(),
        verbs: shopVerbs,
        edge,
        ...joined,
      });
      open.push(book);
      if (from !== undefined) await book.import(await from.export());
      await book.anchor();
      return book;
    };
    const relay = await createTestRelay();
    const office = await openAs();
    const copy = await openAs(office);
    await sell(office, 1);
    await sell(copy, 2);
    for (const book of [office, copy, office]) await book.sync(relay);
    expect([office, copy].map(isForked)).toEqual([true, true]);
    expect(await office.renew()).toMatchObject({ enrolled: true, generation: 2 });
    expect(await office.recoverAll()).toMatchObject([{ ok: true }]);
    expect(await sell(office, 4)).toMatchObject({ ok: true });
    expect(office.query('SELECT name FROM devices WHERE device = ?', [office.device])).toEqual([
      { name: 'office (2)' },
    ]);
    // The copy's root writes on the place that the office's root took: that enrols nobody, and the office lets it in.
    const renewal = await copy.renew();
    for (const book of [office, copy, office, copy]) await book.sync(relay);
    expect(copy.status().role).toBeUndefined();
    await enrolRenewal(office, renewal);
    for (const book of [office, copy]) await book.sync(relay);
    expect(await copy.recoverAll()).toEqual([]);
    expect(await sell(copy, 8)).toMatchObject({ ok: true });
    for (const book of [copy, office]) await book.sync(relay);
    expect(counts(office)).toEqual({ units: 15, sales: 4, counted: 4 });
    expect(await provenDigest(office)).toBe(await provenDigest(copy));
  });
});

describe('an op in quarantine', () => {
  interface Scene {
    readonly owner: ShopBook;
    readonly till: ShopBook;
    readonly waiting: string;
  }

  /** A till that was revoked and sold 3 afterwards. */
  async function scene(): Promise<Scene> {
    const owner = await openShop('better-sqlite3');
    await enrolTill(owner);
    const till = await copyOf('better-sqlite3', owner);
    await owner.commit('device.revoke', { device: till.device, reason: 'lost' });
    const sale = await sell(till, 3);
    if (!sale.ok) throw new Error(sale.code);
    await owner.import(await till.export());
    return { owner, till, waiting: sale.hash };
  }
  const refused = (code: string): object => ({ ok: false, code });

  it('counts once, as its author did it', async () => {
    const { owner, waiting } = await scene();
    expect(owner.quarantine()).toMatchObject([{ hash: waiting, code: 'kernel/revoked', verb: 'stock.move@1' }]);
    expect(counts(owner)).toMatchObject({ units: 0 });
    const [sale] = (await recordsOf(owner)).filter(({ hash }) => hash === waiting);
    expect(await owner.commit('device.recover', { op: waiting })).toMatchObject({ ok: true });
    expect(owner.query('SELECT id FROM moves')).toEqual([{ id: sale?.op.id }]);
    expect(await owner.commit('device.recover', { op: waiting })).toMatchObject(refused('kernel/already-recovered'));
    expect(await owner.commit('device.dismiss', { op: waiting, reason: 'x' })).toMatchObject(
      refused('kernel/already-recovered'),
    );
    expect(owner.quarantine()).toEqual([]);
    expect(counts(owner)).toEqual({ units: 3, sales: 1, counted: 1 });
    await provenDigest(owner);
  });

  it('is dismissed for good', async () => {
    const { owner, waiting } = await scene();
    expect(await owner.commit('device.dismiss', { op: waiting, reason: '' })).toMatchObject(refused('kernel/bad-args'));
    expect(await owner.commit('device.dismiss', { op: waiting, reason: 'stolen goods' })).toMatchObject({ ok: true });
    expect(await owner.commit('device.recover', { op: waiting })).toMatchObject(refused('kernel/already-recovered'));
    expect(owner.quarantine()).toEqual([]);
    expect(owner.query('SELECT kind, reason FROM recoveries')).toEqual([{ kind: 'dismissed', reason: 'stolen goods' }]);
  });

  it('is adopted by owners, managers and the device in its author’s place, and by nobody else', async () => {
    const { owner, till, waiting } = await scene();
    const other = memoryKeys();
    const key = await other.create('device');
    await owner.commit('device.enroll', {
      device: key.device,
      key: encodeHex(key.publicKey),
      name: 'other',
      role: 'till',
    });
    const bystander = await openBook({
      store: stores['better-sqlite3'](),
      keys: other,
      verbs: shopVerbs,
      edge: testEdge(90, 1_764_501_000_000),
      book: owner.id,
    });
    open.push(bystander);
    await bystander.import(await owner.export());
    await bystander.anchor();
    expect(await bystander.commit('device.recover', { op: waiting })).toMatchObject(refused('kernel/may-not-recover'));
    expect(await bystander.commit('device.dismiss', { op: waiting, reason: 'x' })).toMatchObject(
      refused('kernel/role'),
    );
    expect(await owner.commit('device.recover', { op: '00'.repeat(32) })).toMatchObject(
      refused('kernel/not-quarantined'),
    );
    await till.import(await owner.export());
    const renewal = await till.renew();
    await enrolRenewal(owner, renewal);
    await till.import(await owner.export());
    expect(await till.recoverAll()).toMatchObject([{ ok: true }]);
    expect(counts(till)).toMatchObject({ units: 3 });
  });

  it('makes no snapshot before the new device is enrolled, which nobody could open', async () => {
    const { owner, till } = await scene();
    const relay = await createTestRelay();
    for (const book of [owner, till]) await book.sync(relay);
    const files = new Map<string, readonly Uint8Array[]>();
    const place = { save: (name: string, parts: readonly Uint8Array[]) => void files.set(name, parts) };
    const renewal = await till.renew();
    await expect(till.saveSnapshot(place)).rejects.toMatchObject({ code: 'kernel/not-enrolled' });
    expect(files.size).toBe(0);
    await enrolRenewal(owner, renewal);
    await till.import(await owner.export());
    expect((await till.saveSnapshot(place)).manifest.device).toBe(renewal.device);
  });

  it('is refused with the verb’s own code where it no longer fits', async () => {
    const { owner, till } = await scene();
    const take = await till.commit('stock.take', { sku: 'tea', quantity: 2 });
    if (!take.ok) throw new Error(take.code);
    await owner.import(await till.export());
    // The 3 that it takes from wait themselves.
    expect(await owner.commit('device.recover', { op: take.hash })).toMatchObject(refused('shop/too-few'));
    expect(await owner.recoverAll(till.device)).toMatchObject([{ ok: true }, { ok: true }]);
    expect(counts(owner)).toMatchObject({ units: 1 });
  });

  it('is also what a device did after its last day', async () => {
    const owner = await openShop('better-sqlite3');
    const key = await (await tillKeys()).load('device');
    if (key === undefined) throw new Error('no key');
    const args = { device: key.device, key: encodeHex(key.publicKey), name: 'fair', role: 'till' as const };
    expect(await owner.commit('device.enroll', { ...args, untilDay: '2026-02-29' })).toMatchObject(
      refused('kernel/bad-args'),
    );
    await owner.commit('device.enroll', { ...args, untilDay: '2026-11-22' });
    const till = await copyOf('better-sqlite3', owner);
    const openDay = (book: ShopBook, day: string) => book.commit('day.open', { day });
    expect(await openDay(owner, '2026-11-20')).toMatchObject({ ok: true });
    await till.import(await owner.export());
    // On its last day, and offline after it.
    expect(await openDay(till, '2026-11-22')).toMatchObject({ ok: true });
    expect(await sell(till, 1)).toMatchObject({ ok: true });
    await owner.import(await till.export());
    expect(await openDay(owner, '2026-11-23')).toMatchObject({ ok: true });
    expect(await openDay(owner, '2026-11-23')).toMatchObject(refused('kernel/day'));
    expect(await openDay(till, '2026-11-21')).toMatchObject(refused('kernel/day'));
    // A till that mistypes a year must not shut the others out of every day before it.
    expect(await openDay(till, '2028-01-01')).toMatchObject(refused('kernel/day'));
    expect(await sell(till, 2)).toMatchObject({ ok: true });
    for (let round = 0; round < 2; round++) {
      await owner.import(await till.export());
      await till.import(await owner.export());
    }
    expect(counts(owner)).toMatchObject({ units: 1 });
    expect(owner.quarantine()).toMatchObject([{ code: 'kernel/expired', args: { quantity: 2 } }]);
    expect(await sell(till, 4)).toMatchObject(refused('kernel/expired'));
    expect(await owner.recoverAll(till.device)).toMatchObject([{ ok: true }]);
    expect(counts(owner)).toMatchObject({ units: 3 });
    // A day that was mistyped is put right by an owner, and by nobody else.
    expect(await openDay(owner, '2062-01-01')).toMatchObject({ ok: true });
    expect(await openDay(owner, '2026-11-22')).toMatchObject({ ok: true });
    await till.import(await owner.export());
    expect(await sell(till, 8)).toMatchObject({ ok: true });
    expect(await provenDigest(till)).not.toBe(await provenDigest(owner));
    await owner.import(await till.export());
    expect(await provenDigest(till)).toBe(await provenDigest(owner));
  });

  it('holds work only, never what was done about devices', async () => {
    const { owner, till } = await scene();
    const device = await (await tillKeys()).load('device');
    const last = (await recordsOf(till)).filter(({ op }) => op.device === till.device).at(-1);
    if (device === undefined || last === undefined) throw new Error('no till');
    const act = await craft(owner, device, {
      verb: 'device.revoke@1',
      args: { device: owner.device, reason: 'other' },
      after: last,
    });
    await owner.import(fileOf(owner, [act]));
    expect(owner.query('SELECT code FROM refusals WHERE hash = ?', [act.hash])).toEqual([{ code: 'kernel/revoked' }]);
    expect(owner.quarantine()).toHaveLength(1);
  });
});
