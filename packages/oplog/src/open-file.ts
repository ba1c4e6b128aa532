// @tallystick/oplog/open-file: the log in one append-only file for a program that begins small: appending and reading. `logFileChanges`, in `/file`, makes a whole store of it.
export { crc32c } from './crc32c.ts';
export {
  type FileLogStore,
  type FileLogStoreOptions,
  type LogFile,
  type LogFileChanges,
  openLogFile,
} from './log-file.ts';
