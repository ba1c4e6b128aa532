// Every place by one contract: memory, a folder, a bucket and a mailbox, the latter two against real servers on loopback.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BookId, DeviceId } from '@tallystick/oplog';
import { afterAll, describe, expect, it } from 'vitest';
import { placeChecks } from '../src/contract.ts';
import { type BackupPlace, bucketPlace, memoryPlace, partName, type PartKind, tryPlace } from '../src/index.ts';
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

it('lists what twenty devices keep after years in as many questions as there are thousands of names', async () => {
  // Of each two wholes with fifty deltas, and archives: 32 since the last of a period, and those of twelve periods.
  const numbers = Array.from({ length: 147 }, (_, index) => index + 1);
  const kindOf = (number: number): PartKind => (number < 3 ? 'whole' : number < 103 ? 'delta' : 'log');
  const names = Array.from({ length: 20 }, (_, device) => String(device + 10).repeat(32)).flatMap((device) =>
    numbers.map((number) =>
      partName({ book: 'ab'.repeat(32) as BookId, device: device as DeviceId, number, kind: kindOf(number) }),
    ),
  );
  const seen = { questions: 0, bytes: 0 };
  // As S3 pages and words a list.
  const server = createServer((request, response) => {
    const token = Number(new URL(request.url ?? '', 'http://bucket').searchParams.get('continuation-token') ?? 0);
    const page = names.slice(token, token + 1_000).map((name) => {
      const etag = '&quot;d41d8cd98f00b204e9800998ecf8427e&quot;';
      return `<Contents><Key>${name}</Key><LastModified>2026-11-21T00:00:00.000Z</LastModified><ETag>${etag}</ETag><Size>2048</Size><StorageClass>STANDARD</StorageClass></Contents>`;
    });
    const isMore = token + 1_000 < names.length;
    const more = isMore ? `<NextContinuationToken>${token + 1_000}</NextContinuationToken>` : '';
    const text = `<ListBucketResult><IsTruncated>${isMore}</IsTruncated>${more}${page.join('')}</ListBucketResult>`;
    seen.questions += 1;
    seen.bytes += text.length;
    response.end(text);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const place = bucketPlace({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/shop`, ...credentials });
  expect(await place.list()).toEqual(names);
  expect([new Set(names).size, seen.questions]).toEqual([2_940, 3]);
  expect(seen.bytes).toBeLessThan(800_000);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
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
