// A relay copied while it is at work and put back: whole, never over another one, and noticed by whoever knows more.
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeHasher } from '@tallystick/chain/node';
import type { OpRecord } from '@tallystick/oplog';
import { createRelayClient, type Follower } from '@tallystick/relay-protocol';
import { checkRelayFile } from '@tallystick/relay-protocol/node';
import Database from 'better-sqlite3';
import { afterAll, afterEach, expect, it } from 'vitest';
import { backupRelay, restoreRelay } from '../src/backup.ts';
import { type RunningRelay, startRelay } from '../src/start-relay.ts';
import { follow, hq, openBook } from './book.ts';

const folder = mkdtempSync(join(tmpdir(), 'relay-backup-'));
const running: RunningRelay[] = [];
let folders = 0;
const newFolder = (): string => join(folder, String(folders++));

afterEach(() => Promise.all(running.splice(0).map((relay) => relay.close())));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(dataDir: string): Promise<RunningRelay> {
  const relay = await startRelay({ dataDir, port: 0 });
  running.push(relay);
  return relay;
}

async function readAll(follower: Follower): Promise<number> {
  let count = 0;
  for (let page = await follower.next(); page !== undefined; page = await follower.next()) count += page.records.length;
  return count;
}

it('is copied while pushes go on, and serves what it had from a new place', async () => {
  const [dataDir, copy, place] = [newFolder(), newFolder(), newFolder()];
  const relay = await start(dataDir);
  const book = openBook();
  const client = createRelayClient({ url: relay.url });
  await client.push(book.id, hq, [book.genesis, ...Array.from({ length: 999 }, () => book.write())]);
  // One by itself waits beside the tables.
  await client.push(book.id, hq, [book.write()]);
  const state = { isOver: false };
  const backup = backupRelay(dataDir, copy).finally(() => (state.isOver = true));
  let acknowledged = 1_001;
  while (!state.isOver) {
    const records = Array.from({ length: 50 }, () => book.write());
    await client.push(book.id, hq, records);
    acknowledged += records.length;
  }
  const { ops, books, vkey } = await backup;
  expect([books, vkey]).toEqual([1, relay.vkey]);
  expect(ops).toBeGreaterThanOrEqual(1_001);
  expect(ops).toBeLessThanOrEqual(acknowledged);
  for (const name of ['relay.sqlite', 'relay.key', 'backup.json'])
    expect(statSync(join(copy, name)).mode & 0o777).toBe(0o600);
  // Nothing of it is left where the relay works.
  expect(readdirSync(dataDir).filter((name) => name.startsWith('copy-'))).toEqual([]);
  await restoreRelay(copy, place);
  const restored = await start(place);
  expect(restored.vkey).toBe(relay.vkey);
  expect(await readAll(follow(restored, book))).toBe(ops);
});

it('is noticed when it is older than what a device has seen, and filled again as it was', async () => {
  const [dataDir, copy, place] = [newFolder(), newFolder(), newFolder()];
  const relay = await start(dataDir);
  const book = openBook();
  const client = createRelayClient({ url: relay.url });
  await client.push(book.id, hq, [book.genesis, book.write()]);
  await relay.close();
  // A stopped relay is copied as well.
  expect((await backupRelay(dataDir, copy)).ops).toBe(2);
  const again = await start(dataDir);
  const later: OpRecord[] = [book.write(), book.write()];
  await createRelayClient({ url: again.url }).push(book.id, hq, later);
  const page = await follow(again, book).next();
  expect(page?.tip.size).toBe(4);

  await restoreRelay(copy, place);
  const restored = await start(place);
  const reader = (): Follower => follow(restored, book, page?.tip);
  await expect(reader().next()).rejects.toMatchObject({ code: 'relay/rolled-back' });
  await createRelayClient({ url: restored.url }).push(book.id, hq, later);
  expect(await reader().next()).toBeUndefined();
});

it('is refused where it is not whole, and where it would go over another relay', async () => {
  const [dataDir, copy, other] = [newFolder(), newFolder(), newFolder()];
  const relay = await start(dataDir);
  const book = openBook();
  await createRelayClient({ url: relay.url }).push(book.id, hq, [book.genesis, book.write()]);
  await expect(backupRelay(newFolder(), newFolder())).rejects.toMatchObject({ code: 'relay/store' });
  await backupRelay(dataDir, copy);
  await expect(backupRelay(dataDir, copy)).rejects.toMatchObject({ code: 'relay/store' });
  await expect(restoreRelay(copy, dataDir)).rejects.toMatchObject({ code: 'relay/store' });
  await (await start(other)).close();
  rmSync(join(other, 'relay.sqlite'));
  await expect(restoreRelay(copy, other)).rejects.toMatchObject({ code: 'relay/identity' });

  const file = join(copy, 'relay.sqlite');
  const bytes = readFileSync(file);
  const flipped = Buffer.from(bytes);
  flipped.writeUInt8(flipped.readUInt8(flipped.length - 100) ^ 1, flipped.length - 100);
  writeFileSync(file, flipped);
  await expect(restoreRelay(copy, newFolder())).rejects.toMatchObject({ code: 'relay/store' });
  writeFileSync(file, bytes);
  rmSync(join(copy, 'backup.json'));
  const place = newFolder();
  await expect(restoreRelay(copy, place)).rejects.toMatchObject({ code: 'relay/store' });
  expect(existsSync(join(place, 'relay.sqlite'))).toBe(false);
});

it('is found to be damaged where the database is in order and a log is not', async () => {
  const [dataDir, copy] = [newFolder(), newFolder()];
  const relay = await start(dataDir);
  const book = openBook();
  await createRelayClient({ url: relay.url }).push(book.id, hq, [book.genesis, book.write(), book.write()]);
  await backupRelay(dataDir, copy);
  const file = join(copy, 'relay.sqlite');
  expect(checkRelayFile(file, nodeHasher)).toMatchObject({ ops: 3, logs: 1 });
  for (const damage of [
    `UPDATE relay_entries SET bytes = zeroblob(length(bytes)) WHERE seq = 2`,
    'DELETE FROM relay_entries WHERE seq = 3',
    'UPDATE relay_logs SET size = 2',
    `UPDATE relay_logs SET root = zeroblob(32)`,
    'PRAGMA user_version = 1',
  ]) {
    const damaged = join(folder, 'damaged.sqlite');
    copyFileSync(file, damaged);
    const db = new Database(damaged);
    db.exec(damage);
    db.close();
    expect(() => checkRelayFile(damaged, nodeHasher), damage).toThrow(expect.objectContaining({ code: 'relay/store' }));
  }
  expect(() => checkRelayFile(join(folder, 'nothing'), nodeHasher)).toThrow('relay/store');
});
