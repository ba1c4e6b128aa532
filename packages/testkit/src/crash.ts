/**
 * Death at a storage call: the call does not happen (or, to a file, only half of it), and nothing after it reaches the disk. What a process
 * killed there leaves behind is then opened by another.
 */
import type { BookStore, SqlDriver, Statement } from '@tallystick/kernel';
import type { AppendFile, LogStore } from '@tallystick/oplog';

/** Counts storage calls and dies at one of them. */
export interface CrashPoint {
  /** How many storage calls there were. */
  readonly calls: number;
  readonly isDead: boolean;
  /** To be called before each storage call; `torn` does what of it still reaches the disk. */
  step(torn?: () => void): void;
}

/** Dies at call number `at`, counted from 1, by calling `die`, which must not return: it throws, or it ends the process. */
export function createCrashPoint(at: number, die: () => never = throwDeath): CrashPoint {
  let calls = 0;
  return {
    get calls() {
      return calls;
    },
    get isDead() {
      return calls >= at;
    },
    step(torn) {
      if (calls >= at) die();
      calls += 1;
      if (calls < at) return;
      torn?.();
      die();
    },
  };
}

function throwDeath(): never {
  throw new Error('the process died here');
}

/** A store whose every write, of the log and of the projections, is a step of `point`. */
export function crashingStore(store: BookStore, point: CrashPoint): BookStore {
  return { ...store, sql: crashingDriver(store.sql, point), log: crashingLog(store.log, point) };
}

function crashingDriver(sql: SqlDriver, point: CrashPoint): SqlDriver {
  const statements = new Map<string, Statement>();
  const wrap = (statement: Statement): Statement => ({
    ...statement,
    run: (params) => {
      point.step();
      return statement.run(params);
    },
  });
  return {
    ...sql,
    exec: (text) => {
      point.step();
      sql.exec(text);
    },
    prepare: (text) => {
      let statement = statements.get(text);
      if (statement === undefined) statements.set(text, (statement = wrap(sql.prepare(text))));
      return statement;
    },
  };
}

const changes: ReadonlySet<PropertyKey> = new Set<keyof LogStore>([
  'append',
  'replace',
  'settle',
  'begin',
  'addReceipt',
  'setAside',
  'dropAsides',
  'setMeta',
]);

function crashingLog(log: LogStore, point: CrashPoint): LogStore {
  const entries = Object.entries(log as unknown as Record<string, (...args: unknown[]) => unknown>);
  const wrapped = entries.map(([name, method]) => [
    name,
    !changes.has(name)
      ? method
      : (...args: unknown[]) => {
          point.step();
          return method(...args);
        },
  ]);
  return Object.fromEntries(wrapped) as LogStore;
}

/** An append file in memory. `written` is what a reader of the disk would find. */
export interface MemoryFile extends AppendFile {
  written(): Uint8Array;
}

/** A write at the crash point leaves the first half of its bytes. */
export function createMemoryFile(content: Uint8Array, point: CrashPoint): MemoryFile {
  let bytes = content.slice();
  const put = (offset: number, part: Uint8Array): void => {
    const grown = new Uint8Array(Math.max(bytes.length, offset + part.length));
    grown.set(bytes);
    grown.set(part, offset);
    bytes = grown;
  };
  return {
    written: () => bytes,
    size: () => bytes.length,
    read: (offset, length) => bytes.slice(offset, offset + length),
    write: (offset, part) => {
      point.step(() => put(offset, part.subarray(0, part.length >> 1)));
      put(offset, part);
    },
    flush: () => point.step(),
    truncate: (size) => {
      point.step();
      bytes = bytes.slice(0, size);
    },
    close: () => undefined,
  };
}
