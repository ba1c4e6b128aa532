/** What a log and what belongs to it are called in the storage of an origin, and whether they are there. */

/** Undefined where there is none, or none now: a private window, a disk that fails. */
export function openFolder(): Promise<FileSystemDirectoryHandle | undefined> {
  return navigator.storage?.getDirectory?.().catch(() => undefined) ?? Promise.resolve(undefined);
}

export async function hasDatabase(database: string): Promise<boolean> {
  return (await globalThis.indexedDB.databases()).some((known) => known.name === database);
}

/** Whether this browser writes files at once. */
export function hasHandles(): boolean {
  return 'FileSystemFileHandle' in globalThis && 'createSyncAccessHandle' in FileSystemFileHandle.prototype;
}

export function fileOf(name: string): string {
  return `${name}.log`;
}

export function databaseOf(name: string): string {
  return `tallystick-${name}`;
}

export function noteOf(name: string): string {
  return `tallystick-${name}-in-opfs`;
}
