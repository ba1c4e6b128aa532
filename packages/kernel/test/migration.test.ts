// Migration (DESIGN section 5): manifests by ops, frozen verb versions and shapes, and what happens where a program and a manifest do not fit.
import { encodeHex, type Scope } from '@tallystick/oplog';
import type { RelayClient } from '@tallystick/relay-protocol';
import { describe, expect, it } from 'vitest';
import { createTestRelay, provenDigest } from './fleet.ts';
import { type AnyBook, type Device, installAt, sell } from './releases.ts';
import { memoryKeys, stores, testEdge } from './shop.ts';

const BRANCH = 'b/042' as Scope;
const drivers = Object.keys(stores) as (keyof typeof stores)[];

async function openOffice(driver: keyof typeof stores = 'better-sqlite3'): Promise<Device> {
  return installAt('one', driver, { name: 'Corner shop', replicate: 'all' });
}

async function joinTill(office: Device, driver: keyof typeof stores, scope = 'hq' as Scope): Promise<Device> {
  const keys = memoryKeys();
  const key = await keys.create('device');
  const args = { device: key.device, key: encodeHex(key.publicKey), name: 'till', role: 'till' } as const;
  expect(await office.book.commit('device.enroll', args, { scope })).toMatchObject({ ok: true });
  return installAt('one', driver, { keys, book: office.book.id, scope });
}

/** `books` hand each other everything, twice round, so that whoever is last to be heard is heard by all. */
async function exchange(...books: readonly AnyBook[]): Promise<void> {
  for (let round = 0; round < 2; round++)
    for (const to of books)
      for (const from of books) {
        if (from === to) continue;
        await to.import(await from.export());
        await to.anchor();
      }
}

function fits(book: AnyBook): readonly unknown[] {
  return book.query('SELECT * FROM soldByDay ORDER BY scope, day');
}
function fromSales(book: AnyBook): readonly unknown[] {
  return book.query(
    'SELECT scope, day, sum(quantity) AS quantity, count(*) AS sales FROM sales GROUP BY scope, day ORDER BY scope, day',
  );
}
function stopOf(book: AnyBook, scope = 'hq'): unknown {
  return book.status().scopes.find((entry) => entry.scope === scope)?.stop;
}

describe('a manifest', () => {
  it('names verbs, shapes and the release from the first op on, and adopts what a new release declares', async () => {
    const office = await openOffice();
    expect(office.book.query('SELECT verb, release FROM manifest')).toEqual([
      { verb: 'shop.sell@1', release: 'shop one' },
    ]);
    expect(office.book.query('SELECT name, shape FROM tableShapes')).toEqual([
      { name: 'sales', shape: 'set(id text; sku text, quantity integer, day text)' },
      { name: 'soldBySku', shape: 'derived sum(sku text; quantity integer)' },
      { name: 'stock', shape: 'sum(sku text; onHand integer)' },
    ]);
    expect(await office.book.adopt()).toBeUndefined();
    await office.install('two');
    expect(await office.book.adopt()).toMatchObject({ ok: true });
    expect(await office.book.adopt()).toBeUndefined();
    expect(office.book.query("SELECT verb AS what FROM manifest WHERE release = 'shop two'")).toEqual([
      { what: 'shop.sell@2' },
    ]);
    expect(office.book.query("SELECT name FROM tableShapes WHERE release = 'shop two'")).toEqual([
      { name: 'buyers' },
      { name: 'soldByDay' },
    ]);
    await provenDigest(office.book);
  });

  it('never changes a shape, nor takes one for a table of the kernel, nor a word that is none', async () => {
    const { book } = await openOffice();
    const wanted = 'sum(sku text; onHand integer, reserved integer)';
    expect(await book.commit('manifest.adopt', { tables: { stock: wanted } })).toEqual({
      ok: false,
      code: 'kernel/table-changed',
      details: { table: 'stock', inForce: 'sum(sku text; onHand integer)', wanted },
    });
    const ofKernel = await book.commit('manifest.adopt', { tables: { devices: 'set(id text)' } });
    expect(ofKernel).toMatchObject({ ok: false, code: 'kernel/table-changed' });
    for (const shape of ['stock', 'sum(sku text; onHand float)', 'sum(sku text;onHand integer)', 'sum(; sku text)', ''])
      expect(await book.commit('manifest.adopt', { tables: { other: shape } })).toMatchObject({
        code: 'kernel/bad-args',
      });
    for (const args of [{}, { verbs: ['x'] }, { verbs: [], release: '' }, { tables: { 'No name': 'set(id text)' } }])
      expect(await book.commit('manifest.adopt', args)).toMatchObject({ code: 'kernel/bad-args' });
  });

  it('is the owner’s, and a verb without its tables has no effect', async () => {
    const office = await openOffice();
    const till = await joinTill(office, 'better-sqlite3');
    await exchange(office.book, till.book);
    await till.install('two');
    expect(await till.book.adopt()).toMatchObject({ ok: false, code: 'kernel/role' });
    expect(await till.book.commit('shop.sell@2' as 'shop.sell', {})).toMatchObject({
      code: 'kernel/bad-args',
    });
    await office.install('two');
    expect((await office.book.commit('manifest.adopt', { verbs: ['shop.sell@2'] })).ok).toBe(true);
    const args = { sku: 'tea', quantity: 1, day: 'd1', buyer: 'x' };
    expect(await office.book.commit('shop.sell', args as never)).toEqual({
      ok: false,
      code: 'kernel/not-adopted',
      details: { table: 'buyers' },
    });
  });
});

describe.each(drivers)('on %s', (driver) => {
  it('ops of an old manifest keep their effect under a new release, and a derived table counts the old rows once adopted', async () => {
    const office = await openOffice(driver);
    const relay = await createTestRelay();
    for (const [sku, day] of ['tea d1', 'jam d1', 'tea d2'].map((text) => text.split(' ') as [string, string]))
      expect(await sell(office.book, sku, 2, day)).toBe('ok');
    await office.book.sync(relay);
    await sell(office.book, 'tea', 5, 'd2');
    const before = office.book.digest();
    await office.install('two');
    expect(office.book.digest()).toEqual(before);
    expect(fits(office.book)).toEqual([]);
    expect(await sell(office.book, 'jam', 1, 'd3')).toBe('ok');
    expect(await provenDigest(office.book)).not.toBe(before.digest);
    expect(fits(office.book)).toEqual([]);

    await office.book.adopt();
    expect(fits(office.book)).toEqual(fromSales(office.book));
    expect(await sell(office.book, 'jam', 4, 'd3')).toBe('ok');
    expect(office.book.query('SELECT buyer FROM buyers')).toEqual([{ buyer: 'buyer of jam' }]);
    const args = { sku: 'jam', quantity: 1, day: 'd4' };
    expect((await office.book.commit('shop.sell@1' as 'shop.sell', args as never)).ok).toBe(true);
    expect(fits(office.book)).toEqual(fromSales(office.book));
    await provenDigest(office.book);
    await office.book.sync(relay);
    await provenDigest(office.book);
  });

  it('an adoption whose derived table cannot be filled from the rows that are there is refused, and the next release adopts it', async () => {
    const office = await openOffice(driver);
    expect(await sell(office.book, 'tea', 2, 'd1')).toBe('ok');
    await office.install('hasty');
    const refused = { ok: false, code: 'kernel/verb-failed', details: { reason: 'kernel/bad-effect' } };
    expect(await office.book.adopt()).toMatchObject(refused);
    expect(fits(office.book)).toEqual([]);
    await office.install('two');
    expect(await office.book.adopt()).toMatchObject({ ok: true });
    expect(fits(office.book)).toEqual(fromSales(office.book));
    await provenDigest(office.book);
  });

  it('a release that lacks a derived table stops at the adoption, keeps what it has, and goes on after an upgrade', async () => {
    const office = await openOffice(driver);
    const till = await joinTill(office, driver);
    await exchange(office.book, till.book);
    await sell(office.book, 'tea', 2, 'd1');
    await sell(till.book, 'tea', 3, 'd1');
    await exchange(office.book, till.book);
    const before = till.book.digest();
    await office.install('two');
    await office.book.adopt();
    await sell(office.book, 'jam', 1, 'd2');
    await till.book.import(await office.book.export());
    expect(stopOf(till.book)).toMatchObject({
      code: 'kernel/unsupported-table',
      table: 'soldByDay',
      declared: '',
      release: 'shop two',
    });
    expect(till.book.digest()).toEqual(before);
    expect(await till.book.commit('shop.sell', { sku: 'tea', quantity: 1, day: 'd3' })).toMatchObject({
      code: 'kernel/scope-stopped',
      details: { reason: 'kernel/unsupported-table', table: 'soldByDay', release: 'shop two' },
    });
    await till.install('one');
    expect(till.book.digest()).toEqual(before);
    await till.install('two');
    expect(stopOf(till.book)).toBeUndefined();
    expect(till.book.digest()).toEqual(office.book.digest());
    await provenDigest(till.book);
  });

  it('a release that lacks only a verb stops at its first op, and says before that it will', async () => {
    const office = await openOffice(driver);
    const till = await joinTill(office, driver);
    await office.install('two');
    await office.book.adopt();
    await till.install('narrow');
    await exchange(office.book, till.book);
    expect(till.book.status()).toMatchObject({
      scopes: [{ stop: undefined }],
      lacking: [{ what: 'shop.sell@2', release: 'shop two' }],
    });
    expect(await sell(till.book, 'tea', 1, 'd1')).toBe('ok');
    await office.book.import(await till.book.export());
    await sell(office.book, 'jam', 1, 'd2');
    await till.book.import(await office.book.export());
    expect(stopOf(till.book)).toMatchObject({
      code: 'kernel/unsupported-verb',
      verb: 'shop.sell@2',
      release: 'shop two',
    });
    expect(till.book.query('SELECT sku FROM sales')).toEqual([{ sku: 'tea' }]);
    await till.install('two');
    await exchange(office.book, till.book);
    expect(await provenDigest(till.book)).toBe(await provenDigest(office.book));
    expect(till.book.status().lacking).toEqual([]);
  });

  it('an older release put back on a newer database touches nothing, takes in what comes, and the newer goes on', async () => {
    const relay = await createTestRelay();
    const office = await openOffice(driver);
    const till = await joinTill(office, driver);
    await office.book.sync(relay);
    await till.book.sync(relay);
    await till.install('two');
    await office.install('two');
    await office.book.adopt();
    await office.book.sync(relay);
    await till.book.sync(relay);
    for (const sku of ['tea', 'jam']) await sell(till.book, sku, 1, 'd1');
    const before = till.book.digest();
    await till.install('one');
    // In a browser rows are made anew from the log, so there the older release ends before what it lacks.
    if (driver === 'better-sqlite3') expect(till.book.digest()).toEqual(before);
    expect(stopOf(till.book)).toMatchObject({ code: 'kernel/unsupported-table', table: 'soldByDay' });
    expect(await sell(till.book, 'tea', 1, 'd2')).toBe('kernel/scope-stopped');
    await sell(office.book, 'oil', 1, 'd2');
    await office.book.sync(relay);
    // The tail gets its positions and others come between, while nothing here can be folded.
    await till.book.sync(relay);
    if (driver === 'better-sqlite3') expect(till.book.digest()).toEqual(before);
    await till.install('one');
    if (driver === 'better-sqlite3') expect(till.book.digest()).toEqual(before);
    await office.book.sync(relay);
    await till.install('two');
    expect(till.book.digest()).toEqual(office.book.digest());
    expect(till.book.pendingOps()).toEqual([]);
    await provenDigest(till.book);
  });

  it('a shape changed in place stops everything, says both shapes, and harms nothing', async () => {
    const office = await openOffice(driver);
    await sell(office.book, 'tea', 1, 'd1');
    const before = office.book.digest();
    await office.install('changed');
    expect(stopOf(office.book)).toMatchObject({
      code: 'kernel/unsupported-table',
      table: 'stock',
      shape: 'sum(sku text; onHand integer)',
      declared: 'sum(sku text; onHand integer, reserved integer)',
    });
    expect(await sell(office.book, 'tea', 1, 'd2')).toBe('kernel/scope-stopped');
    expect(await office.book.adopt()).toBeUndefined();
    await office.install('one');
    expect(office.book.digest()).toEqual(before);
    expect(await sell(office.book, 'tea', 1, 'd2')).toBe('ok');
    await provenDigest(office.book);
  });
});

describe('in a branch', () => {
  async function openBranch(): Promise<{ office: Device; till: Device; relay: RelayClient }> {
    const relay = await createTestRelay();
    const office = await openOffice();
    await office.book.sync(relay);
    const till = await joinTill(office, 'better-sqlite3', BRANCH);
    await office.book.sync(relay);
    await till.book.sync(relay);
    return { office, till, relay };
  }

  it('an adoption comes with the mark: an old release goes on under the old mark until somebody of a new one writes there', async () => {
    const { office, till, relay } = await openBranch();
    expect(await sell(till.book, 'tea', 2, 'd1')).toBe('ok');
    await till.book.sync(relay);
    await office.book.sync(relay);
    await office.install('two');
    await office.book.adopt();
    await office.book.sync(relay);
    await till.book.sync(relay);
    expect(stopOf(till.book)).toMatchObject({ code: 'kernel/unsupported-table' });
    expect(stopOf(till.book, BRANCH)).toBeUndefined();
    expect(await sell(till.book, 'tea', 3, 'd2')).toBe('ok');
    await till.book.sync(relay);

    expect(await sell(office.book, 'jam', 1, 'd2', BRANCH)).toBe('ok');
    expect(fits(office.book)).toEqual(fromSales(office.book));
    await office.book.sync(relay);
    await till.book.sync(relay);
    const [branch] = till.book.query('SELECT sum(quantity) AS n FROM sales');
    expect(branch).toEqual({ n: 5 });
    expect(stopOf(till.book, BRANCH)).toMatchObject({ code: 'kernel/needs-hq' });
    await till.install('two');
    await office.book.sync(relay);
    await till.book.sync(relay);
    expect(fits(till.book)).toEqual(fromSales(till.book));
    expect(await provenDigest(till.book)).toBe(await provenDigest(office.book));
  });

  it('what hq has adopted and the branch has not marked is not in force there', async () => {
    const { office, till, relay } = await openBranch();
    await office.install('two');
    await till.install('two');
    await office.book.adopt();
    const args = { sku: 'tea', quantity: 1, day: 'd1' };
    expect((await office.book.commit('shop.sell', args as never, { scope: BRANCH })).ok).toBe(true);
    expect(fits(office.book)).toEqual([]);
    await office.book.sync(relay);
    await till.book.sync(relay);
    expect(await sell(till.book, 'jam', 1, 'd1')).toBe('ok');
    expect(fits(till.book)).toEqual(fromSales(till.book));
    await till.book.sync(relay);
    await office.book.sync(relay);
    expect(await provenDigest(till.book)).toBe(await provenDigest(office.book));
  });
});

it('an adoption that gets its position lets no pending op keep what it came to before', async () => {
  const relay = await createTestRelay();
  const later = { edge: testEdge(99, 1_764_600_000_000), name: 'Corner shop', replicate: 'all' } as const;
  const office = await installAt('one', 'better-sqlite3', later);
  const till = await joinTill(office, 'better-sqlite3');
  await office.book.sync(relay);
  await till.book.sync(relay);
  for (const device of [office, till]) await device.install('two');
  await sell(till.book, 'tea', 2, 'd1');
  await office.book.adopt();
  await till.book.import(await office.book.export());
  expect(till.book.pendingOps().map(({ verb }) => verb)).toEqual(['shop.sell@1', 'manifest.adopt@1']);
  expect(fits(till.book)).toEqual(fromSales(till.book));
  await office.book.sync(relay);
  await till.book.import(await office.book.export());
  expect(till.book.pendingOps().map(({ verb }) => verb)).toEqual(['shop.sell@1']);
  expect(fits(till.book)).toEqual(fromSales(till.book));
  // What is kept to take the sale back is compared too.
  await provenDigest(till.book);
});

describe('rows of another fold', () => {
  it('go with all that stood beside them, also in tables that the program at hand does not have', async () => {
    const office = await openOffice();
    await office.install('two');
    await office.book.adopt();
    await sell(office.book, 'tea', 2, 'd1');
    const before = office.book.digest();
    const shapeOfKernel = "UPDATE kernel_tables SET shape = 'set(hash text)' WHERE name = 'refusals'";
    for (const edit of ["UPDATE kernel_tables SET shape = '0' WHERE name = '@fold'", shapeOfKernel]) {
      await office.install('one');
      expect(office.book.digest()).toEqual(before);
      await office.damage(edit);
      expect(stopOf(office.book)).toMatchObject({ code: 'kernel/unsupported-table', table: 'soldByDay' });
      expect(office.book.query("SELECT name FROM sqlite_schema WHERE name IN ('buyers', 'soldByDay')")).toEqual([]);
      await office.install('two');
      expect(office.book.digest()).toEqual(before);
      await provenDigest(office.book);
    }
  });

  it('are folded again when the book opens, whatever call the process dies at', async () => {
    const office = await openOffice();
    const relay = await createTestRelay();
    for (const sku of ['tea', 'jam', 'oil']) await sell(office.book, sku, 1, 'd1');
    await office.book.sync(relay);
    await sell(office.book, 'tea', 1, 'd2');
    const before = office.book.digest();
    const edits = [
      "UPDATE kernel_tables SET shape = '0' WHERE name = '@fold'",
      "UPDATE kernel_tables SET name = 'log_records' WHERE name = 'stock'",
      'DROP TABLE kernel_tables',
      'DROP TABLE sales',
    ];
    for (const edit of edits) {
      await office.damage(edit);
      expect(office.book.digest()).toEqual(before);
      await provenDigest(office.book);
    }
    expect([
      ...(await office.book.log.settled('hq' as Scope, 0, 10)),
      ...(await office.book.log.pending('hq' as Scope)),
    ]).toHaveLength(6);
    let calls = 0;
    for (; await office.dieAt(edits[0] as string, calls); calls += 6) {
      await office.install('one');
      expect(office.book.digest()).toEqual(before);
    }
    expect(calls).toBeGreaterThan(60);
    await provenDigest(office.book);
  });
});
