// A keyring in the origin private file system, for workers: a file a subject, zeroed in its place before it goes, which a database of the browser does not do.
import { ErasureError } from './errors.ts';
import { encodeKept, parseKept } from './kept-text.ts';
import { checkSubject, type KeptSubject, type Keyring, keysOf, unlessDamaged, withKey } from './keyring.ts';
import { parseSubject, type SubjectId } from './subject-id.ts';

interface SyncHandle {
  getSize(): number;
  read(buffer: Uint8Array, options: { at: number }): number;
  write(buffer: Uint8Array, options: { at: number }): number;
  flush(): void;
  truncate(size: number): void;
  close(): void;
}

interface Folder {
  getDirectoryHandle(name: string, options: { create: true }): Promise<Folder>;
  getFileHandle(name: string, options: { create: boolean }): Promise<{ createSyncAccessHandle(): Promise<SyncHandle> }>;
  removeEntry(name: string): Promise<void>;
  keys(): AsyncIterable<string>;
}

/** One handle at a time may have it open, in one worker. Throws `erasure/store` outside a worker, without the file system, or where the file is another's. */
export function createOpfsKeyring(folderName = 'tallystick-keyring'): Keyring {
  const nameOf = (subject: SubjectId): string => `${checkSubject(subject)}.keys`;
  let last: Promise<unknown> = Promise.resolve();
  /** One after another: a file has one handle. */
  const inTurn = <T>(work: (folder: Folder) => Promise<T>): Promise<T> => {
    const done = last.then(async () => {
      try {
        const root = (await navigator.storage.getDirectory()) as unknown as Folder;
        return await work(await root.getDirectoryHandle(folderName, { create: true }));
      } catch (cause) {
        if (cause instanceof ErasureError) throw cause;
        throw new ErasureError('erasure/store', `cannot use the keyring ${folderName}`, { cause });
      }
    });
    last = done.catch(() => undefined);
    return done;
  };

  async function read(folder: Folder, subject: SubjectId): Promise<KeptSubject | undefined> {
    const bytes = await withFile(folder, nameOf(subject), false, (file) => {
      const all = new Uint8Array(file.getSize());
      file.read(all, { at: 0 });
      return all;
    });
    if (bytes === undefined) return undefined;
    const text = new TextDecoder().decode(bytes);
    // Of a write that was cut off the last line is not whole: its key was not kept yet, for `put` had not answered.
    return parseKept(text.slice(0, text.lastIndexOf('\n') + 1), subject);
  }

  async function write(folder: Folder, subject: SubjectId, kept: KeptSubject | undefined): Promise<void> {
    await withFile(folder, nameOf(subject), true, (file) => {
      const text = new TextEncoder().encode(kept === undefined ? '' : encodeKept(kept));
      // A text that grows keeps its beginning, so that a write that is cut off loses no key that was there.
      if (kept === undefined || kept.shredded) {
        file.write(new Uint8Array(file.getSize()), { at: 0 });
        file.flush();
      }
      file.write(text, { at: 0 });
      file.truncate(text.length);
      file.flush();
    });
    if (kept === undefined) await folder.removeEntry(nameOf(subject));
  }

  return {
    keys: (subject) => inTurn(async (folder) => keysOf(subject, await read(folder, subject))),
    put: (key) =>
      inTurn(async (folder) => {
        const kept = withKey(await read(folder, key.subject), key);
        if (kept !== undefined) await write(folder, key.subject, kept);
      }),
    shred: (subject) =>
      inTurn(async (folder) => {
        const kept = await read(folder, subject).catch(unlessDamaged<KeptSubject>);
        if (kept?.shredded === true) return 0;
        await write(folder, subject, { shredded: true });
        return kept?.keys.length ?? 0;
      }),
    forget: (subject) =>
      inTurn(async (folder) => {
        const kept = await read(folder, subject);
        if (kept === undefined || kept.shredded) return 0;
        await write(folder, subject, undefined);
        return kept.keys.length;
      }),
    isShredded: (subject) => inTurn(async (folder) => (await read(folder, subject))?.shredded === true),
    subjects: () =>
      inTurn(async (folder) => {
        const found: SubjectId[] = [];
        for await (const name of folder.keys()) {
          const subject = name.endsWith('.keys') ? parseSubject(name.slice(0, -5)) : undefined;
          if (subject !== undefined && (await read(folder, subject))?.shredded === false) found.push(subject);
        }
        return found.sort();
      }),
  };
}

/** Undefined where there is no such file and none is to be made. */
async function withFile<T>(
  folder: Folder,
  name: string,
  create: boolean,
  work: (file: SyncHandle) => T,
): Promise<T | undefined> {
  const found = await folder.getFileHandle(name, { create }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
    throw error;
  });
  const file = await found?.createSyncAccessHandle();
  if (file === undefined) return undefined;
  try {
    return work(file);
  } finally {
    file.close();
  }
}
