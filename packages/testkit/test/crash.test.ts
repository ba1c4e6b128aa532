// Death at every storage call of a morning: what is left opens, is the fold of its log, holds every op that was acknowledged, and trades on.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BookStore } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { type OpHash, parseOpHash } from '@tallystick/oplog';
import { createFileLogStore } from '@tallystick/oplog/file';
import {
  type CrashPoint,
  crashingStore,
  createCrashPoint,
  createLocalRelay,
  createMemoryFile,
} from '@tallystick/testkit';
import initSqlJs from 'sql.js';
import { afterAll, describe, expect, it } from 'vitest';
import { openMorning, workMorning } from './morning.ts';

const folder = mkdtempSync(join(tmpdir(), 'tallystick-crash-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const sqlite = await initSqlJs();
const never = Number.MAX_SAFE_INTEGER;

/** Works a morning that may die, and answers what it acknowledged. */
async function workUntilDeath(open: () => BookStore, isDead: () => boolean): Promise<OpHash[]> {
  const acknowledged: OpHash[] = [];
  const relay = await createLocalRelay({ crypto: nodeCrypto });
  try {
    await workMorning(open(), (hash) => acknowledged.push(hash), relay.client());
  } catch (error) {
    if (!isDead()) throw error;
  }
  await relay.close();
  return acknowledged;
}

/** Opens what is left and answers the acknowledged ops that are missing; everything else is expected here. */
async function reopen(store: BookStore, acknowledged: readonly OpHash[]): Promise<OpHash[]> {
  const book = await openMorning(store, 2);
  const lost: OpHash[] = [];
  for (const hash of acknowledged) if ((await book.stage(hash)) === undefined) lost.push(hash);
  const proof = nodeStore(':memory:');
  expect((await book.prove(proof)).problems).toEqual([]);
  await proof.close();
  const sold = await book.commit('product.set', {
    sku: 'after',
    name: 'after',
    category: '',
    unitScale: 0,
    taxRateBasisPoints: 0,
    negativeStock: 'allow',
    active: 1,
  });
  expect(sold.ok).toBe(true);
  await book.close();
  return lost;
}

/** What a process that dies at a storage call leaves on the disk: a copy of the files before the call, unless the call before left the same. */
interface Death {
  readonly path: string;
  readonly call: number;
  readonly acknowledged: readonly OpHash[];
}

/** Takes the copies while a morning goes on. Nothing is closed or written for them, as nothing is when a process is killed. */
function createDeaths(path: string) {
  const acknowledged: OpHash[] = [];
  const found: Death[] = [];
  let calls = 0;
  let last = '';
  const step = (): void => {
    calls += 1;
    const files = ['', '-wal'].map((end) => [end, readIfThere(path + end)] as const);
    const digest = createHash('sha256');
    for (const [, bytes] of files) digest.update(`${bytes.length} `).update(bytes);
    const state = `${digest.digest('hex')} ${acknowledged.length}`;
    if (state === last) return;
    last = state;
    const left = join(folder, `${calls}.db`);
    for (const [end, bytes] of files) writeFileSync(left + end, bytes);
    found.push({ path: left, call: calls, acknowledged: acknowledged.slice() });
  };
  const point: CrashPoint = {
    get calls() {
      return calls;
    },
    isDead: false,
    step,
  };
  return { point, found, acknowledge: (hash: OpHash): void => void acknowledged.push(hash) };
}

function readIfThere(path: string): Uint8Array {
  return existsSync(path) ? readFileSync(path) : new Uint8Array(0);
}

describe('death at every storage call', () => {
  it('on better-sqlite3', async () => {
    const path = join(folder, 'whole.db');
    const deaths = createDeaths(path);
    const relay = await createLocalRelay({ crypto: nodeCrypto });
    await workMorning(crashingStore(nodeStore(path), deaths.point), deaths.acknowledge, relay.client());
    await relay.close();
    expect(deaths.point.calls).toBeGreaterThan(100);
    expect(deaths.found.length).toBeGreaterThan(12);
    for (const { path: left, call, acknowledged } of deaths.found)
      expect(await reopen(nodeStore(left), acknowledged), `call ${call}`).toEqual([]);
  });

  it('on sql.js over a file that tears', async () => {
    const none = new Uint8Array(0);
    const storeOver = (file: ReturnType<typeof createMemoryFile>): BookStore => ({
      ...sqljsStore({ sqlite, log: createFileLogStore(file) }),
      crypto: nodeCrypto,
    });
    const whole = createCrashPoint(never);
    await workUntilDeath(
      () => storeOver(createMemoryFile(none, whole)),
      () => false,
    );
    expect(whole.calls).toBeGreaterThan(20);
    for (let at = 1; at <= whole.calls; at++) {
      const point = createCrashPoint(at);
      const file = createMemoryFile(none, point);
      const acknowledged = await workUntilDeath(
        () => storeOver(file),
        () => point.isDead,
      );
      const left = createMemoryFile(file.written(), createCrashPoint(never));
      expect(await reopen(storeOver(left), acknowledged), `call ${at}`).toEqual([]);
    }
  });

  it('of a process that is killed', async () => {
    const script = fileURLToPath(new URL('./morning-process.ts', import.meta.url));
    const whole = createCrashPoint(never);
    await workMorning(crashingStore(nodeStore(':memory:'), whole), () => undefined, undefined);
    for (const part of [0.1, 0.4, 0.6, 0.8, 0.99]) {
      const at = Math.ceil(whole.calls * part);
      const path = join(folder, `killed-${at}.db`);
      const { stdout, signal } = spawnSync(process.execPath, [script, path, String(at)], { encoding: 'utf8' });
      expect(signal).toBe('SIGKILL');
      const acknowledged = stdout.split('\n').flatMap((line) => parseOpHash(line) ?? []);
      expect(await reopen(nodeStore(path), acknowledged), `call ${at}`).toEqual([]);
    }
  });

  it('is noticed when a store forgets what it acknowledged', async () => {
    const path = join(folder, 'forgetful.db');
    const acknowledged = await workUntilDeath(
      () => nodeStore(path),
      () => false,
    );
    const forgotten = nodeStore(join(folder, 'other.db'));
    await workUntilDeath(
      () => crashingStore(forgotten, createCrashPoint(60)),
      () => true,
    );
    await forgotten.close();
    expect(await reopen(nodeStore(join(folder, 'other.db')), acknowledged)).not.toEqual([]);
  });
});
