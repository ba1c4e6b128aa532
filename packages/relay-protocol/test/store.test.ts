import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { createMemoryRelayStore } from '../src/index.ts';
import { createSqliteRelayStore } from '../src/node.ts';
import { relayStoreContract, type StoreUnderTest } from './contract.ts';

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

describe('the SQLite store', () => {
  it('is for one process at a time', async () => {
    const path = newPath();
    const store = createSqliteRelayStore(path);
    const second = (): unknown => createSqliteRelayStore(path, { busyTimeoutMs: 0 });
    expect(second).toThrow(expect.objectContaining({ code: 'relay/store-busy' }));
    await store.close();
    await createSqliteRelayStore(path).close();
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
