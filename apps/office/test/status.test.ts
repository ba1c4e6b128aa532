// Which devices `tally status` tells to go on as new ones: those that are near the limit of what one device may move, and still at work.
import { createRelayClient } from '@tallystick/relay-protocol';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deviceKey, enrolDevice, openTill, type ShopBook } from '../src/book.ts';
import { roomsAtWork } from '../src/commands/status.ts';
import { mustCommit } from '../src/demo/seed.ts';
import { homeAt } from '../src/home.ts';
import { type RunningOffice, startOffice } from '../src/web/start-office.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const dataDir = join(folder, 'office');
const lines = [{ sku: 'MUG', name: 'Mug', quantity: 1_000, unitPriceMilliMinor: 1e13 }];
const tenders = [{ kind: 'cash', amountMinor: 1e13 }] as const;
const huge = { day: '2026-03-02', currency: 'IDR', taxIncluded: true, lines, tenders };
const tills: ShopBook[] = [];
let relay: RunningRelay;
let office: RunningOffice;

beforeAll(async () => {
  relay = await startRelay({ dataDir: join(folder, 'relay'), port: 0 });
  office = await startOffice({ dataDir, relayUrl: relay.url, tillDist: join(folder, 'none') });
});
afterAll(async () => {
  for (const till of tills) await till.close();
  await office?.close();
  await relay?.close();
});

it('leaves out devices that are revoked, or that another replaces', async () => {
  const key = (index: number): ReturnType<typeof deviceKey> => deviceKey(homeAt(dataDir).tillFile(index));
  for (const index of [0, 1, 2]) {
    await enrolDevice(office.book, await key(index), `till ${index}`, 'till');
    await office.sync();
    const till = await openTill(homeAt(dataDir).tillFile(index), office.book.id, relay.vkey);
    tills.push(till);
    await till.sync(createRelayClient({ url: relay.url }));
    for (let sale = 0; sale < 7; sale++) mustCommit([await till.commit('sale.complete', huge)]);
    await till.sync(createRelayClient({ url: relay.url }));
  }
  await office.sync();
  const devices = tills.map(({ device }) => device);
  const named = (): string[] => roomsAtWork(office.book).map(({ device }) => device);
  expect(named()).toEqual(devices.toSorted());
  const [, lost = '', old = ''] = devices;
  mustCommit([await office.book.commit('device.revoke', { device: lost, reason: 'stolen' })]);
  await enrolDevice(office.book, await key(3), 'till 2b', 'till', { replaces: old });
  expect(named()).toEqual(devices.slice(0, 1));
});
