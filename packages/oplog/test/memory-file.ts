// An append file in memory that can fail, lose its tail and be looked at.
import type { AppendFile } from '@tallystick/oplog';

export interface Faults {
  /** Throws from the next `write` after this many of its bytes were written. */
  failWriteAfter?: number;
  failFlush?: boolean;
  failTruncate?: boolean;
}

export interface MemoryFile extends AppendFile {
  readonly faults: Faults;
  contents(): Uint8Array;
  readonly flushes: () => number;
}

export function createMemoryFile(start: Uint8Array = new Uint8Array(0)): MemoryFile {
  let bytes = start.slice();
  let flushes = 0;
  const faults: Faults = {};

  function put(offset: number, part: Uint8Array): void {
    const grown = new Uint8Array(Math.max(bytes.length, offset + part.length));
    grown.set(bytes);
    grown.set(part, offset);
    bytes = grown;
  }

  function write(offset: number, part: Uint8Array): void {
    const { failWriteAfter } = faults;
    if (failWriteAfter === undefined) return put(offset, part);
    delete faults.failWriteAfter;
    put(offset, part.subarray(0, failWriteAfter));
    throw new Error('ENOSPC: no space left on device');
  }

  function flush(): void {
    if (faults.failFlush === true) throw new Error('EIO: i/o error');
    flushes += 1;
  }

  function truncate(size: number): void {
    if (faults.failTruncate === true) throw new Error('EIO: i/o error');
    bytes = bytes.slice(0, size);
  }

  function read(offset: number, length: number): Uint8Array {
    if (offset + length > bytes.length) throw new RangeError(`no ${length} bytes at ${offset}`);
    return bytes.slice(offset, offset + length);
  }

  return {
    faults,
    contents: () => bytes.slice(),
    flushes: () => flushes,
    size: () => bytes.length,
    read,
    write,
    flush,
    truncate,
    close: () => undefined,
  };
}
