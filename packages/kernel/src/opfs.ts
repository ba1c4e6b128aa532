/**
 * An append file in the origin private file system, for the log in a worker. The synchronous access handle is exclusive, so a second tab cannot open
 * the same log; `flush` returns when the bytes are on disk.
 */
import type { AppendFile } from '@tallystick/oplog';
import type { ImagePlace } from './driver.ts';
import { KernelError } from './errors.ts';

interface SyncHandle {
  getSize(): number;
  read(buffer: Uint8Array, options: { at: number }): number;
  write(buffer: Uint8Array, options: { at: number }): number;
  flush(): void;
  truncate(size: number): void;
  close(): void;
}

/** Opens or creates the file. Throws `kernel/storage` outside a worker, without OPFS, or while another tab holds it. */
export async function openOpfsFile(name: string): Promise<AppendFile> {
  const handle = await openHandle(name);
  return {
    size: () => handle.getSize(),
    read: (offset, length) => {
      const bytes = new Uint8Array(length);
      const count = handle.read(bytes, { at: offset });
      if (count !== length)
        throw new KernelError('kernel/storage', `${name}: read ${count} of ${length} bytes at ${offset}`);
      return bytes;
    },
    write: (offset, bytes) => void writeAll(handle, bytes, offset, name),
    flush: () => handle.flush(),
    truncate: (size) => handle.truncate(size),
    close: () => handle.close(),
  };
}

/** Images of one log; `close` lets go of the files that are open. */
export interface OpfsImages extends ImagePlace {
  close(): void;
}

/**
 * Keeps images as files named `<name>.<image>` in the origin private file system, and rows in two that take turns. Works in a worker. A save that dies
 * leaves a file that is not whole, which the next opening sees by its checksum and goes without.
 */
export function opfsImages(name: string): OpfsImages {
  const open: AppendFile[] = [];
  return {
    load: async (image) => {
      if (!(await isThere(`${name}.${image}`))) return undefined;
      const handle = await whenLetGo(() => openHandle(`${name}.${image}`));
      const bytes = new Uint8Array(handle.getSize());
      handle.read(bytes, { at: 0 });
      handle.close();
      return bytes;
    },
    save: async (image, parts) => {
      const handle = await whenLetGo(() => openHandle(`${name}.${image}`));
      try {
        handle.truncate(0);
        let at = 0;
        for (const part of parts) at += writeAll(handle, part, at, `${name}.${image}`);
        handle.flush();
      } finally {
        handle.close();
      }
    },
    openPair: async (image) => {
      try {
        const first = await whenLetGo(() => openOpfsFile(`${name}.${image}-0`));
        open.push(first);
        const second = await whenLetGo(() => openOpfsFile(`${name}.${image}-1`));
        open.push(second);
        return [first, second];
      } catch {
        return undefined;
      }
    },
    close: () => {
      for (const file of open.splice(0)) file.close();
    },
  };
}

const attempts = 200;
const attemptGapMs = 50;

/** A tab that has just been closed may hold its files a moment longer than its lock; on a slow device that is seconds. */
export async function whenLetGo<T>(open: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await open();
    } catch (error) {
      if (attempt >= attempts || !isTaken(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, attemptGapMs));
    }
  }
}

function isTaken(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof DOMException && cause.name === 'NoModificationAllowedError';
}

async function isThere(name: string): Promise<boolean> {
  const directory = await navigator.storage.getDirectory();
  return directory.getFileHandle(name).then(
    () => true,
    () => false,
  );
}

function writeAll(handle: SyncHandle, bytes: Uint8Array, at: number, name: string): number {
  const count = handle.write(bytes, { at });
  if (count !== bytes.length)
    throw new KernelError(
      'kernel/storage',
      `${name}: wrote ${count} of ${bytes.length} bytes; the disk or quota is full`,
    );
  return count;
}

async function openHandle(name: string): Promise<SyncHandle> {
  try {
    const directory = await navigator.storage.getDirectory();
    const file = (await directory.getFileHandle(name, { create: true })) as FileSystemFileHandle & {
      createSyncAccessHandle(): Promise<SyncHandle>;
    };
    return await file.createSyncAccessHandle();
  } catch (cause) {
    throw new KernelError(
      'kernel/storage',
      `cannot open ${name} in this browser: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    );
  }
}
