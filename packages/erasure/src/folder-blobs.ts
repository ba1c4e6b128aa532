// Wrapped keys in a folder: the keyring's own backup, which forgets when it is told to.
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Blobs, checkBlobName } from './blobs.ts';
import { ErasureError } from './errors.ts';

const suffix = '.age';

/** Files of mode 0600 named `NAME.age`, each an age file in armor that `age -d` opens too. Throws `erasure/store`. */
export function createFolderBlobs(folder: string): Blobs {
  const pathOf = (name: string): string => join(folder, `${checkBlobName(name)}${suffix}`);
  return {
    get(name) {
      const path = pathOf(name);
      return orAbsent(path, () => readFileSync(path, 'utf8'));
    },
    put(name, text) {
      const path = pathOf(name);
      orAbsent(path, () => {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        const file = openSync(`${path}.new`, 'w', 0o600);
        try {
          writeFileSync(file, text);
          fsyncSync(file);
        } finally {
          closeSync(file);
        }
        renameSync(`${path}.new`, path);
        syncFolder(folder);
      });
    },
    delete(name) {
      const path = pathOf(name);
      const isGone = orAbsent(path, () => {
        const file = openSync(path, 'r+');
        try {
          const { size } = fstatSync(file);
          writeSync(file, new Uint8Array(size), 0, size, 0);
          fsyncSync(file);
        } finally {
          closeSync(file);
        }
        unlinkSync(path);
        syncFolder(folder);
        return true;
      });
      return isGone === true;
    },
    names: () =>
      (orAbsent(folder, () => readdirSync(folder)) ?? [])
        .filter((file) => file.endsWith(suffix))
        .map((file) => file.slice(0, -suffix.length))
        .sort(),
  };
}

function orAbsent<T>(path: string, run: () => T): T | undefined {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new ErasureError('erasure/store', `cannot use ${path}`, { cause });
  }
}

function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
