// A log store over one append-only file (OPFS in a browser worker, a plain file in Node). Bodies stay in the file; memory holds
// an index. Every change is one frame, flushed before the call returns.
import { asideKey, opsOf } from './aside-key.ts';
import type { OpHash, Scope } from './brands.ts';
import {
  applyFrame,
  type AsideEntry,
  type BeginEntry,
  createFileLogState,
  encodePayload,
  type FileLogState,
  parsePayload,
  type SettleEntry,
  type Span,
  type UnsettleEntry,
} from './file-log-state.ts';
import { frameKinds } from './frame.ts';
import { decodeFileLogIndex, encodeFileLogIndex } from './file-log-index.ts';
import { hashesElsewhere } from './log-index.ts';
import {
  type FramedFile,
  type FramedFileOptions,
  hasFrame,
  openFramedFile,
  type Recovery,
  recheckFrames,
} from './framed-file.ts';
import { decodeHex, encodeHex } from './hex.ts';
import type { AppendFile, Aside, ReceiptNote, SyncLogStore } from './log-store.ts';
import { type OpRecord, trustedRecord } from './record.ts';
import { encodeRecords } from './record-frame.ts';
import { readSpans } from './span-reader.ts';

export interface FileLogStore extends SyncLogStore {
  /** What opening had to cut, for people to be told: a device that lost ops must fetch its own head before it appends. */
  readonly recovered: Recovery | undefined;
  /** Ops whose frames were read when the store opened: all of them without an index that fits. */
  readonly scanned: number;
  /**
   * Reads again, some at a time, what opening did not read because an index stood for it; throws `store/damaged` where it is not whole. Ends at
   * once where opening read everything.
   */
  recheck(): Generator<undefined>;
  /** What memory holds, to be kept anywhere and given to the next opening as `index`. Undefined in an empty file. */
  encodeIndex(): Uint8Array | undefined;
}

export interface FileLogStoreOptions extends FramedFileOptions {
  /**
   * What `encodeIndex` answered some time before: opening reads only what was appended after that. An index that is damaged, or of
   * another file, is not used. Damage to the file before that place then shows by `recheck`, or when the book is verified, and no longer when it opens.
   */
  readonly index?: Uint8Array | undefined;
}

/** Appends a frame and applies it. */
type WriteFrame = (kind: number, payload: Uint8Array) => void;

/** Opens or starts the log in `file`, which must be this store's alone until `close`. */
export function createFileLogStore(file: AppendFile, options: FileLogStoreOptions = {}): FileLogStore {
  const indexed = options.index === undefined ? undefined : decodeFileLogIndex(options.index);
  const known = indexed !== undefined && hasFrame(file, indexed.last) ? indexed : undefined;
  const state = known?.state ?? createFileLogState();
  const before = state.bodies.length;
  const frames = openFramedFile(file, (frame) => applyFrame(state, frame), options, known?.last);
  const scanned = state.bodies.length - before;
  const write: WriteFrame = (kind, payload) => {
    applyFrame(state, { kind, payload, payloadAt: frames.append(kind, payload) });
  };
  return {
    recovered: frames.recovered,
    scanned,
    recheck: () => recheckFrames(file, known?.last.end ?? 0),
    encodeIndex: () => (frames.last === undefined ? undefined : encodeFileLogIndex({ state, last: frames.last })),
    ...createOps(state, frames, write),
    ...createReceipts(state, frames, write),
    ...createAsides(state, frames, write),
    meta: (name) => state.metaByName.get(name),
    setMeta: (name, value) => write(frameKinds.meta, encodePayload([name, value])),
    refresh: () => undefined,
    close: frames.close,
  };
}

type Reads = 'has' | 'get' | 'head' | 'scopes' | 'tip' | 'base' | 'settled' | 'pending';
type Ops = 'append' | 'replace' | 'settle' | 'begin' | Reads;

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
    base: (scope) => index.base(scope),
    begin: (scope, base, note = '') => {
      const entry: BeginEntry = { scope, base, note };
      if (index.checkBegin(scope, base)) write(frameKinds.begin, encodePayload(entry));
    },
    settled: (scope, from, limit) => readRecords(index.settled(scope, from, limit)),
    pending: (scope) => readRecords(index.pending(scope)),
  };
}

type Receipts = 'addReceipt' | 'receipts' | 'receiptPosition' | 'unsettle';

function createReceipts(state: FileLogState, { read }: FramedFile, write: WriteFrame): Pick<SyncLogStore, Receipts> {
  const readReceipt = ({ at, length }: Span): ReceiptNote => parsePayload(read(at, length)) as ReceiptNote;
  const receipts = (scope: Scope): ReceiptNote[] => (state.receiptsByScope.get(scope) ?? []).map(readReceipt);
  return {
    unsettle: (scope, tip) => {
      state.index.checkUnsettle(scope, tip);
      const entry: UnsettleEntry = { scope, tip, receiptedElsewhere: hashesElsewhere(receipts(scope), state.index) };
      write(frameKinds.unsettle, encodePayload(entry));
    },
    addReceipt: (receipt) => write(frameKinds.receipt, encodePayload(receipt)),
    receipts,
    receiptPosition: (hash) => state.index.receiptPosition(hash),
  };
}

type Asides = 'setAside' | 'asides' | 'dropAsides';

function createAsides(state: FileLogState, { read }: FramedFile, write: WriteFrame): Pick<SyncLogStore, Asides> {
  function* entries(): Generator<AsideEntry> {
    const framesBySpan = new Map<Span, ReadonlyMap<string, AsideEntry>>();
    for (const [key, span] of state.asidesByKey) {
      const frame = framesBySpan.get(span) ?? entriesByKey(read(span.at, span.length));
      framesBySpan.set(span, frame);
      yield frame.get(key) as AsideEntry;
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
      if (state.asidesByKey.size === 0) return;
      const held = opsOf(state.asidesByKey.keys());
      const known = hashes.filter((hash) => held.has(hash));
      if (known.length > 0) write(frameKinds.dropAsides, encodePayload(known));
    },
  };
}

function entriesByKey(payload: Uint8Array): ReadonlyMap<string, AsideEntry> {
  return new Map((parsePayload(payload) as AsideEntry[]).map((entry) => [asideKey(entry), entry]));
}
