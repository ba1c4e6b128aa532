// The record table of the SQLite log store: ops in, ops out, their positions and the heads of their chains.
import type BetterSqlite3 from 'better-sqlite3';
import type { DeviceId, KeyId, OpHash, OpId, Scope, VerbRef } from './brands.ts';
import type { ChainHead, StoredRecord } from './log-store.ts';
import type { OpRecord } from './record.ts';
import { signatureOf, trustedRecord } from './record.ts';
import { argsTextOf, frameOf, recordOf } from './record-columns.ts';
import type { Names } from './sqlite-names.ts';

export interface RecordTable {
  append(records: readonly OpRecord[]): void;
  has(hash: OpHash): boolean;
  get(hash: OpHash): StoredRecord | undefined;
  head(device: DeviceId, scope: Scope): ChainHead | undefined;
  settled(scope: Scope, from: number, limit: number): OpRecord[];
  pending(scope: Scope): OpRecord[];
  /** Whether the op is stored in the scope, with or without a position. */
  isIn(hash: OpHash, scope: Scope): boolean;
  /** False when no op of the scope without a position has this hash. */
  setPosition(hash: OpHash, scopeId: number, position: number): boolean;
}

type Row = [
  ordinal: number,
  tag: number,
  rest: Buffer,
  scope: number,
  position: number | null,
  key: number,
  device: number,
  seq: number,
  verb: number,
  at: number,
  id: Buffer,
  prev: number | Buffer | null,
  seen: string | null,
  signature: Buffer,
  body: string | Buffer,
];

const columns = 'ordinal, tag, rest, scope, position, key, device, seq, verb, at, id, prev, seen, signature, body';

export function createRecordTable(db: BetterSqlite3.Database, names: Names): RecordTable {
  const ordinalByHash = db
    .prepare<[number, Buffer], number>('SELECT ordinal FROM log_records WHERE tag = ? AND rest = ?')
    .pluck();
  const hashByOrdinal = db
    .prepare<[number], [number, Buffer]>('SELECT tag, rest FROM log_records WHERE ordinal = ?')
    .raw();
  const insert = db.prepare<unknown[]>(
    'INSERT INTO log_records (tag, rest, scope, key, device, seq, verb, at, id, prev, seen, signature, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const raiseHead = db.prepare<[number, number, number, number]>(
    'INSERT INTO log_heads (device, scope, seq, ordinal) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq, ordinal = excluded.ordinal WHERE excluded.seq > seq',
  );
  const selectHead = db
    .prepare<[string, string], [number, number, Buffer]>(
      `SELECT h.seq, r.tag, r.rest FROM log_heads h JOIN log_records r USING (ordinal)
       WHERE h.device = (SELECT id FROM log_names WHERE name = ?) AND h.scope = (SELECT id FROM log_names WHERE name = ?)`,
    )
    .raw();
  const selectOne = db
    .prepare<[number, Buffer], Row>(`SELECT ${columns} FROM log_records WHERE tag = ? AND rest = ?`)
    .raw();
  const selectSettled = db
    .prepare<[string, number, number], Row>(
      `SELECT ${columns} FROM log_records WHERE scope = (SELECT id FROM log_names WHERE name = ?)
       AND position IS NOT NULL AND position >= ? ORDER BY position LIMIT ?`,
    )
    .raw();
  const selectPending = db
    .prepare<[string], Row>(
      `SELECT ${columns} FROM log_records WHERE scope = (SELECT id FROM log_names WHERE name = ?)
       AND position IS NULL ORDER BY ordinal`,
    )
    .raw();
  const selectScope = db
    .prepare<[number, Buffer], string>(
      'SELECT name FROM log_records JOIN log_names ON log_names.id = scope WHERE tag = ? AND rest = ?',
    )
    .pluck();
  const updatePosition = db.prepare<[number, number, Buffer, number]>(
    'UPDATE log_records INDEXED BY log_records_by_hash SET position = ? WHERE tag = ? AND rest = ? AND scope = ? AND position IS NULL',
  );

  function find(hash: OpHash): number | undefined {
    return ordinalByHash.get(tagOf(hash), restOf(hash));
  }

  function append(records: readonly OpRecord[]): void {
    const idOf = memoize(names.intern);
    const heads = new Map<string, [device: number, scope: number, seq: number, ordinal: number]>();
    for (const record of records) {
      const { op, hash } = record;
      if (find(hash) !== undefined) continue;
      const device = idOf(op.device);
      const scope = idOf(op.scope);
      const ordinal = insertRecord(record, device, scope, idOf);
      const chain = `${device} ${scope}`;
      if (op.seq > (heads.get(chain)?.[2] ?? 0)) heads.set(chain, [device, scope, op.seq, ordinal]);
    }
    for (const head of heads.values()) raiseHead.run(...head);
  }

  function insertRecord(record: OpRecord, device: number, scope: number, idOf: (name: string) => number): number {
    const { op, hash, keyId } = record;
    const frame = frameOf(op);
    const body = argsTextOf(record, frame) ?? record.bytes;
    const prev = op.prev === undefined ? null : (find(op.prev) ?? hashToBlob(op.prev));
    const { lastInsertRowid } = insert.run(
      tagOf(hash),
      restOf(hash),
      scope,
      idOf(keyId),
      device,
      op.seq,
      idOf(op.verb),
      op.at,
      idToBlob(op.id),
      prev,
      frame.seen ?? null,
      signatureOf(record),
      body,
    );
    return Number(lastInsertRowid);
  }

  /** A reader of rows for one call: what it looks up once it remembers for the rest of the call. */
  function createReader(): (row: Row) => OpRecord {
    const nameOf = memoize(names.nameOf);
    const hashByKnownOrdinal = new Map<number, OpHash>();

    function prevOf(prev: Row[11]): OpHash | undefined {
      if (prev === null) return undefined;
      if (typeof prev !== 'number') return prev.toString('hex') as OpHash;
      const known = hashByKnownOrdinal.get(prev);
      if (known !== undefined) return known;
      const [tag, rest] = hashByOrdinal.get(prev) as [number, Buffer];
      return joinHash(tag, rest);
    }

    return ([ordinal, tag, rest, scope, , key, device, seq, verb, at, id, prev, seen, signature, body]) => {
      const hash = joinHash(tag, rest);
      hashByKnownOrdinal.set(ordinal, hash);
      if (typeof body !== 'string') return trustedRecord(toBytes(body), hash);
      const frame = {
        at,
        device: nameOf(device) as DeviceId,
        id: blobToId(id),
        prev: prevOf(prev),
        scope: nameOf(scope) as Scope,
        seen: seen ?? undefined,
        seq,
        verb: nameOf(verb) as VerbRef,
      };
      return recordOf(frame, body, nameOf(key) as KeyId, signature, hash);
    };
  }

  return {
    append,
    has: (hash) => find(hash) !== undefined,
    get: (hash) => {
      const row = selectOne.get(tagOf(hash), restOf(hash));
      return row === undefined ? undefined : { record: createReader()(row), position: row[4] ?? undefined };
    },
    head: (device, scope) => {
      const row = selectHead.get(device, scope);
      return row === undefined ? undefined : { seq: row[0], hash: joinHash(row[1], row[2]) };
    },
    settled: (scope, from, limit) => selectSettled.all(scope, from, limit).map(createReader()),
    pending: (scope) => selectPending.all(scope).map(createReader()),
    isIn: (hash, scope) => selectScope.get(tagOf(hash), restOf(hash)) === scope,
    setPosition: (hash, scopeId, position) =>
      updatePosition.run(position, tagOf(hash), restOf(hash), scopeId).changes === 1,
  };
}

export function hashToBlob(hash: OpHash): Buffer {
  return Buffer.from(hash, 'hex');
}

function tagOf(hash: OpHash): number {
  return Number.parseInt(hash.slice(0, 12), 16);
}

function restOf(hash: OpHash): Buffer {
  return Buffer.from(hash.slice(12), 'hex');
}

function joinHash(tag: number, rest: Buffer): OpHash {
  return `${tag.toString(16).padStart(12, '0')}${rest.toString('hex')}` as OpHash;
}

function idToBlob(id: OpId): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

function blobToId(blob: Buffer): OpId {
  const text = blob.toString('hex');
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}` as OpId;
}

/** A plain view of a BLOB: callers compare and hash records, and a Buffer is not equal to a Uint8Array. */
export function toBytes({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function memoize<K, V>(compute: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = compute(key);
    known.set(key, value);
    return value;
  };
}
