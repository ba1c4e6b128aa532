// The relay store on SQLite: WAL, synchronous=FULL, one transaction for all batches of an append. Plain tables; in memory are where the logs stand, and the small batches
// that are not yet in the tables of their logs.
import { existsSync } from 'node:fs';
import { type BookId, type DeviceId, encodeHex, type OpHash, type Scope } from '@tallystick/oplog';
import Database from 'better-sqlite3';
import { RelayError } from './errors.ts';
import { createSqliteKeys } from './sqlite-keys.ts';
import {
  blobToRoot,
  type CosignatureRow,
  hexToBlob,
  type LogRow,
  openDatabase,
  prepare,
  readChain,
  readEnds,
  readHolder,
  readPlace,
  readRecords,
  readWaiting,
  type Statements,
  writeBatches,
  writeEnrolments,
} from './sqlite-tables.ts';
import {
  type BatchEnd,
  batchesOf,
  encodeWaiting,
  extendWaiting,
  mayWait,
  openWaiting,
  tileName,
  type Waiting,
} from './sqlite-waiting.ts';
import type { Batch, LogState, LogTables, PageLimits, RelayStore } from './store.ts';

/** Where they stand is kept in memory: some 600 bytes each. */
const maxKnownLogs = 16_384;
const defaultMaxOpsWaiting = 8_192;
/** So many times as many ops are in rows at most: those of busy logs stay in theirs while a quiet one waits in a row before them. */
const mostRowsOfWaiting = 4;
/** 1 MiB: what one step of a backup holds everybody else up for. */
const backupPages = 256;

/** A log, by its number in the tables. */
interface Known {
  readonly log: number;
  readonly state: LogState;
}

export interface SqliteRelayStoreOptions {
  /** How long to wait for a process that has the file open, such as one that is just stopping. Default 5,000. */
  readonly busyTimeoutMs?: number;
  /** Ops that are durable and not yet in the tables of their logs: so many are in memory, and read again at a start. Default 8,192. */
  readonly maxOpsWaiting?: number;
}

export interface SqliteRelayStore extends RelayStore {
  /** Copies all of it as it is at some moment of the call into a new file, while it is in use; the copy is one file and on the disk when it resolves. */
  backup(path: string): Promise<void>;
}

/** Opens or makes the database file. One process at a time: a second one gets `relay/store-busy`. */
export function createSqliteRelayStore(path: string, options: SqliteRelayStoreOptions = {}): SqliteRelayStore {
  const { busyTimeoutMs = 5_000, maxOpsWaiting = defaultMaxOpsWaiting } = options;
  const areLogsNew = !existsSync(path);
  const db = openDatabase(path, busyTimeoutMs);
  const logs = storeIn(db, maxOpsWaiting);
  const keys = createSqliteKeys(path, areLogsNew);
  const close = (): void => {
    keys.close();
    db.close();
  };
  return { ...logs, keys, close, backup: (copy) => backupTo(db, copy) };
}

/** In steps, between which pushes are taken: they are in the copy, too. */
async function backupTo(db: Database.Database, path: string): Promise<void> {
  await db.backup(path, { progress: () => backupPages });
  const copy = new Database(path);
  // No log beside it: whoever copies the file has all of it.
  copy.pragma('journal_mode = DELETE');
  copy.close();
}

/** A fold of what is durable elsewhere, in the same tables, with its database: after a crash it is whole, and may lack the latest appends. */
export function openSqliteFold(path: string): { readonly store: LogTables; readonly db: Database.Database } {
  const db = openDatabase(path, 5_000);
  db.pragma('synchronous = NORMAL');
  // Its appends are part of greater transactions, and what is in memory would not be undone with them.
  return { store: storeIn(db, 0), db };
}

function storeIn(db: Database.Database, maxOpsWaiting: number): LogTables {
  const sql = prepare(db);
  const logs = createLogs(sql, maxOpsWaiting > 0);
  const append = createAppend(db, sql, logs, maxOpsWaiting);
  const { find, waitingOf } = logs;
  return {
    adoptIdentity(vkey) {
      sql.adopt.run(vkey);
      return sql.identity.get() as string;
    },
    bookCount: () => sql.bookCount.get() as number,
    storedBytes(book) {
      let total = sql.storedBytes.get(hexToBlob(book)) as number;
      for (const { batches, ends } of logs.waiting.values())
        if (batches[0]?.book === book) for (const { bytes } of ends) total += bytes;
      return total;
    },
    scopes: (book) =>
      (sql.scopes.all(hexToBlob(book)) as { scope: Scope; size: number }[]).map(({ scope, size }) => ({
        scope,
        size: waitingOf(book, scope)?.state.size ?? size,
      })),
    log: (book, scope) => find(book, scope)?.state,
    chains(book, scope, devices) {
      const log = find(book, scope)?.log;
      const chains = waitingOf(book, scope)?.chains;
      return collect(
        log === undefined ? [] : devices,
        (device) => chains?.get(device) ?? readChain(sql, log as number, device),
      );
    },
    find(book, scope, hashes) {
      const log = find(book, scope)?.log;
      const placed = waitingOf(book, scope)?.placed;
      return collect(
        log === undefined ? [] : hashes,
        (hash) => placed?.get(hash) ?? readPlace(sql, log as number, hash),
      );
    },
    append,
    claims(book, scope, tokens) {
      const log = find(book, scope)?.log;
      return collect(log === undefined ? [] : tokens, (token) => readHolder(sql, log as number, token));
    },
    page(book, scope, from, limits) {
      const log = find(book, scope)?.log;
      const waiting = waitingOf(book, scope);
      const end = log === undefined ? undefined : findPageEnd(endsOf(sql, log, waiting, from), from, limits);
      if (log === undefined || end === undefined) return undefined;
      return { records: recordsOf(sql, log, waiting, from, end.size), root: end.root };
    },
    records(book, scope, from, limit) {
      const known = find(book, scope);
      if (known === undefined) return [];
      const end = Math.min(from + limit, known.state.size);
      return recordsOf(sql, known.log, waitingOf(book, scope), from, end);
    },
    tile(book, scope, level, index) {
      const log = find(book, scope)?.log;
      const tile = waitingOf(book, scope)?.tiles.get(tileName(level, index));
      if (tile !== undefined || log === undefined) return tile?.hashes;
      return sql.tile.get(log, level, index) as Uint8Array | undefined;
    },
    enrolments(book) {
      const rows = sql.enrolments.all(hexToBlob(book)) as {
        hash: Uint8Array;
        bytes: Uint8Array;
        fork: number;
        position: number;
      }[];
      return rows.map(({ hash, bytes, fork, position }) => ({
        hash: encodeHex(hash) as OpHash,
        bytes,
        isFork: fork === 1,
        position,
      }));
    },
    rootAt(book, scope, size) {
      const log = find(book, scope)?.log;
      const end = waitingOf(book, scope)?.ends.find((one) => one.size === size);
      if (end !== undefined || log === undefined) return end?.root;
      const root = sql.batchRoot.get(log, size) as Uint8Array | undefined;
      return root && blobToRoot(root);
    },
    cosign({ book, scope, device, size, line }, maxKept) {
      const log = find(book, scope)?.log;
      if (log === undefined) return;
      sql.putCosignature.run(log, hexToBlob(device), size, line);
      sql.dropCosignatures.run(log, log, maxKept);
    },
    cosignatures(book, scope) {
      const log = find(book, scope)?.log;
      const rows = log === undefined ? [] : (sql.cosignatures.all(log) as CosignatureRow[]);
      return rows.map(({ device, size, line }) => ({ device: encodeHex(device) as DeviceId, size, line }));
    },
    close: () => void db.close(),
  };
}

/** What is in memory of the logs. */
interface Logs {
  find(book: BookId, scope: Scope): Known | undefined;
  waitingOf(book: BookId, scope: Scope): Waiting | undefined;
  /** By name; the one that began to wait first is the first. */
  readonly waiting: Map<string, Waiting>;
  /** Takes notice of what is durable. */
  moved(name: string, known: Known): void;
}

function createLogs(sql: Statements, keeps: boolean): Logs {
  const knownByName = new Map<string, Known>();
  const waiting = new Map<string, Waiting>();
  const read = (book: BookId, scope: Scope): Known | undefined => {
    const row = sql.log.get(hexToBlob(book), scope) as LogRow | undefined;
    if (row === undefined) return undefined;
    const frontier = row.frontier === '' ? [] : row.frontier.split(' ');
    return { log: row.log, state: { size: row.size, frontier, root: blobToRoot(row.root) } };
  };
  const keep = (name: string, known: Known): void => {
    if (!keeps) return;
    knownByName.delete(name);
    knownByName.set(name, known);
    const [oldest] = knownByName.size > maxKnownLogs ? knownByName.keys() : [];
    if (oldest !== undefined) knownByName.delete(oldest);
  };
  return {
    find(book, scope) {
      const name = nameOf(book, scope);
      const kept = knownByName.get(name) ?? waiting.get(name);
      if (kept !== undefined) return kept;
      const known = read(book, scope);
      if (known !== undefined) keep(name, known);
      return known;
    },
    waitingOf: (book, scope) => (waiting.size === 0 ? undefined : waiting.get(nameOf(book, scope))),
    waiting,
    moved: keep,
  };
}

/** What an append does with one log. */
interface Step {
  readonly name: string;
  readonly log: number;
  readonly waiting: Waiting | undefined;
  readonly batches: Batch[];
}

function createAppend(
  db: Database.Database,
  sql: Statements,
  { find, waiting, moved }: Logs,
  maxOpsWaiting: number,
): RelayStore['append'] {
  let opsWaiting = 0;
  /** In rows, of all that has been there since the store was opened. */
  let opsHeld = 0;
  let lastRow = 0;
  for (const { row, log, batch } of readWaiting(db)) {
    lastRow = row;
    restore(row, log, batch);
    opsHeld += batch.entries.length;
  }

  /** After a restart; what is in the tables already is passed over. */
  function restore(row: number, log: number, batch: Batch): void {
    const { book, scope, from, state, entries } = batch;
    const known = find(book, scope) as Known;
    if (state.size <= known.state.size) return;
    if (from !== known.state.size)
      throw new RelayError('relay/store', `${scope} has ${known.state.size} ops, and what waits begins at ${from}`);
    hold({ name: nameOf(book, scope), log, waiting: waiting.get(nameOf(book, scope)), batches: [batch] }, row);
    opsWaiting += entries.length;
  }

  function hold(step: Step, row: number): void {
    const [first] = step.batches as [Batch];
    const held = step.waiting ?? openWaiting(step.log, row, opsHeld, first);
    for (const batch of step.batches) extendWaiting(held, batch);
    waiting.set(step.name, held);
    moved(step.name, { log: step.log, state: held.state });
  }

  /** One step for each log; a log that is not there yet begins here. */
  function plan(batches: readonly Batch[]): Step[] {
    const steps = new Map<string, Step>();
    for (const batch of batches) {
      const { book, scope, from } = batch;
      const name = nameOf(book, scope);
      const step = steps.get(name);
      // A log that begins in this transaction is not asked for: what is found is kept, and this may be undone.
      const known = step === undefined ? find(book, scope) : undefined;
      const size = step?.batches.at(-1)?.state.size ?? known?.state.size ?? 0;
      if (from !== size) throw new RelayError('relay/conflict', `the log of ${scope} has ${size} ops, not ${from}`);
      if (step !== undefined) step.batches.push(batch);
      else {
        const log = known?.log ?? Number(sql.addLog.run(hexToBlob(book), scope).lastInsertRowid);
        steps.set(name, { name, log, waiting: waiting.get(name), batches: [batch] });
      }
    }
    return [...steps.values()];
  }

  /** Those that began to wait first, until there is room for so many ops more, in memory and in rows. */
  function findDue(ops: number, steps: readonly Step[]): [string, Waiting][] {
    const due: [string, Waiting][] = [];
    const written = new Set(steps.map(({ name }) => name));
    let excess = opsWaiting + ops - maxOpsWaiting;
    for (const [name, one] of waiting) {
      if (excess <= 0 && opsHeld + ops - one.opsBefore <= maxOpsWaiting * mostRowsOfWaiting) break;
      if (written.has(name)) continue;
      due.push([name, one]);
      excess -= one.entries.length;
    }
    return due;
  }

  /** Of those that still wait when these do no more. */
  function findFirstRow(gone: ReadonlySet<string>): number | undefined {
    for (const [name, { row }] of waiting) if (!gone.has(name)) return row;
    return undefined;
  }

  const commit = db.transaction((batches: readonly Batch[]) => {
    const steps = plan(batches);
    const [held, direct]: [Step[], Step[]] = [[], []];
    for (const step of steps) (maxOpsWaiting > 0 && mayWait(step.batches, step.waiting) ? held : direct).push(step);
    const more = held.reduce((sum, step) => sum + countOps(step.batches), 0);
    const due = findDue(more, steps);
    for (const { log, waiting: before, batches: own } of direct)
      writeBatches(sql, log, before === undefined ? own : [...batchesOf(before), ...own]);
    const logsByName = new Map(steps.map(({ name, log }) => [name, log]));
    for (const batch of batches)
      if (batch.enrolments.length > 0)
        writeEnrolments(sql, logsByName.get(nameOf(batch.book, batch.scope)) as number, batch);
    for (const [, one] of due) writeBatches(sql, one.log, batchesOf(one));
    const row = lastRow + 1;
    if (held.length > 0) sql.addWaiting.run(row, encodeWaiting(held));
    const gone = new Set([...direct.map(({ name }) => name), ...due.map(([name]) => name)]);
    if (waiting.size > 0) sql.dropWaiting.run(findFirstRow(gone) ?? row);
    return { held, direct, due, row };
  });

  return (batches) => {
    const { held, direct, due, row } = commit.immediate(batches);
    // Durable: from here on nothing throws.
    for (const [name, one] of due) {
      waiting.delete(name);
      opsWaiting -= one.entries.length;
    }
    for (const { name, log, waiting: before, batches: own } of direct) {
      waiting.delete(name);
      opsWaiting -= before?.entries.length ?? 0;
      moved(name, { log, state: (own.at(-1) as Batch).state });
    }
    for (const step of held) {
      hold(step, row);
      opsWaiting += countOps(step.batches);
      opsHeld += countOps(step.batches);
    }
    if (held.length > 0) lastRow = row;
  };
}

function countOps(batches: readonly Batch[]): number {
  return batches.reduce((sum, { entries }) => sum + entries.length, 0);
}

let named = { book: '', scope: '', name: ' ' };

/** A log is asked for several times in a row, and maps find a text that they have seen before much faster than a new one. */
function nameOf(book: BookId, scope: Scope): string {
  if (named.scope !== scope || named.book !== book) named = { book, scope, name: `${book} ${scope}` };
  return named.name;
}

/** Those in the tables and then those that wait. */
function* endsOf(sql: Statements, log: number, waiting: Waiting | undefined, from: number): Iterable<BatchEnd> {
  yield* readEnds(sql, log, from);
  for (const end of waiting?.ends ?? []) if (end.size > from) yield end;
}

/** End of the last batch that fits, and at least of the first one. */
function findPageEnd(ends: Iterable<BatchEnd>, from: number, { maxOps, maxBytes }: PageLimits): BatchEnd | undefined {
  let last: BatchEnd | undefined;
  let total = 0;
  for (const end of ends) {
    total += end.bytes;
    if (last !== undefined && (end.size - from > maxOps || total > maxBytes)) break;
    last = end;
  }
  return last;
}

function recordsOf(
  sql: Statements,
  log: number,
  waiting: Waiting | undefined,
  from: number,
  end: number,
): Uint8Array[] {
  const base = waiting?.base ?? end;
  const stored = from < base ? readRecords(sql, log, from, Math.min(end, base)) : [];
  if (waiting === undefined || end <= base) return stored;
  const bytes = waiting.entries.slice(Math.max(0, from - base), end - base).map((entry) => entry.bytes);
  return [...stored, ...bytes];
}

function collect<K, V>(keys: Iterable<K>, read: (key: K) => V | undefined): Map<K, V> {
  const found = new Map<K, V>();
  for (const key of keys) {
    const value = read(key);
    if (value !== undefined) found.set(key, value);
  }
  return found;
}
