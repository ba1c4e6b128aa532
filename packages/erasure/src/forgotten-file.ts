// What a file that must be forgettable asks of a file system: whole when it is written, zeros in its place when it goes.
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

/** Beside the path and synced; `putInPlace` renames it there. */
export function writeBeside(path: string, text: string): void {
  const file = openSync(besideOf(path), constants.O_CREAT | constants.O_WRONLY | constants.O_TRUNC, 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A reader sees the old file or the new one, whole. */
export function putInPlace(folder: string, path: string): void {
  renameSync(besideOf(path), path);
  syncFolder(folder);
}

export function besideOf(path: string): string {
  return `${path}.new`;
}

/** Zeros in the place of what is there, on the disk before this returns, and then no file. Whether there was one. */
export function eraseFile(path: string): boolean {
  const file = openIfThere(path);
  if (file === undefined) return false;
  try {
    zero(file);
  } finally {
    closeSync(file);
  }
  unlinkSync(path);
  return true;
}

export function zero(file: number): void {
  const size = fstatSync(file).size;
  writeSync(file, new Uint8Array(size), 0, size, 0);
  fsyncSync(file);
}

export function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0));
  } catch (cause) {
    if (isAbsent(cause)) return undefined;
    throw cause;
  }
}

/** Windows lets nobody open a folder; it makes a rename durable by itself. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

export function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
