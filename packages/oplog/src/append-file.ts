// An `AppendFile` on a Node file descriptor.
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AppendFile } from './log-store.ts';

/** Opens or creates the file at `path`. One writer at a time: the file store notices a second one but cannot keep it out. */
export function createNodeAppendFile(path: string): AppendFile {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  syncDirectory(dirname(path));

  function read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = readSync(fd, bytes, done, length - done, offset + done);
      if (count === 0) throw new RangeError(`${path} ends at ${offset + done}, before ${offset + length}`);
      done += count;
    }
    return bytes;
  }

  function write(offset: number, bytes: Uint8Array): void {
    let done = 0;
    while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
  }

  return {
    size: () => fstatSync(fd).size,
    read,
    write,
    flush: () => fsyncSync(fd),
    truncate: (size) => ftruncateSync(fd, size),
    close: () => closeSync(fd),
  };
}

/** A new file is durable only when the folder that names it is. */
function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
