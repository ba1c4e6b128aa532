// The bucket of a till, with a real server behind: it is tried before it is kept, and what does not take a file is not kept.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { credentials, startBuckets, stopServers } from '../../../packages/recovery/test/place-servers.ts';
import { type BackupPlace, memoryPlace } from '@tallystick/recovery';
import type { BackupParts } from '../src/engine/backup-life.ts';
import { carryAll } from '../src/engine/backup-carry.ts';
import type { OutsideBackup } from '../src/engine/backup-state.ts';
import { readBucket, writeBucket } from '../src/engine/backup-bucket.ts';
import type { OwnFolder } from '../src/engine/backup-place.ts';

const files = new Map<string, Uint8Array>();
const folder: OwnFolder = {
  names: async () => [...files.keys()],
  read: async (name) => files.get(name),
  write: async (name, bytes) => void files.set(name, bytes),
  remove: async (name) => void files.delete(name),
};
let url = '';

beforeAll(async () => {
  url = await startBuckets();
});
afterAll(stopServers);

it('is kept once a file was written there and read back, which is gone then', async () => {
  expect(await readBucket(folder)).toBeUndefined();
  await writeBucket(folder, { url, ...credentials });
  const place = await readBucket(folder);
  expect(await place?.list()).toEqual([]);
  await place?.save('a file', new Uint8Array([1]));
  expect(await place?.list()).toEqual(['a file']);
  await expect(writeBucket(folder, { url, ...credentials, secretAccessKey: 'another' })).rejects.toMatchObject({
    code: 'recovery/place',
  });
  // The one before stays.
  expect(await (await readBucket(folder))?.list()).toEqual(['a file']);
  await writeBucket(folder, undefined);
  expect(await readBucket(folder)).toBeUndefined();
});

it('may be tried by two tills at once, and keeps no file of either', async () => {
  const mine = new Map<string, Uint8Array>();
  const other: OwnFolder = { ...folder, write: async (name, bytes) => void mine.set(name, bytes) };
  const settings = { url: `${url}/shared`, ...credentials };
  await Promise.all([writeBucket(folder, settings), writeBucket(other, settings)]);
  expect(await (await readBucket(folder))?.list()).toEqual([]);
  expect(mine.get('bucket.json')).toEqual(files.get('bucket.json'));
  await writeBucket(folder, undefined);
});

it('is asked for again where its settings are torn, and the office gets what is ready all the same', async () => {
  await writeBucket(folder, { url, ...credentials });
  const whole = files.get('bucket.json') ?? new Uint8Array();
  for (const torn of [new Uint8Array(), whole.subarray(0, 40), new TextEncoder().encode('null')]) {
    files.set('bucket.json', torn);
    await expect(readBucket(folder)).rejects.toMatchObject({
      code: 'recovery/place',
      message: expect.stringContaining('name it again'),
    });
  }
  const taken: string[] = [];
  const parts = {
    keeper: { standing: () => ({ number: 3, behind: 0 }) },
    device: memoryPlace('device'),
    office: memoryPlace('office'),
    readBucket: () => readBucket(folder),
    carry: async (_from: unknown, to: BackupPlace) => taken.push(to.name),
    countOps: () => 7,
  } as unknown as BackupParts;
  const shop = { book: { device: 'd' }, log: { meta: () => undefined, setMeta: async () => undefined } };
  const told: OutsideBackup[] = [];
  const carried = carryAll(parts, shop as never, async (made) => void told.push(made));
  await expect(carried).rejects.toMatchObject({ code: 'recovery/place' });
  expect([taken, told]).toMatchObject([['office'], [{ number: 3, ops: 7, by: 'office' }]]);
  await writeBucket(folder, undefined);
});
