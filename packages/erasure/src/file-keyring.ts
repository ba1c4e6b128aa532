// A keyring in a folder: one file a subject, of mode 0600, written whole and synced; destroyed by overwriting and unlinking it.
import { closeSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ErasureError } from './errors.ts';
import {
  besideOf,
  eraseFile,
  isAbsent,
  openIfThere,
  putInPlace,
  syncFolder,
  writeBeside,
  zero,
} from './forgotten-file.ts';
import { encodeKept, parseKept } from './kept-text.ts';
import { checkSubject, type KeptSubject, type Keyring, keysOf, unlessDamaged, withKey } from './keyring.ts';
import { parseSubject, type SubjectId } from './subject-id.ts';

/**
 * Throws `erasure/store` for a file that is none of its own, or that cannot be read or written. Never put the folder into a backup: `createFolderBlobs`
 * keeps the keyring's own, which can be deleted.
 */
export function createFileKeyring(folder: string): Keyring {
  const pathOf = (subject: SubjectId): string => join(folder, `${checkSubject(subject)}.keys`);
  const read = (subject: SubjectId): KeptSubject | undefined => {
    const text = readIfThere(pathOf(subject));
    return text === undefined ? undefined : parseKept(text, subject);
  };
  const readForLast = (subject: SubjectId): KeptSubject | undefined => {
    checkSubject(subject);
    try {
      return read(subject);
    } catch (error) {
      return unlessDamaged(error);
    }
  };
  return {
    keys: (subject) => keysOf(subject, read(subject)),
    put(subjectKey) {
      const kept = withKey(read(subjectKey.subject), subjectKey);
      if (kept === undefined) return;
      storing(folder, () => write(folder, pathOf(subjectKey.subject), encodeKept(kept)));
    },
    shred(subject) {
      const kept = readForLast(subject);
      if (kept?.shredded === true) return 0;
      return storing(folder, () => {
        overwrite(pathOf(subject));
        write(folder, pathOf(subject), encodeKept({ shredded: true }));
        return kept?.keys.length ?? 0;
      });
    },
    forget(subject) {
      const kept = read(subject);
      if (kept === undefined || kept.shredded) return 0;
      return storing(folder, () => {
        overwrite(pathOf(subject));
        syncFolder(folder);
        return kept.keys.length;
      });
    },
    isShredded: (subject) => read(subject)?.shredded === true,
    subjects: () =>
      names(folder).flatMap((name) => {
        const subject = name.endsWith('.keys') ? parseSubject(name.slice(0, -5)) : undefined;
        return subject === undefined || read(subject)?.shredded !== false ? [] : [subject];
      }),
  };
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    if (isAbsent(cause)) return [];
    throw new ErasureError('erasure/store', `cannot read ${folder}`, { cause });
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (isAbsent(cause)) return undefined;
    throw new ErasureError('erasure/store', `cannot read ${path}`, { cause });
  }
}

function storing<T>(folder: string, run: () => T): T {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return run();
  } catch (cause) {
    if (cause instanceof ErasureError) throw cause;
    throw new ErasureError('erasure/store', `cannot write in ${folder}`, { cause });
  }
}

/** The bytes of the one that it replaces are zeroed. */
function write(folder: string, path: string, text: string): void {
  writeBeside(path, text);
  const before = openIfThere(path);
  try {
    putInPlace(folder, path);
    if (before !== undefined) zero(before);
  } finally {
    if (before !== undefined) closeSync(before);
  }
}

/** Also what a write that was cut off has left. */
function overwrite(path: string): void {
  for (const one of [path, besideOf(path)]) eraseFile(one);
}
