// What a certified snapshot may not say: rows that only customers attest, and keys that no op of the book brought.
import { openBook, type SnapshotManifest } from '@tallystick/kernel';
import { nodeCrypto } from '@tallystick/kernel/node';
import { encodeHex } from '@tallystick/oplog';
import { decodeBundle, encodeBundle } from '@tallystick/oplog/transport';
import type { DeviceKey, Role } from '@tallystick/sign';
import { expect, it } from 'vitest';
import { encodeManifest } from '../src/snapshot.ts';
import { createFleet, createTestRelay, type ShopBook } from './fleet.ts';
import { craft, recordsOf } from './records.ts';
import { type MemoryPlace, memoryPlace } from './memory-place.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

/** What opening with `require: 'certified'` comes to, and what without it. */
async function openedWith(book: ShopBook, place: MemoryPlace): Promise<readonly [required: string, trust: string]> {
  const open = async (require: { require?: 'certified' }): Promise<string> => {
    const cold = await openBook({
      store: stores['better-sqlite3'](),
      keys: memoryKeys(),
      verbs: shopVerbs,
      edge: testEdge(9),
      book: book.id,
      snapshot: { from: place, ...require },
    });
    const { trust = '' } = cold.status().snapshot ?? {};
    await cold.close();
    return trust;
  };
  const codeOf = (error: { code?: string }): string => error.code ?? 'no code';
  return [await open({ require: 'certified' }).catch(codeOf), await open({}).catch(codeOf)];
}

it.each([
  ['customer', ['snapshot/untrusted', 'untrusted']],
  ['till', ['certified', 'certified']],
] as const)('two devices of role %s attest: %j', async (role: Role, wanted) => {
  const office = await openBook({
    store: stores['better-sqlite3'](),
    keys: memoryKeys(),
    verbs: shopVerbs,
    edge: testEdge(1),
  });
  const keys: DeviceKey[] = [];
  for (const name of ['one', 'two']) {
    const key = await memoryKeys().create('device');
    const args = { device: key.device, key: encodeHex(key.publicKey), name, role };
    expect((await office.commit('device.enroll', args)).ok).toBe(true);
    keys.push(key);
  }
  await office.sync(await createTestRelay());
  const place = memoryPlace();
  const { manifest } = await office.saveSnapshot(place);
  const records = await recordsOf(office);
  const { scope, size, root, marked, manifest: verbs, digest } = manifest.scopes[0] as SnapshotManifest['scopes'][0];
  const attests = keys.map((key) => {
    const enrolment = records.find(({ op }) => op.args['device'] === key.device)?.hash ?? '';
    const args = { scope, size, root, marked, manifest: verbs, digest };
    return craft(office, key, { verb: 'book.attest@1', args, enrolment });
  });
  place.files.set('proof', encodeBundle([...records, ...(await Promise.all(attests))]));
  expect(await openedWith(office, place)).toEqual(wanted);
  await office.close();
});

it('names no key that is not of an op in the proof', async () => {
  const fleet = await createFleet(2);
  const [office, till] = fleet.books as [ShopBook, ShopBook];
  const settle = async () => {
    for (const book of [office, till, office, till]) await book.sync(fleet.relay);
  };
  await till.commit('stock.move', { sku: 'apple', quantity: 1 });
  expect((await till.rotate()).every(({ ok }) => ok)).toBe(true);
  await settle();
  const place = memoryPlace();
  const { manifest } = await office.saveSnapshot(place);
  await office.attest();
  await till.attest();
  await settle();
  expect(await office.saveSnapshotProof(place)).toBe('certified');
  expect(await openedWith(office, place)).toEqual(['certified', 'certified']);

  const thief = await memoryKeys().create('device');
  const key = encodeHex(thief.publicKey);
  const forged = async (changes: Partial<SnapshotManifest>) => {
    const bytes = await encodeManifest({ ...manifest, ...changes }, (message) => thief.sign(message), nodeCrypto);
    const from: MemoryPlace = { ...place, load: (name) => (name === 'manifest' ? bytes : place.files.get(name)) };
    return openedWith(office, from);
  };
  const asOffice = [office.device, thief.keyId, key, 'ab'.repeat(32), 0] as const;
  const { keyId } = thief;
  // The office's snapshot, made by a key that the office never had.
  expect(await forged({ keyId, enrolments: [...manifest.enrolments, asOffice] })).toEqual([
    'snapshot/untrusted',
    'untrusted',
  ]);
  // In the place of the op by which the till went on under its second key.
  const ofTill = (entry: SnapshotManifest['enrolments'][0]) =>
    entry[0] === till.device && entry[1] !== till.device
      ? ([till.device, thief.keyId, key, entry[3], entry[4]] as const)
      : entry;
  expect(manifest.enrolments.filter((entry) => ofTill(entry) !== entry)).toHaveLength(1);
  expect(await forged({ keyId, enrolments: [...manifest.enrolments.map(ofTill), asOffice] })).toEqual([
    'snapshot/untrusted',
    'untrusted',
  ]);
  // Another key under the till's own key id.
  const swapped = manifest.enrolments.map(
    ([device, id, own, ...rest]) => [device, id, id === till.device ? key : own, ...rest] as const,
  );
  expect(await forged({ keyId, enrolments: [...swapped, asOffice] })).toEqual(['snapshot/format', 'snapshot/format']);
  // Without the op that brought it, a key of the book is not proven either.
  const all = decodeBundle(place.files.get('proof') as Uint8Array).frames;
  const others = all.filter((frame) => !Buffer.from(frame).includes('device.rotate'));
  expect(others).toHaveLength(all.length - 1);
  place.files.set('proof', encodeBundle(others.map((bytes) => ({ bytes }))));
  expect(await openedWith(office, place)).toEqual(['snapshot/untrusted', 'untrusted']);
  await fleet.close();
});

it('is proven again after an archive, with the ops of the proof before it', async () => {
  const fleet = await createFleet(2);
  const [office, till] = fleet.books as [ShopBook, ShopBook];
  const settle = async () => {
    for (const book of [office, till, office, till]) await book.sync(fleet.relay);
  };
  const save = async (place: MemoryPlace) => {
    await till.commit('stock.move', { sku: 'apple', quantity: 1 });
    await settle();
    await office.saveSnapshot(place);
    await office.attest();
    await till.attest();
    await settle();
    return office.saveSnapshotProof(place);
  };
  const place = memoryPlace();
  expect(await save(place)).toBe('certified');
  await office.archive({ to: memoryPlace() });
  expect(await save(place)).toBe('certified');
  expect(await openedWith(office, place)).toEqual(['certified', 'certified']);
  expect(await save(memoryPlace())).toBe('untrusted');
  await fleet.close();
});
