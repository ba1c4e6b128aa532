// @tallystick/oplog/file: the log store in one append-only file, OPFS's or Node's. Portable; in Node `createNodeAppendFile` opens the file.
export { crc32c } from './crc32c.ts';
export { createFileLogStore } from './file-log-store.ts';
export type { FramedFileOptions, Recovery } from './framed-file.ts';
export { type FileSalvage, isLogFile, salvageLogFile } from './file-salvage.ts';
export type { FileLogStore, FileLogStoreOptions } from './log-file.ts';
export { logFileChanges } from './log-file-changes.ts';
