import { KernelError, openBook } from '@tallystick/kernel';
import { encodeHex, type OpHash } from '@tallystick/oplog';
import { afterEach, describe, expect, it } from 'vitest';
import { createFleet, createTestRelay, HQ, provenDigest, type ShopBook } from './fleet.ts';
import { memoryKeys, move, shopVerbs, stores, testEdge } from './shop.ts';

const closing: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const item of closing.splice(0)) await item.close();
});

describe.each(Object.entries(stores))('a book on %s', (_name, makeStore) => {
  async function open(): Promise<ShopBook> {
    const book = await openBook({ store: makeStore(), keys: memoryKeys(), verbs: shopVerbs, edge: testEdge() });
    closing.push(book);
    return book;
  }

  it('opens with its root and its own device enrolled', async () => {
    const book = await open();
    const status = book.status();
    expect(status).toMatchObject({
      book: book.id,
      role: 'owner',
      anchored: true,
      scopes: [{ scope: 'hq', settled: 0, pending: 2 }],
    });
    expect(book.query('SELECT name, role FROM devices ORDER BY name')).toEqual([
      { name: 'office', role: 'owner' },
      { name: 'root', role: 'owner' },
    ]);
  });

  it('commits, folds and answers plain SQL at once', async () => {
    const book = await open();
    const commit = await book.commit('stock.move', { sku: 'apple', quantity: 5 });
    expect(commit.ok && (await commit.stage())).toBe('local');
    await book.commit('stock.move', { sku: 'apple', quantity: -2 });
    expect(book.query('SELECT sku, onHand FROM stock')).toEqual([{ sku: 'apple', onHand: 3 }]);
    expect(book.query('SELECT moves FROM counted WHERE sku = ?', ['apple'])).toEqual([{ moves: 2 }]);
    await provenDigest(book, makeStore);
  });

  it('a row whose sums are all zero does not exist', async () => {
    const book = await open();
    await book.commit('stock.move', { sku: 'apple', quantity: 5 });
    await book.commit('stock.move', { sku: 'apple', quantity: -5 });
    expect(book.query('SELECT * FROM stock')).toEqual([]);
    await provenDigest(book, makeStore);
  });

  it('answers a refusal and stores nothing of it', async () => {
    const book = await open();
    const before = book.digest();
    expect(await book.commit('stock.take', { sku: 'apple', quantity: 1 })).toEqual({
      ok: false,
      code: 'shop/too-few',
      details: { onHand: 0 },
    });
    expect(await book.commit('stock.move', { sku: 'apple', quantity: 13 })).toMatchObject({
      ok: false,
      code: 'shop/unlucky',
    });
    expect(await book.commit('stock.move', { sku: 'apple' } as never)).toMatchObject({
      ok: false,
      code: 'kernel/bad-args',
      details: { issue: expect.stringContaining('quantity') as string },
    });
    expect(await book.commit('no.such' as 'stock.move', { sku: 'a', quantity: 1 })).toMatchObject({
      ok: false,
      code: 'kernel/unknown-verb',
    });
    expect(await book.commit('stock.move', { sku: 'a', quantity: 0.5 })).toMatchObject({
      ok: false,
      code: 'kernel/bad-args',
    });
    expect(await book.commit('stock.move', { sku: 'x'.repeat(70_000), quantity: 1 })).toMatchObject({
      ok: false,
      code: 'canonical/too-large',
    });
    expect(book.digest()).toEqual(before);
    expect(book.status().scopes[0]?.pending).toBe(2);
    expect((await book.commit('stock.move', { sku: 'apple', quantity: 1 })).ok).toBe(true);
  });

  it('commits a batch in one go; a refused one does not stop the others', async () => {
    const book = await open();
    const answers = await book.commitAll([
      { verb: 'stock.move', args: { sku: 'apple', quantity: 2 } },
      { verb: 'stock.take', args: { sku: 'apple', quantity: 3 } },
      { verb: 'stock.take', args: { sku: 'apple', quantity: 2 } },
    ]);
    expect(answers.map((answer) => answer.ok)).toEqual([true, false, true]);
    expect(book.query('SELECT * FROM stock')).toEqual([]);
    await provenDigest(book, makeStore);
  });

  it('keeps sums within +-(2^53-1)', async () => {
    const book = await open();
    const most = Number.MAX_SAFE_INTEGER;
    expect((await book.commit('stock.move', { sku: 'apple', quantity: most })).ok).toBe(true);
    expect(await book.commit('stock.move', { sku: 'apple', quantity: 1 })).toMatchObject({
      ok: false,
      code: 'kernel/sum-overflow',
    });
    expect(book.query('SELECT onHand FROM stock')).toEqual([{ onHand: most }]);
    await provenDigest(book, makeStore);
  });

  it('does not let the caller change what was committed', async () => {
    const book = await open();
    const args = { sku: 'apple', quantity: 1 };
    const commit = await book.commit('stock.move', args);
    args.quantity = 99;
    const stored = commit.ok ? await book.log.get(commit.hash) : undefined;
    expect(stored?.record.op.args).toEqual({ sku: 'apple', quantity: 1 });
  });

  it('treats hostile names as names', async () => {
    const book = await open();
    for (const sku of ['__proto__', 'constructor', "'; DROP TABLE stock; --", '\u{1F34E}', '']) {
      expect((await book.commit('stock.move', { sku, quantity: 1 })).ok).toBe(true);
    }
    expect(book.query('SELECT count(*) AS n FROM stock')).toEqual([{ n: 5 }]);
    await provenDigest(book, makeStore);
  });

  it('query reads only', async () => {
    const book = await open();
    for (const sql of [
      'DELETE FROM stock',
      'INSERT INTO chains VALUES (1, 2, 3, 4)',
      'WITH x AS (SELECT 1) DELETE FROM devices',
      'nonsense',
    ]) {
      expect(() => book.query(sql)).toThrow(KernelError);
    }
    expect(book.query('SELECT count(*) AS n FROM devices')).toEqual([{ n: 2 }]);
  });

  it('tells subscribers of every change and stops when told', async () => {
    const book = await open();
    const seen: string[] = [];
    const stop = book.subscribe((change) => seen.push(change.kind));
    await book.commit('stock.move', { sku: 'apple', quantity: 1 });
    stop();
    await book.commit('stock.move', { sku: 'apple', quantity: 1 });
    expect(seen).toEqual(['commit']);
  });

  it('export, wipe, import gives the same digest', async () => {
    const book = await open();
    for (let index = 0; index < 20; index++)
      await book.commit('stock.move', { sku: `sku-${index % 7}`, quantity: (index % 7) + 1 });
    const copy = await openBook({ store: makeStore(), keys: memoryKeys(), verbs: shopVerbs, book: book.id });
    closing.push(copy);
    const report = await copy.import(await book.export());
    expect(report).toMatchObject({ added: 22, aside: [], undecodable: [] });
    expect(copy.digest()).toEqual(book.digest());
    expect(await copy.import(await book.export())).toMatchObject({ added: 0, known: 22 });
    expect(await copy.commit('stock.move', { sku: 'a', quantity: 1 })).toMatchObject({
      ok: false,
      code: 'kernel/not-enrolled',
    });
  });

  it('says where an import is damaged and keeps the rest', async () => {
    const book = await open();
    for (let index = 0; index < 9; index++) await book.commit('stock.move', { sku: 'apple', quantity: 1 });
    const file = await book.export();
    const copy = await openBook({ store: makeStore(), keys: memoryKeys(), verbs: shopVerbs, book: book.id });
    closing.push(copy);
    const torn = await copy.import(file.subarray(0, file.length - 10));
    expect(torn).toMatchObject({ added: 10 });
    expect(torn.tornAt).toBeGreaterThan(0);
    await expect(copy.import(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({ code: 'kernel/bad-file' });
    await expect(copy.import('a text' as never)).rejects.toMatchObject({ code: 'kernel/bad-file' });
    expect(await copy.import(file)).toMatchObject({ added: 1 });
    expect(copy.digest()).toEqual(book.digest());
  });
});

describe('a device that joins', () => {
  it('waits for its enrolment, then writes; a till may not do what only the owner may', async () => {
    const fleet = await createFleet(2);
    closing.push(fleet);
    const [owner, till] = fleet.books;
    expect(till?.status()).toMatchObject({ role: 'till', deviceName: 'till-1' });
    expect((await till?.commit('stock.move', { sku: 'apple', quantity: 1 }))?.ok).toBe(true);
    const key = await memoryKeys().create('device');
    const args = { device: key.device, key: encodeHex(key.publicKey), name: 'crony', role: 'till' as const };
    expect(await till?.commit('device.enroll', args)).toMatchObject({ ok: false, code: 'kernel/role' });
    expect((await owner?.commit('device.enroll', args))?.ok).toBe(true);
    expect(await owner?.commit('device.enroll', args)).toMatchObject({ ok: false, code: 'kernel/already-enrolled' });
  });

  it('keeps each receipt once, however often files go to and fro', async () => {
    const fleet = await createFleet(2);
    closing.push(fleet);
    const [owner, till] = fleet.books as [ShopBook, ShopBook];
    await till.commit('stock.move', { sku: 'apple', quantity: 1 });
    await owner.sync(fleet.relay);
    await till.sync(fleet.relay);
    const kept = async (book: ShopBook): Promise<number> => (await book.log.receipts(HQ)).length;
    expect([await kept(owner), await kept(till)]).toEqual([1, 1]);
    for (let round = 0; round < 3; round++) {
      await owner.import(await till.export());
      await till.import(await owner.export());
    }
    // What the owner's receipt says, the till's says too; the owner learns from that where the sale stands.
    expect([await kept(owner), await kept(till)]).toEqual([2, 1]);
  });

  it('with a key older than its store writes only after it has learnt its own chain', async () => {
    const relay = await createTestRelay();
    const keys = memoryKeys();
    const book = await openBook({ store: stores['better-sqlite3'](), keys, verbs: shopVerbs, edge: testEdge() });
    closing.push(book);
    await book.commit('stock.move', { sku: 'apple', quantity: 1 });
    await book.sync(relay);
    const restored = await openBook({
      store: stores['better-sqlite3'](),
      keys,
      verbs: shopVerbs,
      edge: testEdge(9),
      book: book.id,
    });
    closing.push(restored);
    expect(restored.status().anchored).toBe(false);
    expect(await restored.commit('stock.move', { sku: 'apple', quantity: 1 })).toMatchObject({
      ok: false,
      code: 'kernel/unanchored',
    });
    await restored.sync(relay);
    expect(restored.status().anchored).toBe(true);
    const commit = await restored.commit('stock.move', { sku: 'apple', quantity: 1 });
    expect(commit.ok && (await restored.log.get(commit.hash))?.record.op.seq).toBe(2);
  });

  it('with an op of its own that is elsewhere writes nothing, whatever the relay brings, until that is here', async () => {
    const relay = await createTestRelay();
    const keys = memoryKeys();
    const shared = { keys, verbs: shopVerbs };
    const book = await openBook({ ...shared, store: stores['better-sqlite3'](), edge: testEdge() });
    closing.push(book);
    const apple = { sku: 'apple', quantity: 1 };
    await book.commit('stock.move', apple);
    await book.sync(relay);
    await book.commit('stock.move', apple);
    const file = await book.export();
    const store = stores['better-sqlite3']();
    const lacksOwn = (): boolean => (store.log.head(book.device, HQ)?.seq ?? 0) < 2;
    const anew = await openBook({ ...shared, store, lacksOwn, edge: testEdge(9), book: book.id });
    closing.push(anew);
    await anew.sync(relay);
    expect(await anew.commit('stock.move', apple)).toMatchObject({ ok: false, code: 'kernel/unanchored' });
    expect(anew.status().anchored).toBe(false);
    await anew.import(file);
    expect(anew.status().anchored).toBe(true);
    const commit = await anew.commit('stock.move', apple);
    expect(commit.ok && (await anew.log.get(commit.hash))?.record.op.seq).toBe(3);
  });

  it('refuses a book file of another book and a verb that is not adopted', async () => {
    const one = await openBook({ store: stores['sql.js'](), keys: memoryKeys(), verbs: [move], edge: testEdge() });
    const two = await openBook({ store: stores['sql.js'](), keys: memoryKeys(), verbs: shopVerbs, edge: testEdge(2) });
    closing.push(one, two);
    await expect(two.import(await one.export())).rejects.toMatchObject({ code: 'kernel/foreign-book' });
    const newer = await openBook({ store: stores['sql.js'](), keys: memoryKeys(), verbs: shopVerbs, book: one.id });
    closing.push(newer);
    await newer.import(await one.export());
    expect(newer.query('SELECT verb FROM manifest')).toEqual([{ verb: 'stock.move@1' }]);
  });
});

describe('stages', () => {
  it('go from local to durable to settled, and reached() tells', async () => {
    const fleet = await createFleet(2);
    closing.push(fleet);
    const [owner, till] = fleet.books as [(typeof fleet.books)[0], (typeof fleet.books)[0]];
    await owner.sync(fleet.relay);
    await owner.commit('stock.move', { sku: 'pear', quantity: 1 });
    const commit = await till.commit('stock.move', { sku: 'apple', quantity: 1 });
    if (!commit.ok) throw new Error(commit.code);
    const settled = commit.reached('settled');
    await owner.sync(fleet.relay);
    await till.sync(fleet.relay, { pull: false });
    expect(await commit.stage()).toBe('durable');
    expect(till.pendingOps().at(-1)).toMatchObject({ id: commit.id, stage: 'durable' });
    await till.sync(fleet.relay);
    await settled;
    expect(await commit.stage()).toBe('settled');
    expect(till.pendingOps()).toEqual([]);
    expect(await till.stage('0'.repeat(64) as OpHash)).toBeUndefined();
    await owner.sync(fleet.relay);
    expect(await provenDigest(till)).toBe(await provenDigest(owner));
    expect(owner.status().scopes).toEqual([
      { scope: HQ, settled: 5, pending: 0, stop: undefined, forked: false, waiting: 0 },
    ]);
  });
});
