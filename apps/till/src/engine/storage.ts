// The log file of this device and the SQL engine beside it.
import { openOpfsFile } from '@tallystick/kernel/browser';
import type { AppendFile } from '@tallystick/oplog';
import { createFileLogStore, type FileLogStore } from '@tallystick/oplog/file';
import initSqlJs, { type SqlJsStatic } from 'sql.js';
import sqliteAddress from 'sql.js/dist/sql-wasm-browser.wasm?url';

export interface LogFile {
  readonly file: AppendFile;
  readonly log: FileLogStore;
}

const fileName = 'tallystick.log';
const openAttempts = 40;
const attemptGapMs = 50;

/**
 * Opens the log. A tab that has just been closed may hold its file a moment longer than its lock, so a file that is taken is
 * tried again for two seconds; anything else fails at once.
 */
export async function openLogFile(): Promise<LogFile> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const file = await openOpfsFile(fileName);
      return { file, log: openLog(file) };
    } catch (error) {
      if (attempt >= openAttempts || !isTaken(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, attemptGapMs));
    }
  }
}

/** The bytes of the log as they stand, for a file that could not be opened as one; undefined where there is none. */
export async function readLogBytes(): Promise<Uint8Array | undefined> {
  const folder = await navigator.storage.getDirectory();
  const handle = await folder.getFileHandle(fileName).catch(() => undefined);
  const file = await handle?.getFile();
  return file === undefined ? undefined : new Uint8Array(await file.arrayBuffer());
}

export function loadSqlite(): Promise<SqlJsStatic> {
  return initSqlJs({ locateFile: () => sqliteAddress });
}

/** A file that cannot be read as a log is let go of again, so that it can be exported or tried again. */
function openLog(file: AppendFile): FileLogStore {
  try {
    return createFileLogStore(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

function isTaken(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof DOMException && cause.name === 'NoModificationAllowedError';
}
