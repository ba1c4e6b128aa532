// Every place by one contract: memory, a folder, a bucket and a mailbox, the latter two against real servers on loopback.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { placeChecks } from '../src/contract.ts';
import { type BackupPlace, bucketPlace, memoryPlace, tryPlace } from '../src/index.ts';
import { mailboxPlace } from '../src/mail.ts';
import { folderPlace } from '../src/node.ts';
import { credentials, folder, hasMail, startBuckets, startMailbox, stopServers } from './place-servers.ts';

afterAll(stopServers);

function contract(make: () => Promise<BackupPlace>): void {
  let place: BackupPlace | undefined;
  it.each(placeChecks)('$name', async (check) => check.run((place ??= await make())));
}

describe('memory', () => {
  contract(async () => memoryPlace());

  it('is held to it', async () => {
    const place = memoryPlace();
    const forgetful: BackupPlace = { ...place, save: async (name, bytes) => place.save(name, bytes.subarray(1)) };
    const outcomes = await Promise.allSettled(placeChecks.map((check) => check.run(forgetful)));
    expect(outcomes.map(({ status }) => status)).toContain('rejected');
  });
});

describe('a folder', () => {
  contract(async () => folderPlace(join(folder, 'files')));

  it('takes no name that leads out of it, and says when it cannot be written', async () => {
    const place = folderPlace(join(folder, 'files'));
    await expect(place.save('../outside.age', new Uint8Array(1))).rejects.toMatchObject({ code: 'recovery/place' });
    writeFileSync(join(folder, 'a-file'), '');
    const no = folderPlace(join(folder, 'a-file'));
    await expect(no.save('x.age', new Uint8Array(1))).rejects.toMatchObject({ code: 'recovery/place' });
  });
});

describe('a bucket', () => {
  let url: Promise<string> | undefined;
  contract(async () => bucketPlace({ url: `${await (url ??= startBuckets())}/backups`, ...credentials }));

  it('says when key or secret are not known there, and when nobody answers', async () => {
    const at = await (url ??= startBuckets());
    for (const wrong of [{ accessKeyId: 'another' }, { secretAccessKey: 'another' }])
      await expect(
        bucketPlace({ url: at, ...credentials, ...wrong }).save('x.age', new Uint8Array(1)),
      ).rejects.toMatchObject({ code: 'recovery/place', message: expect.stringContaining('403') });
    const nobody = bucketPlace({ url: 'http://localhost:1/shop', ...credentials });
    await expect(nobody.list()).rejects.toMatchObject({ code: 'recovery/place' });
  });
});

describe('a bucket that never ends its answer', () => {
  // The second alphabet takes three bytes a letter: what was cut has fewer letters than the bytes that were allowed.
  it.each([
    ['load', 'x'],
    ['list', 'x'],
    ['list', '\u4e00'],
  ] as const)('%s: fills no memory with %s', async (what, letter) => {
    let sent = 0;
    const endless = (): Readable =>
      Readable.from(
        (function* () {
          for (; ; sent += 65_535) yield Buffer.alloc(65_535, letter);
        })(),
      );
    const server = createServer((_request, response) => void pipeline(endless(), response).catch(() => undefined));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const place = bucketPlace({ url: `http://127.0.0.1:${port}/shop`, ...credentials, maxBytes: 100_000 });
    if (what === 'load') expect((await place.load('x.age'))?.length).toBe(100_000);
    // A list that was cut would hide what stands after.
    else await expect(place.list()).rejects.toMatchObject({ code: 'recovery/place' });
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    await expect(place.save('x.age', new Uint8Array(100_001))).rejects.toMatchObject({ code: 'recovery/place' });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('trying a place', () => {
  it('leaves no file there, whatever comes back, and meets no other device that tries it too', async () => {
    const files = new Map<string, Uint8Array>();
    const [good, seen] = [memoryPlace('stick', files), new Set<string>()];
    const noted: BackupPlace = { ...good, save: (name, bytes) => good.save(seen.add(name) && name, bytes) };
    await Promise.all([tryPlace(noted), tryPlace(noted)]);
    const torn: BackupPlace = { ...noted, load: async (name) => (await good.load(name))?.subarray(1) };
    await expect(tryPlace(torn)).rejects.toMatchObject({ code: 'recovery/unverified' });
    expect([seen.size, [...files.keys()]]).toEqual([3, []]);
  });
});

describe.skipIf(!hasMail())('a mailbox', () => {
  contract(startMailbox);

  it('says when nobody answers', async () => {
    const auth = { user: 'nobody', pass: 'x' };
    const server = { host: '127.0.0.1', port: 1, secure: false };
    const place = mailboxPlace({ smtp: server, imap: { ...server, auth }, from: 'a@b.test', to: 'a@b.test' });
    await expect(place.list()).rejects.toMatchObject({ code: 'recovery/place' });
  });
});
