// One push from its body to its answer: frames, gate, tree, one transaction, receipt (docs/spec/relay.md, "Push").
import { createTree, encodeCheckpoint, type Hasher, leafHash, type NoteSigner, signNote } from '@tallystick/chain';
import {
  type BookId,
  decodeBundle,
  encodeHex,
  type OpRecord,
  parseScope,
  type RootHash,
  type Scope,
  trustedRecord,
} from '@tallystick/oplog';
import { createRecordVerifier, type Ed25519 } from '@tallystick/sign';
import type { Roster } from '@tallystick/sign/roster';
import type { ClaimMemory } from './claim-memory.ts';
import { RelayError } from './errors.ts';
import { judgePush, type Ruling } from './gate.ts';
import { claimedTokens, type Frame, type Ground, mentionedHashes, openFrame } from './ground.ts';
import type { RelayLimits } from './limits.ts';
import { encodeReceipt, originOf } from './receipt.ts';
import type { Rosters } from './rosters.ts';
import type { Entry, LogState, RelayStore } from './store.ts';
import { growTiles, rootAt } from './tiles.ts';
import type { PushResult } from './verdict.ts';

/** What a push needs of its relay. */
export interface PushDesk {
  readonly store: RelayStore;
  readonly signer: NoteSigner;
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
  readonly limits: RelayLimits;
  readonly books: 'open' | readonly BookId[];
  readonly rosters: Rosters;
  readonly memory: ClaimMemory;
  nowMs(): number;
}

export interface PushOutcome {
  readonly size: number;
  readonly checkpoint: string;
  /** Signed note over every op of the push that has a position, or ''. */
  readonly receipt: string;
  readonly results: readonly PushResult[];
  /** The book began with this push. */
  readonly opened: boolean;
  readonly signaturesChecked: number;
}

const hq = parseScope('hq') as Scope;
/** Of one push, each against another state of the log. */
const maxTries = 8;
const emptyLog: LogState = { size: 0, frontier: [], checkpoint: '' };

/** Cuts a body into frames and checks their size and shape. Throws `relay/too-large` or `relay/torn`. */
export function openFrames(body: Uint8Array, { limits, hasher }: PushDesk): Frame[] {
  if (countFrames(body, limits.maxBatchOps) > limits.maxBatchOps) {
    throw new RelayError('relay/too-large', `a push has at most ${limits.maxBatchOps} ops`);
  }
  const { frames, tornAt } = decodeBundle(body);
  if (tornAt !== undefined) throw new RelayError('relay/torn', `the bundle breaks off in the frame at byte ${tornAt}`);
  return frames.map((bytes) => openFrame(bytes, hasher));
}

/** Stops one past `max`, so that a body of empty frames costs nothing. */
function countFrames(body: Uint8Array, max: number): number {
  let count = 0;
  for (let at = 0; at < body.length && count <= max; count++) {
    at += 2 + (((body[at] as number) << 8) | (body[at + 1] ?? 0));
  }
  return count;
}

export interface PushTarget {
  readonly book: BookId;
  readonly scope: Scope;
  /** Whether it is a push on the condition that nobody has the tokens that its ops claim. */
  readonly isClaim: boolean;
}

/** Runs in the book's turn. Where another front end on the same store was first, what it stored is read and all is judged again. */
export async function pushFrames(desk: PushDesk, target: PushTarget, frames: Frame[]): Promise<PushOutcome> {
  for (let tries = 1; ; tries++) {
    try {
      return await pushOnce(desk, target, frames);
    } catch (error) {
      // The roster may have taken notice of ops that were not stored.
      desk.rosters.forget(target.book);
      if (!(error instanceof RelayError) || error.code !== 'relay/conflict') throw error;
      if (tries === maxTries) throw new RelayError('relay/busy', 'other writers were first', { cause: error });
    }
  }
}

async function pushOnce(desk: PushDesk, target: PushTarget, frames: Frame[]): Promise<PushOutcome> {
  const { store, rosters } = desk;
  const { book, scope, isClaim } = target;
  const opens = (await store.log(book, hq)) === undefined;
  if (opens) await checkOpening(desk, book, scope, frames);
  const log = (await store.log(book, scope)) ?? (await checkNewScope(desk, book));
  const roster = await rosters.of(book);
  const ground = await layGround(desk, { ...target, frames, log, roster });
  if (isClaim) await desk.memory.check(target, log, claimedTokens(frames), ground.holders);
  const ruling = await judgePush(frames, ground, desk.hasher);
  const state = ruling.accepted.length === 0 ? log : await commit(desk, { book, scope, log, ruling });
  if (opens && state.size === 0) rosters.forget(book);
  const { results, signaturesChecked } = ruling;
  const receipt = await signReceipt(desk, originOf(desk.signer.name, book, scope), results);
  return {
    size: state.size,
    checkpoint: state.checkpoint,
    receipt,
    results,
    opened: opens && state.size > 0,
    signaturesChecked,
  };
}

async function checkOpening(desk: PushDesk, book: BookId, scope: Scope, frames: readonly Frame[]): Promise<void> {
  const brings = frames.some((frame) => frame.kind === 'record' && String(frame.record.hash) === book);
  if (!brings || scope !== hq) throw new RelayError('relay/unknown-book', `book ${book} is not here`);
  if (desk.books !== 'open' && !desk.books.includes(book)) {
    throw new RelayError('relay/book-refused', `this relay does not take book ${book}`);
  }
  const count = await desk.store.bookCount();
  if (count >= desk.limits.maxBooks) throw new RelayError('relay/quota', `this relay keeps at most ${count} books`);
}

async function checkNewScope({ store, limits }: PushDesk, book: BookId): Promise<LogState> {
  const { length } = await store.scopes(book);
  if (length >= limits.maxScopes) throw new RelayError('relay/quota', `a book has at most ${length} scopes here`);
  return emptyLog;
}

interface Groundwork extends PushTarget {
  readonly frames: readonly Frame[];
  readonly log: LogState;
  readonly roster: Roster;
}

async function layGround(desk: PushDesk, { book, scope, isClaim, frames, log, roster }: Groundwork): Promise<Ground> {
  const { store, ed25519, hasher, limits } = desk;
  const devices = new Set(frames.flatMap((frame) => (frame.kind === 'record' ? [frame.record.op.device] : [])));
  const chains = await store.chains(book, scope, devices);
  const tokens = claimedTokens(frames);
  const roots = new Map<string, Promise<RootHash | undefined>>();
  const findRoot = async (of: Scope, size: number): Promise<RootHash | undefined> => {
    const end = of === scope ? log.size : ((await store.log(book, of))?.size ?? 0);
    return size > end ? undefined : rootAt(size, (level, index) => store.tile(book, of, level, index), hasher);
  };
  return {
    book,
    scope,
    size: log.size,
    chains,
    placed: await store.find(book, scope, mentionedHashes(frames, chains)),
    roster,
    holders: tokens.size === 0 ? new Map() : await store.claims(book, scope, tokens),
    isClaim,
    verify: createRecordVerifier({ book, ed25519, publicKeyOf: roster.publicKeyOf }),
    async isPlaced(hash) {
      const isIn = async (place: Scope): Promise<boolean> => (await store.find(book, place, [hash])).has(hash);
      return (await isIn(scope)) || (scope !== hq && (await isIn(hq)));
    },
    async recordAt(hash) {
      const place = (await store.find(book, scope, [hash])).get(hash);
      const [bytes] = place === undefined ? [] : await store.records(book, scope, place.position, 1);
      return bytes === undefined ? undefined : trustedRecord(bytes, hash);
    },
    rootOf(of, size) {
      const name = `${size} ${of}`;
      const root = roots.get(name) ?? findRoot(of, size);
      roots.set(name, root);
      return root;
    },
    maxForks: limits.maxForks,
    maxQuarantined: limits.maxQuarantined,
    nowMs: desk.nowMs(),
  };
}

interface Commit {
  readonly book: BookId;
  readonly scope: Scope;
  readonly log: LogState;
  readonly ruling: Ruling;
}

/** Durable when it returns: entries, tiles, chains and the checkpoint in one transaction. */
async function commit(desk: PushDesk, { book, scope, log, ruling }: Commit): Promise<LogState> {
  const { store, signer, hasher } = desk;
  const tree = createTree(hasher, log);
  const leaves = ruling.accepted.map(({ bytes }) => leafHash(bytes, hasher));
  for (const leaf of leaves) tree.append(leaf);
  const root = encodeHex(tree.root()) as RootHash;
  const body = encodeCheckpoint({ origin: originOf(signer.name, book, scope), size: tree.size, root });
  const state = { size: tree.size, frontier: tree.frontier(), checkpoint: await signNote(body, signer, hasher) };
  const readTile = (level: number, index: number): ReturnType<RelayStore['tile']> =>
    store.tile(book, scope, level, index);
  await store.append({
    book,
    scope,
    from: log.size,
    entries: ruling.accepted.map(recordToEntry),
    state,
    chains: ruling.chains,
    tiles: await growTiles(log.size, leaves, readTile, hasher),
    enrolments: ruling.enrolments,
    claims: [...ruling.holders].map(([token, { position }]) => ({ token, position })),
  });
  return state;
}

function recordToEntry({ op, hash, bytes }: OpRecord): Entry {
  return { hash, device: op.device, seq: op.seq, bytes };
}

async function signReceipt(
  { signer, hasher }: PushDesk,
  origin: string,
  results: readonly PushResult[],
): Promise<string> {
  const lines = results.flatMap(({ hash, position }) => (position === undefined ? [] : [{ position, hash }]));
  return lines.length === 0 ? '' : signNote(encodeReceipt(origin, lines), signer, hasher);
}
