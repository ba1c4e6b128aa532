// The three ways back in a real browser: a key that the platform keeps and nobody can read, the site's data wiped, the key back.
import { portableHasher } from '@tallystick/chain';
import { createIndexedDbKeyStore, type DeviceKey } from '@tallystick/sign';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cdp } from 'vitest/browser';
import {
  type BackupPlan,
  combineShares,
  createBackedUpKey,
  createOrganisationIdentity,
  createPasskey,
  openBackup,
  parseShare,
  restoreKey,
  shareToWords,
} from '../src/index.ts';
import { minted, openBook, valueOf } from './fixtures.ts';

/** The part of the Chrome DevTools Protocol that stands in for a person's authenticator. */
interface Authenticators {
  send(method: 'WebAuthn.enable' | 'WebAuthn.disable'): Promise<void>;
  send(
    method: 'WebAuthn.addVirtualAuthenticator',
    params: { options: Readonly<Record<string, unknown>> },
  ): Promise<{ authenticatorId: string }>;
  send(method: 'WebAuthn.setUserVerified', params: { authenticatorId: string; isUserVerified: boolean }): Promise<void>;
  send(method: 'WebAuthn.clearCredentials', params: { authenticatorId: string }): Promise<void>;
}

const devTools = cdp() as unknown as Authenticators;
const database = 'tallystick-custody-test';
const store = () => createIndexedDbKeyStore({ hasher: portableHasher, database });

function wipe(): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(database);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
}

let authenticatorId: string;
beforeEach(async () => {
  await devTools.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    ctap2Version: 'ctap2_1',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    hasPrf: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  ({ authenticatorId } = await devTools.send('WebAuthn.addVirtualAuthenticator', { options }));
});
afterEach(async () => {
  await devTools.send('WebAuthn.disable');
  await wipe();
});

/** Makes the key, opens a book with it, wipes the site; answers with what is left outside the device. */
async function makeAndWipe(plan: BackupPlan) {
  const { key, sealed, shares } = await createBackedUpKey(store(), 'device', plan);
  expect(await store().load('device')).toMatchObject({ device: key.device });
  const signsAgain = await openBook(key);
  await wipe();
  expect(await store().load('device')).toBeUndefined();
  return { device: key.device, keyId: key.keyId, sealed, words: shares.map(shareToWords), signsAgain };
}

async function privateKeyOf(name: string): Promise<CryptoKey> {
  const connection = await asPromise(indexedDB.open(database));
  const stored: unknown = await asPromise<unknown>(connection.transaction('keys').objectStore('keys').get(name));
  connection.close();
  return (stored as { privateKey: CryptoKey }).privateKey;
}

function asPromise<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function expectRestored(restored: DeviceKey, device: string, signsAgain: (key: DeviceKey) => Promise<boolean>) {
  expect(restored.device).toBe(device);
  expect(await signsAgain(restored)).toBe(true);
  expect(await signsAgain(minted(await store().load('device')))).toBe(true);
  const privateKey = await privateKeyOf('device');
  expect(privateKey.extractable).toBe(false);
  await expect(crypto.subtle.exportKey('pkcs8', privateKey)).rejects.toThrow('not extractable');
}

describe('a wiped browser gets its key back', () => {
  it('by its passkey, asked for by the platform alone', async () => {
    const credential = await createPasskey({ name: 'Corner shop, till 3' });
    const { device, keyId, sealed, signsAgain } = await makeAndWipe({ sealTo: [{ kind: 'passkey', credential }] });
    // The wiped device does not know the credential any more.
    const opened = valueOf(await openBackup(minted(sealed[0]), { kind: 'passkey' }, { expect: keyId }));
    await expectRestored(await restoreKey(store(), 'device', opened), device, signsAgain);
  });

  it('by shares', async () => {
    const { device, words, signsAgain } = await makeAndWipe({ shares: { threshold: 2, count: 3 } });
    const typed = [words[2], words[0]].map((share) => valueOf(parseShare(minted(share))));
    const opened = valueOf(await combineShares(typed));
    await expectRestored(await restoreKey(store(), 'device', opened), device, signsAgain);
  });

  it('from the organisation', async () => {
    const office = await createOrganisationIdentity();
    const { device, sealed, signsAgain } = await makeAndWipe({
      sealTo: [{ kind: 'organisation', recipients: [office.recipient] }],
    });
    const opened = valueOf(await openBackup(minted(sealed[0]), { kind: 'organisation', identity: office.identity }));
    await expectRestored(await restoreKey(store(), 'device', opened), device, signsAgain);
  });
});

describe('a passkey backup', () => {
  const seal = async (): Promise<string> => {
    const credential = await createPasskey({ name: 'Corner shop, till 3' });
    const { sealed } = await createBackedUpKey(store(), 'device', { sealTo: [{ kind: 'passkey', credential }] });
    return minted(sealed[0]);
  };
  const codeOf = async (sealed: string, credential?: string): Promise<string> => {
    const opened = await openBackup(sealed, { kind: 'passkey', ...(credential === undefined ? {} : { credential }) });
    return opened.ok ? 'opened' : opened.code;
  };

  it('opens again and again, and by no other passkey of the same person', async () => {
    const sealed = await seal();
    expect([await codeOf(sealed), await codeOf(sealed)]).toEqual(['opened', 'opened']);
    const other = await createPasskey({ name: 'Corner shop, office' });
    expect(await codeOf(sealed, other)).toBe('custody/no-match');
  });

  it('stays shut for a person who is not recognised', async () => {
    const sealed = await seal();
    await devTools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    expect(await codeOf(sealed)).toBe('custody/passkey');
  });

  it('stays shut when the passkey is gone', async () => {
    const sealed = await seal();
    expect(await codeOf(sealed)).toBe('opened');
    await devTools.send('WebAuthn.clearCredentials', { authenticatorId });
    expect(await codeOf(sealed)).toBe('custody/passkey');
  });

  it('does not open with a passphrase or for the office', async () => {
    const sealed = await seal();
    const office = await createOrganisationIdentity();
    expect(await openBackup(sealed, { kind: 'organisation', identity: office.identity })).toMatchObject({
      code: 'custody/no-match',
    });
    expect(await openBackup(sealed, { kind: 'passphrase', passphrase: 'x' })).toMatchObject({
      code: 'custody/no-match',
    });
  });

  it('is not made, and no key is kept, when the person declines', async () => {
    const credential = await createPasskey({ name: 'Corner shop, till 3' });
    await devTools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await expect(createPasskey({ name: 'another' })).rejects.toMatchObject({ code: 'custody/passkey' });
    await expect(
      createBackedUpKey(store(), 'device', { sealTo: [{ kind: 'passkey', credential }] }),
    ).rejects.toMatchObject({ code: 'custody/passkey' });
    expect(await store().load('device')).toBeUndefined();
  });
});
