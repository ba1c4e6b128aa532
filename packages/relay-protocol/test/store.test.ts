import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BookId, DeviceId } from '@tallystick/oplog';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { createMemoryRelayStore, type RelayStore } from '../src/index.ts';
import { createSqliteRelayStore } from '../src/node.ts';
import { relayStoreCases, type StoreUnderTest } from '../src/contract.ts';
import { relayStoreContract } from './contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'relay-store-'));
let files = 0;
const newPath = (): string => join(folder, `${files++}.sqlite`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const memory = (): StoreUnderTest => ({ store: createMemoryRelayStore(), reopen: createMemoryRelayStore });
relayStoreContract('the memory store', memory, { forgets: true });

relayStoreContract('the SQLite store', () => {
  const path = newPath();
  return { store: createSqliteRelayStore(path), reopen: () => createSqliteRelayStore(path) };
});

describe('the store contract', () => {
  it('finds a store that loses, reorders, double-grants or takes what does not fit', async () => {
    const faults: readonly ((store: RelayStore) => RelayStore)[] = [
      (store) => ({ ...store, append: () => undefined }),
      (store) => ({ ...store, records: async (...asked) => [...(await store.records(...asked))].reverse() }),
      (store) => ({ ...store, claims: () => new Map() }),
      (store) => ({ ...store, append: (batches) => store.append(batches.map((batch) => ({ ...batch, claims: [] }))) }),
      (store) => ({
        ...store,
        append: async (batches) => void (await Promise.allSettled([(async () => store.append(batches))()])),
      }),
      (store) => ({ ...store, scopes: () => [] }),
    ];
    const cases = relayStoreCases('a faulty store', { reopens: false });
    for (const [fault, plant] of faults.entries()) {
      const runs = await Promise.allSettled(cases.map((one) => one.run({ store: plant(createMemoryRelayStore()) })));
      expect(
        runs.map(({ status }) => status),
        `fault ${fault}`,
      ).toContain('rejected');
    }
  });
});

describe('the SQLite store', () => {
  it('is for one process at a time', async () => {
    const path = newPath();
    const store = createSqliteRelayStore(path);
    const second = (): unknown => createSqliteRelayStore(path, { busyTimeoutMs: 0 });
    expect(second).toThrow(expect.objectContaining({ code: 'relay/store-busy' }));
    await store.close();
    await createSqliteRelayStore(path).close();
  });

  it('leaves no byte of a wrapped key that was deleted or replaced in any file, and none in a copy', async () => {
    const path = newPath();
    const store = createSqliteRelayStore(path);
    const book = 'ab'.repeat(32) as BookId;
    const device = 'cd'.repeat(32) as DeviceId;
    const found = (text: string): number =>
      readdirSync(folder).filter((file) => readFileSync(join(folder, file)).includes(text)).length;
    for (const [name, text] of [
      ['one', 'AGE-ONE'],
      ['two', 'AGE-TWO'],
      ['two', 'AGE-THREE'],
    ] as const)
      await store.keys.put(book, name, { device, text: text.repeat(2_000) }, 1);
    await store.backup(newPath());
    expect(['AGE-ONE', 'AGE-TWO', 'AGE-THREE'].map(found)).toEqual([1, 0, 1]);
    await store.keys.delete(book, 'one', 2);
    expect(['AGE-ONE', 'AGE-TWO', 'AGE-THREE'].map(found)).toEqual([0, 0, 1]);
    await store.close();
  });

  it('has the wrapped keys of a file from before deletions were remembered, and remembers them', async () => {
    const path = newPath();
    const db = new Database(`${path.replace(/\.sqlite$/, '')}-keys.sqlite`);
    db.exec(`CREATE TABLE keys (book BLOB NOT NULL, name TEXT NOT NULL, device BLOB NOT NULL, text TEXT NOT NULL,
      PRIMARY KEY (book, name)) STRICT, WITHOUT ROWID; PRAGMA user_version = 1`);
    db.exec(`INSERT INTO keys VALUES (x'${'ab'.repeat(32)}', 'one', x'${'cd'.repeat(32)}', 'wrapped')`);
    db.close();
    const store = createSqliteRelayStore(path);
    const book = 'ab'.repeat(32) as BookId;
    const kept = { device: 'cd'.repeat(32) as DeviceId, text: 'wrapped' };
    expect(await store.keys.get(book, 'one')).toEqual({ ...kept, signedAt: 0 });
    expect(await store.keys.delete(book, 'one', 9)).toBe(true);
    expect(await store.keys.put(book, 'one', kept, 9)).toBe(9);
    await store.close();
  });

  it('keeps a write-ahead log', async () => {
    const path = newPath();
    await createSqliteRelayStore(path).close();
    const db = new Database(path);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    db.close();
  });

  it('refuses a schema it does not know, and what is no database', () => {
    const path = newPath();
    const db = new Database(path);
    db.pragma('user_version = 99');
    db.close();
    expect(() => createSqliteRelayStore(path)).toThrow(expect.objectContaining({ code: 'relay/store' }));
    expect(() => createSqliteRelayStore(folder)).toThrow(expect.objectContaining({ code: 'relay/store' }));
  });
});
