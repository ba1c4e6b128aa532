// Each way back, from the making of the key to a record signed after the device was wiped.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portableHasher } from '@tallystick/chain';
import { createMemoryKeyStore, type ImportingKeyStore, nobleEd25519 } from '@tallystick/sign';
import { createFileKeyStore, nodeEd25519 } from '@tallystick/sign/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  combineShares,
  createBackedUpKey,
  createOrganisationIdentity,
  openBackup,
  parseShare,
  restoreKey,
  sealKey,
  shareToText,
  shareToWords,
  splitKey,
} from '../src/index.ts';
import { minted, openBook, valueOf } from './fixtures.ts';

const passphrase = 'correct horse battery staple';
const workFactor = 10;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallystick-custody-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A device's store, and the same device after everything on it is gone. */
const devices: [string, () => { store: ImportingKeyStore; wipe: () => ImportingKeyStore }][] = [
  [
    'memory',
    () => ({
      store: createMemoryKeyStore(nobleEd25519, portableHasher),
      wipe: () => createMemoryKeyStore(nobleEd25519, portableHasher),
    }),
  ],
  [
    'files',
    () => ({
      store: createFileKeyStore(folder),
      wipe() {
        rmSync(folder, { recursive: true });
        return createFileKeyStore(folder);
      },
    }),
  ],
];

describe.each(devices)('a wiped device (%s) gets its key back', (_, make) => {
  it('from the organisation that keeps escrow', async () => {
    const office = await createOrganisationIdentity();
    const { store, wipe } = make();
    const { key, sealed } = await createBackedUpKey(store, 'device', {
      sealTo: [{ kind: 'organisation', recipients: [office.recipient] }],
    });
    const signsAgain = await openBook(key);
    const wiped = wipe();
    expect(await wiped.load('device')).toBeUndefined();

    const opener = { kind: 'organisation', identity: office.identity } as const;
    const opened = valueOf(await openBackup(minted(sealed[0]), opener, { expect: key.keyId }));
    const restored = await restoreKey(wiped, 'device', opened);
    expect(await signsAgain(restored)).toBe(true);
    expect(await signsAgain(minted(await wiped.load('device')))).toBe(true);
    expect(opened.seed).toEqual(new Uint8Array(32));
  });

  it('from any two of three shares, as words or as text', async () => {
    const { store, wipe } = make();
    const { key, shares } = await createBackedUpKey(store, 'device', { shares: { threshold: 2, count: 3 } });
    const signsAgain = await openBook(key);
    const [words, , text] = [shareToWords(minted(shares[0])), '', shareToText(minted(shares[2]))];
    const wiped = wipe();
    const typed = [text, words].map((form) => valueOf(parseShare(form)));
    const restored = await restoreKey(wiped, 'device', valueOf(await combineShares(typed)));
    expect(await signsAgain(restored)).toBe(true);
  });

  it('from a passphrase', async () => {
    const { store, wipe } = make();
    const { key, sealed } = await createBackedUpKey(store, 'device', {
      sealTo: [{ kind: 'passphrase', passphrase, workFactor }],
    });
    const signsAgain = await openBook(key);
    const wiped = wipe();
    const opened = valueOf(await openBackup(minted(sealed[0]), { kind: 'passphrase', passphrase }));
    expect(await signsAgain(await restoreKey(wiped, 'device', opened))).toBe(true);
  });
});

describe('a backed-up key', () => {
  const memory = () => createMemoryKeyStore(nodeEd25519, portableHasher);

  it('has one backup for each recipient, in their order, and all give the same key', async () => {
    const [office, bank] = [await createOrganisationIdentity(), await createOrganisationIdentity()];
    const { key, sealed, shares } = await createBackedUpKey(memory(), 'device', {
      sealTo: [
        { kind: 'organisation', recipients: [office.recipient, bank.recipient] },
        { kind: 'passphrase', passphrase, workFactor },
        { kind: 'organisation', recipients: [bank.recipient] },
      ],
      shares: { threshold: 3, count: 5 },
    });
    const [first, second, third] = sealed.map(String);
    const opened = [
      await openBackup(minted(first), { kind: 'organisation', identity: office.identity }),
      await openBackup(minted(first), { kind: 'organisation', identity: bank.identity }),
      await openBackup(minted(second), { kind: 'passphrase', passphrase }),
      await openBackup(minted(third), { kind: 'organisation', identity: bank.identity }),
      await combineShares(shares.slice(2)),
    ];
    for (const each of opened) expect(valueOf(each)).toMatchObject({ keyId: key.keyId, publicKey: key.publicKey });
  });

  it('is a new one each time', async () => {
    const plan = { shares: { threshold: 2, count: 2 } };
    const [a, b] = [
      await createBackedUpKey(memory(), 'device', plan),
      await createBackedUpKey(memory(), 'device', plan),
    ];
    expect(a.key.device).not.toBe(b.key.device);
    expect(a.shares[0]?.setId).not.toBe(b.shares[0]?.setId);
  });

  it('is not kept when a backup cannot be made', async () => {
    const store = createFileKeyStore(folder);
    const plans = [
      ['custody/no-backup', {}],
      ['custody/no-backup', { sealTo: [] }],
      ['custody/recipient', { sealTo: [{ kind: 'organisation', recipients: [] }] }],
      ['custody/recipient', { sealTo: [{ kind: 'organisation', recipients: ['age1nobody'] }] }],
      ['custody/recipient', { sealTo: [{ kind: 'passkey', credential: 'AGE-PLUGIN-FIDO2PRF-1NOTHING' }] }],
      ['custody/passphrase', { sealTo: [{ kind: 'passphrase', passphrase: '2580' }] }],
      ['custody/passphrase', { sealTo: [{ kind: 'passphrase', passphrase, workFactor: 9 }] }],
      ['custody/threshold', { shares: { threshold: 3, count: 2 } }],
    ] as const;
    for (const [code, plan] of plans) {
      await expect(createBackedUpKey(store, 'device', plan)).rejects.toMatchObject({ code });
      expect(readdirSync(folder)).toEqual([]);
    }
    // Node has no passkeys: the platform's own refusal is the cause.
    await expect(createBackedUpKey(store, 'device', { sealTo: [{ kind: 'passkey' }] })).rejects.toMatchObject({
      code: 'custody/passkey',
      cause: expect.any(Error),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('never takes the place of another', async () => {
    const store = memory();
    const { key, shares } = await createBackedUpKey(store, 'device', { shares: { threshold: 2, count: 2 } });
    const opened = valueOf(await combineShares(shares));
    await expect(restoreKey(store, 'device', opened)).rejects.toMatchObject({ code: 'sign/key-exists' });
    expect(opened.seed).toEqual(new Uint8Array(32));
    await expect(createBackedUpKey(store, 'device', { shares: { threshold: 2, count: 2 } })).rejects.toMatchObject({
      code: 'sign/key-exists',
    });
    expect(await store.load('device')).toMatchObject({ device: key.device });
  });

  it('can be sealed and split anew from any backup', async () => {
    const { key, shares } = await createBackedUpKey(memory(), 'device', { shares: { threshold: 2, count: 2 } });
    const opened = valueOf(await combineShares(shares));
    const sealed = await sealKey(opened, { kind: 'passphrase', passphrase, workFactor });
    const again = valueOf(await openBackup(sealed, { kind: 'passphrase', passphrase }));
    expect(valueOf(await combineShares((await splitKey(again, { threshold: 2, count: 4 })).slice(1, 3))).keyId).toBe(
      key.keyId,
    );
  });
});
