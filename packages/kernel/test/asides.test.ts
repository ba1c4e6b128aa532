// Records set aside: anybody can hand over as many as he likes, without any key, so they are bounded, cost a sync nothing while nothing has come, and no
// copy of one takes the place of another.
import { nodeHasher } from '@tallystick/chain/node';
import { type BookStore, openBook } from '@tallystick/kernel';
import { encodeHex, encodeRecord, type OpRecord, type Scope, textOf, trustedRecord } from '@tallystick/oplog';
import { createMemoryKeyStore, type DeviceKey } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { describe, expect, it } from 'vitest';
import { createTestRelay, provenDigest, type ShopBook } from './fleet.ts';
import { craft, fileOf, recordsOf } from './records.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const BRANCH = 'b/042' as Scope;
const maxAsides = 1_000;
const maxAsideBytes = 1 << 20;

async function open(): Promise<ShopBook> {
  return openBook({ store: stores['better-sqlite3'](), keys: memoryKeys(), verbs: shopVerbs, edge: testEdge(1) });
}

async function join(book: ShopBook, store: BookStore = stores['better-sqlite3']()): Promise<ShopBook> {
  return openBook({ store, keys: memoryKeys(), verbs: shopVerbs, edge: testEdge(2), book: book.id, replicate: 'all' });
}

const strangerKey = async (): Promise<DeviceKey> => createMemoryKeyStore(nodeEd25519, nodeHasher).create('device');

/** One op of a device that nobody enrolled, and as many more that build on it: no key is needed for what is not signed. */
async function flood(book: ShopBook, count: number, sku = 'flood'): Promise<OpRecord[]> {
  const key = await strangerKey();
  const records: OpRecord[] = [];
  for (let index = 0; index < count; index++) {
    const args = { sku, quantity: index };
    records.push(
      await craft(book, key, {
        args,
        ...(index === 0 ? { enrolment: book.id } : { after: records[index - 1] as OpRecord }),
      }),
    );
  }
  return records;
}

/** An op of a device, and the op that enrols it in `owner`. */
async function enrolled(owner: ShopBook): Promise<{ readonly op: OpRecord; readonly key: DeviceKey }> {
  const key = await strangerKey();
  const args = { device: key.device, key: encodeHex(key.publicKey), name: 'till', role: 'manager' } as const;
  const answer = await owner.commit('device.enroll', args);
  if (!answer.ok) throw new Error(answer.code);
  const op = await craft(owner, key, { args: { sku: 'late', quantity: 7 }, enrolment: answer.hash });
  return { op, key };
}

function turnedOver({ bytes, hash }: OpRecord, at: number): OpRecord {
  const turned = bytes.slice();
  turned[at] = (turned[at] as number) ^ 1;
  return trustedRecord(turned, hash);
}

const late = "SELECT onHand FROM stock WHERE sku = 'late'";

describe('records set aside', () => {
  it('are kept up to a number, and what is beyond it is reported and not kept', async () => {
    const book = await open();
    const other = await join(book);
    await other.import(await book.export());
    const [first, ...more] = await flood(book, maxAsides + 20);
    expect(await other.import(fileOf(book, [first as OpRecord]))).toMatchObject({ aside: [{}], notKept: [] });
    const report = await other.import(fileOf(book, more));
    expect(report.aside).toHaveLength(maxAsides);
    expect(report.notKept).toHaveLength(20);
    expect(report.notKept[0]).toMatchObject({ code: 'chain/unknown-device' });
    expect(await other.log.asides()).toHaveLength(maxAsides);
    // What has a place keeps it, so that a flood does not wash away what waits.
    expect((await other.log.asides())[0]?.hash).toBe(first?.hash);
    expect(new Set(report.aside.map(({ hash }) => hash)).has(first?.hash as string)).toBe(true);
    await provenDigest(other);
  });

  it('are kept up to so many bytes', async () => {
    const book = await open();
    const other = await join(book);
    await other.import(await book.export());
    const records = await flood(book, 30, 'x'.repeat(50_000));
    const report = await other.import(fileOf(book, records));
    expect(report.aside.length).toBeGreaterThan(15);
    expect(report.aside.length + report.notKept.length).toBe(30);
    const sizeBytes = (await other.log.asides()).reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(sizeBytes).toBeGreaterThan(maxAsideBytes - 60_000);
    expect(sizeBytes).toBeLessThanOrEqual(maxAsideBytes);
    await other.dismissAsides();
    expect(await other.import(fileOf(book, records.slice(-9)))).toMatchObject({ notKept: [] });
  });

  it('can be dismissed, some or all', async () => {
    const book = await open();
    const other = await join(book);
    await other.import(await book.export());
    const records = await flood(book, 3);
    await other.import(fileOf(book, records));
    expect(await other.dismissAsides([records[2]?.hash as OpRecord['hash']])).toBe(1);
    expect((await other.log.asides()).map(({ hash }) => hash)).toEqual(records.slice(0, 2).map(({ hash }) => hash));
    expect(await other.dismissAsides()).toBe(2);
    expect(await other.log.asides()).toEqual([]);
    expect(await other.dismissAsides()).toBe(0);
  });

  it('are judged again by a sync that brought something, and not read by one that brought nothing', async () => {
    const relay = await createTestRelay();
    const book = await open();
    await book.sync(relay);
    const store = stores['better-sqlite3']();
    let reads = 0;
    const { log } = store;
    const counted = { ...store, log: { ...log, asides: (scope?: Scope) => ((reads += 1), log.asides(scope)) } };
    const other = await join(book, counted);
    await other.sync(relay);
    const { op } = await enrolled(book);
    await other.import(fileOf(book, [op]));
    await other.sync(relay);
    reads = 0;
    for (let index = 0; index < 3; index++) await other.sync(relay);
    expect(reads).toBe(0);
    await book.sync(relay);
    await other.sync(relay);
    expect(reads).toBeGreaterThan(0);
    expect(other.query(late)).toEqual([{ onHand: 7 }]);
    expect(await log.asides()).toEqual([]);
  });

  it('are judged by the sync after one that died half way, though that brings nothing', async () => {
    const relay = await createTestRelay();
    const book = await open();
    await book.sync(relay);
    await book.commit('stock.move', { sku: 'apple', quantity: 1 }, { scope: BRANCH });
    await book.sync(relay);
    const other = await join(book);
    await other.sync(relay);
    const { op } = await enrolled(book);
    expect((await other.import(fileOf(book, [op]))).aside).toHaveLength(1);
    await book.sync(relay);
    const dying: typeof relay = {
      ...relay,
      // As if every log were another than before, so that each is asked for.
      handshake: (id, _known, ...rest) => relay.handshake(id, [], ...rest),
      pull: (id, scope, ...rest) =>
        scope === BRANCH ? Promise.reject(new Error('the line is cut')) : relay.pull(id, scope, ...rest),
    };
    await expect(other.sync(dying)).rejects.toThrow('the line is cut');
    expect(other.query(late)).toEqual([]);
    expect(await other.sync(relay)).toMatchObject({ settled: 0 });
    expect(other.query(late)).toEqual([{ onHand: 7 }]);
  });

  it('are kept in every copy: one turned bit later, or another key, does not destroy the true one', async () => {
    const book = await open();
    const other = await join(book);
    await other.import(await book.export());
    const { op } = await enrolled(book);
    const signature = new Uint8Array(64);
    const otherKey = trustedRecord(encodeRecord((await strangerKey()).keyId, signature, textOf(op)), op.hash);
    for (const copies of [[op], [turnedOver(op, 40)], [otherKey, turnedOver(op, 90)]])
      expect((await other.import(fileOf(book, copies))).aside).toMatchObject([{ hash: op.hash }]);
    expect(await other.log.asides()).toHaveLength(4);
    await provenDigest(other);
    await other.import(await book.export());
    expect(other.query(late)).toEqual([{ onHand: 7 }]);
    expect(await other.log.asides()).toEqual([]);
    expect((await recordsOf(other)).find(({ hash }) => hash === op.hash)?.bytes).toEqual(op.bytes);
    await provenDigest(other);
  });

  it('say the same of all copies of an op, whichever came last', async () => {
    const book = await open();
    const { op } = await enrolled(book);
    const other = await join(book);
    await other.import(await book.export());
    const otherKey = encodeRecord((await strangerKey()).keyId, new Uint8Array(64), textOf(op));
    for (const copy of [turnedOver(op, 40), trustedRecord(otherKey, op.hash)])
      expect((await other.import(fileOf(book, [copy]))).aside).toMatchObject([{ code: 'chain/signature' }]);
    const said = (await other.log.asides()).map(({ message }) => message);
    expect(said).toEqual([expect.stringContaining(op.keyId), said[0]]);
    await provenDigest(other);
  });
});
