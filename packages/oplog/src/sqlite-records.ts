// The record table of the SQLite log store: ops in, ops out, their positions and the heads of their chains.
import type BetterSqlite3 from 'better-sqlite3';
import type { DeviceId, OpHash, Scope } from './brands.ts';
import { OplogError } from './errors.ts';
import { dropped, missingRecord } from './log-index.ts';
import type { ChainHead, SyncLogStore } from './log-store.ts';
import type { Bases } from './sqlite-bases.ts';
import { type OpRecord, signatureOf } from './record.ts';
import { headBeyond, type Journal } from './sqlite-journal.ts';
import type { Names } from './sqlite-names.ts';
import {
  bodyOf,
  createRowReader,
  hashColumn,
  lastOf,
  newRowColumns,
  newRowValues,
  type NewRow,
  type RecordRow,
  recordColumns,
  restOf,
  strict,
  tagOf,
  toRow,
  trusted,
} from './sqlite-rows.ts';

type Reads = Pick<SyncLogStore, 'has' | 'get' | 'head' | 'settled' | 'pending'> &
  Required<Pick<SyncLogStore, 'settledStrictly'>>;

/** Inserts records in one transaction, which the caller holds. */
export interface Inserter {
  /** False when the record is stored already. */
  add(record: OpRecord, position: number | null): boolean;
  /** The last call: moves the heads of the chains that grew. */
  raiseHeads(): void;
}

export interface Inserters {
  start(): Inserter;
  /** Forgets what it knows: an ordinal given inside a transaction that was rolled back may come to mean another op. */
  refresh(): void;
}

/** A chain goes on from its last op, so few are asked for again. */
const maxRecent = 256;

/** The ops of one device in one scope, as one transaction meets them. */
interface Chain {
  readonly device: DeviceId;
  readonly scope: Scope;
  readonly ids: readonly [device: number, scope: number];
  /** The highest sequence stored before; 0 where nothing of the chain is, Infinity where its head was lost. */
  readonly storedSeq: number;
  /** Of the new ops the one with the highest sequence. */
  head: { readonly seq: number; readonly ordinal: number } | undefined;
}

export function createInserters(db: BetterSqlite3.Database, names: Names): Inserters {
  const find = createFind(db);
  const recent = new Map<OpHash, number>();
  const insert = db.prepare<[...NewRow, position: number | null]>(
    `INSERT INTO log_records (${newRowColumns}, position) VALUES (${newRowValues}, ?)`,
  );
  const selectHeadSeq = db
    .prepare<[device: number, scope: number], number>('SELECT seq FROM log_heads WHERE device = ? AND scope = ?')
    .pluck();
  // Of two ops with the highest seq the first stored stays the head.
  const raiseHead = db.prepare<[device: number, scope: number, seq: number, ordinal: number]>(
    `INSERT INTO log_heads (device, scope, seq, ordinal) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET seq = excluded.seq, ordinal = excluded.ordinal WHERE excluded.seq > seq`,
  );

  function start(): Inserter {
    const [idOfKey, idOfVerb] = [lastOf(names.intern), lastOf(names.intern)];
    if (recent.size > maxRecent) recent.clear();
    const ordinalOf = (hash: OpHash): number | undefined => recent.get(hash) ?? find(hash);
    const chainsByName = new Map<string, Chain>();
    let last: Chain | undefined;

    function chainOf({ op: { device, scope }, hash }: OpRecord): Chain {
      // Ops of one device come one after another.
      if (last?.device === device && last.scope === scope) return last;
      const name = `${device} ${scope}`;
      last = chainsByName.get(name);
      if (last === undefined) {
        const ids = [names.intern(device), names.intern(scope)] as const;
        // A row of heads that somebody removed must not let ops in twice: chains are stored from their begin on, so the first op tells.
        const storedSeq = selectHeadSeq.get(...ids) ?? (ordinalOf(hash) === undefined ? 0 : Number.POSITIVE_INFINITY);
        last = { device, scope, ids, storedSeq, head: undefined };
        chainsByName.set(name, last);
      }
      return last;
    }

    /** What goes beyond the highest sequence of its chain is not stored, and need not be looked for. */
    function isStored({ op, hash }: OpRecord, { storedSeq, head }: Chain): boolean {
      const isBeyond = op.seq > Math.max(storedSeq, head?.seq ?? 0);
      return !isBeyond && ordinalOf(hash) !== undefined;
    }

    function add(record: OpRecord, position: number | null): boolean {
      const { op, hash, keyId } = record;
      const chain = chainOf(record);
      if (isStored(record, chain)) return false;
      const [device, scope] = chain.ids;
      const ids = { device, scope, key: idOfKey(keyId), verb: idOfVerb(op.verb) };
      const ordinal = Number(insert.run(...toRow(record, ids, ordinalOf), position).lastInsertRowid);
      recent.set(hash, ordinal);
      if (op.seq > (chain.head?.seq ?? 0)) chain.head = { seq: op.seq, ordinal };
      return true;
    }

    function raiseHeads(): void {
      for (const { ids, head } of chainsByName.values())
        if (head !== undefined) raiseHead.run(...ids, head.seq, head.ordinal);
    }

    return { add, raiseHeads };
  }

  return { start, refresh: () => recent.clear() };
}

/** Writes other bytes over stored ones; the caller holds the transaction. */
export function createReplace(db: BetterSqlite3.Database, names: Names): (records: readonly OpRecord[]) => void {
  const find = createFind(db);
  const update = db.prepare<[key: number, signature: Uint8Array, body: string | Uint8Array, ordinal: number]>(
    'UPDATE log_records SET key = ?, signature = ?, body = ? WHERE ordinal = ?',
  );
  return (records) => {
    for (const record of records) {
      const ordinal = find(record.hash);
      if (ordinal === undefined) throw missingRecord(record.hash, record.op.scope);
      update.run(names.intern(record.keyId), signatureOf(record), bodyOf(record), ordinal);
    }
  };
}

/** Rows are forgotten before the next ones are read. */
const rowsAtOnce = 250;

export function createReads(db: BetterSqlite3.Database, names: Names, bases: Bases, journal: Journal): Reads {
  const find = createFind(db);
  const createReader = createRowReader(db, names, trusted);
  const createStrictReader = createRowReader(db, names, strict);
  const scopeIs = 'scope = (SELECT id FROM log_names WHERE name = ?)';
  const selectOne = db
    .prepare<[number, Buffer], RecordRow>(`SELECT ${recordColumns} FROM log_records WHERE tag = ? AND rest = ?`)
    .raw();
  const selectSettled = db
    .prepare<[string, number, number], RecordRow>(
      `SELECT ${recordColumns} FROM log_records
       WHERE ${scopeIs} AND position IS NOT NULL AND position >= ? ORDER BY position LIMIT ?`,
    )
    .raw();
  const selectPendingAfter = db
    .prepare<[string, number, number], RecordRow>(
      `SELECT ${recordColumns} FROM log_records WHERE ${scopeIs} AND position IS NULL AND ordinal > ? ORDER BY ordinal LIMIT ?`,
    )
    .raw();
  const selectSize = db.prepare<[Scope], number>(`SELECT size FROM log_tips WHERE ${scopeIs}`).pluck();
  const selectHead = db
    .prepare<[DeviceId, Scope], [seq: number, hash: OpHash]>(
      `SELECT h.seq, ${hashColumn('r')} FROM log_heads h JOIN log_records r USING (ordinal)
       WHERE h.device = (SELECT id FROM log_names WHERE name = ?) AND h.${scopeIs}`,
    )
    .raw();

  /** Positions without a hole up to the tip: a row that was moved or removed must not pass for a shorter log. */
  function settled<T>(scope: Scope, from: number, limit: number, read: (row: RecordRow) => T): T[] {
    const base = bases.get(scope);
    if (from < base.size) throw dropped(scope, from, base);
    const count = Math.max(0, Math.min(limit, (selectSize.get(scope) ?? 0) - from));
    const records: T[] = [];
    for (;;) {
      const next = from + records.length;
      const rows = selectSettled.all(scope, next, Math.min(rowsAtOnce, limit - records.length));
      const hole = rows.findIndex((row, i) => row[13] !== next + i);
      const isEnd = rows.length < rowsAtOnce || records.length + rows.length === limit;
      if (hole >= 0 || (isEnd && records.length + rows.length !== count)) {
        const position = hole >= 0 ? next + hole : from + Math.min(records.length + rows.length, count);
        throw new OplogError('store/damaged', `${scope} does not have its op at position ${position}`);
      }
      for (const row of rows) records.push(read(row));
      if (isEnd) return records;
    }
  }

  function pendingInTables(scope: Scope): OpRecord[] {
    const read = createReader();
    const records: OpRecord[] = [];
    for (let after = -1; ; ) {
      const rows = selectPendingAfter.all(scope, after, rowsAtOnce);
      for (const row of rows) records.push(read(row));
      const last = rows.at(-1);
      if (last === undefined || rows.length < rowsAtOnce) return records;
      [after] = last;
    }
  }

  function pending(scope: Scope): OpRecord[] {
    const waiting = [...journal.waiting().values()].filter(({ op }) => op.scope === scope);
    const records = pendingInTables(scope);
    for (const record of waiting) if (find(record.hash) === undefined) records.push(record);
    return records;
  }

  function headInTables(device: DeviceId, scope: Scope): ChainHead | undefined {
    const row = selectHead.get(device, scope);
    const stored = row === undefined ? undefined : { seq: row[0], hash: row[1] };
    const before = bases.get(scope).heads.find((head) => head.device === device);
    if (before === undefined || (stored !== undefined && stored.seq > before.seq)) return stored;
    return { seq: before.seq, hash: before.hash };
  }

  return {
    has: (hash) => journal.waiting().has(hash) || find(hash) !== undefined,
    get: (hash) => {
      const waiting = journal.waiting().get(hash);
      const row = selectOne.get(tagOf(hash), restOf(hash));
      if (row !== undefined) return { record: createReader()(row), position: row[13] ?? undefined };
      return waiting === undefined ? undefined : { record: waiting, position: undefined };
    },
    head: (device, scope) => {
      const waiting = journal.waiting();
      const head = headInTables(device, scope);
      return headBeyond(head?.seq ?? 0, waiting, device, scope) ?? head;
    },
    settled: (scope, from, limit) => settled(scope, from, limit, createReader()),
    settledStrictly: (scope, from, limit) => settled(scope, from, limit, createStrictReader()),
    pending,
  };
}

export interface Positions {
  /** False when no op of the scope without a position has this hash. */
  set(hash: OpHash, scopeId: number, position: number): boolean;
  /** Whether the op is stored in the scope, with or without a position. */
  isIn(hash: OpHash, scopeId: number): boolean;
  /** Takes the positions from `size` on back. */
  clear(scopeId: number, size: number): void;
}

export function createPositions(db: BetterSqlite3.Database): Positions {
  // Left alone, SQLite would walk all pending ops of the scope.
  const update = db.prepare<[number, number, Buffer, number]>(
    `UPDATE log_records INDEXED BY log_records_by_hash SET position = ?
     WHERE tag = ? AND rest = ? AND scope = ? AND position IS NULL`,
  );
  const selectScope = db
    .prepare<[number, Buffer], number>('SELECT scope FROM log_records WHERE tag = ? AND rest = ?')
    .pluck();
  const clear = db.prepare<[number, number]>(
    'UPDATE log_records SET position = NULL WHERE scope = ? AND position >= ?',
  );
  return {
    clear: (scopeId, size) => void clear.run(scopeId, size),
    set: (hash, scopeId, position) => update.run(position, tagOf(hash), restOf(hash), scopeId).changes === 1,
    isIn: (hash, scopeId) => selectScope.get(tagOf(hash), restOf(hash)) === scopeId,
  };
}

function createFind(db: BetterSqlite3.Database): (hash: OpHash) => number | undefined {
  const select = db
    .prepare<[number, Buffer], number>('SELECT ordinal FROM log_records WHERE tag = ? AND rest = ?')
    .pluck();
  return (hash) => select.get(tagOf(hash), restOf(hash));
}
