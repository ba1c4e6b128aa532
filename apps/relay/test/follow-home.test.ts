// The program in the shop and the program at home, over real sockets: followed, cut off, killed, and joined.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRelayClient } from '@tallystick/relay-protocol';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../../scripts/free-ports.ts';
import type { LogLine } from '../src/log.ts';
import { type RunningRelay, type StartRelayOptions, startRelay } from '../src/start-relay.ts';
import { follow, hq, openBook } from './book.ts';

const retry = { attempts: 1 };

it('a relay in the shop outlives the line, its own process and the home relay', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-near-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const lines: LogLine[] = [];
  const start = async (name: string, options: Partial<StartRelayOptions> = {}): Promise<RunningRelay> => {
    const relay = await startRelay({
      dataDir: join(folder, name),
      port: 0,
      log: (line) => void lines.push(line),
      ...options,
    });
    onTestFinished(relay.close);
    return relay;
  };
  const port = await freePort();
  let home = await start('home', { reads: 'public', port });
  const book = openBook();
  await createRelayClient({ url: home.url, retry }).push(book.id, hq, [book.genesis, book.write()]);
  const near = { home: { url: home.url, books: [book.id] }, metrics: { port: 0 } };
  let shop = await start('near', near);
  expect(shop.vkey).toBe(home.vkey);
  // Wrapped keys of persons are at the home relay alone, which is told when one is forgotten.
  const keysAt = async ({ url }: RunningRelay): Promise<unknown> =>
    (await fetch(`${url}/v1/books/${book.id}/keys`)).json();
  expect(await keysAt(shop)).toMatchObject({ code: 'relay/not-found' });
  expect(await keysAt(home)).toMatchObject({ code: 'relay/unsigned' });
  expect(lines.find(({ event }) => event === 'following')).toMatchObject({
    key: expect.stringMatching(/^tallystick-device-1:/) as string,
  });
  const sizeNear = async (): Promise<number> =>
    (
      await follow(shop, book)
        .next()
        .catch(() => undefined)
    )?.tip.size ?? 0;
  await expect.poll(sizeNear).toBe(2);
  // The home relay is gone, and then the relay in the shop is started anew.
  await home.close();
  const sale = book.write();
  const push = () => createRelayClient({ url: shop.url, retry }).push(book.id, hq, [sale]);
  expect((await push()).results).toMatchObject([{ verdict: 'kept' }]);
  await shop.close();
  shop = await start('near', near);
  const metrics = async (): Promise<string> => (await fetch(`${shop.metricsUrl}/metrics`)).text();
  expect(await metrics()).toMatch(/^tallystick_home_waiting_ops 1$/m);
  expect(await metrics()).toMatch(/^tallystick_home_let_go_ops 0$/m);
  expect((await push()).results).toMatchObject([{ verdict: 'kept' }]);
  home = await start('home', { reads: 'public', port });
  await expect.poll(sizeNear).toBe(3);
  expect((await push()).results).toMatchObject([{ verdict: 'exists', position: 2 }]);
  await expect.poll(metrics).toMatch(/^tallystick_home_waiting_ops 0$/m);
  // Another relay at that address is not followed.
  await home.close();
  await shop.close();
  const other = await start('other', { reads: 'public' });
  await expect(
    startRelay({ dataDir: join(folder, 'near'), port: 0, home: { ...near.home, vkey: other.vkey } }),
  ).rejects.toMatchObject({ code: 'relay/identity' });
}, 60_000);
