// Scopes at the size of a chain of shops (DESIGN section 4): the office folds a thousand, a van holds two of them, and what both hold is one state.
import { openBook } from '@tallystick/kernel';
import { encodeHex, type Scope } from '@tallystick/oplog';
import type { RelayClient } from '@tallystick/relay-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestRelay, provenDigest, type ShopBook } from './fleet.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const SCOPES = 1000;
const branches = Array.from({ length: SCOPES }, (_, index) => `b/${String(index).padStart(3, '0')}` as Scope);
const [ONE, TWO] = [branches[417], branches[805]] as [Scope, Scope];

let relay: RelayClient;
let office: ShopBook;
let van: ShopBook;

/** Goods moved, one sold at the price of hq, a seat taken: a few ops in each branch, not the same in any two. */
function workOf(scope: Scope, index: number): Parameters<ShopBook['commitAll']>[0] {
  const sku = `sku-${index % 7}`;
  return [
    { verb: 'stock.move', args: { sku, quantity: (index % 9) + 1 }, scope },
    { verb: 'shop.sell', args: { sku: index % 2 === 0 ? 'apple' : 'pear' }, scope },
    { verb: 'seat.take', args: { row: index % 3, seat: 1 }, scope },
  ];
}

beforeAll(async () => {
  relay = await createTestRelay();
  const shared = { verbs: shopVerbs, edge: testEdge(1) };
  office = await openBook({ ...shared, store: stores['better-sqlite3'](), keys: memoryKeys(), replicate: 'all' });
  for (const sku of ['apple', 'pear']) await office.commit('price.set', { sku, priceMinor: 100 });
  await office.sync(relay);
  const keys = memoryKeys();
  const key = await keys.create('device');
  const device = { device: key.device, key: encodeHex(key.publicKey), name: 'van', role: 'till' as const };
  await office.commit('device.enroll', device, { scope: ONE });
  const commits = await office.commitAll(branches.flatMap(workOf));
  if (commits.some(({ ok }) => !ok)) throw new Error('an op of a branch was refused');
  await office.sync(relay);
  const store = stores['better-sqlite3']();
  van = await openBook({ ...shared, edge: testEdge(2), store, keys, book: office.id, scope: ONE, replicate: [TWO] });
  await van.sync(relay);
});

afterAll(async () => {
  await van.close();
  await office.close();
});

describe('a device that holds two scopes of a thousand', () => {
  it('holds hq and these two, and folds them to the digests of the office that holds all', () => {
    expect(van.status().scopes.map(({ scope }) => scope)).toEqual(['hq', ONE, TWO]);
    const [all, two] = [office.digest().scopes, van.digest().scopes];
    expect(Object.keys(all)).toHaveLength(SCOPES + 1);
    expect(new Set(Object.values(all).map(({ digest }) => digest)).size).toBe(SCOPES + 1);
    for (const scope of ['hq', ONE, TWO]) expect(two[scope]).toEqual(all[scope]);
    expect(van.query('SELECT DISTINCT scope FROM stock ORDER BY scope')).toEqual([{ scope: ONE }, { scope: TWO }]);
  });

  it('goes on with hq as each has marked it, and the rest stays as it was', async () => {
    const before = office.digest().scopes;
    await office.commit('price.set', { sku: 'apple', priceMinor: 250 });
    await office.sync(relay);
    await van.sync(relay);
    expect((await van.commit('shop.sell', { sku: 'apple' })).ok).toBe(true);
    await van.sync(relay);
    await office.sync(relay);
    const after = office.digest().scopes;
    const changed = Object.keys(after).filter((scope) => after[scope]?.digest !== before[scope]?.digest);
    expect(changed).toEqual([ONE, 'hq']);
    for (const scope of changed) expect(van.digest().scopes[scope]).toEqual(after[scope]);
    const taken = van.query("SELECT scope, onHand FROM stock WHERE sku = 'takings of apple'");
    expect(taken).toEqual([{ scope: ONE, onHand: 250 }]);
    const [total] = office.query("SELECT sum(onHand) AS sold FROM stock WHERE sku LIKE 'takings of %'");
    expect(total).toEqual({ sold: 100 * SCOPES + 250 });
    await provenDigest(van);
  });
});
