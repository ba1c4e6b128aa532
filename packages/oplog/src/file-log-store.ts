// A log store over one append-only file (OPFS in a browser worker, a plain file in Node). Bodies stay in the file; memory holds
// an index. Every change is one frame, flushed before the call returns.
import type { OpHash } from './brands.ts';
import {
  applyFrame,
  type AsideEntry,
  createFileLogState,
  encodePayload,
  type FileLogState,
  parsePayload,
  type SettleEntry,
  type Span,
} from './file-log-state.ts';
import { frameKinds } from './frame.ts';
import { type FramedFile, type FramedFileOptions, openFramedFile, type Recovery } from './framed-file.ts';
import { decodeHex, encodeHex } from './hex.ts';
import type { AppendFile, Aside, ReceiptNote, SyncLogStore } from './log-store.ts';
import { type OpRecord, trustedRecord } from './record.ts';
import { encodeRecords } from './record-frame.ts';
import { readSpans } from './span-reader.ts';

export interface FileLogStore extends SyncLogStore {
  /** What opening had to cut, for people to be told: a device that lost ops must fetch its own head before it appends. */
  readonly recovered: Recovery | undefined;
}

/** Appends a frame and applies it. */
type WriteFrame = (kind: number, payload: Uint8Array) => void;

/** Opens or starts the log in `file`, which must be this store's alone until `close`. */
export function createFileLogStore(file: AppendFile, options: FramedFileOptions = {}): FileLogStore {
  const state = createFileLogState();
  const frames = openFramedFile(file, (frame) => applyFrame(state, frame), options);
  const write: WriteFrame = (kind, payload) => {
    applyFrame(state, { kind, payload, payloadAt: frames.append(kind, payload) });
  };
  return {
    recovered: frames.recovered,
    ...createOps(state, frames, write),
    ...createReceipts(state, frames, write),
    ...createAsides(state, frames, write),
    meta: (name) => state.metaByName.get(name),
    setMeta: (name, value) => write(frameKinds.meta, encodePayload([name, value])),
    refresh: () => undefined,
    close: frames.close,
  };
}

type Ops = 'append' | 'replace' | 'settle' | 'has' | 'get' | 'head' | 'scopes' | 'tip' | 'settled' | 'pending';

function createOps({ index, bodies }: FileLogState, { read }: FramedFile, write: WriteFrame): Pick<SyncLogStore, Ops> {
  function append(records: readonly OpRecord[]): void {
    const newByHash = new Map<OpHash, OpRecord>();
    for (const record of records) {
      const isKnown = index.ordinalOf(record.hash) !== undefined || newByHash.has(record.hash);
      if (!isKnown) newByHash.set(record.hash, record);
    }
    writeRecords([...newByHash.values()]);
  }

  function writeRecords(records: readonly OpRecord[]): void {
    // One unreadable record would make the whole file unreadable, so it is refused before anything is written.
    for (const { bytes, hash } of records) trustedRecord(bytes, hash);
    if (records.length > 0) write(frameKinds.records, encodeRecords(records));
  }

  function replace(records: readonly OpRecord[]): void {
    for (const { hash, op, bytes } of records) {
      index.mustFind(hash, op.scope);
      trustedRecord(bytes, hash);
    }
    if (records.length > 0) write(frameKinds.replace, encodeRecords(records));
  }

  function readRecords(ordinals: readonly number[]): OpRecord[] {
    const spans = ordinals.map((ordinal) => bodies[ordinal] as Span);
    return readSpans(spans, read).map((bytes, i) => trustedRecord(bytes, index.hashOf(ordinals[i] as number)));
  }

  return {
    append,
    replace,
    settle: (scope, from, ops, tip) => {
      const { fresh, ordinals } = index.checkSettle(scope, from, ops, tip);
      writeRecords(fresh);
      const entry: SettleEntry = { scope, ordinals, tip };
      write(frameKinds.settle, encodePayload(entry));
    },
    has: (hash) => index.ordinalOf(hash) !== undefined,
    get: (hash) => {
      const ordinal = index.ordinalOf(hash);
      if (ordinal === undefined) return undefined;
      return { record: readRecords([ordinal])[0] as OpRecord, position: index.positionOf(ordinal) };
    },
    head: (device, scope) => index.head(device, scope),
    scopes: () => index.scopes(),
    tip: (scope) => index.tip(scope),
    settled: (scope, from, limit) => readRecords(index.settled(scope, from, limit)),
    pending: (scope) => readRecords(index.pending(scope)),
  };
}

type Receipts = 'addReceipt' | 'receipts' | 'receiptPosition';

function createReceipts(state: FileLogState, { read }: FramedFile, write: WriteFrame): Pick<SyncLogStore, Receipts> {
  const readReceipt = ({ at, length }: Span): ReceiptNote => parsePayload(read(at, length)) as ReceiptNote;
  return {
    addReceipt: (receipt) => write(frameKinds.receipt, encodePayload(receipt)),
    receipts: (scope) => (state.receiptsByScope.get(scope) ?? []).map(readReceipt),
    receiptPosition: (hash) => state.index.receiptPosition(hash),
  };
}

type Asides = 'setAside' | 'asides' | 'dropAsides';

function createAsides(state: FileLogState, { read }: FramedFile, write: WriteFrame): Pick<SyncLogStore, Asides> {
  function* entries(): Generator<AsideEntry> {
    const entriesBySpan = new Map<Span, readonly AsideEntry[]>();
    for (const [hash, span] of state.asideByHash) {
      const found = entriesBySpan.get(span) ?? (parsePayload(read(span.at, span.length)) as AsideEntry[]);
      entriesBySpan.set(span, found);
      yield found.findLast((entry) => entry.hash === hash) as AsideEntry;
    }
  }

  return {
    setAside: (asides) => {
      if (asides.length === 0) return;
      const content = asides.map((aside): AsideEntry => ({ ...aside, bytes: encodeHex(aside.bytes) }));
      write(frameKinds.asides, encodePayload(content));
    },
    asides: (scope) => {
      const wanted = [...entries()].filter((entry) => scope === undefined || entry.scope === scope);
      return wanted.map((entry): Aside => ({ ...entry, bytes: decodeHex(entry.bytes) }));
    },
    dropAsides: (hashes) => {
      const known = hashes.filter((hash) => state.asideByHash.has(hash));
      if (known.length > 0) write(frameKinds.dropAsides, encodePayload(known));
    },
  };
}
