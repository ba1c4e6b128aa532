/**
 * Where a log is in a browser that has it in another place than nearly all have it, and where a new one begins: loaded with the acts, which a new book needs too.
 */
import type { BrowserLogKind } from './browser-log.ts';
import { KernelError } from './errors.ts';
import { createIndexedDbLog, type IndexedDbLog, readIndexedDbLog } from './indexed-db-log.ts';
import { databaseOf, fileOf, hasDatabase, hasHandles, noteOf, openFolder } from './log-place-names.ts';

/** Once a log is somewhere it stays there: what the browser learns or forgets later must not begin a second one. */
export async function chooseKind(name: string): Promise<BrowserLogKind> {
  if (!('WorkerGlobalScope' in globalThis))
    throw new KernelError('kernel/storage', 'a page cannot write files: open the log in a dedicated worker');
  const folder = await openFolder();
  const canWrite = hasHandles();
  const isInOpfs =
    folder === undefined
      ? await hasDatabase(noteOf(name))
      : (await folder.getFileHandle(fileOf(name)).catch(() => undefined)) !== undefined;
  const isInBoth = isInOpfs && (await hasDatabase(databaseOf(name)));
  if (isInBoth && (await isBegun(await readDatabase(name)))) {
    if (folder === undefined || (await isBegun(await readFile(name))))
      throw new KernelError('kernel/two-logs', `there is a log "${name}" in a file and one in IndexedDB`);
    return 'indexeddb';
  }
  if (isInOpfs && !(canWrite && folder !== undefined))
    throw new KernelError('kernel/storage', `the log "${name}" is in a file that this browser does not open now`);
  if (!isInOpfs && (folder === undefined || !canWrite || (await hasDatabase(databaseOf(name))))) return 'indexeddb';
  // Also of a file that was begun by its kind, or by a program that made no note.
  if (!isInOpfs || !(await hasDatabase(noteOf(name)))) await noteFile(name);
  return 'opfs';
}

/** Whether there is more in a log than its first line. */
async function isBegun(bytes: Blob | undefined): Promise<boolean> {
  const start = (await bytes?.slice(0, 64).text()) ?? '';
  return (bytes?.size ?? 0) > start.indexOf('\n') + 1;
}

/** A folder that cannot be opened does not say whether the log is in it, so an empty database says it before the file is made. */
function noteFile(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const opening = globalThis.indexedDB.open(noteOf(name), 1);
    opening.onerror = () => reject(opening.error ?? new Error(`database ${noteOf(name)} does not open`));
    opening.onsuccess = () => {
      opening.result.close();
      resolve();
    };
  });
}

/** The bytes of the log in the file as they stand; undefined where there is none. */
export async function readFile(name: string): Promise<Blob | undefined> {
  const file = await (await openFolder())?.getFileHandle(fileOf(name)).catch(() => undefined);
  return file?.getFile();
}

/** The same of the log in IndexedDB. */
export async function readDatabase(name: string): Promise<Blob | undefined> {
  if (!(await hasDatabase(databaseOf(name)))) return undefined;
  return new Blob([await readIndexedDbLog(databaseOf(name))]);
}

export function openIndexedDbLog(name: string): Promise<IndexedDbLog> {
  return createIndexedDbLog(databaseOf(name));
}
