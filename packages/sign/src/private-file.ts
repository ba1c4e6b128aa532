// Files that only their owner can read, made whole and synced or not at all.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { encodeHex } from '@tallystick/oplog';
import { SignError } from './errors.ts';

/** Its text, or undefined where there is none. Throws `sign/key-file-mode` while others than its owner may use it. */
export function readPrivateFile(path: string): string | undefined {
  const file = openIfThere(path);
  if (file === undefined) return undefined;
  try {
    // The mode of the open file, not of the path: nobody can exchange it in between. Windows has no such modes.
    const mode = fstatSync(file).mode & 0o777;
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new SignError(
        'sign/key-file-mode',
        `${path} has mode ${mode.toString(8)}; only its owner may read it (600)`,
      );
    }
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined;
    throw new SignError('sign/key-storage', `cannot open ${path}`, { cause });
  }
}

/** Writes beside the path and links into place: a reader sees the whole file or none, and an older key is never replaced. */
export function writeNewFile(path: string, text: string): void {
  const temporary = `${path}.${encodeHex(randomBytes(8))}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeDurably(temporary, text);
    try {
      linkSync(temporary, path);
    } finally {
      unlinkSync(temporary);
    }
    syncFolder(dirname(path));
  } catch (cause) {
    // A file in the place of the folder is EEXIST as well, but not of this path.
    const exists = isErrno(cause, 'EEXIST') && 'dest' in cause && cause.dest === path;
    if (exists) throw new SignError('sign/key-exists', `there is a key ${path} already`, { cause });
    throw new SignError('sign/key-storage', `cannot write ${path}`, { cause });
  }
}

/** Puts another text in the place of the one that is there: a reader sees one or the other, whole. */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${encodeHex(randomBytes(8))}.new`;
  try {
    writeDurably(temporary, text);
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (cause) {
    throw new SignError('sign/key-storage', `cannot replace ${path}`, { cause });
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
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

function isErrno(error: unknown, code: string): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && error.code === code;
}
