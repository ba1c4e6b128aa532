// Rows of the SQLite log store's record table, and the records they stand for.
import type BetterSqlite3 from 'better-sqlite3';
import type { DeviceId, KeyId, OpHash, OpId, Scope, VerbRef } from './brands.ts';
import { type OpRecord, signatureOf, trustedRecord } from './record.ts';
import { argsTextOf, frameOf, recordOf } from './record-columns.ts';
import { decodeHex } from './hex.ts';
import type { Names } from './sqlite-names.ts';

/** The columns in the order of `recordColumns`. Short BLOBs come as hex: a text costs less to hand over than a buffer of its own. */
export type RecordRow = [
  ordinal: number,
  tag: number,
  rest: string,
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

export const recordColumns =
  'ordinal, tag, lower(hex(rest)), scope, key, device, seq, verb, at, lower(hex(id)), prev, seen, hex(signature), body, position';

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
  const selectHash = db
    .prepare<[number], [number, string]>('SELECT tag, lower(hex(rest)) FROM log_records WHERE ordinal = ?')
    .raw();

  return () => {
    const nameOf = memoize(names.nameOf);
    const keyBytesOf = memoize((key: number) => decodeHex(nameOf(key)));
    const hashByOrdinal = new Map<number, OpHash>();

    function prevOf(prev: number | Buffer | null): OpHash | undefined {
      if (prev === null) return undefined;
      if (typeof prev !== 'number') return prev.toString('hex') as OpHash;
      const known = hashByOrdinal.get(prev);
      if (known !== undefined) return known;
      const [tag, rest] = selectHash.get(prev) as [number, string];
      return joinHash(tag, rest);
    }

    return ([ordinal, tag, rest, scope, key, device, seq, verb, at, id, prev, seen, signature, body]) => {
      const hash = joinHash(tag, rest);
      hashByOrdinal.set(ordinal, hash);
      if (typeof body !== 'string') return trustedRecord(toBytes(body), hash);
      const frame = {
        at,
        device: nameOf(device) as DeviceId,
        id: hexToId(id),
        prev: prevOf(prev),
        scope: nameOf(scope) as Scope,
        seen: seen ?? undefined,
        seq,
        verb: nameOf(verb) as VerbRef,
      };
      return recordOf(frame, body, { keyId: nameOf(key) as KeyId, keyBytes: keyBytesOf(key), signature, hash });
    };
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

/** `rest` in lowercase hex. */
export function joinHash(tag: number, rest: string): OpHash {
  return (tag.toString(16).padStart(12, '0') + rest) as OpHash;
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
