// Wrapped keys in a folder: the keyring's own backup, which forgets when it is told to.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Blobs, checkBlobName } from './blobs.ts';
import { ErasureError } from './errors.ts';
import { eraseFile, isAbsent, putInPlace, syncFolder, writeBeside } from './forgotten-file.ts';

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
        writeBeside(path, text);
        putInPlace(folder, path);
      });
    },
    delete(name) {
      const path = pathOf(name);
      const isGone = orAbsent(path, () => {
        if (!eraseFile(path)) return false;
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
    if (isAbsent(cause)) return undefined;
    throw new ErasureError('erasure/store', `cannot use ${path}`, { cause });
  }
}
