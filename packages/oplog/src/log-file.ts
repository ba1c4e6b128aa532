// A log in one append-only file (OPFS in a browser worker, a plain file in Node), as far as a device needs it that writes ops of its own and reads. Bodies
// stay in the file; memory holds an index. Every change is one frame, flushed before the call returns.
import { asideKey } from './aside-key.ts';
import type { OpHash, Scope } from './brands.ts';
import {
  applyFrame,
  type AsideEntry,
  createFileLogState,
  encodePayload,
  type FileLogState,
  parsePayload,
  type Span,
} from './file-log-state.ts';
import { frameKinds } from './frame.ts';
import { decodeFileLogIndex } from './file-log-index.ts';
import {
  type FramedFile,
  type FramePlace,
  type FramedFileOptions,
  hasFrame,
  openFramedFile,
  type Recovery,
  recheckFrames,
} from './framed-file.ts';
import { decodeHex } from './hex.ts';
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

/** What only an exchange, an archive, a snapshot or an image asks of a log: see log-file-changes.ts. */
type Changes = 'replace' | 'settle' | 'begin' | 'unsettle' | 'addReceipt' | 'setAside' | 'dropAsides' | 'encodeIndex';
export type LogFileChanges = Pick<FileLogStore, Changes>;

/** What those changes are made with. */
export interface LogFileParts {
  readonly state: FileLogState;
  /** Appends a frame and applies it. */
  write(kind: number, payload: Uint8Array): void;
  /** Appends records that are not stored yet. */
  writeRecords(records: readonly OpRecord[]): void;
  /** The frame written last; undefined in an empty file. */
  last(): FramePlace | undefined;
}

export interface LogFile {
  readonly log: Omit<FileLogStore, Changes>;
  readonly parts: LogFileParts;
}

/** Opens or starts the log in `file`, which must be this log's alone until `close`. */
export function openLogFile(file: AppendFile, options: FileLogStoreOptions = {}): LogFile {
  const indexed = options.index === undefined ? undefined : decodeFileLogIndex(options.index);
  const known = indexed !== undefined && hasFrame(file, indexed.last) ? indexed : undefined;
  const state = known?.state ?? createFileLogState();
  const before = state.bodies.length;
  const frames = openFramedFile(file, (frame) => applyFrame(state, frame), options, known?.last);
  const scanned = state.bodies.length - before;
  const parts = createParts(state, frames);
  const log = {
    recovered: frames.recovered,
    scanned,
    recheck: () => recheckFrames(file, known?.last.end ?? 0),
    ...createOps(parts, frames),
    ...createNotes(state, frames),
    meta: (name: string) => state.metaByName.get(name),
    setMeta: (name: string, value: string) => parts.write(frameKinds.meta, encodePayload([name, value])),
    refresh: () => undefined,
    close: frames.close,
  };
  return { log, parts };
}

function createParts(state: FileLogState, frames: FramedFile): LogFileParts {
  const write = (kind: number, payload: Uint8Array): void => {
    applyFrame(state, { kind, payload, payloadAt: frames.append(kind, payload) });
  };
  return {
    state,
    write,
    writeRecords(records) {
      // One unreadable record would make the whole file unreadable, so it is refused before anything is written.
      for (const { bytes, hash } of records) trustedRecord(bytes, hash);
      if (records.length > 0) write(frameKinds.records, encodeRecords(records));
    },
    last: () => frames.last,
  };
}

type Ops = 'append' | 'has' | 'get' | 'head' | 'scopes' | 'tip' | 'base' | 'settled' | 'pending';

function createOps({ state, writeRecords }: LogFileParts, { read }: FramedFile): Pick<SyncLogStore, Ops> {
  const { index, bodies } = state;

  function readRecords(ordinals: readonly number[]): OpRecord[] {
    const spans = ordinals.map((ordinal) => bodies[ordinal] as Span);
    return readSpans(spans, read).map((bytes, i) => trustedRecord(bytes, index.hashOf(ordinals[i] as number)));
  }

  return {
    append(records) {
      const newByHash = new Map<OpHash, OpRecord>();
      for (const record of records) {
        const isKnown = index.ordinalOf(record.hash) !== undefined || newByHash.has(record.hash);
        if (!isKnown) newByHash.set(record.hash, record);
      }
      writeRecords([...newByHash.values()]);
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
    settled: (scope, from, limit) => readRecords(index.settled(scope, from, limit)),
    pending: (scope) => readRecords(index.pending(scope)),
  };
}

type Notes = 'receipts' | 'receiptPosition' | 'asides';

/** What relays said of ops, and what was set aside. */
function createNotes(state: FileLogState, { read }: FramedFile): Pick<SyncLogStore, Notes> {
  function* entries(): Generator<AsideEntry> {
    const framesBySpan = new Map<Span, ReadonlyMap<string, AsideEntry>>();
    for (const [key, span] of state.asidesByKey) {
      const frame = framesBySpan.get(span) ?? entriesByKey(read(span.at, span.length));
      framesBySpan.set(span, frame);
      yield frame.get(key) as AsideEntry;
    }
  }

  return {
    receipts: (scope: Scope) =>
      (state.receiptsByScope.get(scope) ?? []).map(({ at, length }) => parsePayload(read(at, length)) as ReceiptNote),
    receiptPosition: (hash) => state.index.receiptPosition(hash),
    asides: (scope) => {
      const wanted = [...entries()].filter((entry) => scope === undefined || entry.scope === scope);
      return wanted.map((entry): Aside => ({ ...entry, bytes: decodeHex(entry.bytes) }));
    },
  };
}

function entriesByKey(payload: Uint8Array): ReadonlyMap<string, AsideEntry> {
  return new Map((parsePayload(payload) as AsideEntry[]).map((entry) => [asideKey(entry), entry]));
}
