// Rows of the SQLite log store's record table, and the records they stand for.
import type BetterSqlite3 from 'better-sqlite3';
import type { DeviceId, KeyId, OpHash, OpId, Scope, VerbRef } from './brands.ts';
import { type OpRecord, signatureOf, trustedRecord } from './record.ts';
import { argsTextOf, frameOf, recordOf } from './record-columns.ts';
import { OplogError } from './errors.ts';
import { decodeHex } from './hex.ts';
import type { Names } from './sqlite-names.ts';

/** The columns in the order of `recordColumns`. Short BLOBs come as hex: a text costs less to hand over than a buffer of its own. */
export type RecordRow = [
  ordinal: number,
  hash: OpHash,
  scope: number,
  key: number,
  device: number,
  seq: number,
  verb: number,
  at: number,
  id: string,
  prev: number | Buffer | null,
  seen: string | null,
  signature: string,
  body: string | Buffer,
  position: number | null,
];

/** The hash of a row of `table`. SQLite writes a number of 48 bits in hex ten times as fast as V8. */
export function hashColumn(table = 'log_records'): string {
  return `format('%012x', ${table}.tag) || lower(hex(${table}.rest))`;
}

export const recordColumns: string = `ordinal, ${hashColumn()}, scope, key, device, seq, verb, at, lower(hex(id)), prev, seen, hex(signature), body, position`;

/** A row without what SQLite gives it and without its position. */
export type NewRow = [
  tag: number,
  rest: Buffer,
  scope: number,
  key: number,
  device: number,
  seq: number,
  verb: number,
  at: number,
  id: Buffer,
  prev: number | Buffer | null,
  seen: string | null,
  signature: Uint8Array,
  body: string | Uint8Array,
];

export const newRowColumns = 'tag, rest, scope, key, device, seq, verb, at, id, prev, seen, signature, body';

/** `idOf` gives a name its integer; `ordinalOf` finds a stored op. */
export function toRow(
  record: OpRecord,
  idOf: (name: string) => number,
  ordinalOf: (hash: OpHash) => number | undefined,
): NewRow {
  const { op, hash, keyId } = record;
  const frame = frameOf(op);
  return [
    tagOf(hash),
    restOf(hash),
    idOf(op.scope),
    idOf(keyId),
    idOf(op.device),
    op.seq,
    idOf(op.verb),
    op.at,
    idToBlob(op.id),
    op.prev === undefined ? null : (ordinalOf(op.prev) ?? hashToBlob(op.prev)),
    frame.seen ?? null,
    signatureOf(record),
    argsTextOf(record, frame) ?? record.bytes,
  ];
}

/** A reader for the rows of one call: what it looks up it remembers until the call ends. */
export function createRowReader(db: BetterSqlite3.Database, names: Names): () => (row: RecordRow) => OpRecord {
  const selectHash = db.prepare<[number], OpHash>(`SELECT ${hashColumn()} FROM log_records WHERE ordinal = ?`).pluck();

  return () => {
    // Ops of one device come one after another, and nearly all have the verb before.
    const scopeOf = lastOf(names.nameOf);
    const keyOf = lastOf((key) => {
      const keyId = names.nameOf(key) as KeyId;
      return { keyId, keyBytes: decodeHex(keyId) };
    });
    const deviceOf = lastOf(names.nameOf);
    const verbOf = lastOf(names.nameOf);
    const hashByOrdinal = new Map<number, OpHash>();

    function prevOf(prev: number | Buffer | null): OpHash | undefined {
      if (prev === null) return undefined;
      if (typeof prev !== 'number') return prev.toString('hex') as OpHash;
      const hash = hashByOrdinal.get(prev) ?? selectHash.get(prev);
      if (hash === undefined) throw new OplogError('store/damaged', `an op builds on row ${prev}, which is not there`);
      return hash;
    }

    return ([ordinal, hash, scope, key, device, seq, verb, at, id, prev, seen, signature, body]) => {
      hashByOrdinal.set(ordinal, hash);
      if (typeof body !== 'string') return trustedRecord(toBytes(body), hash);
      const frame = {
        at,
        device: deviceOf(device) as DeviceId,
        id: hexToId(id),
        prev: prevOf(prev),
        scope: scopeOf(scope) as Scope,
        seen: seen ?? undefined,
        seq,
        verb: verbOf(verb) as VerbRef,
      };
      return recordOf(frame, body, { ...keyOf(key), signature, hash });
    };
  };
}

/** Remembers the last answer. */
function lastOf<V>(compute: (id: number) => V): (id: number) => V {
  let last: { readonly id: number; readonly value: V } | undefined;
  return (id) => {
    if (last?.id !== id) last = { id, value: compute(id) };
    return last.value;
  };
}

export function memoize<K, V>(compute: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = compute(key);
    known.set(key, value);
    return value;
  };
}

/** The first 48 bits of a hash. */
export function tagOf(hash: OpHash): number {
  return Number.parseInt(hash.slice(0, 12), 16);
}

/** The bytes of a hash after its tag. */
export function restOf(hash: OpHash): Buffer {
  return Buffer.from(hash.slice(12), 'hex');
}

export function hashToBlob(hash: OpHash): Buffer {
  return Buffer.from(hash, 'hex');
}

/** A plain view of a BLOB: callers compare and hash records, and a Buffer is not equal to a Uint8Array. */
export function toBytes({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function idToBlob(id: OpId): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

function hexToId(text: string): OpId {
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}` as OpId;
}
