// Wrapped keys in a folder: the keyring's own backup, which forgets when it is told to.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Blobs, checkBlobName } from './blobs.ts';
import { ErasureError } from './errors.ts';
import { besideOf, eraseFile, isAbsent, putInPlace, syncFolder, writeBeside } from './forgotten-file.ts';

const suffix = '.age';

/** For one process at a time. Files of mode 0600 named `NAME.age`, each an age file in armor that `age -d` opens too. Throws `erasure/store`. */
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
      (orAbsent(folder, () => withoutTorn(folder)) ?? [])
        .filter((file) => file.endsWith(suffix))
        .map((file) => file.slice(0, -suffix.length))
        .sort(),
  };
}

/** The files there, once what writes that were cut off have left is erased: it may open for whom the key was wrapped, and stands under no name that is ever deleted. */
function withoutTorn(folder: string): string[] {
  const files = readdirSync(folder);
  const torn = files.filter((file) => file.endsWith(besideOf(suffix)));
  for (const file of torn) eraseFile(join(folder, file));
  if (torn.length > 0) syncFolder(folder);
  return files;
}

function orAbsent<T>(path: string, run: () => T): T | undefined {
  try {
    return run();
  } catch (cause) {
    if (isAbsent(cause)) return undefined;
    throw new ErasureError('erasure/store', `cannot use ${path}`, { cause });
  }
}
