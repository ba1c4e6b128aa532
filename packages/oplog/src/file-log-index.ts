// What a file log store holds in memory, as bytes to keep beside its file: opening then reads only the frames that came later. It is a cache:
// whatever is wrong with it, the file alone says everything. Columns are in this machine's byte order.
import type { OpHash } from './brands.ts';
import { crc32c } from './crc32c.ts';
import { createFileLogState, type FileLogState, type Span } from './file-log-state.ts';
import type { FramePlace } from './framed-file.ts';
import { type IndexContent, LogIndex, type ScopeContent } from './log-index.ts';

/** The state that a file's frames build up to and with one of them. */
export interface IndexedPart {
  readonly state: FileLogState;
  readonly last: FramePlace;
}

/** What is not a column. */
interface Header {
  readonly last: FramePlace;
  readonly ops: number;
  readonly scopes: readonly (Omit<ScopeContent, 'settled' | 'pending'> & { settled: number; pending: number })[];
  /** How many receipted ops are stored. */
  readonly receipted: number;
  /** Receipted ops that are not. */
  readonly receiptedElsewhere: readonly (readonly [OpHash, number])[];
  readonly receipts: readonly (readonly [scope: string, readonly Span[]])[];
  readonly asides: readonly (readonly [OpHash, Span])[];
  readonly meta: readonly (readonly [string, string])[];
}

const formatLine = new TextEncoder().encode('tallystick-log-index/1\n');
const hashBytes = 32;
/** Stands for a dropped op. */
const nothing = '0'.repeat(2 * hashBytes);
/** Checksum and header length follow the format line. */
const headerAt: number = formatLine.length + 8;

export function encodeFileLogIndex({ state, last }: IndexedPart): Uint8Array {
  const { hashes, scopes, receipted } = state.index.content();
  const stored: number[] = [];
  const receiptedElsewhere: [OpHash, number][] = [];
  for (const [hash, position] of receipted) {
    const ordinal = state.index.ordinalOf(hash);
    if (ordinal === undefined) receiptedElsewhere.push([hash, position]);
    else stored.push(ordinal, position);
  }
  const header: Header = {
    last,
    ops: hashes.length,
    scopes: scopes.map((scope) => ({ ...scope, settled: scope.settled.length, pending: scope.pending.length })),
    receipted: stored.length / 2,
    receiptedElsewhere,
    receipts: [...state.receiptsByScope],
    asides: [...state.asideByHash],
    meta: [...state.metaByName],
  };
  const columns = [
    hexToBytes(hashes),
    bytesOf(Float64Array.from(state.bodies, ({ at }) => at)),
    bytesOf(Uint32Array.from(state.bodies, ({ length }) => length)),
    ...scopes.flatMap(({ settled, pending }) => [
      bytesOf(Uint32Array.from(settled)),
      bytesOf(Uint32Array.from(pending)),
    ]),
    bytesOf(Uint32Array.from(stored)),
  ];
  return join(new TextEncoder().encode(JSON.stringify(header)), columns);
}

/** Undefined for bytes that are no index, or a damaged one. */
export function decodeFileLogIndex(bytes: Uint8Array): IndexedPart | undefined {
  if (bytes.length < headerAt || !formatLine.every((byte, i) => bytes[i] === byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(formatLine.length) !== crc32c(bytes.subarray(formatLine.length + 4))) return undefined;
  const columnsAt = headerAt + view.getUint32(formatLine.length + 4);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(headerAt, columnsAt))) as Header;
  let at = columnsAt;
  const take = (length: number): Uint8Array => bytes.slice(at, (at += length));
  const hashes = bytesToHex(take(header.ops * hashBytes));
  const starts = new Float64Array(take(header.ops * 8).buffer);
  const lengths = new Uint32Array(take(header.ops * 4).buffer);
  const numbers = (count: number): number[] => [...new Uint32Array(take(count * 4).buffer)];
  const scopes = header.scopes.map(
    (scope): ScopeContent => ({ ...scope, settled: numbers(scope.settled), pending: numbers(scope.pending) }),
  );
  const stored = numbers(header.receipted * 2);
  const receipted = new Map(header.receiptedElsewhere);
  for (let i = 0; i < stored.length; i += 2)
    receipted.set(hashes[stored[i] as number] as OpHash, stored[i + 1] as number);
  return { state: stateOf(header, { hashes, scopes, receipted }, starts, lengths), last: header.last };
}

function stateOf(header: Header, content: IndexContent, starts: Float64Array, lengths: Uint32Array): FileLogState {
  const state = createFileLogState(LogIndex.from(content));
  starts.forEach((at, ordinal) => state.bodies.push({ at, length: lengths[ordinal] as number }));
  for (const [scope, spans] of header.receipts) state.receiptsByScope.set(scope as ScopeContent['scope'], [...spans]);
  for (const [hash, span] of header.asides) state.asideByHash.set(hash, span);
  for (const [name, value] of header.meta) state.metaByName.set(name, value);
  return state;
}

function join(header: Uint8Array, columns: readonly Uint8Array[]): Uint8Array {
  const size = columns.reduce((sum, column) => sum + column.length, headerAt + header.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set(formatLine);
  view.setUint32(formatLine.length + 4, header.length);
  bytes.set(header, headerAt);
  let at = headerAt + header.length;
  for (const column of columns) {
    bytes.set(column, at);
    at += column.length;
  }
  view.setUint32(formatLine.length, crc32c(bytes.subarray(formatLine.length + 4)));
  return bytes;
}

function bytesOf({ buffer }: Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): Uint8Array {
  return new Uint8Array(buffer);
}

function hexToBytes(hashes: readonly OpHash[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * hashBytes);
  hashes.forEach((hash, ordinal) => {
    for (let i = 0; i < hash.length / 2; i++)
      bytes[ordinal * hashBytes + i] = (digitOf(hash.charCodeAt(2 * i)) << 4) | digitOf(hash.charCodeAt(2 * i + 1));
  });
  return bytes;
}

function digitOf(unit: number): number {
  return unit < 58 ? unit - 48 : unit - 87;
}

/** One long text that is cut into hashes: a hundred thousand at once would be slow one by one. */
function bytesToHex(bytes: Uint8Array): OpHash[] {
  const digits = new Uint8Array(bytes.length * 2);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    digits[2 * i] = charOf(byte >> 4);
    digits[2 * i + 1] = charOf(byte & 15);
  }
  const text = new TextDecoder('latin1').decode(digits);
  const hashAt = (i: number): OpHash => text.slice(i * 64, i * 64 + 64) as OpHash;
  return Array.from({ length: bytes.length / hashBytes }, (_, i) => (hashAt(i) === nothing ? '' : hashAt(i)) as OpHash);
}

function charOf(digit: number): number {
  return digit < 10 ? digit + 48 : digit + 87;
}
