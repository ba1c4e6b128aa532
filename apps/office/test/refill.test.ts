// A relay that lost its logs, filled again from devices of which none has everything: every root is the old one, and who asks too early or comes too late is
// told so.
import { nodeHasher } from '@tallystick/chain/node';
import { openBook } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { encodeHex, parseScope, type Scope } from '@tallystick/oplog';
import {
  createMemoryRelayStore,
  createRelay,
  createRelayClient,
  type RelayClient,
  RelayError,
} from '@tallystick/relay-protocol';
import { chart } from '@tallystick/retail';
import { createMemoryKeyStore, type DeviceKey } from '@tallystick/sign';
import { afterEach, expect, it } from 'vitest';
import { type ShopBook, shopVerbs } from '../src/book.ts';
import { refillRelayFrom } from '../src/refill.ts';

const [hq, branch] = ['hq', 'b/1'].map((name) => parseScope(name)) as [Scope, Scope];
const { ed25519 } = nodeCrypto;
const relayKey = createMemoryKeyStore(ed25519, nodeHasher).create('relay') as DeviceKey;
const maxQuarantined = 3;
const closing: ShopBook[] = [];
afterEach(async () => {
  for (const book of closing.splice(0)) await book.close();
});

/** Of one name and key, each time with nothing in it. */
function newRelay(): RelayClient {
  const signer = { name: 'relay.test', publicKey: relayKey.publicKey, sign: relayKey.sign };
  const limits = { maxQuarantined };
  const relay = createRelay({ store: createMemoryRelayStore(), signer, hasher: nodeHasher, ed25519, limits });
  const fetch = (request: Request): Promise<Response> => relay.fetch(request);
  return createRelayClient({ url: 'http://relay.test', fetch, retry: { attempts: 1 } });
}

/** A device of the book, whole. */
async function join(office: ShopBook, relay: RelayClient, name: string): Promise<ShopBook> {
  const keys = createMemoryKeyStore(ed25519, nodeHasher);
  const { device, publicKey } = await keys.create('device');
  await done(office.commit('device.enroll', { device, key: encodeHex(publicKey), name, role: 'manager' }));
  await office.sync(relay);
  const store = nodeStore(':memory:');
  const book = await openBook({ store, keys, verbs: shopVerbs, book: office.id, replicate: 'all' });
  closing.push(book);
  await book.sync(relay);
  return book;
}

async function done<T extends { readonly ok: boolean }>(commit: Promise<T>): Promise<T> {
  const result = await commit;
  expect(result).toMatchObject({ ok: true });
  return result;
}

const receive = (book: ShopBook, number: number, scope: Scope): Promise<unknown> =>
  done(
    book.commit(
      'stock.receive',
      {
        day: '2026-11-21',
        currency: 'EUR',
        reference: `D-${number}`,
        lines: [{ sku: 'MUG', name: 'Mug', quantity: 1, unitCostMilliMinor: 1_000 }],
      },
      { scope },
    ),
  );

/** Two managers who wrote in hq and in a branch, one of whom is revoked since; the other knows the end of hq, which the office has not pulled. */
async function tradedShop(relay: RelayClient): Promise<{ office: ShopBook; till: ShopBook; other: ShopBook }> {
  const office = await openBook({ store: nodeStore(':memory:'), verbs: shopVerbs, replicate: 'all' });
  closing.push(office);
  await office.commitAll(chart.map((args) => ({ verb: 'account.open', args }) as const));
  const till = await join(office, relay, 'Till');
  const other = await join(office, relay, 'Other');
  for (let number = 0; number < 3 * maxQuarantined; number++) await receive(till, number, branch);
  await till.sync(relay);
  await office.sync(relay);
  await done(office.commit('device.revoke', { device: till.status().device, reason: 'lost' }));
  await office.sync(relay);
  for (let number = 100; number < 105; number++) await receive(other, number, hq);
  await other.sync(relay);
  return { office, till, other };
}

const tips = (book: ShopBook): unknown => [hq, branch].map((scope) => ({ ...book.log.tip(scope), note: '' }));
const taken = async (book: ShopBook, relay: RelayClient): Promise<unknown> =>
  (await refillRelayFrom(book, relay)).map(({ taken: count, verdict, known }) => [count, verdict, known]);

it('has its old logs again when each device gave what it knew the places of', async () => {
  const { office, other } = await tradedShop(newRelay());
  const wiped = newRelay();
  await expect(office.sync(wiped)).rejects.toMatchObject({ code: 'relay/rolled-back' });
  const [inHq, inBranch] = [office.log.tip(hq).size, office.log.tip(branch).size];
  expect(await taken(office, wiped)).toEqual([
    [inHq, undefined, undefined],
    [inBranch, undefined, undefined],
  ]);
  // Once more changes nothing, and the other brings what the office never saw.
  expect(await taken(office, wiped)).toEqual([hq, branch].map(() => [0, undefined, undefined]));
  expect(await taken(other, wiped)).toEqual([
    [5, undefined, undefined],
    [0, undefined, undefined],
  ]);
  const before = tips(other);
  expect((await other.sync(wiped)).notTaken).toEqual([]);
  await office.sync(wiped);
  expect([tips(other), tips(office)]).toEqual([before, before]);
  await receive(office, 200, hq);
  expect((await office.sync(wiped)).settled).toBe(1);
});

it('needs the order in which hq was needed: in another the work of who was revoked since is not taken', async () => {
  const { office } = await tradedShop(newRelay());
  const wiped = newRelay();
  const all = async (scope: Scope): Promise<unknown> => {
    const records = await office.log.settled(scope, 0, 1_000);
    const { results } = await wiped.push(office.id, scope, records);
    return results.filter(({ position }) => position === undefined).length;
  };
  expect(await all(hq)).toBe(0);
  expect(await all(branch)).toBeGreaterThan(0);
});

it('is not filled where somebody wrote first', async () => {
  const { office, other } = await tradedShop(newRelay());
  const wiped = newRelay();
  await refillRelayFrom(office, wiped);
  await receive(office, 200, hq);
  await office.sync(wiped);
  await expect(refillRelayFrom(other, wiped)).rejects.toMatchObject({ code: 'office/relay' });
});

it('waits for the device that knows what stands before', async () => {
  const relay = newRelay();
  const { office, other } = await tradedShop(relay);
  await receive(office, 200, hq);
  await office.sync(relay);
  await receive(other, 201, hq);
  // It hands its op in, and is cut off before it hears of what stands before.
  const cut = { ...relay, pull: () => Promise.reject(new RelayError('relay/unreachable', 'cut off')) };
  await expect(other.sync(cut)).rejects.toMatchObject({ code: 'relay/unreachable' });
  const size = other.log.tip(hq).size;
  const wiped = newRelay();
  const [first] = await refillRelayFrom(other, wiped);
  expect(first).toMatchObject({ size, known: size + 1 });
  const [second] = await refillRelayFrom(office, wiped);
  expect(second).toMatchObject({ taken: 1, size: size + 1 });
  const [third] = await refillRelayFrom(other, wiped);
  expect(third).toMatchObject({ taken: 1, known: undefined });
  expect(await other.sync(wiped)).toMatchObject({ notTaken: [] });
});
