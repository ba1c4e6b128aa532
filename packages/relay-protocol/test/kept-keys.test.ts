// The file of wrapped keys of one relay among several, over an engine that fails and forgets when it is told to; on real engines `kept-keys.ts` holds the rest.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createKeptKeys,
  type Keeper,
  type KeeperRegistry,
  type KeptKeys,
  type KeptKeysOptions,
} from '../src/kept-keys.ts';
import { createFleet } from './fleet.ts';

const name = `${'5a'.repeat(16)}.1.${'0'.repeat(16)}`;
const secret = 'of a person who is to be forgotten';
const { book, root } = createFleet('kept keys');
const key = { device: root.key.device, text: secret };
const refused = { code: 'relay/store' };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kept-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `fail` has the next write end without an answer, and without effect. */
function createEngine(): KeeperRegistry & { fail(): void } {
  let entry: { keeper: Keeper; version: number } | undefined;
  let isFailing = false;
  return {
    fail: () => void (isFailing = true),
    read: async () => structuredClone(entry),
    async write(keeper, version) {
      if (isFailing) {
        isFailing = false;
        throw new Error('the connection is gone');
      }
      if ((entry?.version ?? 0) !== version) return false;
      entry = { keeper: structuredClone(keeper), version: version + 1 };
      return true;
    },
  };
}

const at = (relay: string): string => join(folder, `${relay}.sqlite`);
const hasSecret = (relay: string): boolean =>
  [at(relay), `${at(relay)}-journal`].some((file) => existsSync(file) && readFileSync(file).includes(secret));

/** One start of a relay. */
async function withRelay<T>(
  registry: KeeperRegistry,
  relay: string,
  more: Partial<KeptKeysOptions>,
  work: (keys: KeptKeys) => Promise<T>,
): Promise<T> {
  const keys = createKeptKeys({ path: at(relay), registry, ...more });
  try {
    return await work(keys);
  } finally {
    keys.close();
  }
}

const put = (keys: KeptKeys): Promise<unknown> => Promise.resolve(keys.put(book, name, key, 1));
const ready = (keys: KeptKeys): Promise<unknown> => keys.ready();

it('destroys what is left in the file of a relay that names another one from now on', async () => {
  const engine = createEngine();
  await withRelay(engine, 'first', {}, put);
  await withRelay(engine, 'second', { takeOver: true }, ready);
  expect(hasSecret('first')).toBe(true);
  const ask = async (keys: KeptKeys): Promise<unknown> => {
    await keys.ready();
    return keys.list(book);
  };
  await expect(withRelay(engine, 'first', { isElsewhere: true }, ask)).rejects.toMatchObject(refused);
  expect(hasSecret('first')).toBe(false);
});

it('destroys nothing, and makes no file, where the keys have not gone over', async () => {
  const engine = createEngine();
  await withRelay(engine, 'first', {}, put);
  await expect(withRelay(engine, 'first', { isElsewhere: true }, ready)).rejects.toMatchObject(refused);
  await withRelay(engine, 'none', { isElsewhere: true }, ready);
  expect([hasSecret('first'), existsSync(at('none'))]).toEqual([true, false]);
  expect(await withRelay(engine, 'first', {}, async (keys) => keys.get(book, name))).toMatchObject(key);
});

it('takes nothing over by a word that did not come through and was not said again', async () => {
  const engine = createEngine();
  await withRelay(engine, 'first', {}, put);
  engine.fail();
  await expect(withRelay(engine, 'second', { takeOver: true }, ready)).rejects.toThrow('the connection is gone');
  await expect(withRelay(engine, 'second', {}, ready)).rejects.toMatchObject(refused);
  expect(await withRelay(engine, 'first', {}, async (keys) => keys.get(book, name))).toMatchObject(key);
});

it('takes no copied request for what the lost file may have deleted, also when it is opened again', async () => {
  const engine = createEngine();
  await withRelay(engine, 'first', {}, put);
  const takenMs = 1_764_500_000_999;
  // A clock may be ahead by a minute.
  const floor = 1_764_500_060;
  await withRelay(engine, 'second', { takeOver: true, now: () => takenMs }, ready);
  await withRelay(engine, 'second', { now: () => takenMs + 999_000 }, async (keys) => {
    expect(await keys.put(book, name, key, floor)).toBe(floor);
    expect(await keys.list(book)).toEqual([]);
    expect(await keys.put(book, name, key, floor + 1)).toBeUndefined();
    expect(await keys.delete(book, name, floor + 9)).toBe(true);
    expect(await keys.put(book, name, key, floor + 9)).toBe(floor + 9);
  });
});

it('goes on after a start that did not come through', async () => {
  const engine = createEngine();
  await withRelay(engine, 'first', {}, put);
  engine.fail();
  await expect(withRelay(engine, 'first', {}, ready)).rejects.toThrow('the connection is gone');
  expect(await withRelay(engine, 'first', {}, async (keys) => keys.get(book, name))).toMatchObject(key);
});

it('knows a lost file again however often the one after it was opened', async () => {
  const engine = createEngine();
  await withRelay(engine, 'first', {}, put);
  await withRelay(engine, 'second', { takeOver: true }, ready);
  for (let start = 0; start < 12; start++) await withRelay(engine, 'second', { maxBefore: 10 }, ready);
  await expect(withRelay(engine, 'first', { takeOver: true }, ready)).rejects.toMatchObject(refused);
  expect(hasSecret('first')).toBe(false);
  expect((await engine.read())?.keeper.before.length).toBeLessThanOrEqual(10);
});
