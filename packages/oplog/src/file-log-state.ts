// What a log file means: the state that its frames build, each new frame exactly as one that was found on opening.
import { asideKey, copiesOf } from './aside-key.ts';
import type { OpHash, Scope } from './brands.ts';
import { OplogError } from './errors.ts';
import { type Frame, frameKinds } from './frame.ts';
import { LogIndex } from './log-index.ts';
import type { Aside, LogBase, ReceiptNote, Tip } from './log-store.ts';
import { trustedRecord } from './record.ts';
import { locateRecords } from './record-frame.ts';

/** Bytes of the file. */
export interface Span {
  readonly at: number;
  readonly length: number;
}

export interface FileLogState {
  readonly index: LogIndex;
  /** Where each record stands, by ordinal. */
  readonly bodies: Span[];
  readonly receiptsByScope: Map<Scope, Span[]>;
  /** The payload that holds the entry, by its `asideKey`. */
  readonly asidesByKey: Map<string, Span>;
  readonly metaByName: Map<string, string>;
}

/** Payload of a settle frame, as JSON. */
export interface SettleEntry {
  readonly scope: Scope;
  /** The settled ops by their order of arrival in this file. */
  readonly ordinals: readonly number[];
  readonly tip: Tip;
}

/** Payload of a begin frame, as JSON. */
export interface BeginEntry {
  readonly scope: Scope;
  readonly base: LogBase;
  readonly note: string;
}

/** Payload of an unsettle frame, as JSON. */
export interface UnsettleEntry {
  readonly scope: Scope;
  readonly tip: Tip;
  /** What receipts of the scope named and is not stored. */
  readonly receiptedElsewhere: readonly OpHash[];
}

/** One of the entries of an asides frame, as JSON; the bytes in hex. */
export type AsideEntry = Omit<Aside, 'bytes'> & { readonly bytes: string };

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function createFileLogState(index: LogIndex = new LogIndex()): FileLogState {
  return {
    index,
    bodies: [],
    receiptsByScope: new Map(),
    asidesByKey: new Map(),
    metaByName: new Map(),
  };
}

export function applyFrame(state: FileLogState, { kind, payload, payloadAt }: Frame): void {
  const span: Span = { at: payloadAt, length: payload.length };
  switch (kind) {
    case frameKinds.records:
      return applyRecords(state, payload, payloadAt);
    case frameKinds.replace:
      return applyReplace(state, payload, payloadAt);
    case frameKinds.settle: {
      const { scope, ordinals, tip } = parsePayload(payload) as SettleEntry;
      return state.index.settle(scope, ordinals, tip);
    }
    case frameKinds.begin: {
      const { scope, base, note } = parsePayload(payload) as BeginEntry;
      state.index.begin(scope, base, note);
      return;
    }
    case frameKinds.unsettle: {
      const { scope, tip, receiptedElsewhere } = parsePayload(payload) as UnsettleEntry;
      state.index.unsettle(scope, tip, receiptedElsewhere);
      state.receiptsByScope.delete(scope);
      return;
    }
    case frameKinds.receipt:
      return applyReceipt(state, parsePayload(payload) as ReceiptNote, span);
    case frameKinds.asides:
      for (const entry of parsePayload(payload) as AsideEntry[]) state.asidesByKey.set(asideKey(entry), span);
      return;
    case frameKinds.dropAsides:
      for (const key of copiesOf(parsePayload(payload) as OpHash[], state.asidesByKey.keys()))
        state.asidesByKey.delete(key);
      return;
    case frameKinds.meta: {
      const [name, value] = parsePayload(payload) as [string, string];
      state.metaByName.set(name, value);
      return;
    }
    default:
      throw new OplogError('store/newer', `frame of unknown kind ${kind}: a newer release wrote it`);
  }
}

/** Payload of every frame but that of records. */
export function encodePayload(
  content: SettleEntry | BeginEntry | UnsettleEntry | ReceiptNote | readonly (AsideEntry | string)[],
): Uint8Array {
  return encoder.encode(JSON.stringify(content));
}

export function parsePayload(payload: Uint8Array): unknown {
  return JSON.parse(decoder.decode(payload));
}

function applyRecords({ index, bodies }: FileLogState, payload: Uint8Array, payloadAt: number): void {
  for (const { hash, at, length } of locateRecords(payload)) {
    index.add(trustedRecord(payload.subarray(at, at + length), hash));
    bodies.push({ at: payloadAt + at, length });
  }
}

function applyReplace({ index, bodies }: FileLogState, payload: Uint8Array, payloadAt: number): void {
  for (const { hash, at, length } of locateRecords(payload)) {
    const { op } = trustedRecord(payload.subarray(at, at + length), hash);
    bodies[index.mustFind(hash, op.scope)] = { at: payloadAt + at, length };
  }
}

function applyReceipt({ index, receiptsByScope }: FileLogState, { scope, lines }: ReceiptNote, span: Span): void {
  const spans = receiptsByScope.get(scope) ?? [];
  spans.push(span);
  receiptsByScope.set(scope, spans);
  index.addReceiptLines(lines);
}
