// What the office says of its relay: linked, not answering, or not the one it knows.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createRelayClient } from '@tallystick/relay-protocol';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../../scripts/free-ports.ts';
import { deviceKey, enrolDevice, openOrCreateOffice, openTill } from '../src/book.ts';
import { homeAt } from '../src/home.ts';
import type { RelayHealth } from '../src/web/live-state.ts';
import { createRelayLink } from '../src/web/relay-link.ts';
import { startOffice } from '../src/web/start-office.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();

describe('the link to the relay', () => {
  it('tells weather from betrayal, and finds back by itself', async () => {
    const port = await freePort();
    let relay: RunningRelay = await startRelay({ dataDir: join(folder, 'relay'), port });
    const book = await openOrCreateOffice(homeAt(folder), 'Shop');
    const client = createRelayClient({ url: relay.url, retry: { attempts: 1 } });
    let heard: (health: RelayHealth) => void = () => undefined;
    const link = createRelayLink(book, client, 1, () => heard(link.health()));
    const becomes = (state: RelayHealth['state']): Promise<RelayHealth> =>
      new Promise((resolve) => {
        heard = (health) => void (health.state === state && resolve(health));
      });

    const linked = await becomes('linked');
    expect(linked).toMatchObject({ url: client.url, message: '' });
    expect(linked.syncedAtMs).toBeGreaterThan(0);
    expect(book.status().scopes).toMatchObject([{ scope: 'hq', pending: 0 }]);

    await relay.close();
    const away = await becomes('unreachable');
    expect(away.message).toContain('relay/unreachable');
    expect(away.syncedAtMs).toBeGreaterThanOrEqual(linked.syncedAtMs);

    relay = await startRelay({ dataDir: join(folder, 'stranger'), port });
    expect((await becomes('distrusted')).message).toContain('signs as');
    await relay.close();

    relay = await startRelay({ dataDir: join(folder, 'relay'), port });
    await becomes('linked');
    await link.close();
    await book.close();
    await relay.close();
  });

  it('hears what others hand in, and hands in what is written here, without asking in between', async () => {
    const relay = await startRelay({ dataDir: join(folder, 'heard', 'relay'), port: 0 });
    const home = homeAt(join(folder, 'heard'));
    const book = await openOrCreateOffice(home, 'Shop');
    const client = createRelayClient({ url: relay.url });
    const tillFile = join(folder, 'heard', 'till', 'till.sqlite');
    await enrolDevice(book, await deviceKey(tillFile), 'Counter', 'manager');
    const lamp = {
      name: 'Lamp',
      category: '',
      unitScale: 0,
      taxRateBasisPoints: 0,
      negativeStock: 'allow',
      active: 1,
    } as const;
    const synced = (of: typeof book, scope: string, size: number): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (of.status().scopes.some((one) => one.scope === scope && one.settled >= size)) resolve();
        };
        of.subscribe(look);
        look();
      });
    // Longer than the test may take: whatever comes, comes because it was heard of.
    const link = createRelayLink(book, client, 600_000, () => undefined);
    await link.sync();
    const till = await openTill(tillFile, book.id, relay.vkey);
    await till.sync(client);
    const size = till.status().scopes[0]?.settled ?? 0;
    expect(await till.commit('product.set', { ...lamp, sku: 'L-1' })).toMatchObject({ ok: true });
    await till.sync(client);
    await synced(book, 'hq', size + 1);
    expect(await book.commit('product.set', { ...lamp, sku: 'L-2' })).toMatchObject({ ok: true });
    await synced(book, 'hq', size + 2);
    await link.close();
    for (const one of [till, book]) await one.close();
    await relay.close();
  });

  it('does not hold up the stop of an office when the relay never answers', async () => {
    const asked = Promise.withResolvers<void>();
    const silent = createServer(() => asked.resolve());
    await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const office = await startOffice({ dataDir: join(folder, 'waiting'), relayUrl: `http://127.0.0.1:${port}` });
    await asked.promise;
    // Much less than the time a request may take.
    const stopped = office.close().then(() => 'stopped');
    const tooLate = new Promise<string>((resolve) => void setTimeout(resolve, 20_000, 'waited').unref());
    expect(await Promise.race([stopped, tooLate])).toBe('stopped');
    silent.closeAllConnections();
    silent.close();
  });
});
