import { portableHasher } from '@tallystick/chain';
import { afterEach, describe, expect, it } from 'vitest';
import { createIndexedDbKeyStore, keyIdOf, nobleEd25519 } from '../src/index.ts';

const database = 'tallystick-keys-test';
const store = () => createIndexedDbKeyStore({ hasher: portableHasher, database });

function asPromise<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

afterEach(() => asPromise(indexedDB.deleteDatabase(database)));

describe('the IndexedDB key store', () => {
  it('loads what it created, from another instance too', async () => {
    expect(await store().load('device')).toBeUndefined();
    const created = await store().create('device');
    expect(created.device).toBe(keyIdOf(created.publicKey, portableHasher));
    const loaded = await store().load('device');
    expect(loaded).toMatchObject({ device: created.device, keyId: created.keyId, publicKey: created.publicKey });
    const message = Uint8Array.of(1, 2, 3);
    const signature = (await loaded?.sign(message)) ?? new Uint8Array(0);
    expect(nobleEd25519.verify(created.publicKey, message, signature)).toBe(true);
  });

  it('keeps one key when two tabs create at once, and tells the other', async () => {
    const outcomes = await Promise.allSettled([store().create('device'), store().create('device')]);
    const [kept] = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    const [told] = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(told?.reason).toMatchObject({ code: 'sign/key-exists' });
    expect(await store().load('device')).toMatchObject({ device: kept?.value.device });
  });

  it('holds the private half where no script can extract it', async () => {
    await store().create('device');
    const connection = await asPromise(indexedDB.open(database));
    const keys = connection.transaction('keys').objectStore('keys');
    const stored: unknown = await asPromise<unknown>(keys.get('device'));
    connection.close();
    const { privateKey } = stored as { privateKey: CryptoKey };
    expect(privateKey).toBeInstanceOf(CryptoKey);
    expect(privateKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('pkcs8', privateKey)).rejects.toThrow('not extractable');
  });

  it('imports a key as one that cannot be extracted', async () => {
    const seed = crypto.getRandomValues(new Uint8Array(32));
    const { publicKey } = await nobleEd25519.fromSeed(seed);
    const imported = await store().import('device', seed);
    expect(imported.publicKey).toEqual(publicKey);
    seed.fill(0);
    const loaded = await store().load('device');
    expect(loaded).toMatchObject({ device: imported.device, publicKey });
    const message = Uint8Array.of(1, 2, 3);
    const signature = (await loaded?.sign(message)) ?? new Uint8Array(0);
    expect(nobleEd25519.verify(publicKey, message, signature)).toBe(true);
    await expect(store().import('device', seed)).rejects.toMatchObject({ code: 'sign/key-exists' });
    await expect(store().import('other', new Uint8Array(31))).rejects.toMatchObject({ code: 'sign/seed' });
    const connection = await asPromise(indexedDB.open(database));
    const stored: unknown = await asPromise<unknown>(connection.transaction('keys').objectStore('keys').get('device'));
    connection.close();
    const { privateKey } = stored as { privateKey: CryptoKey };
    expect(privateKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('pkcs8', privateKey)).rejects.toThrow('not extractable');
  });

  it('refuses names that are none, and says when the database cannot be used', async () => {
    await expect(store().load('../root')).rejects.toMatchObject({ code: 'sign/key-name' });
    await expect(store().create('')).rejects.toMatchObject({ code: 'sign/key-name' });
    const newer = await asPromise(indexedDB.open(database, 2));
    newer.close();
    await expect(store().load('device')).rejects.toMatchObject({ code: 'sign/key-storage' });
  });
});
