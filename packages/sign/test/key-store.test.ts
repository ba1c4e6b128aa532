import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createMemoryKeyStore,
  type KeyStore,
  keyIdOf,
  nobleEd25519,
  SignError,
  webCryptoEd25519,
} from '../src/index.ts';
import { createFileKeyStore, nodeEd25519 } from '../src/node.ts';
import { hasher } from './fixtures.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallystick-keys-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const stores: [string, () => KeyStore][] = [
  ['memory', () => createMemoryKeyStore(nodeEd25519, hasher)],
  ['memory, WebCrypto', () => createMemoryKeyStore(webCryptoEd25519(), hasher)],
  ['files', () => createFileKeyStore(folder)],
  ['files, noble', () => createFileKeyStore(folder, nobleEd25519, hasher)],
  ['files, WebCrypto', () => createFileKeyStore(join(folder, 'new', 'folder'), webCryptoEd25519(), hasher)],
];

describe.each(stores)('key store: %s', (_, make) => {
  it('loads what it created, by name', async () => {
    const store = make();
    expect(await store.load('root')).toBeUndefined();
    const root = await store.create('root');
    const device = await store.create('device');
    expect(root.device).not.toBe(device.device);
    expect(root).toMatchObject({ device: keyIdOf(root.publicKey, hasher), keyId: keyIdOf(root.publicKey, hasher) });
    const loaded = await store.load('root');
    expect(loaded).toMatchObject({ device: root.device, keyId: root.keyId });
    const message = Uint8Array.of(1, 2, 3);
    const signature = await loaded?.sign(message);
    expect(nodeEd25519.verify(root.publicKey, message, signature ?? new Uint8Array(0))).toBe(true);
  });

  it('never replaces a key, and refuses names that are paths', async () => {
    const store = make();
    const { device } = await store.create('device');
    await expect((async () => store.create('device'))()).rejects.toMatchObject({ code: 'sign/key-exists' });
    expect(await store.load('device')).toMatchObject({ device });
    for (const name of ['', '../root', 'a/b', 'Root', '.', 'a.b', 'x'.repeat(65)]) {
      await expect((async () => store.load(name))()).rejects.toMatchObject({ code: 'sign/key-name' });
      await expect((async () => store.create(name))()).rejects.toMatchObject({ code: 'sign/key-name' });
    }
  });
});

function codeOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error instanceof SignError ? error.code : error;
  }
  return undefined;
}

describe.skipIf(process.platform === 'win32')('key files', () => {
  const path = (): string => join(folder, 'device.key');

  it('are only for their owner, and nothing else is left in the folder', async () => {
    await createFileKeyStore(folder).create('device');
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['device.key']);
  });

  it('survive a reopen', async () => {
    const { device } = await createFileKeyStore(folder).create('device');
    expect(await createFileKeyStore(folder).load('device')).toMatchObject({ device });
  });

  it('are refused while others may read or write them, and fine again when not', async () => {
    await createFileKeyStore(folder).create('device');
    for (const mode of [0o640, 0o604, 0o620, 0o644, 0o660, 0o601]) {
      chmodSync(path(), mode);
      expect(() => createFileKeyStore(folder).load('device')).toThrow(
        expect.objectContaining({ code: 'sign/key-file-mode' }),
      );
    }
    chmodSync(path(), 0o400);
    expect(await createFileKeyStore(folder).load('device')).toBeDefined();
  });

  it('are refused in a folder where others may put theirs in the place of them', async () => {
    await createFileKeyStore(folder).create('device');
    for (const mode of [0o777, 0o702]) {
      chmodSync(folder, mode);
      expect(codeOf(() => createFileKeyStore(folder).load('device'))).toBe('sign/key-file-mode');
      expect(codeOf(() => createFileKeyStore(folder).create('other'))).toBe('sign/key-file-mode');
    }
    // Nobody removes the files of others where it is sticky.
    for (const mode of [0o1777, 0o755]) {
      chmodSync(folder, mode);
      expect(await createFileKeyStore(folder).load('device')).toBeDefined();
    }
    expect(readdirSync(folder)).toEqual(['device.key']);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'are refused where a group may write that is not the own one of their user',
    async () => {
      await createFileKeyStore(folder).create('device');
      const refused = (uid: number, gid: number, mode: number): unknown => {
        chownSync(folder, uid, gid);
        chmodSync(folder, mode);
        return codeOf(() => createFileKeyStore(folder).load('device'));
      };
      expect(refused(0, 12_345, 0o770)).toBe('sign/key-file-mode');
      expect(refused(12_345, 12_346, 0o770)).toBe('sign/key-file-mode');
      expect([refused(0, 12_345, 0o750), refused(0, 12_345, 0o1770)]).toEqual([undefined, undefined]);
      expect([refused(0, 0, 0o770), refused(12_345, 12_345, 0o770)]).toEqual([undefined, undefined]);
    },
  );

  it.skipIf(process.getuid?.() !== 0)(
    'are refused when they are of another user, but to root in a folder of that user',
    async () => {
      await createFileKeyStore(folder).create('device');
      chmodSync(folder, 0o755);
      // The code is read first: another user may not reach it.
      const program = `import { createFileKeyStore } from '@tallystick/sign/node';
        const [folder, uid] = process.argv.slice(1);
        process.setuid(Number(uid));
        try { createFileKeyStore(folder).load('device'); } catch (error) { console.log(error.code); }`;
      const loadAs = (uid: number): string => {
        const args = ['--input-type=module', '-e', program, folder, String(uid)];
        return execFileSync(process.execPath, args, { encoding: 'utf8' }).trim();
      };
      chownSync(path(), 12_345, 12_345);
      expect(codeOf(() => createFileKeyStore(folder).load('device'))).toBe('sign/key-file-mode');
      expect([loadAs(12_345), loadAs(12_346)]).toEqual(['', 'sign/key-storage']);
      chownSync(folder, 12_345, 12_345);
      expect(codeOf(() => createFileKeyStore(folder).load('device'))).toBeUndefined();
      chownSync(path(), 0, 0);
      expect(codeOf(() => createFileKeyStore(folder).load('device'))).toBeUndefined();
    },
  );

  it('are files, and nothing else that bears their name', async () => {
    await createFileKeyStore(folder).create('device');
    symlinkSync(path(), join(folder, 'link.key'));
    mkdirSync(join(folder, 'folder.key'), { mode: 0o700 });
    execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe.key')]);
    for (const name of ['link', 'folder', 'pipe'])
      expect(
        codeOf(() => createFileKeyStore(folder).load(name)),
        name,
      ).toBe('sign/key-storage');
  });

  it('are refused when they are damaged, in whatever place', async () => {
    await createFileKeyStore(folder).create('device');
    const text = readFileSync(path(), 'utf8');
    const digit = text.charAt(20) === 'a' ? 'b' : 'a';
    const damaged = [
      '',
      text.slice(0, -1),
      `${text}\n`,
      text.replace('key/1', 'key/2'),
      `${text.slice(0, 20)}${digit}${text.slice(21)}`,
      text.toUpperCase(),
    ];
    for (const content of damaged) {
      writeFileSync(path(), content);
      expect(() => createFileKeyStore(folder).load('device')).toThrow(
        expect.objectContaining({ code: 'sign/key-file' }),
      );
    }
  });

  it('leave nothing behind when they cannot be made', async () => {
    symlinkSync(join(folder, 'nowhere'), path());
    expect(() => createFileKeyStore(folder).create('device')).toThrow(
      expect.objectContaining({ code: 'sign/key-exists' }),
    );
    expect(readdirSync(folder)).toEqual(['device.key']);
    writeFileSync(join(folder, 'file'), '');
    expect(() => createFileKeyStore(join(folder, 'file')).create('device')).toThrow(
      expect.objectContaining({ code: 'sign/key-storage' }),
    );
    expect(() => createFileKeyStore(join(folder, 'file')).load('device')).toThrow(
      expect.objectContaining({ code: 'sign/key-storage' }),
    );
  });
});
