/** A device that one scope enrolled and another admits: its chain there is its own, and so are its keys and its end. */
import { openBook } from '@tallystick/kernel';
import { encodeHex, type OpRecord, type Scope } from '@tallystick/oplog';
import type { RelayClient } from '@tallystick/relay-protocol';
import type { KeyStore } from '@tallystick/sign';
import { laterKey, proveAdmission } from '@tallystick/sign/rotation';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestRelay, provenDigest, type ShopBook } from './fleet.ts';
import { craft, fileOf, recordsOf } from './records.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const BRANCH = 'b/042' as Scope;
const CLAIMS = 'claims' as Scope;
const open: ShopBook[] = [];
afterEach(async () => {
  for (const book of open.splice(0)) await book.close();
});

interface Shop {
  readonly relay: RelayClient;
  readonly owner: ShopBook;
  readonly till: ShopBook;
  readonly keys: KeyStore;
}

async function openShop(): Promise<Shop> {
  const relay = await createTestRelay();
  const start = async (keys: KeyStore, options: object): Promise<ShopBook> => {
    // The till's clock is ahead, so what it does after it knows of something has a later id.
    const edge = testEdge(open.length + 1, 1_764_500_000_000 + open.length * 100_000);
    const store = stores['better-sqlite3']();
    const book = await openBook({ store, keys, verbs: shopVerbs, edge, replicate: 'all', ...options });
    open.push(book);
    return book;
  };
  const owner = await start(memoryKeys(), {});
  await owner.sync(relay);
  const keys = memoryKeys();
  const { device, publicKey } = await keys.create('device');
  const args = { device, key: encodeHex(publicKey), name: 'till 1', role: 'till' as const };
  expect(await owner.commit('device.enroll', args, { scope: BRANCH })).toMatchObject({ ok: true });
  const till = await start(keys, { book: owner.id, scope: BRANCH });
  await settle(relay, owner, till);
  await till.anchor();
  return { relay, owner, till, keys };
}

/** Everybody knows everything, `hq` included, which marks need. */
async function settle(relay: RelayClient, ...books: readonly ShopBook[]): Promise<void> {
  for (const book of [...books, ...books]) await book.sync(relay);
}

async function admit(by: ShopBook, device: ShopBook): Promise<void> {
  const args = await device.admission();
  if (args === undefined) throw new Error('not enrolled');
  expect(await by.commit('device.admit', args, { scope: CLAIMS })).toMatchObject({ ok: true });
}

const move = (book: ShopBook, scope: Scope, quantity = 1): Promise<{ ok: boolean }> =>
  book.commit('stock.move', { sku: 'tea', quantity }, { scope });
const done = { ok: true };
const refused = (code: string): object => ({ ok: false, code });
const onHand = (book: ShopBook, scope: Scope): unknown =>
  book.query('SELECT coalesce(sum(onHand), 0) AS n FROM stock WHERE scope = ?', [scope])[0]?.['n'];
const ownIn = async (book: ShopBook, device: string, scope: Scope): Promise<OpRecord[]> =>
  (await recordsOf(book)).filter(({ op }) => op.device === device && op.scope === scope);

describe('an admitted device', () => {
  it('writes in both scopes, in chains of their own, and everybody ends in one state', async () => {
    const { relay, owner, till } = await openShop();
    expect(await move(till, CLAIMS)).toMatchObject(refused('kernel/unknown-device'));
    await admit(owner, till);
    await settle(relay, owner, till);
    for (const scope of [CLAIMS, BRANCH]) expect(await move(till, scope)).toMatchObject(done);
    const [first] = await ownIn(till, till.device, CLAIMS);
    const row = owner.query('SELECT enrolment, role FROM devices WHERE device = ? AND scope = ?', [
      till.device,
      CLAIMS,
    ]);
    expect(row).toEqual([{ enrolment: first?.op.prev, role: 'till' }]);
    await settle(relay, till, owner);
    expect([CLAIMS, BRANCH].map((scope) => onHand(owner, scope))).toEqual([1, 1]);
    expect(await provenDigest(owner)).toBe(await provenDigest(till));
    expect(await owner.verify({ every: true })).toMatchObject({ ok: true });
  });

  it('goes on under a new key in every scope at once, and is admitted under a later one', async () => {
    const { relay, owner, till } = await openShop();
    expect(await till.rotate()).toMatchObject([done]);
    await admit(owner, till);
    await settle(relay, owner, till);
    expect(await move(till, CLAIMS)).toMatchObject(done);
    const [first] = await ownIn(till, till.device, CLAIMS);
    expect(first?.keyId).not.toBe(till.device);
    expect(await till.rotate()).toMatchObject([done, done]);
    expect(await move(till, CLAIMS)).toMatchObject(done);
    const keyIds = (await ownIn(till, till.device, CLAIMS)).map(({ keyId }) => keyId);
    expect(new Set(keyIds).size).toBe(2);
    await settle(relay, till, owner);
    expect(onHand(owner, CLAIMS)).toBe(2);
    expect(await provenDigest(owner)).toBe(await provenDigest(till));
    const joined = await openBook({
      store: stores['sql.js'](),
      keys: memoryKeys(),
      verbs: shopVerbs,
      edge: testEdge(9),
      book: owner.id,
      replicate: 'all',
    });
    open.push(joined);
    await joined.sync(relay);
    expect(await provenDigest(joined, stores['sql.js'])).toBe(await provenDigest(owner));
  });

  it('whose first key was stolen and left behind is not opened elsewhere by the thief', async () => {
    const { relay, owner, till, keys } = await openShop();
    const stolen = await keys.load('device');
    if (stolen === undefined) throw new Error('no key');
    const { enrolment = '' } = (await till.admission()) ?? {};
    const before = await craft(owner, stolen, { scope: CLAIMS, enrolment, backDated: true });
    await till.rotate();
    await admit(owner, till);
    await owner.sync(relay);
    const { enrolment: admission } = owner.query<{ enrolment: string }>(
      'SELECT enrolment FROM devices WHERE device = ? AND scope = ?',
      [till.device, CLAIMS],
    )[0] as { enrolment: string };
    const after = await craft(owner, stolen, { scope: CLAIMS, enrolment: admission, backDated: true });
    for (const record of [before, after]) {
      const { results } = await relay.push(owner.id, CLAIMS, [record]);
      expect(results).toMatchObject([{ verdict: record === before ? 'gap' : 'bad-signature' }]);
    }
    await owner.import(fileOf(owner, [before, after]));
    await settle(relay, till);
    expect(await move(till, CLAIMS, 5)).toMatchObject(done);
    await till.import(await owner.export());
    await owner.import(await till.export());
    expect([owner, till].map((book) => onHand(book, CLAIMS))).toEqual([5, 5]);
    expect(owner.status().scopes.map(({ forked }) => forked)).not.toContain(true);
    expect(await provenDigest(owner)).toBe(await provenDigest(till));
  });
});

describe('an admission', () => {
  it('is for who may enrol there, under a key that is the device’s', async () => {
    const { owner, till, keys } = await openShop();
    const [first, thief] = [await keys.load('device'), await memoryKeys().create('device')];
    const args = await till.admission();
    if (args === undefined || first === undefined) throw new Error('not enrolled');
    const tried = (changes: object, scope: Scope = CLAIMS, by = owner): Promise<unknown> =>
      by.commit('device.admit', { ...args, ...changes }, { scope });
    const key = encodeHex(thief.publicKey);
    const forged = await proveAdmission(args.enrolment as OpRecord['hash'], thief.publicKey, thief);
    const elsewhere = await proveAdmission(owner.id as string as OpRecord['hash'], thief.publicKey, first);
    for (const changes of [{ key }, { key, ...forged }, { key, ...elsewhere }, { enrolment: 'x' }])
      expect(await tried(changes)).toMatchObject(refused('kernel/bad-args'));
    expect(await tried({}, 'hq' as Scope)).toMatchObject(refused('sign/scope'));
    expect(await tried({}, CLAIMS, till)).toMatchObject(refused('kernel/unknown-device'));
    expect(await tried({}, BRANCH, till)).toMatchObject(refused('kernel/role'));
    expect(await tried({})).toMatchObject(done);
    expect(await tried({})).toMatchObject(refused('kernel/already-enrolled'));
    expect(await tried({ ...(await owner.admission()) })).toMatchObject(refused('kernel/already-enrolled'));
  });

  it('ends in its scope by a revocation there, and everywhere by one in hq', async () => {
    const { relay, owner, till } = await openShop();
    await admit(owner, till);
    const gone = { device: till.device, reason: 'stolen' } as const;
    expect(await owner.commit('device.revoke', gone, { scope: BRANCH })).toMatchObject(done);
    await settle(relay, owner, till);
    expect(await move(till, BRANCH)).toMatchObject(refused('kernel/revoked'));
    expect(await move(till, CLAIMS)).toMatchObject(done);
    await settle(relay, till);
    expect(await owner.commit('device.revoke', gone)).toMatchObject(done);
    expect(await owner.commit('device.revoke', gone)).toMatchObject(refused('kernel/already-revoked'));
    await settle(relay, owner);
    // The till does not know yet; a mark of anybody else bites.
    expect(await move(till, CLAIMS, 4)).toMatchObject(done);
    expect(await move(owner, CLAIMS, 8)).toMatchObject(done);
    await settle(relay, owner);
    await settle(relay, till, owner);
    expect(await move(till, CLAIMS)).toMatchObject(refused('kernel/revoked'));
    expect(owner.quarantine()).toMatchObject([{ scope: CLAIMS, code: 'kernel/revoked', args: { quantity: 4 } }]);
    expect(onHand(owner, CLAIMS)).toBe(9);
    // Let in anywhere else it is revoked there too, and `hq` does not enrol it.
    const args = await till.admission();
    const elsewhere = 'c/1' as Scope;
    expect(await owner.commit('device.admit', args as never, { scope: elsewhere })).toMatchObject(done);
    await settle(relay, owner, till);
    expect(await move(till, elsewhere)).toMatchObject(refused('kernel/revoked'));
    const { enrolment: _, ...entry } = args as NonNullable<typeof args>;
    expect(await owner.commit('device.enroll', entry as never)).toMatchObject(refused('kernel/already-revoked'));
    await settle(relay, owner, till);
    expect(await provenDigest(owner)).toBe(await provenDigest(till));
  });
});

describe.each(Object.keys(stores) as (keyof typeof stores)[])('any order of arrival (%s)', (driver) => {
  it('of admission, rotation, and revocation here and in hq ends in one state', async () => {
    const { relay, owner, till, keys } = await openShop();
    await admit(owner, till);
    await settle(relay, owner, till);
    const gone = { device: till.device, reason: 'stolen' } as const;
    await owner.commit('device.revoke', gone);
    await owner.sync(relay);
    const known = new Set((await recordsOf(owner)).map(({ hash }) => hash));
    await move(till, CLAIMS, 1);
    await till.rotate();
    await move(till, CLAIMS, 2);
    await move(till, BRANCH, 4);
    await owner.import(await till.export());
    // The till does not know what hq said, nor has anybody taken notice yet: in the branch that is the mark before this, in claims it is told anew.
    await owner.commit('price.set', { sku: 'tea', priceMinor: 5 }, { scope: BRANCH });
    await owner.commit('device.revoke', gone, { scope: CLAIMS });
    await move(till, CLAIMS, 8);
    await move(till, BRANCH, 16);
    await owner.import(await till.export());
    const old = await keys.load('device');
    const chain = await ownIn(owner, till.device, CLAIMS);
    if (old === undefined) throw new Error('no key');
    const late = await craft(owner, laterKey(old.device, old), { scope: CLAIMS, after: chain.at(-1) as OpRecord });
    const records = [...(await recordsOf(owner)), late];
    const opening = records.filter(({ hash }) => known.has(hash));
    const parts = records.filter(({ hash }) => !known.has(hash));
    const places = parts.map((_, place) => place);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(places, { minLength: places.length }),
        fc.boolean(),
        async (order, synced) => {
          const [store, edge] = [stores[driver](), testEdge(70)];
          const book = await openBook({
            store,
            keys: memoryKeys(),
            verbs: shopVerbs,
            edge,
            book: owner.id,
            replicate: 'all',
          });
          // Marks need the positions of `hq`, so that comes from the relay; the rest in any order, before it or after.
          if (synced) await book.sync(relay);
          for (const place of order) await book.import(fileOf(owner, [parts[place] as OpRecord]));
          if (!synced) await book.sync(relay);
          await book.import(fileOf(owner, opening));
          expect([CLAIMS, BRANCH].map((scope) => onHand(book, scope))).toEqual([3, 4]);
          expect(await book.stage(late.hash)).toBeUndefined();
          expect(await provenDigest(book, stores[driver])).toBe(await provenDigest(owner));
          await book.close();
        },
      ),
      { numRuns: 12 },
    );
  });
});
