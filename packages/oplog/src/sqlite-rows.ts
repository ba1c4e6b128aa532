// Rows of the SQLite log store's record table, and the records they stand for.
import type BetterSqlite3 from 'better-sqlite3';
import type { DeviceId, KeyId, OpHash, OpId, Scope, VerbRef } from './brands.ts';
import { type OpRecord, signatureOf, trustedRecord } from './record.ts';
import { argsTextOf, type OpFrame, recordOf, type RecordSeal, seenTextOf, strictRecordOf } from './record-columns.ts';
import type { StrictRecord } from './log-store.ts';
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
  rest: string,
  scope: number,
  key: number,
  device: number,
  seq: number,
  verb: number,
  at: number,
  id: OpId,
  prev: number | Buffer | null,
  seen: string | null,
  signature: Uint8Array,
  body: string | Uint8Array,
];

export const newRowColumns = 'tag, rest, scope, key, device, seq, verb, at, id, prev, seen, signature, body';
/** What SQLite reads from hex costs half of a buffer that is made of it first. */
export const newRowValues = "?, unhex(?), ?, ?, ?, ?, ?, ?, unhex(?, '-'), ?, ?, ?, ?";

/** The integers of the names that an op shares with others. */
export interface NameIds {
  readonly scope: number;
  readonly key: number;
  readonly device: number;
  readonly verb: number;
}

/** `ordinalOf` finds a stored op. */
export function toRow(record: OpRecord, ids: NameIds, ordinalOf: (hash: OpHash) => number | undefined): NewRow {
  const { op, hash } = record;
  return [
    tagOf(hash),
    restTextOf(hash),
    ids.scope,
    ids.key,
    ids.device,
    op.seq,
    ids.verb,
    op.at,
    op.id,
    op.prev === undefined ? null : (ordinalOf(op.prev) ?? hashToBlob(op.prev)),
    seenTextOf(op) ?? null,
    signatureOf(record),
    bodyOf(record),
  ];
}

/** The text of the args, or the whole record where the text around them is not the usual one. */
export function bodyOf(record: OpRecord): string | Uint8Array {
  return argsTextOf(record) ?? record.bytes;
}

/** What a row is made into. */
interface Making<T> {
  fromColumns(frame: OpFrame, args: string, seal: RecordSeal): T;
  /** Of a record that is stored as it travels. */
  fromBytes(bytes: Uint8Array, hash: OpHash): T;
}

/** For whoever believes what is stored. */
export const trusted: Making<OpRecord> = { fromColumns: recordOf, fromBytes: trustedRecord };

/** For whoever does not. */
export const strict: Making<StrictRecord> = {
  fromColumns: strictRecordOf,
  fromBytes: (bytes, hash) => ({ hash, bytes, decoded: undefined }),
};

/** A reader for the rows of one call: what it looks up it remembers until the call ends. */
export function createRowReader<T>(
  db: BetterSqlite3.Database,
  names: Names,
  { fromColumns, fromBytes }: Making<T>,
): () => (row: RecordRow) => T {
  const selectHash = db.prepare<[number], OpHash>(`SELECT ${hashColumn()} FROM log_records WHERE ordinal = ?`).pluck();

  return () => {
    // Ops of one device come one after another, and nearly all have the verb before.
    const scopeOf = lastOf(names.nameOf);
    const keyOf = lastOf((key: number) => {
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
      if (typeof body !== 'string') return fromBytes(toBytes(body), hash);
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
      const { keyId, keyBytes } = keyOf(key);
      return fromColumns(frame, body, { keyId, keyBytes, signature, hash });
    };
  };
}

/** Remembers the last answer. */
export function lastOf<K, V>(compute: (key: K) => V): (key: K) => V {
  let last: { readonly key: K; readonly value: V } | undefined;
  return (key) => {
    if (last?.key !== key) last = { key, value: compute(key) };
    return last.value;
  };
}

/** The first 48 bits of a hash. */
export function tagOf(hash: OpHash): number {
  return Number.parseInt(hash.slice(0, 12), 16);
}

/** The bytes of a hash after its tag. */
export function restOf(hash: OpHash): Buffer {
  return Buffer.from(restTextOf(hash), 'hex');
}

function restTextOf(hash: OpHash): string {
  return hash.slice(12);
}

export function hashToBlob(hash: OpHash): Buffer {
  return Buffer.from(hash, 'hex');
}

/** A plain view of a BLOB: callers compare and hash records, and a Buffer is not equal to a Uint8Array. */
export function toBytes({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function hexToId(text: string): OpId {
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}` as OpId;
}
