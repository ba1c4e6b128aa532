// Fifty tills whose relay was away, each a book of its own with the till's own loop: they spread themselves, and every sale is handed in once. docs/operating.md, "everybody comes back at once".
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeHasher } from '@tallystick/chain/node';
import { openBook } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { encodeHex } from '@tallystick/oplog';
import { createRelayClient } from '@tallystick/relay-protocol';
import { chart } from '@tallystick/retail';
import { createMemoryKeyStore } from '@tallystick/sign';
import { startRelay } from '@tallystick-app/relay';
import { expect, it } from 'vitest';
import { freePort } from '../../../scripts/free-ports.ts';
import { nextDelayMs } from '../src/model/backoff.ts';
import { createSyncLoop } from '../src/engine/sync-loop.ts';
import { type TillBook, tillVerbs } from '../src/engine/till-book.ts';

const tills = 50;
const salesEach = 2;
/** As chance would have it: each till another share of its pause. */
const chanceOf = (index: number): number => index / tills;
/** A timer may fire so much early. */
const timerMs = 5;
const lines = [
  { sku: 'TEA', name: 'Tea', quantity: 1, quantityScale: 0, unitPriceMilliMinor: 250_000, taxRateBasisPoints: 0 },
];
const tenders = [{ kind: 'card', amountMinor: 250 }] as const;
const sale = { day: '2026-11-21', currency: 'EUR', taxIncluded: true, lines, tenders, changeMinor: 0 };

const open = (book?: TillBook['id'], keys = createMemoryKeyStore(nodeCrypto.ed25519, nodeHasher)): Promise<TillBook> =>
  openBook({ store: nodeStore(':memory:'), keys, verbs: tillVerbs, ...(book === undefined ? {} : { book }) });

it('spread themselves when their relay is back, and hand every sale in once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-reconnect-'));
  const dataDir = join(folder, 'relay');
  const port = await freePort();
  let relay = await startRelay({ dataDir, port });
  const { url } = relay;
  const client = createRelayClient({ url });
  const office = await open();
  await office.commitAll(chart.map((args) => ({ verb: 'account.open', args })));
  const fleet: TillBook[] = [];
  for (let index = 0; index < tills; index += 1) {
    const keys = createMemoryKeyStore(nodeCrypto.ed25519, nodeHasher);
    const { device, publicKey } = await keys.create('device');
    const enrolment = { device, key: encodeHex(publicKey), name: `till ${index}`, role: 'till' } as const;
    expect(await office.commit('device.enroll', enrolment)).toMatchObject({ ok: true });
    fleet.push(await open(office.id, keys));
  }
  await office.sync(client);
  for (const till of fleet) await till.sync(client);
  await relay.close();
  for (const till of fleet)
    for (let sold = 0; sold < salesEach; sold += 1)
      expect(await till.commit('sale.complete', sale)).toMatchObject({ ok: true });

  const pauses = new Map<number, number>();
  const loops = fleet.map((till, index) => {
    let failedAt: number | undefined;
    return createSyncLoop({
      exchange: async () => {
        if (failedAt !== undefined && !pauses.has(index)) pauses.set(index, performance.now() - failedAt);
        try {
          return await till.sync(createRelayClient({ url }));
        } catch (error) {
          failedAt ??= performance.now();
          throw error;
        }
      },
      onChange: () => undefined,
      hasNetwork: () => true,
      now: Date.now,
      random: () => chanceOf(index),
    });
  });
  try {
    await expect
      .poll(() => loops.every(({ link }) => link.kind === 'relay-unreachable'), { timeout: 30_000 })
      .toBe(true);
    relay = await startRelay({ dataDir, port });
    await expect.poll(() => loops.every(({ link }) => link.kind === 'linked'), { timeout: 60_000 }).toBe(true);
    // Those who were refused at one moment wait each another time, between one and two seconds.
    expect(pauses.size).toBe(tills);
    expect([...pauses].filter(([index, ms]) => ms < nextDelayMs(1, chanceOf(index)) - timerMs)).toEqual([]);
    await office.sync(client);
    const [counted] = office.query('SELECT count(*) AS sales, count(DISTINCT number) AS numbers FROM documents');
    expect(counted).toEqual({ sales: tills * salesEach, numbers: tills * salesEach });
    expect(office.query('SELECT code FROM refusals')).toEqual([]);
    expect(fleet.flatMap((till) => till.pendingOps())).toEqual([]);
  } finally {
    for (const loop of loops) loop.stop();
    for (const book of [office, ...fleet]) await book.close();
    await relay.close();
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
