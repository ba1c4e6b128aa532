/** A book with people in it, kept by an office, a counter, a till and a phone: what the tests of forgetting are played on. */
import { createMemoryBlobs, createMemoryKeyring, createReaderIdentity, type SubjectId } from '@tallystick/erasure';
import { personal } from '@tallystick/erasure/marking';
import { defineVerb, openBook, type OpPlace, registerTable } from '@tallystick/kernel';
import { type Reading, SubjectDesk, subjectVerbs } from '@tallystick/kernel/subjects';
import { encodeHex } from '@tallystick/oplog';
import { afterEach, expect } from 'vitest';
import { z } from 'zod';
import { createTestRelay } from './fleet.ts';
import { memoryKeys, stores, testEdge } from './shop.ts';

const people = registerTable('people', { key: { id: 'text' }, columns: { name: 'text', device: 'text', op: 'text' } });
export const describePerson = defineVerb({
  name: 'people.describe',
  version: 1,
  roles: ['owner', 'manager', 'till'],
  tables: [people],
  args: z.strictObject({ id: z.string().regex(/^[a-z0-9]{1,9}$/), name: personal(z.string()) }),
  plan: (_view, op, { id, name }) => [people.write({ id, name, device: op.device, op: op.id })],
});
export const personVerbs = [describePerson, ...subjectVerbs] as const;
export const day = '2026-11-21';

export const openShop = async (options: object = {}, seed = 1) =>
  openBook({
    store: stores['better-sqlite3'](),
    keys: memoryKeys(),
    verbs: personVerbs,
    edge: testEdge(seed, 1_764_500_000_000 + seed * 1_000_000),
    ...options,
  });
export type Shop = Awaited<ReturnType<typeof openShop>>;

/** Closed after each test. */
export const open: Shop[] = [];
afterEach(async () => {
  for (const book of open.splice(0)) await book.close();
});

/** An owner's office, a manager's counter, a till and a phone, which share a relay and a place for wrapped keys. */
export async function scene(officeReplicates: 'all' | 'own' = 'own') {
  const [relay, shared] = [await createTestRelay(), createMemoryBlobs()];
  const officeKeys = memoryKeys();
  const office = await openShop({ keys: officeKeys, replicate: officeReplicates });
  const members = [{ book: office, keys: officeKeys }];
  for (const [index, role] of (['manager', 'till', 'till'] as const).entries()) {
    const keys = memoryKeys();
    const { device, publicKey } = await keys.create('device');
    await office.commit('device.enroll', { device, key: encodeHex(publicKey), name: `${role}-${index}`, role });
    members.push({ keys, book: await openShop({ keys, book: office.id }, index + 2) });
  }
  open.push(...members.map(({ book }) => book));
  for (const { book } of members.slice(1)) {
    await book.import(await office.export());
    await book.anchor();
  }
  const desks = await Promise.all(
    members.map(async ({ book, keys }) => {
      const [keyring, reader] = [createMemoryKeyring(), await createReaderIdentity()];
      const desk = new SubjectDesk({ book, keyring, reader, blobs: [shared], day: () => day });
      return { book, keys, keyring, reader, desk, sync: () => desk.during(() => book.sync(relay)) };
    }),
  );
  const settle = async (of = desks): Promise<void> => {
    for (let round = 0; round < 3; round++) for (const { sync } of of) await sync();
  };
  for (const { desk } of desks) await desk.offer();
  await settle();
  type D = (typeof desks)[number];
  const [main, counter, till, phone] = desks as [D, D, D, D];
  return { main, counter, till, phone, desks, settle, relay, shared, officeKeys };
}
export interface Desk {
  book: Shop;
  keyring: ReturnType<typeof createMemoryKeyring>;
  desk: SubjectDesk;
  sync: () => Promise<unknown>;
}

export async function describeAnna({ book, desk }: Desk, id = 'anna'): Promise<SubjectId> {
  const sealer = await desk.open('customer');
  if (!('seal' in sealer)) throw new Error(sealer.code);
  const args = (place: OpPlace) => ({ id, name: sealer.seal(place, 'name', 'Anna Nowak') });
  expect(await book.commit('people.describe', args)).toMatchObject({ ok: true });
  return sealer.subject;
}

export async function shown({ book, desk }: Desk, id = 'anna'): Promise<Reading | undefined> {
  const [row] = book.query<{ scope: string; name: string; device: string; op: string }>(
    'SELECT * FROM people WHERE id = ?',
    [id],
  );
  return row && desk.read(row.name, { scope: row.scope, device: row.device, id: row.op, field: 'name' });
}
