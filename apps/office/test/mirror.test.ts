// A shop published to a folder, served by a plain file host, and a device that starts from it.
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { csvText, sampleRows } from './retail-format.ts';
import { jsonOf, runTally } from './tally-process.ts';
import { temporaryFile, temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const [data, mirror] = [join(folder, 'office'), join(folder, 'mirror')];
const file = temporaryFile('shop.csv', csvText(sampleRows(60)));
let host: Server;
let url: string;
let published: Record<string, unknown>;

beforeAll(async () => {
  await runTally('trade', file, '--tills', '2', '--embedded', '--data', data, '--json');
  published = jsonOf(await runTally('publish', mirror, '--data', data, '--json'));
  host = createServer((request, response) => {
    const path = join(mirror, decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname));
    const isFile = existsSync(path) && statSync(path).isFile();
    response.writeHead(isFile ? 200 : 404).end(isFile ? readFileSync(path) : '');
  });
  await once(host.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(host.address() as AddressInfo).port}/`;
}, 60_000);
afterAll(() => host.close());

const from = (where: string, device: string, ...more: string[]): ReturnType<typeof runTally> => {
  const known = ['--book', String(published['book']), '--relay', String(published['relayKey'])];
  return runTally('join', '--mirror', where, ...known, '--data', join(folder, device), '--json', ...more);
};

it('a device that starts from the files comes to the same tip and the same books, with or without the snapshot', async () => {
  const [{ size = 0 } = {}] = published['logs'] as { size?: number }[];
  expect(size).toBeGreaterThan(60);
  const plain = jsonOf(await from(url, 'plain'));
  const quick = jsonOf(await from(mirror, 'quick', '--snapshot'));
  expect(plain).toMatchObject({ settled: size, logs: [{ scope: 'hq', size }], snapshot: '' });
  expect(quick).toMatchObject({ settled: 0, logs: [{ scope: 'hq', size }], digest: plain['digest'] });
  expect(quick['snapshot']).not.toBe('');
  const proved = jsonOf(await runTally('prove', '--data', join(folder, 'plain'), '--json'));
  expect(proved).toMatchObject({ ok: true, digest: plain['digest'] });
  expect((await from(url, 'plain')).status).toBe(0);
}, 60_000);

it('a mirror of another key, a damaged one and one that lacks a file are refused, each with its code', async () => {
  const damaged = join(folder, 'damaged');
  cpSync(mirror, damaged, { recursive: true });
  const [{ size = 0 } = {}] = published['logs'] as { size?: number }[];
  const bundle = join(damaged, 'log/hq/tile/entries', size >= 256 ? '000' : `000.p/${size}`);
  const bytes = readFileSync(bundle);
  writeFileSync(bundle, bytes.with(500, (bytes[500] ?? 0) ^ 1));
  expect((await from(damaged, 'one')).stderr).toMatch(/relay\/bad-page/);
  expect((await from(join(folder, 'nowhere'), 'two')).stderr).toContain('relay/mirror-missing');
  const stranger = 'relay.embedded+00000000+AQ==';
  expect(
    (
      await runTally(
        'join',
        '--mirror',
        url,
        '--book',
        'ab'.repeat(32),
        '--relay',
        stranger,
        '--data',
        join(folder, 'x'),
      )
    ).status,
  ).toBe(2);
  host.close();
  host.closeAllConnections();
  expect((await from(url, 'three')).stderr).toContain('mirror.json: ');
  expect((await runTally('publish', join(folder, 'none'), '--data', data, '--scopes', 'b/9')).stderr).toContain(
    'nothing is settled',
  );
}, 60_000);
