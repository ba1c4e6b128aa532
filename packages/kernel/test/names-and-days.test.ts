// What two owners, or a till alone, might do to everybody else: give two devices one name, and run the business day away.
import type { Scope } from '@tallystick/oplog';
import { openBook } from '@tallystick/kernel';
import { encodeHex } from '@tallystick/oplog';
import type { Role } from '@tallystick/sign';
import { afterEach, expect, it } from 'vitest';
import { createTestRelay, provenDigest, type ShopBook } from './fleet.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const open: ShopBook[] = [];
afterEach(async () => {
  for (const book of open.splice(0)) await book.close();
});

async function openOffice(): Promise<ShopBook> {
  const edge = testEdge(1);
  const common = { verbs: shopVerbs, edge, replicate: 'all' } as const;
  const book = await openBook({ store: stores['better-sqlite3'](), keys: memoryKeys(), ...common });
  open.push(book);
  return book;
}

async function enlist(
  by: ShopBook,
  role: Role,
  name: string,
  place: object = {},
  rest: object = {},
): Promise<ShopBook> {
  const keys = memoryKeys();
  const key = await keys.create('device');
  const args = { device: key.device, key: encodeHex(key.publicKey), name, role, ...rest };
  expect(await by.commit('device.enroll', args, place)).toMatchObject({ ok: true });
  const edge = testEdge(open.length + 1, 1_764_500_000_000 + open.length * 100_000);
  const book = await openBook({
    store: stores['better-sqlite3'](),
    keys,
    verbs: shopVerbs,
    edge,
    book: by.id,
    ...place,
  });
  open.push(book);
  await book.import(await by.export());
  await book.anchor();
  return book;
}

async function gossip(...books: readonly ShopBook[]): Promise<void> {
  for (const from of books) for (const to of books) if (from !== to) await to.import(await from.export());
}

const namesIn = (book: ShopBook): Readonly<Record<string, string>> => {
  const rows = book.query<{ device: string; name: string }>('SELECT device, name FROM devices');
  return Object.fromEntries(rows.map(({ device, name }) => [device, name] as const));
};

it('no two devices have one name, though two owners enrolled them apart: the later one gets the beginning of its id', async () => {
  const office = await openOffice();
  const partner = await enlist(office, 'owner', 'partner');
  await gossip(office, partner);
  const [mine, yours] = [await enlist(office, 'till', 'till-1'), await enlist(partner, 'till', 'till-1')];
  await gossip(office, partner, mine, yours);
  const names = namesIn(office);
  const asked = [mine, yours].map(({ device }) => names[device] as string).sort();
  expect(asked[0]).toBe('till-1');
  expect(asked[1]).toMatch(/^till-1~[0-9a-f]{6}$/);
  expect(new Set(Object.values(names)).size).toBe(Object.keys(names).length);
  expect(office.query('SELECT code FROM corrections')).toEqual([{ code: 'kernel/name-taken' }]);
  expect(namesIn(yours)).toEqual(names);
  expect(await provenDigest(yours)).toBe(await provenDigest(office));
});

it('a name is never given again: not that of a revoked device, not to who takes its place, not in a branch', async () => {
  const office = await openOffice();
  const first = await enlist(office, 'till', 'till-1');
  await office.commit('device.revoke', { device: first.device, reason: 'lost' });
  const second = await enlist(office, 'till', 'till-1', {}, { replaces: first.device });
  const held = namesIn(office)[second.device] as string;
  expect(held).toMatch(/^till-1~[0-9a-f]{6}$/);
  expect(office.query('SELECT code FROM corrections')).toEqual([]);
  const third = await enlist(office, 'till', held, {}, { replaces: second.device });
  expect(namesIn(office)[third.device]).toMatch(/^till-1~[0-9a-f]{6}$/);
  const all = Object.values(namesIn(office));
  expect(new Set(all).size).toBe(all.length);
  // A branch reads of `hq` what has a position.
  await office.sync(await createTestRelay());
  const branch = { scope: 'b/042' as Scope };
  const fourth = await enlist(office, 'till', 'till-1', branch);
  expect(namesIn(office)[fourth.device]).toMatch(/^till-1~[0-9a-f]{6}$/);
});

it('a till runs the day no further ahead than an owner lets it, one by one or at once, and a manager until an owner says so', async () => {
  const office = await openOffice();
  const [till, manager] = [await enlist(office, 'till', 'till'), await enlist(office, 'manager', 'manager')];
  const day = async (by: ShopBook, name: string): Promise<string> => {
    const answer = await by.commit('day.open', { day: name });
    await gossip(office, till, manager);
    return answer.ok ? 'ok' : answer.code;
  };
  expect(await day(till, '2026-11-21')).toBe('kernel/day');
  expect(await day(office, '2026-11-21')).toBe('ok');
  expect(await day(till, '2026-12-01')).toBe('ok');
  expect(await day(till, '2026-12-23')).toBe('kernel/day');
  expect(await day(till, '2026-12-22')).toBe('ok');
  expect(await day(manager, '2027-12-01')).toBe('ok');
  expect(await day(till, '2027-12-02')).toBe('ok');
  const limit = (by: ShopBook, role: Role, aheadDays: number) => by.commit('policy.day', { role, aheadDays });
  expect(await limit(manager, 'till', 0)).toMatchObject({ code: 'kernel/role' });
  for (const role of ['till', 'manager'] as const) await limit(office, role, 1);
  await gossip(office, till, manager);
  // Nobody but the owner vouches now: from here on a day is one beyond the last that was vouched for, for both.
  expect(await day(manager, '2027-12-03')).toBe('kernel/day');
  expect(await day(office, '2027-12-03')).toBe('ok');
  expect(await day(manager, '2027-12-04')).toBe('ok');
  expect(await day(till, '2027-12-05')).toBe('kernel/day');
  expect(await provenDigest(till)).toBe(await provenDigest(office));
});
