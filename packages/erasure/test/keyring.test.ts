import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeHex } from '@tallystick/oplog';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryBlobs, createMemoryKeyring, createSubject, renewKey } from '../src/index.ts';
import { createFileKeyring, createFolderBlobs } from '../src/node.ts';
import { describeBlobs } from './blobs-contract.ts';
import { describeKeyring } from './keyring-contract.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallystick-keyring-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('in memory', () => {
  describeKeyring(() => {
    const keyring = createMemoryKeyring();
    return { keyring, reopen: () => keyring };
  });
  describeBlobs(() => {
    const blobs = createMemoryBlobs();
    return { blobs, reopen: () => blobs };
  });
});

describe('in files', () => {
  const openKeyring = () => createFileKeyring(join(folder, 'keyring'));
  describeKeyring(() => ({ keyring: openKeyring(), reopen: openKeyring }));
  describeBlobs(() => ({ blobs: createFolderBlobs(folder), reopen: () => createFolderBlobs(folder) }));

  it('leaves no byte of a shredded key in any file, and lets nobody else read one', async () => {
    const keyring = openKeyring();
    const one = createSubject();
    for (const key of [one, renewKey(one)]) await keyring.put(key);
    const files = (): string[] => readdirSync(join(folder, 'keyring')).map((name) => join(folder, 'keyring', name));
    const holds = (): boolean => files().some((path) => readFileSync(path, 'utf8').includes(encodeHex(one.key)));
    expect([holds(), files().map((path) => statSync(path).mode & 0o777)]).toEqual([true, [0o600]]);
    await keyring.shred(one.subject);
    expect([holds(), files()]).toEqual([false, [join(folder, 'keyring', `${one.subject}.keys`)]]);
  });

  it('erases what a wrapped key that was cut off while it was put has left, before it says which are there', async () => {
    const blobs = createFolderBlobs(folder);
    await blobs.put('a.1', 'one');
    writeFileSync(join(folder, 'b.1.age.new'), 'a wrapped key, whole, that was not put in its place');
    expect(await blobs.names()).toEqual(['a.1']);
    expect(readdirSync(folder)).toEqual(['a.1.age']);
  });

  it('goes on with a shred that was cut off, and with others meanwhile', async () => {
    const keyring = openKeyring();
    const [one, other] = [createSubject(), createSubject()];
    for (const key of [one, other]) await keyring.put(key);
    const path = join(folder, 'keyring', `${one.subject}.keys`);
    // The keys are zeroed, and the process ends before the file says so.
    writeFileSync(path, new Uint8Array(statSync(path).size));
    expect(keyring.subjects()).toEqual([other.subject]);
    expect([keyring.keys(one.subject), keyring.shred(one.subject), keyring.isShredded(one.subject)]).toEqual([
      [],
      0,
      true,
    ]);
    writeFileSync(path, 'damaged');
    expect([keyring.shred(one.subject), keyring.isShredded(one.subject)]).toEqual([0, true]);
  });

  it('says which file is damaged, and never takes it for a shredded one', async () => {
    const keyring = openKeyring();
    const one = createSubject();
    await keyring.put(one);
    const path = join(folder, 'keyring', `${one.subject}.keys`);
    appendFileSync(path, 'x');
    expect(() => keyring.keys(one.subject)).toThrow(expect.objectContaining({ code: 'erasure/store' }));
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 40));
    expect(() => keyring.isShredded(one.subject)).toThrow(expect.objectContaining({ code: 'erasure/store' }));
  });
});
