// A log store over one append-only file (OPFS in a browser worker, a plain file in Node). Bodies stay in the file; memory holds
// an index. Every change is one frame, flushed before the call returns.
import type { OpHash, Scope } from './brands.ts';
import { OplogError } from './errors.ts';
import { type Frame, frameKinds } from './frame.ts';
import { type FramedFileOptions, openFramedFile, type Recovery } from './framed-file.ts';
import { decodeHex, encodeHex } from './hex.ts';
import { createLogIndex } from './log-index.ts';
import type { AppendFile, Aside, ReceiptNote, StoredRecord, SyncLogStore, Tip } from './log-store.ts';
import { type OpRecord, trustedRecord } from './record.ts';
import { encodeRecords, locateRecords } from './record-frame.ts';

export interface FileLogStore extends SyncLogStore {
  /** What opening had to cut, for people to be told: a device that lost ops must fetch its own head before it appends. */
  readonly recovered: Recovery | undefined;
}

/** Bytes of the file. */
interface Span {
  readonly at: number;
  readonly length: number;
}

interface SettleEntry {
  readonly scope: Scope;
  /** The settled ops by their order of arrival in this file. */
  readonly ordinals: readonly number[];
  readonly tip: Tip;
}

type AsideEntry = Omit<Aside, 'bytes'> & { readonly bytes: string };

/** Everything a frame can change, held by `createFileLogStore` and rebuilt from the frames when a file is opened. */
interface FileState {
  readonly index: ReturnType<typeof createLogIndex>;
  /** By ordinal. */
  readonly bodies: Span[];
  readonly receiptsByScope: Map<Scope, Span[]>;
  readonly asideFrameByHash: Map<OpHash, Span>;
  readonly metaByName: Map<string, string>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Bodies this close together are read at once, up to this many bytes. */
const maxGapBytes = 4_096;
const maxReadBytes = 1 << 20;

/** Opens or starts the log in `file`, which must be this store's alone until `close`. */
export function createFileLogStore(file: AppendFile, options: FramedFileOptions = {}): FileLogStore {
  const state: FileState = {
    index: createLogIndex(),
    bodies: [],
    receiptsByScope: new Map(),
    asideFrameByHash: new Map(),
    metaByName: new Map(),
  };
  const frames = openFramedFile(file, (frame) => applyFrame(state, frame), options);
  const { index } = state;

  function write(kind: number, payload: Uint8Array): void {
    applyFrame(state, { kind, payload, payloadAt: frames.append(kind, payload) });
  }

  function writeJson(kind: number, content: unknown): void {
    write(kind, encoder.encode(JSON.stringify(content)));
  }

  function readJson({ at, length }: Span): unknown {
    return parseJson(frames.read(at, length));
  }

  function append(records: readonly OpRecord[]): void {
    const freshByHash = new Map<OpHash, OpRecord>();
    for (const record of records) {
      if (index.ordinalOf(record.hash) === undefined && !freshByHash.has(record.hash))
        freshByHash.set(record.hash, record);
    }
    if (freshByHash.size > 0) write(frameKinds.records, encodeRecords([...freshByHash.values()]));
  }

  function settle(scope: Scope, from: number, hashes: readonly OpHash[], tip: Tip): void {
    const entry: SettleEntry = { scope, ordinals: index.checkSettle(scope, from, hashes, tip), tip };
    writeJson(frameKinds.settle, entry);
  }

  function readRecords(ordinals: readonly number[]): OpRecord[] {
    const spans = ordinals.map((ordinal) => state.bodies[ordinal] as Span);
    return readSpans(spans, frames.read).map((bytes, i) => trustedRecord(bytes, index.hashOf(ordinals[i] as number)));
  }

  function get(hash: OpHash): StoredRecord | undefined {
    const ordinal = index.ordinalOf(hash);
    if (ordinal === undefined) return undefined;
    return { record: readRecords([ordinal])[0] as OpRecord, position: index.positionOf(ordinal) };
  }

  function asides(scope?: Scope): Aside[] {
    const entriesByFrame = new Map<Span, readonly AsideEntry[]>();
    const found: Aside[] = [];
    for (const [hash, frame] of state.asideFrameByHash) {
      const entries = entriesByFrame.get(frame) ?? (readJson(frame) as AsideEntry[]);
      entriesByFrame.set(frame, entries);
      const entry = entries.findLast((candidate) => candidate.hash === hash) as AsideEntry;
      if (scope === undefined || entry.scope === scope) found.push({ ...entry, bytes: decodeHex(entry.bytes) });
    }
    return found;
  }

  function setAside(entries: readonly Aside[]): void {
    if (entries.length === 0) return;
    const content = entries.map((entry): AsideEntry => ({ ...entry, bytes: encodeHex(entry.bytes) }));
    writeJson(frameKinds.asides, content);
  }

  function dropAsides(hashes: readonly OpHash[]): void {
    const known = hashes.filter((hash) => state.asideFrameByHash.has(hash));
    if (known.length > 0) writeJson(frameKinds.dropAsides, known);
  }

  return {
    recovered: frames.recovered,
    append,
    settle,
    has: (hash) => index.ordinalOf(hash) !== undefined,
    get,
    head: index.head,
    scopes: index.scopes,
    tip: index.tip,
    settled: (scope, from, limit) => readRecords(index.settled(scope, from, limit)),
    pending: (scope) => readRecords(index.pending(scope)),
    addReceipt: (receipt) => writeJson(frameKinds.receipt, receipt),
    receipts: (scope) => (state.receiptsByScope.get(scope) ?? []).map((span) => readJson(span) as ReceiptNote),
    receiptPosition: index.receiptPosition,
    setAside,
    asides,
    dropAsides,
    meta: (name) => state.metaByName.get(name),
    setMeta: (name, value) => writeJson(frameKinds.meta, [name, value]),
    refresh: () => undefined,
    close: frames.close,
  };
}

/** The one place where a frame, just written or found on opening, changes what the store knows. */
function applyFrame(state: FileState, { kind, payload, payloadAt }: Frame): void {
  const span: Span = { at: payloadAt, length: payload.length };
  switch (kind) {
    case frameKinds.records:
      return applyRecords(state, payload, payloadAt);
    case frameKinds.settle: {
      const { scope, ordinals, tip } = parseJson(payload) as SettleEntry;
      return state.index.settle(scope, ordinals, tip);
    }
    case frameKinds.receipt:
      return applyReceipt(state, parseJson(payload) as ReceiptNote, span);
    case frameKinds.asides:
      for (const { hash } of parseJson(payload) as AsideEntry[]) state.asideFrameByHash.set(hash, span);
      return;
    case frameKinds.dropAsides:
      for (const hash of parseJson(payload) as OpHash[]) state.asideFrameByHash.delete(hash);
      return;
    case frameKinds.meta: {
      const [name, value] = parseJson(payload) as [string, string];
      state.metaByName.set(name, value);
      return;
    }
    default:
      throw new OplogError('store/format', `frame of unknown kind ${kind}: a newer release wrote it`);
  }
}

function parseJson(payload: Uint8Array): unknown {
  return JSON.parse(decoder.decode(payload));
}

function applyRecords({ index, bodies }: FileState, payload: Uint8Array, payloadAt: number): void {
  for (const { hash, at, length } of locateRecords(payload)) {
    index.add(trustedRecord(payload.subarray(at, at + length), hash));
    bodies.push({ at: payloadAt + at, length });
  }
}

function applyReceipt({ index, receiptsByScope }: FileState, { scope, lines }: ReceiptNote, span: Span): void {
  const spans = receiptsByScope.get(scope) ?? [];
  spans.push(span);
  receiptsByScope.set(scope, spans);
  index.addReceiptLines(lines);
}

/** The bytes of each span. Neighbours in the file come from one read. */
function readSpans(spans: readonly Span[], read: (offset: number, length: number) => Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let first = 0; first < spans.length; ) {
    const { at: start } = spans[first] as Span;
    const last = lastNeighbour(spans, first);
    const { at, length } = spans[last] as Span;
    const bytes = read(start, at + length - start);
    for (const span of spans.slice(first, last + 1)) {
      found.push(bytes.slice(span.at - start, span.at - start + span.length));
    }
    first = last + 1;
  }
  return found;
}

function lastNeighbour(spans: readonly Span[], first: number): number {
  const { at: start } = spans[first] as Span;
  let { length: end } = spans[first] as Span;
  end += start;
  let last = first;
  for (let next = spans[last + 1]; next !== undefined; next = spans[last + 1]) {
    const gap = next.at - end;
    end = next.at + next.length;
    if (gap < 0 || gap > maxGapBytes || end - start > maxReadBytes) break;
    last += 1;
  }
  return last;
}
