/** What a book says of the backups of its keys: who may say it, about whom, and what is no backup. */
import { openBook, type Verb } from '@tallystick/kernel';
import { escrowVerbs } from '@tallystick/kernel/escrow';
import { encodeHex } from '@tallystick/oplog';
import type { Role } from '@tallystick/sign';
import { afterEach, describe, expect, it } from 'vitest';
import { provenDigest } from './fleet.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const recipient = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj';
const sealed = '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n';
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const book of open.splice(0)) await book.close();
});

async function scene() {
  const office = await openBook({
    store: stores['better-sqlite3'](),
    keys: memoryKeys(),
    verbs: escrowVerbs,
    edge: testEdge(1),
  });
  const keys = memoryKeys();
  const { device, keyId, publicKey } = await keys.create('device');
  const backup = { device, keyId, kind: 'passkey' as const, sealed };
  // As an office does it that lets a till in: the backup first.
  expect(await office.commit('key.backup', backup)).toMatchObject({ ok: true });
  await office.commit('device.enroll', { device, key: encodeHex(publicKey), name: 'till', role: 'till' });
  const till = await openBook({
    store: stores['better-sqlite3'](),
    keys,
    verbs: escrowVerbs,
    edge: testEdge(2),
    book: office.id,
  });
  open.push(office, till);
  await till.import(await office.export());
  await till.anchor();
  return { office, till, backup };
}

const other = `age1${'e'.repeat(58)}`;

/** An office with its root, and others that it lets in under the roles given. */
async function organisation(verbs: readonly Verb[] = escrowVerbs) {
  const office = await openBook({
    store: stores['better-sqlite3'](),
    keys: memoryKeys(),
    verbs,
    edge: testEdge(1),
  });
  open.push(office);
  const enlist = async (role: Role, seed: number) => {
    const keys = memoryKeys();
    const { device, publicKey } = await keys.create('device');
    await office.commit('device.enroll', { device, key: encodeHex(publicKey), name: `${role} ${seed}`, role });
    const edge = testEdge(seed, 1_764_500_000_000 + seed * 100_000);
    const book = await openBook({ store: stores['better-sqlite3'](), keys, verbs, edge, book: office.id });
    open.push(book);
    await book.import(await office.export());
    await book.anchor();
    return book;
  };
  return { office, enlist };
}

async function gossip(...books: Awaited<ReturnType<typeof organisation>>['office'][]): Promise<void> {
  for (const from of books) for (const to of books) if (from !== to) await to.import(await from.export());
}

describe('backups that the book knows of', () => {
  it('are said by the device itself or by who enrols it, once for each key and kind', async () => {
    const { office, till, backup } = await scene();
    const paper = { ...backup, kind: 'shares' as const, sealed: '' };
    expect(await till.commit('key.backup', paper)).toMatchObject({ ok: true });
    expect(await till.commit('key.backup', { ...paper, device: office.device })).toMatchObject({
      ok: false,
      code: 'escrow/not-yours',
    });
    expect(till.query('SELECT kind, sealed, device, "by" FROM keyBackups ORDER BY kind')).toEqual([
      { kind: 'passkey', sealed, device: till.device, by: office.device },
      { kind: 'shares', sealed: '', device: till.device, by: till.device },
    ]);
    await provenDigest(till);
  });

  it('of one device are not touched by another that names the same key', async () => {
    const { office, enlist } = await organisation();
    const [till, customer] = [await enlist('till', 3), await enlist('customer', 4)];
    const backup = { keyId: till.device, kind: 'organisation' as const, sealed };
    expect((await office.commit('key.backup', { ...backup, device: till.device })).ok).toBe(true);
    await gossip(office, customer);
    const evil = sealed.replace('YWdl', 'ZXZpbA');
    expect((await customer.commit('key.backup', { ...backup, device: customer.device, sealed: evil })).ok).toBe(true);
    await gossip(office, customer);
    expect(office.query('SELECT sealed FROM keyBackups WHERE device = ?', [till.device])).toEqual([{ sealed }]);
    expect(office.query('SELECT sealed FROM keyBackups WHERE device = ?', [customer.device])).toEqual([
      { sealed: evil },
    ]);
  });

  it('are sealed to whom an owner names', async () => {
    const { office, till } = await scene();
    expect(await till.commit('escrow.set', { recipients: [recipient] })).toMatchObject({ code: 'kernel/role' });
    expect(await office.commit('escrow.set', { recipients: [recipient] })).toMatchObject({ ok: true });
    expect(office.query('SELECT recipients FROM escrow')).toEqual([{ recipients: recipient }]);
  });

  it('never wait to be adopted, from a revoked owner or the copy of one', async () => {
    const { office, enlist } = await organisation();
    const [bad, manager] = [await enlist('owner', 3), await enlist('manager', 4)];
    await office.commit('escrow.set', { recipients: [recipient] });
    await gossip(office, bad, manager);
    await office.commit('device.revoke', { device: bad.device, reason: 'stolen' });
    const acts = await bad.commitAll([
      { verb: 'escrow.set', args: { recipients: [other] } },
      { verb: 'key.backup', args: { device: office.device, keyId: office.device, kind: 'organisation', sealed } },
    ]);
    await gossip(office, bad, manager);
    expect(manager.quarantine()).toEqual([]);
    for (const act of acts)
      expect(await manager.commit('device.recover', { op: act.ok ? act.hash : '' })).toMatchObject({
        code: 'kernel/not-quarantined',
      });
    expect(office.query('SELECT recipients FROM escrow')).toEqual([{ recipients: recipient }]);
    expect(office.query('SELECT keyId FROM keyBackups')).toEqual([]);
    await provenDigest(office);
  });

  it('and of other work nobody adopts what their own role may not author', async () => {
    const { office, enlist } = await organisation(shopVerbs);
    const [till, manager] = [await enlist('till', 3), await enlist('manager', 4)];
    await office.commit('stock.move', { sku: 'tea', quantity: 5 });
    await gossip(office, till, manager);
    await office.commit('device.revoke', { device: till.device, reason: 'stolen' });
    for (const verb of ['stock.move', 'stock.take'])
      expect(await till.commit(verb, { sku: 'tea', quantity: 1 })).toMatchObject({ ok: true });
    await gossip(office, till, manager);
    const [moved = '', taken = ''] = manager.quarantine().map(({ hash }): string => hash);
    expect(await manager.commit('device.recover', { op: taken })).toMatchObject({ code: 'kernel/role' });
    expect(await manager.commit('device.recover', { op: moved })).toMatchObject({ ok: true });
    await gossip(office, manager);
    expect(await office.commit('device.recover', { op: taken })).toMatchObject({ ok: true });
    await provenDigest(office);
  });

  it.each([
    { recipients: [] },
    { recipients: [recipient, recipient] },
    { recipients: ['AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQ'] },
    { recipients: Array.from({ length: 9 }, (_, index) => `${recipient}${index}`) },
  ])('refuses as an escrow %j', async (args) => {
    const { office } = await scene();
    expect(await office.commit('escrow.set', args)).toMatchObject({ ok: false, code: 'kernel/bad-args' });
  });

  it.each([
    { kind: 'shares' },
    { kind: 'passphrase' },
    { kind: 'passkey', sealed: '' },
    { sealed: `${sealed}${'x'.repeat(32_768)}` },
    { keyId: 'ab' },
  ])('refuses as a backup %j', async (change) => {
    const { office, backup } = await scene();
    const args = { ...backup, ...change } as never;
    expect(await office.commit('key.backup', args)).toMatchObject({ ok: false, code: 'kernel/bad-args' });
  });
});
