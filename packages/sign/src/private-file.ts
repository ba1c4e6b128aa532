// Files that only their owner can read, made whole and synced or not at all.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { encodeHex } from '@tallystick/oplog';
import { SignError } from './errors.ts';

/**
 * Its text, or undefined where there is none. Throws `sign/key-file-mode` while others than its owner may use it, or put another in its place, and
 * `sign/key-storage` for what is no file: a link, a folder, a pipe.
 */
export function readPrivateFile(path: string): string | undefined {
  const file = openIfThere(path);
  if (file === undefined) return undefined;
  try {
    const folder = statSync(dirname(path));
    // Of the open file, not of the path: nobody can exchange it in between.
    mustBePrivate(path, fstatSync(file), folder);
    mustBeKeptFromOthers(dirname(path), folder);
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof SignError) throw cause;
    throw new SignError('sign/key-storage', `cannot read ${path}`, { cause });
  } finally {
    closeSync(file);
  }
}

const root = 0;

function mustBePrivate(path: string, stats: Stats, folder: Stats): void {
  if (!stats.isFile()) throw new SignError('sign/key-storage', `${path} is no file`);
  // Windows has neither such modes nor such owners.
  if (process.platform === 'win32') return;
  const mode = stats.mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw new SignError('sign/key-file-mode', `${path} has mode ${mode.toString(8)}; only its owner may read it (600)`);
  }
  // Root may work on anybody's books, whose keys are those of whoever owns the folder.
  const self = process.getuid?.();
  const owners = [root, self, self === root ? folder.uid : root];
  if (!owners.includes(stats.uid)) {
    throw new SignError('sign/key-file-mode', `${path} belongs to user ${stats.uid}, who is another one`);
  }
}

/**
 * In a sticky folder nobody removes the files of others. A group that may write is root's or the user's own, which has the user's number; any other
 * may have further members.
 */
function mustBeKeptFromOthers(path: string, { gid, mode, uid }: Stats): void {
  if (process.platform === 'win32' || (mode & 0o1000) !== 0) return;
  const isOwnGroup = [root, uid, process.getuid?.()].includes(gid);
  if ((mode & (isOwnGroup ? 0o002 : 0o022)) === 0) return;
  const shown = (mode & 0o777).toString(8);
  throw new SignError('sign/key-file-mode', `others may write in ${path}, which has mode ${shown}; keys take 700`);
}

function openIfThere(path: string): number | undefined {
  // Not through a link, and without waiting for whoever writes into a pipe. Windows has neither flag.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  try {
    return openSync(path, flags);
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
    mustBeKeptFromOthers(dirname(path), statSync(dirname(path)));
    writeDurably(temporary, text);
    try {
      linkSync(temporary, path);
    } finally {
      unlinkSync(temporary);
    }
    syncFolder(dirname(path));
  } catch (cause) {
    if (cause instanceof SignError) throw cause;
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
