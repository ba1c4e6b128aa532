/**
 * The port between the kernel and a SQLite: prepared statements, one connection, explicit transactions. The contract suite in
 * test/contract.ts is what every driver passes.
 */
import { type AppendFile, type LogStore, type MaybePromise, OplogError } from '@tallystick/oplog';
import type { KeyStore } from '@tallystick/sign';
import type { CryptoProvider } from './admitter.ts';
import { KernelError } from './errors.ts';

export type SqlValue = number | string;

export interface Statement {
  /** Runs a statement that returns no rows; answers how many rows it changed. */
  run(params: readonly SqlValue[]): number;
  /** The first row as an array of columns, or undefined. */
  get(params: readonly SqlValue[]): readonly SqlValue[] | undefined;
  /** Rows one at a time, as arrays of columns. The iterator must be run to its end or closed before the next statement. */
  iterate(params: readonly SqlValue[]): IterableIterator<readonly SqlValue[]>;
}

export interface SqlDriver {
  readonly name: string;
  exec(sql: string): void;
  /** Statements are cached by their text. */
  prepare(sql: string): Statement;
  /** Rows as objects, for integrators' own queries. Refuses anything that would write. */
  query(sql: string, params: readonly SqlValue[]): readonly Readonly<Record<string, SqlValue>>[];
  /**
   * Runs one transaction that need not be on the disk before the next one is: its loss is no harm, its half would be. What it leaves open is rolled
   * back.
   */
  withoutSync?(transaction: () => void): void;
  /** True once after another connection changed the database. */
  changedOutside(): boolean;
  close(): void;
}

/** Where one replica of a book lives: its log, its projections, and how it keeps its keys by default. */
export interface BookStore {
  readonly log: LogStore;
  readonly sql: SqlDriver;
  readonly keys?: KeyStore;
  /** What this platform hashes and signs with; pure noble when left out. */
  readonly crypto?: CryptoProvider;
  /** For projections that live in memory: what keeps them from one opening to the next. */
  readonly image?: StoreImage;
  close(): MaybePromise<void>;
}

/** Where bytes that can be made again at any time are kept, by name. A save that dies leaves what was there before, or nothing. */
export interface ImagePlace {
  load(name: string): MaybePromise<Uint8Array | undefined>;
  /** Keeps the parts, one after another, as one. */
  save(name: string, parts: readonly Uint8Array[]): MaybePromise<void>;
  /** Two files that stay open, for what need not be in memory whole; undefined where they cannot be had now. */
  openPair?(name: string): MaybePromise<readonly [AppendFile, AppendFile] | undefined>;
}

/** How a database in memory is kept and put back. Call outside a transaction. */
export interface StoreImage {
  readonly place: ImagePlace;
  /** Names the build of the program: an image that another build saved is not used. */
  readonly release: string;
  /** What was said of the rows that were kept last; '' where they are not whole, undefined where there are none. */
  load(): MaybePromise<string | undefined>;
  /** Goes on with those rows if they are whole and `accepts` says so of them, and as before if not. Call after `load`. */
  use(accepts: (found: SqlDriver) => boolean): MaybePromise<boolean>;
  /** Keeps the rows as they are, with what is to be said of them. */
  save(header: string): MaybePromise<void>;
}

/** Ends a transaction that failed, and answers whether none is open now. SQLite ends it by itself where the disk was full or memory ran out. */
export function rollBack(driver: SqlDriver): boolean {
  try {
    driver.exec('ROLLBACK');
    return true;
  } catch {
    return canBegin(driver);
  }
}

function canBegin(driver: SqlDriver): boolean {
  try {
    driver.exec('BEGIN');
    driver.exec('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}

/** SQLite's own errors, of the driver and of a log in the same database, and those of a log that took no frame, as `kernel/storage`; others as they are. */
export function storageError(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  if (cause instanceof OplogError && logFaults.has(cause.code))
    return new KernelError('kernel/storage', `the log refused to write: ${cause.message}`, cause);
  if (cause.name !== 'SqliteError') return cause;
  return new KernelError('kernel/storage', `the database refused to write: ${cause.message}`, cause);
}

/** What a log says that could not keep what it was given. */
const logFaults: ReadonlySet<string> = new Set(['store/write', 'store/moved']);
