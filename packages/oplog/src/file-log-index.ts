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
export interface FileLogIndexHeader {
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

export const formatLine: Uint8Array = new TextEncoder().encode('tallystick-log-index/2\n');
const hashBytes = 32;
/** Checksum and header length follow the format line. */
export const headerAt: number = formatLine.length + 8;

/** Undefined for bytes that are no index, or a damaged one. */
export function decodeFileLogIndex(bytes: Uint8Array): IndexedPart | undefined {
  if (bytes.length < headerAt || !formatLine.every((byte, i) => bytes[i] === byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(formatLine.length) !== crc32c(bytes.subarray(formatLine.length + 4))) return undefined;
  const columnsAt = headerAt + view.getUint32(formatLine.length + 4);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(headerAt, columnsAt))) as FileLogIndexHeader;
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

function stateOf(
  header: FileLogIndexHeader,
  content: IndexContent,
  starts: Float64Array,
  lengths: Uint32Array,
): FileLogState {
  const state = createFileLogState(LogIndex.from(content));
  starts.forEach((at, ordinal) => state.bodies.push({ at, length: lengths[ordinal] as number }));
  for (const [scope, spans] of header.receipts) state.receiptsByScope.set(scope as ScopeContent['scope'], [...spans]);
  for (const [key, span] of header.asides) state.asidesByKey.set(key, span);
  for (const [name, value] of header.meta) state.metaByName.set(name, value);
  return state;
}
