/**
 * The log of a book in a browser, wherever this browser can keep it: a file in the origin private file system, or IndexedDB where there are no
 * synchronous access handles. One tab writes; the right to is a Web Lock.
 */
import { type LogFile, type LogFileChanges, openLogFile } from '@tallystick/oplog/open-file';
import { loadActs } from './acts.ts';
import type { ImagePlace } from './driver.ts';
import { KernelError } from './errors.ts';
import { LOG_INDEX } from './image.ts';
import type { IndexedDbLog } from './indexed-db-log.ts';
import { useLateFiles } from './late-files.ts';
import { databaseOf, fileOf, hasDatabase, hasHandles, noteOf, openFolder } from './log-place-names.ts';
import { openOpfsFile, opfsImages, whenLetGo } from './opfs.ts';

export type BrowserLogKind = 'opfs' | 'indexeddb';

export interface BrowserLogOptions {
  /** Waits until the other tab has let go, instead of throwing `kernel/locked-elsewhere`. */
  readonly wait?: boolean;
  /** Where to keep it; chosen by what this browser has when left out. */
  readonly kind?: BrowserLogKind;
}

/** Reading answers at once, writing when it is durable. */
export interface BrowserLog extends IndexedDbLog {
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
    const kind = options.kind ?? ((await isInFile(name)) ? 'opfs' : await (await loadActs()).chooseKind(name));
    const images = kind === 'opfs' ? opfsImages(name) : undefined;
    const log =
      images === undefined ? await (await loadActs()).openIndexedDbLog(name) : await openOpfsLog(name, images);
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
  useLateFiles();
  const { readFile, readDatabase } = await loadActs();
  const file = kind === 'indexeddb' ? undefined : await readFile(name);
  const pieces = kind === 'opfs' ? undefined : await readDatabase(name);
  return (file?.size ?? -1) >= (pieces?.size ?? -1) ? file : pieces;
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

/** Whether the log is where it nearly always is: in a file that has its note, and in no database besides. Where it is in any other case, log-place.ts says. */
async function isInFile(name: string): Promise<boolean> {
  if (!('WorkerGlobalScope' in globalThis) || !hasHandles()) return false;
  const handle = await (await openFolder())?.getFileHandle(fileOf(name)).catch(() => undefined);
  return handle !== undefined && (await hasDatabase(noteOf(name))) && !(await hasDatabase(databaseOf(name)));
}

async function openOpfsLog(name: string, images: ImagePlace): Promise<IndexedDbLog> {
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
  'encodeIndex',
];

/** What asks for them has loaded the acts before; a program that does so by its own hand may wait, or be told `kernel/not-loaded`. */
function withChanges(opened: LogFile): IndexedDbLog {
  const late = changes.map((name) => [
    name,
    async (...args: unknown[]) => {
      const { logFileChanges } = await loadActs();
      return (logFileChanges(opened)[name] as (...given: unknown[]) => unknown)(...args);
    },
  ]);
  return { ...opened.log, ...(Object.fromEntries(late) as LogFileChanges) };
}

async function readStorage(kind: BrowserLogKind): Promise<BrowserStorage> {
  const { quota = 0, usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  const persisted = (await navigator.storage?.persisted?.()) ?? false;
  return { kind, persisted, quotaBytes: quota, usedBytes: usage };
}

function lockOf(name: string): string {
  return `tallystick/${name}`;
}
