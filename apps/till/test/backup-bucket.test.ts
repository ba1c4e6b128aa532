// The bucket of a till, with a real server behind: it is tried before it is kept, and what does not take a file is not kept.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { credentials, startBuckets, stopServers } from '../../../packages/recovery/test/place-servers.ts';
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
