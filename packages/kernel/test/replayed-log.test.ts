// A replay folds into an empty database and copies no record: its log counts, and the log that it came from has the bytes.
import { replay } from '@tallystick/kernel';
import { nodeCrypto } from '@tallystick/kernel/node';
import type { DeviceId } from '@tallystick/oplog';
import { expect, it } from 'vitest';
import { createReplayedLog } from '../src/replayed-log.ts';
import { createFleet, HQ } from './fleet.ts';
import { shopVerbs, stores } from './shop.ts';

const apple = { sku: 'apple', quantity: 1 };
const driver = 'better-sqlite3';

it('counts positions, heads and tips as the log does that it came from, with ops that settled and some that did not', async () => {
  const fleet = await createFleet(2);
  const [owner, till] = fleet.books;
  for (const book of [owner, till, owner]) {
    await book?.commit('stock.move', apple);
    await book?.sync(fleet.relay);
  }
  await owner?.commit('stock.move', apple);
  const into = stores[driver]();
  const live = owner as NonNullable<typeof owner>;
  const { replica, digest } = await replay({ from: live.log, into, verbs: shopVerbs, crypto: nodeCrypto });
  expect(digest).toEqual(live.digest());
  expect(replica.log.tip(HQ).size).toBeGreaterThan(3);
  expect({ ...replica.log.tip(HQ), note: '' }).toEqual({ ...live.log.tip(HQ), note: '' });
  const pending = await live.log.pending(HQ);
  expect(pending.length).toBe(1);
  expect(await replica.log.pending(HQ)).toEqual(pending);
  for (const { device } of live.query<{ device: DeviceId }>('SELECT device FROM devices'))
    expect(replica.log.head(device, HQ)).toEqual(live.log.head(device, HQ));
  expect(await replica.log.settled(HQ, 0, 10_000)).toEqual(await live.log.settled(HQ, 0, 10_000));
  expect(into.log.scopes()).toEqual([]);
  await into.close();
  await fleet.close();
});

it('refuses a store that has rows, which stay as they are', async () => {
  const fleet = await createFleet(2);
  const [owner, till] = fleet.books as [(typeof fleet.books)[0], (typeof fleet.books)[0]];
  await owner.commit('stock.move', apple);
  const into = stores[driver]();
  await owner.replay(into);
  const before = into.sql.query('SELECT * FROM stock', []);
  await expect(till.replay(into)).rejects.toThrow(expect.objectContaining({ code: 'kernel/as-of' }));
  expect(into.sql.query('SELECT * FROM stock', [])).toEqual(before);
  await into.close();
  await fleet.close();
});

it('takes no positions but the next ones', async () => {
  const fleet = await createFleet(1);
  const [owner] = fleet.books as [(typeof fleet.books)[0]];
  const log = createReplayedLog(owner.log);
  const [genesis] = await owner.log.pending(HQ);
  const tip = { size: 1, frontier: [], note: '' };
  const settle = async (at: number, records: NonNullable<typeof genesis>[]): Promise<void> =>
    log.settle(HQ, at, records, tip);
  if (genesis === undefined) throw new Error('no genesis');
  await expect(settle(1, [genesis])).rejects.toThrow(expect.objectContaining({ code: 'kernel/invalid-log' }));
  await expect(settle(0, [])).rejects.toThrow(expect.objectContaining({ code: 'kernel/invalid-log' }));
  await settle(0, [genesis]);
  expect(log.tip(HQ)).toEqual(tip);
  await fleet.close();
});
