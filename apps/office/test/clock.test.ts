// `tally clock` where two tills contradict each other and nothing tells which of them was right.
import { openBook } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { encodeHex } from '@tallystick/oplog';
import { createLocalRelay, createSeededKeys } from '@tallystick/testkit';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { officeStore, shopVerbs } from '../src/book.ts';
import { homeAt, settingsOf, writeSettings } from '../src/home.ts';
import { temporaryFolder } from './temporary.ts';
import { jsonOf, runTally } from './tally-process.ts';

const dayMs = 24 * 60 * 60 * 1000;
const data = temporaryFolder();
const home = homeAt(data);
const random = (count: number): Uint8Array => globalThis.crypto.getRandomValues(new Uint8Array(count));
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** A shop of ten days ago: a till three days ahead sells, another builds on it a day later by a clock that is right. */
async function twoTills(): Promise<void> {
  const truthMs = Date.now() - 10 * dayMs;
  const relay = await createLocalRelay({ crypto: nodeCrypto });
  mkdirSync(dirname(home.officeFile), { recursive: true });
  const office = await openBook({
    store: officeStore(home),
    verbs: shopVerbs,
    name: 'Shop',
    deviceName: 'Office',
    edge: { random, now: () => truthMs },
  });
  for (const [account, kind] of [
    ['1000', 'asset'],
    ['4000', 'income'],
  ] as const)
    expect((await office.commit('account.open', { account, kind, name: kind })).ok).toBe(true);
  const tills = [];
  for (const [name, offMs] of [
    ['ahead', 3 * dayMs],
    ['right', dayMs / 24],
  ] as const) {
    const keys = createSeededKeys(name, nodeCrypto);
    const key = await keys.create('device');
    const args = { device: key.device, key: encodeHex(key.publicKey), name, role: 'manager' as const };
    expect((await office.commit('device.enroll', args)).ok).toBe(true);
    const edge = { random, now: () => truthMs + offMs };
    tills.push({
      offMs,
      till: await openBook({ store: nodeStore(':memory:'), keys, verbs: shopVerbs, book: office.id, edge }),
    });
  }
  await office.sync(relay.client());
  for (const { till } of tills) await till.sync(relay.client());
  for (const { till, offMs } of tills) {
    await till.sync(relay.client());
    const lines = [
      { account: '1000', currency: 'GBP', amountMinor: 5 },
      { account: '4000', currency: 'GBP', amountMinor: -5 },
    ];
    expect(await till.commit('journal.post', { day: dayOf(truthMs + offMs), memo: '', lines })).toMatchObject({
      ok: true,
    });
    await till.sync(relay.client());
  }
  await office.sync(relay.client());
  writeSettings(home, { ...settingsOf(office), book: office.id });
  for (const book of [office, ...tills.map(({ till }) => till)]) await book.close();
  await relay.close();
}

it('corrects what the log does not prove only where a person says so', async () => {
  await twoTills();
  const earlier = ['--device', 'ahead', '--earlier', '3', '--reason', 'ahead', '--data', data, '--json'];
  const asked = await runTally('clock', ...earlier);
  expect(jsonOf(asked)).toMatchObject({ redated: [], unsure: [expect.any(String)] });
  expect(asked.status).toBe(1);
  const told = await runTally('clock', ...earlier, '--unsure');
  expect(jsonOf(told)).toMatchObject({ redated: [expect.any(String)], unsure: [] });
}, 60_000);
