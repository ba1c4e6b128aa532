// What the gate stands on: the stored state around one push, and the checks of a single op against it that need no
// signature (docs/spec/relay.md, "Gate").
import { type Hasher, hashOp, openRecord, type VerifyRecord } from '@tallystick/chain';
import {
  type BookId,
  type DeviceId,
  type MaybePromise,
  type Op,
  type OpHash,
  type OpRecord,
  parseRootHash,
  type RootHash,
  type Scope,
} from '@tallystick/oplog';
import { headquarters as hq, markVerb, type Roster } from '@tallystick/sign/roster';
import { claimOf } from './claims.ts';
import type { ChainState, Holder, Placed } from './store.ts';
import type { PushResult, Warning } from './verdict.ts';

export interface Ground {
  readonly book: BookId;
  readonly scope: Scope;
  /** Ops in the scope's log before the push. */
  readonly size: number;
  readonly chains: ReadonlyMap<DeviceId, ChainState>;
  /** Those of `mentionedHashes` that are stored. */
  readonly placed: ReadonlyMap<OpHash, Placed>;
  /** Takes notice of accepted enrolments while the push is judged. */
  readonly roster: Roster;
  /** Of the tokens that ops of the push claim: who holds those that are taken. */
  readonly holders: ReadonlyMap<string, Holder>;
  readonly verify: VerifyRecord;
  /** Whether an op is stored, in this scope or in `hq`. */
  isPlaced(hash: OpHash): Promise<boolean>;
  /** A stored op of this scope; asked only about chains that have changed keys. */
  recordAt(hash: OpHash): Promise<OpRecord | undefined>;
  /** The root of this book's log of `scope` at `size`; undefined beyond its end. */
  rootOf(scope: Scope, size: number): Promise<RootHash | undefined>;
  readonly maxForks: number;
  readonly maxQuarantined: number;
  readonly nowMs: number;
}

/** A record of the push, or the verdict on bytes that are none. */
export type Frame =
  | { readonly kind: 'record'; readonly record: OpRecord }
  | { readonly kind: 'refused'; readonly result: PushResult };

const dayMs = 86_400_000;
const textOffset = 96;

/** Size and shape: the checks that need no state. */
export function openFrame(bytes: Uint8Array, hasher: Hasher): Frame {
  const opened = openRecord(bytes, hasher);
  if (opened.ok) return { kind: 'record', record: opened.value };
  // Bytes that are no record still get a name, so that the sender can tell which of its ops is meant.
  const hash = hashOp(new TextDecoder().decode(bytes.subarray(textOffset)), hasher);
  const verdict = opened.code === 'canonical/too-large' ? 'too-large' : 'not-canonical';
  return { kind: 'refused', result: { hash, verdict, message: `${opened.code}: ${opened.message}` } };
}

/**
 * Every hash whose place the gate may ask for. An op beyond the head of a chain without forks cannot be stored, and what it
 * links to is either that head or in the push, so the usual push asks for none.
 */
export function mentionedHashes(frames: readonly Frame[], chains: Ground['chains']): Set<OpHash> {
  const hashes = new Set<OpHash>();
  for (const frame of frames) {
    if (frame.kind === 'refused') continue;
    const { op, hash } = frame.record;
    const chain = chains.get(op.device);
    const mayBeStored = chain !== undefined && (op.seq <= chain.seq || chain.forks > 0);
    if (mayBeStored) hashes.add(hash);
    if (op.prev !== undefined && mayBeStored) hashes.add(op.prev);
    for (const head of op.seen?.heads ?? []) hashes.add(head);
  }
  return hashes;
}

/** Every token that an op of the push claims. */
export function claimedTokens(frames: readonly Frame[]): Set<string> {
  const tokens = new Set<string>();
  for (const frame of frames) {
    const token = frame.kind === 'record' ? claimOf(frame.record.op) : undefined;
    if (token !== undefined) tokens.add(token);
  }
  return tokens;
}

export function findMisplaced({ op, hash }: OpRecord, { book, scope }: Ground): string | undefined {
  if (op.scope !== scope) return `the op belongs to scope ${op.scope}`;
  return op.prev === undefined && String(hash) !== book ? 'the op opens another book' : undefined;
}

/** `isRooted`: it links to an op that enrols its device. Whether an op goes on from the chain's head, from an earlier op of it (a fork), or from nothing that is here. */
export function linkOf(
  op: Op,
  isRooted: boolean,
  chain: ChainState | undefined,
  placeOf: (hash: OpHash) => Pick<Placed, 'device' | 'seq'> | undefined,
): 'main' | 'fork' | 'gap' {
  if (op.seq === 1 && isRooted) return chain === undefined ? 'main' : 'fork';
  if (chain !== undefined && op.seq === chain.seq + 1 && op.prev === chain.hash) return 'main';
  const before = op.seq === 1 || op.prev === undefined ? undefined : placeOf(op.prev);
  return before?.device === op.device && before.seq === op.seq - 1 ? 'fork' : 'gap';
}

/** What the op builds on and this relay does not have, in words. `end` is the size just before the op. */
export function findMissingBasis(
  op: Op,
  ground: Ground,
  end: number,
  isHere: (hash: OpHash) => boolean,
): MaybePromise<string | undefined> {
  const { heads = [], size = 0 } = op.seen ?? {};
  if (size > end && !isOfEarlierEpoch(ground, ground.scope, size))
    return `the author saw ${size} ops here, the relay has ${end}`;
  const head = heads.find((hash) => !isHere(hash));
  if (head !== undefined) return `${head}, which the author built on, is not here`;
  return op.verb === markVerb ? findMissingMark(op, ground) : undefined;
}

/** A mark must name a size and root of hq that this relay can confirm from its own log. */
async function findMissingMark({ args }: Op, ground: Ground): Promise<string | undefined> {
  const { size } = args;
  const root = parseRootHash(args.root);
  if (typeof size !== 'number' || size < 1 || root === undefined) return 'a mark names a size of hq and its root';
  const known = await ground.rootOf(hq, size);
  if (known === undefined) return `the mark is at ${size}, beyond the end of hq here`;
  if (known === root || isOfEarlierEpoch(ground, hq, size)) return undefined;
  return `the root of hq at ${size} is ${known} here`;
}

/**
 * Whether a mark that is not without basis is of what `hq` is here: it may be of what `hq` was at a relay before. One that says more than a mark does is
 * refused where it is folded.
 */
export async function confirmsMark({ args }: Op, ground: Ground): Promise<boolean> {
  return Object.keys(args).length === 2 && (await ground.rootOf(hq, args['size'] as number)) === args['root'];
}

/**
 * Whether a size of a log may be of a relay before: that one may have given positions beyond what the book's appointment of the next one lists, and what was
 * written on them was written in good faith.
 */
function isOfEarlierEpoch({ roster }: Ground, scope: Scope, size: number): boolean {
  return roster.appointments.some(({ logs }) => size > (logs.find((log) => log.scope === scope)?.size ?? 0));
}

export function findWarnings({ id, seen }: Op, ground: Ground): MaybePromise<readonly Warning[]> {
  const mintedMs = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const found: readonly Warning[] = mintedMs > ground.nowMs + dayMs ? ['clock-ahead'] : [];
  const { root, size = 0 } = seen ?? {};
  if (root === undefined || size > ground.size) return found;
  return ground.rootOf(ground.scope, size).then((here) => (here === root ? found : [...found, 'seen-differs']));
}
