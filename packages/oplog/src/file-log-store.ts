// A log store over one append-only file (OPFS in a browser worker, a plain file in Node).
import { OplogError } from './errors.ts';
import type { AppendFile, SyncLogStore } from './log-store.ts';

export interface FileLogStore extends SyncLogStore {
  /** What opening had to cut: the offset of the tear and how many bytes stood after it. */
  readonly recovered: { readonly tornAt: number; readonly lostBytes: number } | undefined;
}

export function createFileLogStore(file: AppendFile): FileLogStore {
  throw new OplogError('store/format', `a file of ${file.size()} bytes cannot be opened yet`);
}
