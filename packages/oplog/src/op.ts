// The op: its members, their rules and a literal code for each refusal. docs/spec/op.md, "Members".
import {
  type DeviceId,
  type OpHash,
  type OpId,
  parseDeviceId,
  parseOpHash,
  parseOpId,
  parseRootHash,
  parseScope,
  parseVerbRef,
  type RootHash,
  type Scope,
  type Seq,
  type VerbRef,
} from './brands.ts';
import { encodeCanonical, type Json, type JsonObject } from './canonical.ts';
import { type CanonicalCode, type Failure, type OpCode, OplogError } from './errors.ts';

/** The only unit of fact: one signed record of one verb with its recorded inputs. */
export interface Op {
  /** The recorded inputs; their schema belongs to the verb version. */
  readonly args: JsonObject;
  /** The author's clock in ms since 1970, as read. Business time, never used for order. */
  readonly at: number;
  readonly device: DeviceId;
  readonly id: OpId;
  /** Hash of the device's previous op in this scope; for seq 1 of the op that enrolled it. Absent in the genesis op only. */
  readonly prev?: OpHash;
  readonly scope: Scope;
  readonly seen?: Seen;
  readonly seq: Seq;
  readonly verb: VerbRef;
}

/** What the author had verified or built on since its last op here. `root` and `size` come together. */
export interface Seen {
  /** Ops of others without a position that this op builds on: sorted, unique, 1 to 16. */
  readonly heads?: readonly OpHash[];
  readonly root?: RootHash;
  readonly size?: number;
}

export type OpFailure = Failure<CanonicalCode | OpCode>;

/** Most `heads` one op may name. */
export const maxHeads = 16;
/** 9999-12-31T23:59:59.999Z: every accepted `at` is a date that every calendar library can show. */
export const maxAtMs = 253_402_300_799_999;

const genesisVerb = 'book.open@1';
const genesisScope = 'hq';

/** Canonical text of `op`. Throws `OplogError` when a member breaks a rule. */
export function encodeOp(op: Op): string {
  const text = encodeCanonical(op as unknown as JsonObject);
  const failure = findFailure(op as unknown as Json);
  if (failure !== undefined) throw new OplogError(failure.code, failure.message);
  return text;
}

/** An op of trusted bytes: a store wrote them after they had passed `parseOp`. Throws `record/corrupt` if they are no JSON. */
export function trustedOp(text: string): Op {
  try {
    return JSON.parse(text) as Op;
  } catch (cause) {
    throw new OplogError('record/corrupt', 'stored op is no longer JSON', { cause });
  }
}

/** Which rule of the op's members is broken, if one is. `known` are the args, where they are no member of `value`. */
export function findFailure(value: Json, known?: JsonObject): Failure<OpCode> | undefined {
  if (!isObject(value)) return fail('op/shape', 'an op is an object');
  for (const key of Object.keys(value)) {
    if (!memberNames.has(key)) return fail('op/member', `unknown member ${JSON.stringify(key)}`);
  }
  const { args = known, at, device, id, prev, scope, seen, seq, verb } = value;
  if (!isObject(args)) return fail('op/args', 'args must be an object');
  if (!isWithin(at, 0, maxAtMs)) return fail('op/at', `at must be ms from 0 to ${maxAtMs}`);
  if (!isDevice(device)) return fail('op/device', 'device must be 64 lowercase hex digits');
  if (parseOpId(id) === undefined) return fail('op/id', 'id must be a UUIDv7 in lowercase');
  if (prev !== undefined && parseOpHash(prev) === undefined)
    return fail('op/prev', 'prev must be 64 lowercase hex digits');
  if (!isScope(scope)) return fail('op/scope', 'scope must match [a-z0-9][a-z0-9/_-]{0,63}');
  if (!isWithin(seq, 1, Number.MAX_SAFE_INTEGER)) return fail('op/seq', 'seq must be 1 or more');
  if (!isVerb(verb)) return fail('op/verb', 'verb must be name@version');
  return findSeenFailure(seen) ?? findGenesisFailure(value);
}

/** Ops of one device come one after another, and nearly all have the scope and the verb before. */
const isDevice = remembering(parseDeviceId);
const isScope = remembering(parseScope);
const isVerb = remembering(parseVerbRef);

/** Whether there is anything to parse. What was good the last time is not looked at again. */
function remembering(parse: (value: unknown) => string | undefined): (value: Json | undefined) => boolean {
  let good: string | undefined;
  return (value) => {
    if (value !== undefined && value === good) return true;
    const parsed = parse(value);
    if (parsed === undefined) return false;
    good = parsed;
    return true;
  };
}

const memberNames = new Set(['args', 'at', 'device', 'id', 'prev', 'scope', 'seen', 'seq', 'verb']);

function findSeenFailure(seen: Json | undefined): Failure<OpCode> | undefined {
  if (seen === undefined) return undefined;
  if (!isObject(seen)) return fail('op/seen', 'seen must be an object');
  const { heads, root, size, ...rest } = seen;
  if (Object.keys(rest).length > 0) return fail('op/seen', `unknown member ${JSON.stringify(Object.keys(rest)[0])}`);
  if (heads === undefined && size === undefined) return fail('op/seen', 'seen says nothing; leave it out');
  if ((root === undefined) !== (size === undefined)) return fail('op/seen', 'root and size come together');
  if (size !== undefined && !isWithin(size, 1, Number.MAX_SAFE_INTEGER))
    return fail('op/seen', 'size must be 1 or more');
  if (root !== undefined && parseRootHash(root) === undefined)
    return fail('op/seen', 'root must be 64 lowercase hex digits');
  return heads === undefined || isHeads(heads)
    ? undefined
    : fail('op/seen', `heads must be 1 to ${maxHeads} sorted hashes`);
}

function isHeads(heads: Json): boolean {
  if (!Array.isArray(heads) || heads.length < 1 || heads.length > maxHeads) return false;
  return heads.every((head, i) => parseOpHash(head) !== undefined && (i === 0 || heads[i - 1] < head));
}

function findGenesisFailure(op: JsonObject): Failure<OpCode> | undefined {
  if (op.prev !== undefined && op.verb !== genesisVerb) return undefined;
  if (op.prev === undefined && op.verb !== genesisVerb) return fail('op/prev', `only ${genesisVerb} has no prev`);
  const isGenesis = op.prev === undefined && op.seq === 1 && op.scope === genesisScope && op.seen === undefined;
  return isGenesis
    ? undefined
    : fail('op/genesis', `${genesisVerb} is seq 1 of ${genesisScope} and has no prev and no seen`);
}

function fail(code: OpCode, message: string): Failure<OpCode> {
  return { code, message };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && !Array.isArray(value);
}

function isWithin(value: Json | undefined, min: number, max: number): value is number {
  return typeof value === 'number' && value >= min && value <= max && Number.isInteger(value);
}
