/** What a book says of the backups of its keys: who may say it, about whom, and what is no backup. */
import { openBook } from '@tallystick/kernel';
import { escrowVerbs } from '@tallystick/kernel/escrow';
import { encodeHex } from '@tallystick/oplog';
import { afterEach, describe, expect, it } from 'vitest';
import { provenDigest } from './fleet.ts';
import { memoryKeys, stores, testEdge } from './shop.ts';

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

  it('are sealed to whom an owner names', async () => {
    const { office, till } = await scene();
    expect(await till.commit('escrow.set', { recipients: [recipient] })).toMatchObject({ code: 'kernel/role' });
    expect(await office.commit('escrow.set', { recipients: [recipient] })).toMatchObject({ ok: true });
    expect(office.query('SELECT recipients FROM escrow')).toEqual([{ recipients: recipient }]);
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
