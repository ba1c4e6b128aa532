// A record as SQLite columns: about 200 bytes smaller than its wire bytes, and readable by plain SQL. Nothing is encoded
// anew: the args stand as the author wrote them, the text around them has one form, and a record it does not fit stays whole.
import type { DeviceId, KeyId, OpHash, OpId, Scope, VerbRef } from './brands.ts';
import { encodeCanonical, type JsonObject, maxDepth, maxTextBytes } from './canonical.ts';
import { heldArgsText, parseStored, withLazyArgs } from './lazy-args.ts';
import type { StrictRecord } from './log-store.ts';
import { findFailure, type Op, type Seen } from './op.ts';
import { isPlain } from './plain.ts';
import { keyIdOf, type OpRecord, textOf } from './record.ts';

/** The text around the args. Strings of it need no escapes: their patterns allow none that would. */
export interface OpFrame {
  readonly at: number;
  readonly device: DeviceId;
  readonly id: OpId;
  readonly prev: OpHash | undefined;
  readonly scope: Scope;
  /** Canonical text of `seen`. */
  readonly seen: string | undefined;
  readonly seq: number;
  readonly verb: VerbRef;
}

type Building = { -readonly [Name in keyof Omit<Op, 'args'>]?: Op[Name] };

const textStart = '{"args":';
const textOffset = 96;

function frameOf(op: Op): OpFrame {
  const { at, device, id, prev, scope, seq, verb } = op;
  return { at, device, id, prev, scope, seen: seenTextOf(op), seq, verb };
}

/** Canonical text of what an op says it has seen. */
export function seenTextOf({ seen }: Op): string | undefined {
  return seen === undefined ? undefined : encodeCanonical(seen as JsonObject);
}

/** The args as they stand in the record's text, or undefined when the text is not exactly its frame around them. */
export function argsTextOf(record: OpRecord): string | undefined {
  // Whoever has not parsed them yet has them, out of a text that was canonical, whose other members have one form.
  const held = heldArgsText(record.op);
  if (held !== undefined) return held;
  const text = textOf(record);
  const end = textAfterArgs(frameOf(record.op));
  return text.startsWith(textStart) && text.endsWith(end) && text.length > textStart.length + end.length
    ? text.slice(textStart.length, text.length - end.length)
    : undefined;
}

/** What a record has beside its text. */
export interface RecordSeal {
  readonly keyId: KeyId;
  readonly keyBytes: Uint8Array;
  /** In hex. */
  readonly signature: string;
  readonly hash: OpHash;
}

/** The record whose text is `frame` around `args`. Its args are read when they are asked for, and throw `record/corrupt` then if they are no JSON. */
export function recordOf(frame: OpFrame, args: string, seal: RecordSeal): OpRecord {
  const bytes = bytesOf(textStart + args + textAfterArgs(frame), seal);
  return { op: withLazyArgs(membersOf(frame), args), hash: seal.hash, keyId: seal.keyId, bytes };
}

/** As `recordOf`, of columns that nobody vouches for. Where a rule is broken, or the args have an escape, it takes their bytes to tell. */
export function strictRecordOf(frame: OpFrame, args: string, seal: RecordSeal): StrictRecord {
  const text = textStart + args + textAfterArgs(frame);
  const bytes = bytesOf(text, seal);
  const op = text.length * mostBytesOfUnit > maxTextBytes ? undefined : strictOpOf(frame, args);
  return { hash: seal.hash, bytes, decoded: op && { op, keyId: keyIdOf(bytes), text, bytes } };
}

/** The text around canonical args is canonical as it is put together, with members whose patterns allow no escape. */
function strictOpOf(frame: OpFrame, args: string): Op | undefined {
  const { seen } = frame;
  if (!args.startsWith('{') || !isPlain(args, levels) || (seen !== undefined && !isPlain(seen, levels)))
    return undefined;
  const members = membersOf(frame);
  const failure = findFailure(members as unknown as JsonObject, noArgs);
  return failure === undefined ? withLazyArgs(members, args) : undefined;
}

/** How deep a member of an op may be nested. */
const levels = maxDepth - 1;
const noArgs: JsonObject = {};

function bytesOf(text: string, { keyBytes, signature }: RecordSeal): Uint8Array {
  const { memory, at } = takeMemory(textOffset + text.length * mostBytesOfUnit);
  memory.set(keyBytes, at);
  memory.write(signature, at + keyBytes.length, textOffset - keyBytes.length, 'hex');
  const length = textOffset + memory.write(text, at + textOffset);
  taken += length;
  return new Uint8Array(memory.buffer, at, length);
}

const mostBytesOfUnit = 3;
const memoryBytes = 1 << 15;
/** Records that are read one after another share memory: a piece for each would cost as much as all the rest of reading it. */
let shared = Buffer.alloc(0);
let taken = 0;

/** Where there is room for so many bytes; how many of them were used is added to `taken`. */
function takeMemory(size: number): { memory: Buffer; at: number } {
  if (taken + size > shared.length) {
    shared = Buffer.allocUnsafeSlow(Math.max(size, memoryBytes));
    taken = 0;
  }
  return { memory: shared, at: taken };
}

function textAfterArgs({ at, device, id, prev, scope, seen, seq, verb }: OpFrame): string {
  const link = prev === undefined ? '' : `","prev":"${prev}`;
  const basis = seen === undefined ? '' : `,"seen":${seen}`;
  return `,"at":${at},"device":"${device}","id":"${id}${link}","scope":"${scope}"${basis},"seq":${seq},"verb":"${verb}"}`;
}

function membersOf({ at, device, id, prev, scope, seen, seq, verb }: OpFrame): Omit<Op, 'args'> {
  const op: Building = { at, device, id };
  if (prev !== undefined) op.prev = prev;
  op.scope = scope;
  if (seen !== undefined) op.seen = parseStored(seen, id) as Seen;
  op.seq = seq;
  op.verb = verb;
  return op as Omit<Op, 'args'>;
}
