// Retention: nothing is dropped that was not archived, read back and verified; what is left goes on, and is proven from archive and log.
import { KernelError, openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import type { OpRecord, Scope } from '@tallystick/oplog';
import { crashingStore, createCrashPoint } from '@tallystick/testkit';
import { describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestRelay, HQ, provenDigest, type ShopBook } from './fleet.ts';
import { memoryPlace, settle, traded } from './archives.ts';
import { craft, fileOf, recordsOf } from './records.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

async function proven(book: ShopBook, archives: readonly Uint8Array[]): Promise<boolean> {
  const fresh = stores['better-sqlite3']();
  const report = await book.prove(fresh, { archives });
  await fresh.close();
  expect(report.problems).toEqual([]);
  return report.ok && report.freshDigest === report.digest;
}

describe('an archive', () => {
  it.each(Object.entries(stores))(
    'takes the place of the records, and the book goes on: %s',
    async (_name, makeStore) => {
      const fleet = await traded(makeStore);
      const { office, till } = fleet;
      await till.commit('stock.move', { sku: 'pending', quantity: 1 });
      const before = till.digest();
      const place = memoryPlace();
      const half = await till.archive({ to: place, until: 6 });
      expect(half).toMatchObject({ name: 'hq-0-6', from: 0, until: 6 });
      const { size } = till.log.tip(HQ);
      const rest = await till.archive({ to: place });
      expect(rest).toMatchObject({ from: 6, until: size });
      expect(till.digest()).toEqual(before);
      expect(till.log.base(HQ).size).toBe(size);
      expect((await till.verify()).problems).toEqual([]);
      await settle(fleet);
      for (const quantity of [1, 2])
        expect((await till.commit('stock.move', { sku: 'later', quantity })).ok).toBe(true);
      await office.commit('stock.take', { sku: 'sku-1', quantity: 1 });
      await settle(fleet);
      expect(till.digest()).toEqual(office.digest());
      expect((await till.verify({ every: true })).problems).toEqual([]);
      expect(await proven(till, [...place.files.values()])).toBe(true);
      expect(await provenDigest(office)).toBe(till.digest().digest);
      await fleet.close();
    },
  );

  it('is what a proof needs: without it, with half of it, or with another, nothing is proven', async () => {
    const fleet = await traded();
    const { till, office, relay } = fleet;
    const place = memoryPlace();
    await till.archive({ to: place, until: 5 });
    const second = await till.archive({ to: place });
    const last = place.files.get(second.name) as Uint8Array;
    const prove = (archives: readonly Uint8Array[]) => till.prove(stores['better-sqlite3'](), { archives });
    await expect(prove([])).rejects.toMatchObject({ code: 'archive/missing' });
    await expect(prove([last])).rejects.toMatchObject({ code: 'archive/missing' });
    const other = await traded();
    const elsewhere = memoryPlace();
    await other.till.archive({ to: elsewhere });
    await expect(prove([...elsewhere.files.values()])).rejects.toMatchObject({ code: 'archive/missing' });
    expect(await proven(till, [...place.files.values()])).toBe(true);
    // A relay that has the whole log does as well.
    const fresh = stores['sql.js']();
    expect((await till.prove(fresh, { relay })).problems).toEqual([]);
    expect(await provenDigest(office)).toBe(till.digest().digest);
    await fleet.close();
    await other.close();
  });

  it('that cannot be read back, or is not what was written, drops nothing', async () => {
    const fleet = await traded();
    const { till } = fleet;
    const spoilt: readonly [string, (bytes: Uint8Array) => Uint8Array | undefined][] = [
      ['lost', () => undefined],
      ['cut', (bytes) => bytes.subarray(0, bytes.length - 5)],
      ['shorter', (bytes) => bytes.subarray(0, bytes.indexOf(10) + 1)],
      ['a bit of a signature', (bytes) => bytes.map((byte, at) => (at === bytes.indexOf(10) + 40 ? byte ^ 1 : byte))],
      ['a bit of the text', (bytes) => bytes.map((byte, at) => (at === bytes.length - 30 ? byte ^ 1 : byte))],
      ['no file', () => new TextEncoder().encode('hello')],
    ];
    for (const [what, spoil] of spoilt) {
      const error = await till.archive({ to: memoryPlace(spoil) }).catch((cause: unknown) => cause);
      expect(error, what).toBeInstanceOf(KernelError);
      expect(['archive/unverified', 'kernel/bad-file'], what).toContain((error as KernelError).code);
    }
    expect(till.log.base(HQ).size).toBe(0);
    expect(await provenDigest(till)).toBe(till.digest().digest);
    for (const until of [0, 99])
      await expect(till.archive({ to: memoryPlace(), until })).rejects.toMatchObject({ code: 'archive/range' });
    await fleet.close();
  });

  it('of hq ends where the least of the branches has marked it', async () => {
    const fleet = await traded();
    const { office } = fleet;
    await office.commit('shop.sell', { sku: 'sku-0' }, { scope: 'b/1' as Scope });
    await settle(fleet);
    const { size } = office.log.tip(HQ);
    await office.commit('price.set', { sku: 'sku-0', priceMinor: 6 });
    await settle(fleet);
    await expect(office.archive({ to: memoryPlace() })).rejects.toMatchObject({ code: 'archive/marked' });
    const place = memoryPlace();
    await office.archive({ to: place, until: size });
    await office.commit('shop.sell', { sku: 'sku-0' }, { scope: 'b/1' as Scope });
    await settle(fleet);
    expect(await proven(office, [...place.files.values()])).toBe(true);
    await fleet.close();
  });

  it('lets old ops that come again be', async () => {
    const fleet = await traded();
    const { office, till } = fleet;
    const everything = await office.export();
    await till.archive({ to: memoryPlace() });
    const before = till.digest();
    const report = await till.import(everything);
    expect(report).toMatchObject({ added: 0, settled: 0, aside: [] });
    expect(till.digest()).toEqual(before);
    // What it exports now begins where its log does; one that has the rest can take it in.
    await till.commit('stock.move', { sku: 'fresh', quantity: 3 });
    await office.import(await till.export());
    expect(office.query("SELECT onHand FROM stock WHERE sku = 'fresh'")).toEqual([{ onHand: 3 }]);
    await fleet.close();
  });

  it('takes with it what was held back for a place that is gone', async () => {
    const fleet = await traded();
    const { office, till } = fleet;
    const after = (await recordsOf(office)).find(({ op }) => op.device === till.device && op.seq === 2) as OpRecord;
    const stranger = await memoryKeys().create('device');
    const forged = await craft(office, { ...stranger, device: till.device }, { after });
    expect(await till.import(fileOf(office, [forged]))).toMatchObject({ aside: [{ hash: forged.hash }] });
    const place = memoryPlace();
    await till.archive({ to: place });
    expect(await till.log.asides()).toEqual([]);
    expect(await proven(till, [...place.files.values()])).toBe(true);
    await fleet.close();
  });

  it('leaves an export that joins nobody who lacks the rest, and import says so', async () => {
    const fleet = await traded();
    const { till } = fleet;
    await till.archive({ to: memoryPlace() });
    const newcomer = await openBook({
      store: stores['better-sqlite3'](),
      keys: memoryKeys(),
      verbs: shopVerbs,
      edge: testEdge(9),
      book: till.id,
    });
    const empty = await newcomer.import(await till.export()).catch((error: unknown) => error);
    expect(empty).toBeInstanceOf(KernelError);
    expect(empty).toMatchObject({ code: 'archive/missing' });
    // Also with an op that cannot be taken in, for want of what it builds on.
    await till.commit('stock.move', { sku: 'fresh', quantity: 3 });
    await expect(newcomer.import(await till.export())).rejects.toMatchObject({ code: 'archive/missing' });
    await newcomer.sync(fleet.relay);
    expect(await newcomer.import(await till.export())).not.toHaveProperty('missing');
    expect(newcomer.digest()).toEqual(till.digest());
    // What can be taken in is, beside a scope that begins later.
    const bytes = await till.export();
    const end = bytes.indexOf(0x0a);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as { scopes: object[] };
    header.scopes.push({ scope: 'b/1', from: 7, size: 7, note: '', receipts: [] });
    const more = Buffer.concat([new TextEncoder().encode(JSON.stringify(header)), bytes.subarray(end)]);
    expect(await newcomer.import(new Uint8Array(more))).toMatchObject({
      missing: [{ scope: 'b/1', from: 7, settled: 0 }],
    });
    await newcomer.close();
    await fleet.close();
  });
});

it.each([
  ['', false],
  [', under a key from before a rotation', true],
])(
  'a fork that leaves a chain before the place where the log begins is seen like everywhere else%s',
  async (_how, isRotated) => {
    const fleet = await traded();
    const { office, relay } = fleet;
    const keys = memoryKeys();
    const key = await keys.create('device');
    const device = {
      device: key.device,
      key: Buffer.from(key.publicKey).toString('hex'),
      name: 'twin',
      role: 'till',
    } as const;
    await office.commit('device.enroll', device);
    await settle(fleet);
    const open = (seed: number) =>
      openBook({ store: stores['sql.js'](), keys, verbs: shopVerbs, edge: testEdge(seed), book: office.id });
    const [one, twin] = [await open(21), await open(22)];
    await one.sync(relay);
    await one.commit('stock.move', { sku: 'twin', quantity: 1 });
    await one.sync(relay);
    await twin.sync(relay);
    for (const quantity of [2, 3]) await one.commit('stock.move', { sku: 'twin', quantity });
    await one.sync(relay);
    if (isRotated) {
      expect((await one.rotate())[0]?.ok).toBe(true);
      await one.commit('stock.move', { sku: 'twin', quantity: 4 });
      await one.sync(relay);
    }
    await one.archive({ to: memoryPlace() });
    expect((await twin.commit('stock.move', { sku: 'twin', quantity: 40 })).ok).toBe(true);
    expect((await twin.commit('stock.move', { sku: 'twin', quantity: 50 })).ok).toBe(true);
    await twin.sync(relay);
    await one.sync(relay);
    await settle(fleet);
    // Whoever kept an old key stops nobody.
    expect(one.status().scopes[0]?.forked).toBe(!isRotated);
    expect(one.digest()).toEqual(office.digest());
    expect((await one.commit('stock.move', { sku: 'twin', quantity: 5 })).ok).toBe(isRotated);
    expect((await one.verify()).problems).toEqual([]);
    await fleet.close();
  },
);

describe('branches whose hq was archived', () => {
  const BRANCH = 'b/1' as Scope;

  /** An office that keeps everything, and two tills of the branch. */
  async function branch() {
    const relay = await createTestRelay();
    const open = (n: number, more: object) =>
      openBook({ store: stores['better-sqlite3'](), verbs: shopVerbs, edge: testEdge(n), ...more, keys: memoryKeys() });
    const office: ShopBook = await open(1, { replicate: 'all' });
    await office.commit('price.set', { sku: 'apple', priceMinor: 100 });
    await office.sync(relay);
    const tills: ShopBook[] = [];
    for (const n of [2, 3]) {
      const till = await open(n, { book: office.id, scope: BRANCH });
      const args = { device: till.device, key: till.status().publicKey, name: `till-${n}`, role: 'till' } as const;
      expect((await office.commit('device.enroll', args, { scope: BRANCH })).ok).toBe(true);
      tills.push(till);
    }
    const [early, late] = tills as [ShopBook, ShopBook];
    for (const book of [office, early, late]) await book.sync(relay);
    return { relay, office, early, late };
  }

  it('refuse a mark that comes late as everybody does, and go on', async () => {
    const { relay, office, early, late } = await branch();
    const sell = async (till: ShopBook, priceMinor: number) => {
      await office.commit('price.set', { sku: 'apple', priceMinor });
      await office.sync(relay);
      await till.sync(relay);
      expect((await till.commit('shop.sell', { sku: 'apple' })).ok).toBe(true);
    };
    // The early one marks, and stays away; the late one marks more of hq and is settled first.
    await sell(early, 110);
    await sell(late, 120);
    await late.sync(relay);
    await office.sync(relay);
    const [mark] = office.query<{ size: number }>("SELECT size FROM marks WHERE scope = 'b/1'");
    const place = memoryPlace();
    await office.archive({ to: place, scope: HQ, until: mark?.size ?? 0 });
    for (const book of [early, late, early, late, office, office]) await book.sync(relay);
    for (const book of [early, late, office]) {
      expect(book.status().scopes.map(({ stop }) => stop)).toEqual([undefined, undefined]);
      expect(book.query("SELECT verb, code FROM refusals WHERE scope = 'b/1'")).toEqual([
        { verb: 'hq.mark@1', code: 'kernel/mark-backwards' },
      ]);
      expect(book.digest().scopes['b/1']).toEqual(office.digest().scopes['b/1']);
    }
    expect((await office.commit('shop.sell', { sku: 'apple' }, { scope: BRANCH })).ok).toBe(true);
    await office.sync(relay);
    expect(await proven(office, [...place.files.values()])).toBe(true);
    for (const book of [office, early, late]) await book.close();
  });

  it('are archived from their first op on too, each in files of its own name', async () => {
    const { relay, office, early, late } = await branch();
    const [place, scopes] = [memoryPlace(), [BRANCH, 'b_1' as Scope]];
    const sell = async () => {
      for (const scope of scopes) expect((await office.commit('shop.sell', { sku: 'apple' }, { scope })).ok).toBe(true);
      await office.sync(relay);
    };
    await sell();
    for (const scope of scopes) await office.archive({ to: place, scope });
    expect([...place.files.keys()]).toEqual(['b%2F1-0-4', 'b_1-0-2']);
    expect((await early.sync(relay), await early.archive({ to: memoryPlace(), scope: BRANCH })).until).toBe(4);
    await sell();
    for (const scope of scopes) await office.archive({ to: place, scope });
    await office.archive({ to: place, scope: HQ });
    await sell();
    for (const book of [early, late]) await book.sync(relay);
    expect((await office.verify({ every: true })).problems).toEqual([]);
    expect(await proven(office, [...place.files.values()])).toBe(true);
    expect(early.digest().scopes['b/1']).toEqual(office.digest().scopes['b/1']);
    for (const book of [office, early, late]) await book.close();
  });

  it('must have marked it in what is settled', async () => {
    const { relay, office, early, late } = await branch();
    await office.commit('price.set', { sku: 'apple', priceMinor: 110 });
    await office.sync(relay);
    expect((await office.commit('shop.sell', { sku: 'apple' }, { scope: BRANCH })).ok).toBe(true);
    const archive = (until: number) => office.archive({ to: memoryPlace(), scope: HQ, until });
    const { size } = office.log.tip(HQ);
    await expect(archive(size)).rejects.toMatchObject({ code: 'archive/marked' });
    expect(office.query("SELECT size FROM marks WHERE scope = 'b/1'")).toEqual([{ size }]);
    await office.sync(relay);
    expect(await archive(size)).toMatchObject({ until: size });
    for (const book of [office, early, late]) await book.close();
  });
});

describe('death at every storage call while records are dropped', () => {
  it('leaves the whole log, or a shorter one with its archive', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tallystick-archive-'));
    const keys = memoryKeys();
    const open = (store: ReturnType<typeof nodeStore>) => openBook({ store, keys, verbs: shopVerbs, edge: testEdge() });
    const sweep = async (at: number): Promise<{ calls: number; dropped: boolean }> => {
      const path = join(folder, `${at}.db`);
      const fleetLess = await open(nodeStore(path));
      for (let index = 0; index < 4; index++) await fleetLess.commit('stock.move', { sku: 'a', quantity: 1 });
      await fleetLess.sync(await createTestRelay());
      await fleetLess.commit('stock.move', { sku: 'a', quantity: 1 });
      const { digest } = fleetLess.digest();
      await fleetLess.close();
      const store = nodeStore(path);
      const opened = createCrashPoint(Number.MAX_SAFE_INTEGER);
      const counting = await open(crashingStore(store, opened));
      const place = memoryPlace();
      const point = createCrashPoint(opened.calls + at);
      await counting.close();
      const dying = await open(crashingStore(nodeStore(path), point));
      await dying.archive({ to: place }).catch((error: unknown) => {
        if (!point.isDead) throw error;
      });
      await dying.close().catch(() => undefined);
      const book = await open(nodeStore(path));
      expect(book.digest().digest).toBe(digest);
      const dropped = book.log.base(HQ).size > 0;
      expect(await proven(book, dropped ? [...place.files.values()] : [])).toBe(true);
      expect((await book.commit('stock.move', { sku: 'a', quantity: 1 })).ok).toBe(true);
      await book.close();
      return { calls: point.calls - opened.calls, dropped };
    };
    const whole = await sweep(1_000_000);
    expect(whole.dropped).toBe(true);
    expect(whole.calls).toBeGreaterThan(2);
    const outcomes: boolean[] = [];
    for (let at = 1; at <= whole.calls; at++) outcomes.push((await sweep(at)).dropped);
    expect(new Set(outcomes)).toContain(false);
    rmSync(folder, { recursive: true, force: true });
  });
});
