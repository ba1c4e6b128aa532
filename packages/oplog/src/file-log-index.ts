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
  readonly asides: readonly (readonly [string, Span])[];
  readonly meta: readonly (readonly [string, string])[];
}

const formatLine = new TextEncoder().encode('tallystick-log-index/2\n');
const hashBytes = 32;
/** Checksum and header length follow the format line. */
const headerAt: number = formatLine.length + 8;

export function encodeFileLogIndex({ state, last }: IndexedPart): Uint8Array {
  const { hashes, scopes, receipted, receiptedElsewhere } = state.index.content();
  const stored: number[] = [];
  receipted.forEach((position, ordinal) => {
    if (position !== undefined) stored.push(ordinal, position);
  });
  const header: Header = {
    last,
    ops: state.bodies.length,
    scopes: scopes.map((scope) => ({ ...scope, settled: scope.settled.length, pending: scope.pending.length })),
    receipted: stored.length / 2,
    receiptedElsewhere: [...receiptedElsewhere],
    receipts: [...state.receiptsByScope],
    asides: [...state.asidesByKey],
    meta: [...state.metaByName],
  };
  const columns = [
    hashes,
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
  // A Buffer's own `slice` would not copy, and what it answers be out of step with larger numbers.
  const take = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.prototype.slice.call(bytes, at, (at += length));
  const hashes = take(header.ops * hashBytes);
  const starts = new Float64Array(take(header.ops * 8).buffer);
  const lengths = new Uint32Array(take(header.ops * 4).buffer);
  const numbers = (count: number): number[] => [...new Uint32Array(take(count * 4).buffer)];
  const scopes = header.scopes.map(
    (scope): ScopeContent => ({ ...scope, settled: numbers(scope.settled), pending: numbers(scope.pending) }),
  );
  const stored = numbers(header.receipted * 2);
  const receipted: (number | undefined)[] = Array.from({ length: header.ops });
  for (let i = 0; i < stored.length; i += 2) receipted[stored[i] as number] = stored[i + 1] as number;
  const content = { hashes, scopes, receipted, receiptedElsewhere: new Map(header.receiptedElsewhere) };
  return { state: stateOf(header, content, starts, lengths), last: header.last };
}

function stateOf(header: Header, content: IndexContent, starts: Float64Array, lengths: Uint32Array): FileLogState {
  const state = createFileLogState(LogIndex.from(content));
  starts.forEach((at, ordinal) => state.bodies.push({ at, length: lengths[ordinal] as number }));
  for (const [scope, spans] of header.receipts) state.receiptsByScope.set(scope as ScopeContent['scope'], [...spans]);
  for (const [key, span] of header.asides) state.asidesByKey.set(key, span);
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
