// Key files under a passphrase, in age's own form.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileKeyStore, createSealedKeyStore, resealKeyFile } from '@tallystick/sign/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPassphraseSeal } from '../src/index.ts';
import { minted, openBook } from './fixtures.ts';

let folder: string;
const path = (): string => join(folder, 'device.key');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallystick-sealed-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const sealOf = (passphrase: string) => createPassphraseSeal({ passphrase: () => passphrase, workFactor: 10 });
const storeOf = (passphrase: string) => createSealedKeyStore(folder, { seal: sealOf(passphrase) });
const right = 'correct horse battery staple';

describe.skipIf(process.platform === 'win32')('a key file under a passphrase', () => {
  it('signs again after a restart, for whoever knows the passphrase', async () => {
    const key = await storeOf(right).create('device');
    const signsAgain = await openBook(key);
    expect(await signsAgain(minted(await storeOf(right).load('device')))).toBe(true);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(readFileSync(path(), 'utf8')).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
  });

  it('asks each time, later if it must, and says what was wrong', async () => {
    const asked: number[] = [];
    const seal = createPassphraseSeal({
      async passphrase() {
        asked.push(asked.length);
        return asked.length === 2 ? 'a wrong passphrase' : right;
      },
      workFactor: 10,
    });
    const store = createSealedKeyStore(folder, { seal });
    await store.create('device');
    await expect(store.load('device')).rejects.toMatchObject({
      code: 'sign/key-seal',
      cause: { code: 'custody/no-match' },
    });
    expect(await store.load('device')).toBeDefined();
    expect(asked).toHaveLength(3);
  });

  it('is refused when damaged, when plain, and when others may read it', async () => {
    await storeOf(right).create('device');
    const text = readFileSync(path(), 'utf8');
    const failure = async (): Promise<unknown> =>
      Promise.resolve(storeOf(right).load('device')).catch((error: unknown) => error);
    chmodSync(path(), 0o604);
    expect(await failure()).toMatchObject({ code: 'sign/key-file-mode' });
    chmodSync(path(), 0o600);
    const lines = text.split('\n');
    const last = minted(lines.at(-3));
    const damaged = lines.with(lines.length - 3, (last.startsWith('A') ? 'B' : 'A') + last.slice(1)).join('\n');
    for (const [content, code] of [
      [damaged, 'custody/damaged'],
      [text.slice(0, 200), 'custody/not-sealed'],
      ['', 'custody/not-sealed'],
    ]) {
      writeFileSync(path(), minted(content));
      expect(await failure()).toMatchObject({ code: 'sign/key-seal', cause: { code } });
    }
    rmSync(path());
    await createFileKeyStore(folder).create('device');
    expect(await failure()).toMatchObject({ code: 'sign/key-seal', cause: { code: 'custody/not-sealed' } });
  });

  it('is not made with a passphrase that can be guessed', async () => {
    for (const weak of ['', '1234', 'password123']) {
      await expect(storeOf(weak).create('device')).rejects.toMatchObject({
        code: 'sign/key-seal',
        cause: { code: 'custody/passphrase' },
      });
    }
    expect(existsSync(path())).toBe(false);
  });

  it('takes the place of a plain one, and changes its passphrase', async () => {
    const { device } = await createFileKeyStore(folder).create('device');
    await resealKeyFile(folder, 'device', sealOf(right));
    await resealKeyFile(folder, 'device', sealOf('another long passphrase'), sealOf(right));
    expect(await storeOf('another long passphrase').load('device')).toMatchObject({ device });
    await expect(storeOf(right).load('device')).rejects.toMatchObject({ cause: { code: 'custody/no-match' } });
  });

  // A quarter of a gigabyte and some seconds where the code is instrumented.
  it('costs what age asks for by default', async () => {
    const sealed = await createPassphraseSeal({ passphrase: () => right }).seal('text');
    const header = Buffer.from(sealed.replaceAll(/-----.*-----|\n/g, ''), 'base64').toString('latin1');
    expect(header).toMatch(/^age-encryption\.org\/v1\n-> scrypt \S+ 18\n/);
  });
});
