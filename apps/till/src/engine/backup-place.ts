// Where this till's backups lie ready on the device: a folder of the origin private file system. It is gone with the browser's data, so it counts as no
// backup; from here they go to the office and to people.
import { type BackupPlace, RecoveryError } from '@tallystick/recovery';

const folderName = 'tallystick-backup';

interface SyncHandle {
  write(buffer: Uint8Array, options: { at: number }): number;
  flush(): void;
  truncate(size: number): void;
  close(): void;
}

/** Files by name, in a folder of this origin. Works in a worker. */
export interface OwnFolder {
  names(): Promise<readonly string[]>;
  read(name: string): Promise<Uint8Array | undefined>;
  /** Flushed when it resolves. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
}

export async function openOwnFolder(name: string = folderName): Promise<OwnFolder> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(name, { create: true });
  return {
    async names() {
      const names: string[] = [];
      for await (const [file, { kind }] of entriesOf(folder)) if (kind === 'file') names.push(file);
      return names;
    },
    async read(file) {
      const handle = await folder.getFileHandle(file).catch(() => undefined);
      return handle === undefined ? undefined : new Uint8Array(await (await handle.getFile()).arrayBuffer());
    },
    async write(file, bytes) {
      const handle = (await folder.getFileHandle(file, { create: true })) as FileSystemFileHandle & {
        createSyncAccessHandle(): Promise<SyncHandle>;
      };
      const access = await handle.createSyncAccessHandle();
      try {
        access.truncate(0);
        if (access.write(bytes, { at: 0 }) !== bytes.length) throw new Error(`${file} does not fit on this device`);
        access.flush();
      } finally {
        access.close();
      }
    },
    remove: (file) => folder.removeEntry(file).catch(() => undefined),
  };
}

function entriesOf(folder: FileSystemDirectoryHandle): AsyncIterable<[string, FileSystemHandle]> {
  return (folder as unknown as { entries(): AsyncIterable<[string, FileSystemHandle]> }).entries();
}

export function ownPlace(folder: OwnFolder): BackupPlace {
  return {
    name: 'this device',
    list: () => folder.names(),
    load: (name) => folder.read(name),
    drop: (name) => folder.remove(name),
    async save(name, bytes) {
      try {
        await folder.write(name, bytes);
      } catch (cause) {
        throw new RecoveryError('recovery/place', 'this device takes no file', { cause });
      }
    },
  };
}
