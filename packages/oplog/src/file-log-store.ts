// The log store over one append-only file, whole: what log-file.ts opens, with all changes.
import { type FileLogStore, type FileLogStoreOptions, openLogFile } from './log-file.ts';
import { logFileChanges } from './log-file-changes.ts';
import type { AppendFile } from './log-store.ts';

/** Opens or starts the log in `file`, which must be this store's alone until `close`. */
export function createFileLogStore(file: AppendFile, options: FileLogStoreOptions = {}): FileLogStore {
  const opened = openLogFile(file, options);
  return { ...opened.log, ...logFileChanges(opened) };
}
