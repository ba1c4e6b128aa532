// What the kernel throws: the caller's own mistakes, a relay that lies, a disk that is not there. And what a log that lies is told.
import { createRelay, createMemoryRelayStore, createRelayClient, type RelayClient } from '@tallystick/relay-protocol';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRecord } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { type BookStore, openBook, replay, verifyLog } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { encodeRecord, type LogStore, type OpRecord, type Scope, textOf } from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import { nodeEd25519 } from '@tallystick/sign/node';
import initSqlJs from 'sql.js';
import { describe, expect, it } from 'vitest';
import { exportBook } from '../src/transfer.ts';
import type { ShopBook } from './fleet.ts';
import { recordsOf } from './records.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const HQ = 'hq' as Scope;

function kernelError(code: string): unknown {
  return expect.objectContaining({ name: 'KernelError', code });
}

async function openShop(store: BookStore = stores['better-sqlite3'](), relayKey?: string): Promise<ShopBook> {
  const pinned = relayKey === undefined ? {} : { relayKey };
  return openBook({ store, keys: memoryKeys(), verbs: shopVerbs, edge: testEdge(), ...pinned });
}

async function relayOf(seed: number, ed25519: typeof nodeEd25519 = nodeEd25519): Promise<RelayClient> {
  const key = await nodeEd25519.fromSeed(new Uint8Array(32).fill(seed));
  const signer = { name: 'relay.test', publicKey: key.publicKey, sign: (message: Uint8Array) => key.sign(message) };
  const relay = createRelay({ store: createMemoryRelayStore(), signer, hasher: nodeHasher, ed25519, reads: 'public' });
  return createRelayClient({ url: 'http://relay.test', fetch: (request) => relay.fetch(request) });
}

describe('a book', () => {
  it('that is closed does nothing more', async () => {
    const book = await openShop();
    const file = await book.export();
    const relay = await relayOf(1);
    await book.close();
    await book.close();
    for (const use of [
      async () => book.commit('stock.move', { sku: 'apple', quantity: 1 }),
      async () => book.query('SELECT 1'),
      async () => book.status(),
      async () => book.pendingOps(),
      async () => book.digest(),
      async () => book.sync(relay),
      async () => book.export(),
      async () => book.import(file),
      async () => book.verify(),
      async () => book.replay(stores['sql.js']()),
      async () => book.prove(stores['sql.js']()),
      async () => book.attest(),
      async () => book.asOf({ sizes: {} }, stores['sql.js']()),
    ]) {
      await expect(use(), String(use)).rejects.toThrow(kernelError('kernel/closed'));
    }
  });

  it('has keys', async () => {
    const store = sqljsStore({ sqlite: await initSqlJs(), log: createMemoryLogStore() });
    await expect(openBook({ store, verbs: shopVerbs })).rejects.toThrow(kernelError('kernel/no-keys'));
  });

  it('has a disk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tallystick-errors-'));
    expect(() => nodeStore(join(folder, 'not there', 'shop.db'))).toThrow(kernelError('kernel/storage'));
    expect(() => nodeStore(folder)).toThrow(kernelError('kernel/storage'));
    // SQLite would keep these in a file that is gone when it is closed, and say nothing.
    for (const path of ['', '  ']) expect(() => nodeStore(path)).toThrow(kernelError('kernel/storage'));
    rmSync(folder, { recursive: true });
  });

  it('is bound before it takes or gives anything: a replay of an empty log is of no book', async () => {
    const replayed = { from: createMemoryLogStore(), into: stores['sql.js'](), verbs: shopVerbs, crypto: nodeCrypto };
    const { replica } = await replay(replayed);
    expect(() => replica.admitter).toThrow(kernelError('kernel/no-book'));
    await expect(exportBook(replica)).rejects.toThrow(kernelError('kernel/no-book'));
  });
});

describe('a relay', () => {
  it('has one key: another that answers, or text that is no key, is refused', async () => {
    await expect(openShop(stores['better-sqlite3'](), 'relay.test+00000000+AAAA')).rejects.toThrow(
      kernelError('kernel/relay-key'),
    );
    const book = await openShop();
    await book.sync(await relayOf(1));
    const pinned = book.status().relayKey;
    await expect(book.sync(await relayOf(2))).rejects.toThrow(kernelError('kernel/relay-key'));
    expect(book.status().relayKey).toBe(pinned);
  });

  it('that gives a forged op a position is caught: nothing of the page is taken', async () => {
    const careless = await relayOf(1, { ...nodeEd25519, verify: () => true });
    const book = await openShop();
    await book.commit('stock.move', { sku: 'apple', quantity: 1 });
    const records = await recordsOf(book);
    await careless.push(book.id, HQ, [...records.slice(0, -1), unsigned(records.at(-1) as OpRecord)]);
    const reader = await openBook({
      store: stores['better-sqlite3'](),
      keys: memoryKeys(),
      verbs: shopVerbs,
      book: book.id,
    });
    await expect(reader.sync(careless)).rejects.toThrow(kernelError('kernel/invalid-log'));
    expect(reader.status().scopes).toEqual([]);
    expect(reader.query('SELECT * FROM stock')).toEqual([]);
  });
});

/** The record with a signature of zeros. */
function unsigned(record: OpRecord): OpRecord {
  const opened = openRecord(encodeRecord(record.keyId, new Uint8Array(64), textOf(record)), nodeHasher);
  if (!opened.ok) throw new Error(opened.message);
  return opened.value;
}

describe('a log', () => {
  /** A store that answers as the honest one does, but for some calls. */
  function lying(log: LogStore, calls: Partial<LogStore>): LogStore {
    const properties = Object.entries(calls).map(([name, value]) => [name, { value }] as const);
    return Object.create(log, Object.fromEntries(properties)) as LogStore;
  }

  async function settledLog(): Promise<LogStore> {
    const book = await openShop(stores['sql.js']());
    await book.commit('stock.move', { sku: 'apple', quantity: 1 });
    await book.sync(await relayOf(1));
    return book.log;
  }

  it('that is whole verifies', async () => {
    expect(await verifyLog(await settledLog(), nodeCrypto)).toMatchObject({ ok: true, ops: 3, problems: [] });
  });

  it('is told by position where a record is missing or is another one, and when its tree is not that of its records', async () => {
    const log = await settledLog();
    const records = await log.settled(HQ, 0, 3);
    const [first, second, third] = records as [OpRecord, OpRecord, OpRecord];
    const renamed = { ...third, bytes: second.bytes };
    for (const [calls, problem] of [
      [{ settled: (_scope, from) => records.slice(from, 2) }, { code: 'log/missing', position: 2 }],
      [
        { settled: (_scope, from) => [first, second, renamed].slice(from) },
        { code: 'log/hash', position: 2, hash: third.hash },
      ],
      [
        { tip: (scope) => ({ ...log.tip(scope), frontier: ['00'.repeat(32)] }) },
        { code: 'log/root', position: undefined },
      ],
    ] as readonly [Partial<LogStore>, object][]) {
      const report = await verifyLog(lying(log, calls), nodeCrypto);
      expect(report).toMatchObject({ ok: false, problems: [{ scope: 'hq', ...problem }] });
    }
  });
});
