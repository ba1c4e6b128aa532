/**
 * The log of a book in a browser, wherever this browser can keep it: a file in the origin private file system, or IndexedDB where there are no
 * synchronous access handles. One tab writes; the right to is a Web Lock.
 */
import { OplogError } from '@tallystick/oplog';
import { type LogFile, type LogFileChanges, openLogFile } from '@tallystick/oplog/open-file';
import { loadActs } from './acts.ts';
import type { ImagePlace } from './driver.ts';
import { KernelError } from './errors.ts';
import { LOG_INDEX } from './image.ts';
import type * as indexedDbLog from './indexed-db-log.ts';
import { useLateFiles } from './late-files.ts';
import { notLoaded } from './load-part.ts';
import { openOpfsFile, opfsImages, whenLetGo } from './opfs.ts';

export type BrowserLogKind = 'opfs' | 'indexeddb';

export interface BrowserLogOptions {
  /** Waits until the other tab has let go, instead of throwing `kernel/locked-elsewhere`. */
  readonly wait?: boolean;
  /** Where to keep it; chosen by what this browser has when left out. */
  readonly kind?: BrowserLogKind;
}

/** Reading answers at once, writing when it is durable. */
export interface BrowserLog extends indexedDbLog.IndexedDbLog {
  readonly kind: BrowserLogKind;
  /** Beside the log, for `saveImage` of a book; see docs/snapshots.md. Undefined where there are no files. */
  readonly images: ImagePlace | undefined;
  storage(): Promise<BrowserStorage>;
}

/** What the browser says of its storage for this origin. */
export interface BrowserStorage {
  readonly kind: BrowserLogKind;
  /** False where the browser may evict everything when space is short: ask for it by `askToPersist` in a page. */
  readonly persisted: boolean;
  /** In bytes; 0 where the browser does not say. */
  readonly quotaBytes: number;
  readonly usedBytes: number;
}

/**
 * Opens or starts the log `name` of this origin. Call in a dedicated worker. Closing it, or the book on it, lets the next tab have it.
 *
 * Throws `kernel/locked-elsewhere` while another tab has it, `kernel/storage` where this browser cannot keep it, `kernel/two-logs` where it is in both
 * places with something in each: neither hides the other, and `kind` says which to open.
 */
export async function openBrowserLog(name: string, options: BrowserLogOptions = {}): Promise<BrowserLog> {
  useLateFiles();
  const letGo = await takeLock(name, options.wait ?? false);
  try {
    const kind = options.kind ?? (await chooseKind(name));
    const images = kind === 'opfs' ? opfsImages(name) : undefined;
    const log = images === undefined ? await openIndexedDbLog(name) : await openOpfsLog(name, images);
    return {
      ...log,
      kind,
      images,
      storage: () => readStorage(kind),
      close: async () => {
        images?.close();
        await log.close();
        await letGo();
      },
    };
  } catch (error) {
    await letGo();
    throw error;
  }
}

/**
 * The bytes of the log as they stand, also of one that cannot be opened, for a person to take away; undefined where there is none. Of two, without
 * `kind`, the one with more in it.
 */
export async function readBrowserLog(name: string, kind?: BrowserLogKind): Promise<Blob | undefined> {
  const file = kind === 'indexeddb' ? undefined : await readFile(name);
  const pieces = kind === 'opfs' ? undefined : await readDatabase(name);
  return (file?.size ?? -1) >= (pieces?.size ?? -1) ? file : pieces;
}

async function readFile(name: string): Promise<Blob | undefined> {
  const file = await (await openFolder())?.getFileHandle(fileOf(name)).catch(() => undefined);
  return file?.getFile();
}

async function readDatabase(name: string): Promise<Blob | undefined> {
  if (!(await hasDatabase(databaseOf(name)))) return undefined;
  const { readIndexedDbLog } = await loadIndexedDbLog();
  return new Blob([await readIndexedDbLog(databaseOf(name))]);
}

/** Asks the browser not to evict this origin. Call in a page, best when somebody has just done something worth keeping: some browsers ask the person. */
export async function askToPersist(): Promise<boolean> {
  return (await navigator.storage?.persist?.()) ?? false;
}

/** Resolves with how to let go, which is done when another tab can have the lock. */
function takeLock(name: string, wait: boolean): Promise<() => Promise<void>> {
  const { locks } = navigator as { readonly locks?: LockManager };
  if (locks === undefined)
    throw new KernelError(
      'kernel/storage',
      'a page that is not served over https, or from localhost, may keep nothing',
    );
  return new Promise((resolve, reject) => {
    const hold = (lock: Lock | null): Promise<void> | undefined => {
      if (lock === null) {
        reject(new KernelError('kernel/locked-elsewhere', `another tab has the log "${name}"`));
        return undefined;
      }
      return new Promise((end) =>
        resolve(async () => {
          end();
          await ended;
        }),
      );
    };
    const ended = locks.request(lockOf(name), { ifAvailable: !wait }, hold).then(
      () => undefined,
      (error: unknown) => reject(error as Error),
    );
  });
}

/** Once a log is somewhere it stays there: what the browser learns or forgets later must not begin a second one. */
async function chooseKind(name: string): Promise<BrowserLogKind> {
  if (!('WorkerGlobalScope' in globalThis))
    throw new KernelError('kernel/storage', 'a page cannot write files: open the log in a dedicated worker');
  const folder = await openFolder();
  const hasHandles = 'FileSystemFileHandle' in globalThis && 'createSyncAccessHandle' in FileSystemFileHandle.prototype;
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
  if (isInOpfs && !(hasHandles && folder !== undefined))
    throw new KernelError('kernel/storage', `the log "${name}" is in a file that this browser does not open now`);
  if (!isInOpfs && (folder === undefined || !hasHandles || (await hasDatabase(databaseOf(name))))) return 'indexeddb';
  // Also of a file that was begun by its kind, or by a program that made no note.
  if (!isInOpfs || !(await hasDatabase(noteOf(name)))) await noteFile(name);
  return 'opfs';
}

/** Whether there is more in a log than its first line. */
async function isBegun(bytes: Blob | undefined): Promise<boolean> {
  const start = (await bytes?.slice(0, 64).text()) ?? '';
  return (bytes?.size ?? 0) > start.indexOf('\n') + 1;
}

/** Undefined where there is none, or none now: a private window, a disk that fails. */
function openFolder(): Promise<FileSystemDirectoryHandle | undefined> {
  return navigator.storage?.getDirectory?.().catch(() => undefined) ?? Promise.resolve(undefined);
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

async function hasDatabase(database: string): Promise<boolean> {
  return (await globalThis.indexedDB.databases()).some((known) => known.name === database);
}

async function openOpfsLog(name: string, images: ImagePlace): Promise<indexedDbLog.IndexedDbLog> {
  const file = await whenLetGo(() => openOpfsFile(fileOf(name)));
  try {
    return withChanges(openLogFile(file, { index: await images.load(LOG_INDEX) }));
  } catch (error) {
    file.close();
    throw error;
  }
}

const changes: readonly (keyof LogFileChanges)[] = [
  'replace',
  'settle',
  'begin',
  'unsettle',
  'addReceipt',
  'setAside',
  'dropAsides',
];

/** What asks for them has loaded the acts before; a program that does so by its own hand may wait, or be told `kernel/not-loaded`. */
function withChanges(opened: LogFile): indexedDbLog.IndexedDbLog {
  const late = changes.map((name) => [
    name,
    async (...args: unknown[]) => {
      const { logFileChanges } = await loadActs();
      (logFileChanges(opened)[name] as (...given: unknown[]) => void)(...args);
    },
  ]);
  return { ...opened.log, ...(Object.fromEntries(late) as LogFileChanges) };
}

async function openIndexedDbLog(name: string): Promise<indexedDbLog.IndexedDbLog> {
  const [{ createIndexedDbLog }, { createFileLogStore }] = await Promise.all([loadIndexedDbLog(), loadActs()]);
  return createIndexedDbLog(databaseOf(name), { createFileLogStore, OplogError });
}

async function readStorage(kind: BrowserLogKind): Promise<BrowserStorage> {
  const { quota = 0, usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  const persisted = (await navigator.storage?.persisted?.()) ?? false;
  return { kind, persisted, quotaBytes: quota, usedBytes: usage };
}

/** For a browser that cannot write files. Throws `kernel/not-loaded` where its code cannot be had. */
async function loadIndexedDbLog(): Promise<typeof indexedDbLog> {
  try {
    return await import('./indexed-db-log.ts');
  } catch (cause) {
    throw notLoaded('indexed-db-log', cause);
  }
}

function lockOf(name: string): string {
  return `tallystick/${name}`;
}
function fileOf(name: string): string {
  return `${name}.log`;
}
function databaseOf(name: string): string {
  return `tallystick-${name}`;
}
function noteOf(name: string): string {
  return `tallystick-${name}-in-opfs`;
}
