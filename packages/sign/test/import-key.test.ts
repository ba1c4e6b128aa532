// Keys made elsewhere: the `import` of every store, and key files under a seal.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeHex } from '@tallystick/oplog';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createMemoryKeyStore,
  encodeKeyText,
  type ImportingKeyStore,
  nobleEd25519,
  parseKeyText,
  webCryptoEd25519,
} from '../src/index.ts';
import {
  createFileKeyStore,
  createSealedKeyStore,
  type KeySeal,
  nodeEd25519,
  resealKeyFile,
  type SealedKeyStoreOptions,
} from '../src/node.ts';
import { hasher, now } from './fixtures.ts';

// RFC 8032, section 7.1, test 1.
const seed = (): Uint8Array => decodeHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
const publicKey = decodeHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');

let folder: string;
const path = (): string => join(folder, 'device.key');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallystick-import-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** AES-256-GCM under a key of its own: throws for any other key and any changed byte. */
function gcmSeal(secret: Buffer = randomBytes(32)): KeySeal {
  return {
    seal(text) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', secret, nonce);
      const body = Buffer.concat([cipher.update(text), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(12, 28));
      return `${decipher.update(bytes.subarray(28))}${decipher.final()}`;
    },
  };
}

const sealed = (seal: KeySeal, more: Omit<SealedKeyStoreOptions, 'seal'> = {}): ImportingKeyStore =>
  createSealedKeyStore(folder, { seal, ...more });

const stores: [string, () => ImportingKeyStore][] = [
  ['memory', () => createMemoryKeyStore(nodeEd25519, hasher)],
  ['memory, WebCrypto', () => createMemoryKeyStore(webCryptoEd25519(), hasher)],
  ['files', () => createFileKeyStore(folder)],
  ['files, WebCrypto', () => createFileKeyStore(folder, webCryptoEd25519(), hasher)],
  ['sealed files', () => sealed(gcmSeal())],
  ['sealed files, noble', () => sealed(gcmSeal(), { ed25519: nobleEd25519, hasher })],
];

describe.each(stores)('import: %s', (_, make) => {
  it('keeps the key of the seed under its name, whatever becomes of the seed', async () => {
    const store = make();
    const given = seed();
    const imported = await store.import('device', given);
    given.fill(0);
    expect(imported.publicKey).toEqual(publicKey);
    const loaded = await store.load('device');
    expect(loaded).toMatchObject({ device: imported.device, keyId: imported.keyId, publicKey });
    // The signature of the empty message that RFC 8032 prints.
    const signature = await loaded?.sign(new Uint8Array(0));
    expect(Buffer.from(signature ?? []).toString('hex')).toMatch(/^e5564300c360ac729086e2cc806e828a/);
  });

  it('never replaces a key, and refuses what is no seed or no name', async () => {
    const store = make();
    const { device } = await store.create('device');
    const fails = (name: string, given: Uint8Array, code: string) =>
      expect((async () => store.import(name, given))()).rejects.toMatchObject({ code });
    await fails('device', seed(), 'sign/key-exists');
    await fails('other', seed().subarray(1), 'sign/seed');
    await fails('../other', seed(), 'sign/key-name');
    expect(await store.load('device')).toMatchObject({ device });
    expect(await store.load('other')).toBeUndefined();
  });
});

describe('the text of a key', () => {
  it('is two halves that belong together, and nothing else', () => {
    const text = encodeKeyText(seed(), publicKey);
    expect(now(parseKeyText(text, nodeEd25519))?.seed).toEqual(seed());
    const strays = ['', `${text}\n`, text.slice(0, -1), text.toUpperCase(), text.replace('d75a', 'd75b'), ` ${text}`];
    for (const stray of strays) expect(now(parseKeyText(stray, nodeEd25519)), stray).toBeUndefined();
  });
});

describe.skipIf(process.platform === 'win32')('sealed key files', () => {
  it('are only for their owner and do not hold the seed in any form', async () => {
    await sealed(gcmSeal()).import('device', seed());
    expect(readdirSync(folder)).toEqual(['device.key']);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    const stored = readFileSync(path());
    const decoded = Buffer.from(stored.toString(), 'base64');
    const hex = Buffer.from(seed()).toString('hex');
    expect([stored.includes(hex), decoded.includes(hex), decoded.includes(Buffer.from(seed()))]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('are refused while others may read them, and by the wrong seal, and when damaged', async () => {
    const seal = gcmSeal();
    await sealed(seal).create('device');
    chmodSync(path(), 0o640);
    await expect(sealed(seal).load('device')).rejects.toMatchObject({ code: 'sign/key-file-mode' });
    chmodSync(path(), 0o600);
    await expect(sealed(gcmSeal()).load('device')).rejects.toMatchObject({
      code: 'sign/key-seal',
      cause: expect.any(Error),
    });
    const text = readFileSync(path(), 'utf8');
    writeFileSync(path(), `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`);
    await expect(sealed(seal).load('device')).rejects.toMatchObject({ code: 'sign/key-seal' });
    writeFileSync(path(), await seal.seal('not a key'));
    await expect(sealed(seal).load('device')).rejects.toMatchObject({ code: 'sign/key-file' });
  });

  it('and plain ones are never taken for each other', async () => {
    const seal = gcmSeal();
    await createFileKeyStore(folder).create('device');
    await expect(sealed(seal).load('device')).rejects.toMatchObject({ code: 'sign/key-seal' });
    await expect(sealed(seal).create('device')).rejects.toMatchObject({ code: 'sign/key-exists' });
    await resealKeyFile(folder, 'device', seal);
    expect(() => createFileKeyStore(folder).load('device')).toThrow(expect.objectContaining({ code: 'sign/key-file' }));
  });

  it('leave no key behind when the seal cannot close', async () => {
    const seal: KeySeal = {
      seal: () => {
        throw new Error('no passphrase given');
      },
      open: (text) => text,
    };
    await expect(sealed(seal).create('device')).rejects.toMatchObject({ code: 'sign/key-seal' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('change their seal and keep their key', async () => {
    const [first, second] = [gcmSeal(), gcmSeal()];
    const { device } = await createFileKeyStore(folder).create('device');
    await resealKeyFile(folder, 'device', first);
    expect(await sealed(first).load('device')).toMatchObject({ device });
    await resealKeyFile(folder, 'device', second, first);
    expect(await sealed(second).load('device')).toMatchObject({ device });
    await expect(resealKeyFile(folder, 'device', first, first)).rejects.toMatchObject({ code: 'sign/key-seal' });
    await expect(resealKeyFile(folder, 'other', first)).rejects.toMatchObject({ code: 'sign/key-file' });
    expect(await sealed(second).load('device')).toMatchObject({ device });
    expect(readdirSync(folder)).toEqual(['device.key']);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });
});
