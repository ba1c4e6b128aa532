// Two releases in one fleet: however commits, deliveries, upgrades, downgrades and the adoption interleave, all end where a fold from nothing does.
import { encodeHex, type Scope } from '@tallystick/oplog';
import type { RelayClient } from '@tallystick/relay-protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTestRelay, provenDigest } from './fleet.ts';
import { type Device, installAt, type Release, sell } from './releases.ts';
import { memoryKeys, stores } from './shop.ts';

type Step =
  | { readonly kind: 'sell'; readonly at: number; readonly sku: string; readonly day: string }
  | { readonly kind: 'sync'; readonly at: number; readonly pull: boolean }
  | { readonly kind: 'file'; readonly from: number; readonly to: number }
  | { readonly kind: 'install'; readonly at: number; readonly release: Release }
  | { readonly kind: 'adopt' };

const DEVICES = 3;
const at = fc.nat(DEVICES - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('sell' as const),
      at,
      sku: fc.constantFrom('tea', 'jam'),
      day: fc.constantFrom('d1', 'd2'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('sync' as const), at, pull: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('file' as const), from: at, to: at }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('install' as const),
      at,
      release: fc.constantFrom<Release>('one', 'two', 'narrow'),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'adopt' as const }) },
);

/** The office adopts, and a till of the first release hears of it. */
const stopping: Step[] = [
  { kind: 'sell', at: 1, sku: 'tea', day: 'd1' },
  { kind: 'adopt' },
  { kind: 'sync', at: 0, pull: true },
  { kind: 'sync', at: 1, pull: true },
  { kind: 'sell', at: 1, sku: 'tea', day: 'd2' },
];

/** An office and two tills, on the first release; the tills in `scope`. */
async function openFleet(
  driver: keyof typeof stores,
  scope: Scope,
): Promise<{ devices: Device[]; relay: RelayClient }> {
  const relay = await createTestRelay();
  const office = await installAt('one', driver, { replicate: 'all' });
  await office.book.sync(relay);
  const devices = [office];
  for (let n = 1; n < DEVICES; n++) {
    const keys = memoryKeys();
    const key = await keys.create('device');
    const args = { device: key.device, key: encodeHex(key.publicKey), name: `till ${n}`, role: 'till' } as const;
    await office.book.commit('device.enroll', args, { scope });
    devices.push(await installAt('one', driver, { keys, book: office.book.id, scope }));
  }
  for (const device of devices) await device.book.sync(relay);
  return { devices, relay };
}

async function play(
  devices: readonly Device[],
  relay: RelayClient,
  steps: readonly Step[],
  scope: Scope,
): Promise<void> {
  const device = (index: number): Device => devices[index] as Device;
  for (const one of steps) {
    if (one.kind === 'sell') await sell(device(one.at).book, one.sku, 1, one.day, scope);
    else if (one.kind === 'sync') await device(one.at).book.sync(relay, { pull: one.pull });
    else if (one.kind === 'file') await device(one.to).book.import(await device(one.from).book.export());
    else if (one.kind === 'install') await device(one.at).install(one.release);
    else {
      await device(0).install('two');
      await device(0).book.adopt();
    }
  }
}

describe.each([
  ['better-sqlite3', 'hq'],
  ['better-sqlite3', 'b/042'],
  ['sql.js', 'hq'],
] as const)('releases on %s in %s', (driver, scopeName) => {
  const scope = scopeName as Scope;

  it('converge after the adoption, and what is derived counts every sale', async () => {
    const seen = { stops: 0, accepted: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 40 }), async (steps) => {
        const { devices, relay } = await openFleet(driver, scope);
        await play(devices, relay, steps, scope);
        // A program that lacks what it has folded before cannot fold it again.
        for (const { book } of devices)
          if (book.status().lacking.length === 0) await provenDigest(book, stores[driver]);
        seen.stops += devices.filter(({ book }) => book.status().scopes.some(({ stop }) => stop !== undefined)).length;
        for (const device of devices) await device.install('two');
        const [office] = devices as [Device];
        for (let round = 0; round < 2; round++) for (const { book } of devices) await book.sync(relay);
        await office.book.adopt();
        // A branch follows what the relay has of hq.
        await office.book.sync(relay);
        await sell(office.book, 'tea', 1, 'd9', scope);
        for (let round = 0; round < 2; round++) for (const { book } of devices) await book.sync(relay);
        const digests = new Set<string>();
        for (const { book } of devices) {
          expect(book.status().scopes.filter(({ stop }) => stop !== undefined)).toEqual([]);
          expect(book.pendingOps()).toEqual([]);
          const derived = book.query('SELECT scope, day, quantity, sales FROM soldByDay ORDER BY scope, day');
          const counted = 'sum(quantity) AS quantity, count(*) AS sales';
          expect(derived).toEqual(
            book.query(`SELECT scope, day, ${counted} FROM sales GROUP BY scope, day ORDER BY scope, day`),
          );
          seen.accepted += derived.length;
          digests.add(await provenDigest(book, stores[driver]));
        }
        expect(digests.size).toBe(1);
      }),
      { seed: 1, numRuns: 10, examples: [[stopping]] },
    );
    expect(seen.stops).toBeGreaterThan(0);
    expect(seen.accepted).toBeGreaterThan(0);
  });
});
