// One log while pushes to it are judged together: the ground from the store, the gate on it, and the batch that comes of it.
import { createTree, leafHash, type VerifyRecord } from '@tallystick/chain';
import {
  type BookId,
  type DeviceId,
  encodeHex,
  type MaybePromise,
  type OpHash,
  type OpRecord,
  type RootHash,
  type Scope,
  trustedRecord,
} from '@tallystick/oplog';
import { createRecordVerifier } from '@tallystick/sign';
import { headquarters as hq, type Roster } from '@tallystick/sign/roster';
import { type Gate, openGate, type Ruling } from './gate.ts';
import { claimedTokens, type Frame, type Ground, mentionedHashes } from './ground.ts';
import { whenHere } from './maybe.ts';
import type { Push, PushDesk } from './push.ts';
import type { Batch, Entry, Holder, LogState, Placed, RelayStore } from './store.ts';
import { tileWidth } from './tile-path.ts';
import { growTiles, rootAt } from './tiles.ts';

/** A log that pushes have come for. */
export interface PushedLog {
  readonly book: BookId;
  readonly scope: Scope;
  /** Before the pushes; undefined for one that would begin with them. */
  readonly log: LogState | undefined;
  /** Of the tokens that ops of the pushes claim: who held those that were taken. */
  readonly holders: ReadonlyMap<string, Holder>;
  readonly gate: Gate;
  readonly roster: Roster;
  readonly verify: VerifyRecord;
  /** The one that the next op goes into, where it has others: asked for with everything else, as a batch nearly always comes of it. */
  readonly lastTile: MaybePromise<Uint8Array | undefined>;
}

const emptyLog = { size: 0, frontier: [] };
const nothingPlaced: ReadonlyMap<OpHash, Placed> = new Map();
const nobodyHolds: ReadonlyMap<string, Holder> = new Map();

export interface Groundwork {
  readonly book: BookId;
  readonly scope: Scope;
  readonly log: LogState | undefined;
  readonly pushes: readonly Push[];
  readonly roster: Roster;
}

export function openPushedLog(desk: PushDesk, groundwork: Groundwork): MaybePromise<PushedLog> {
  const { book, scope, log, pushes } = groundwork;
  const { store } = desk;
  const size = log?.size ?? 0;
  const frames = pushes.length === 1 ? (pushes[0] as Push).frames : pushes.flatMap((push) => push.frames);
  const devices = new Set<DeviceId>();
  for (const frame of frames) if (frame.kind === 'record') devices.add(frame.record.op.device);
  const lastTile = size % tileWidth === 0 ? undefined : store.tile(book, scope, 0, Math.floor(size / tileWidth));
  // Whoever needs it is told of a failure.
  if (lastTile instanceof Promise) lastTile.catch(() => undefined);
  return whenHere(store.chains(book, scope, devices), (chains) => {
    const tokens = claimedTokens(frames);
    const mentioned = mentionedHashes(frames, chains);
    const placed = mentioned.size === 0 ? nothingPlaced : store.find(book, scope, mentioned);
    if (placed instanceof Promise) placed.catch(() => undefined);
    const holders = tokens.size === 0 ? nobodyHolds : store.claims(book, scope, tokens);
    if (placed instanceof Promise || holders instanceof Promise)
      return Promise.all([placed, holders]).then((found) => layGround(desk, groundwork, lastTile, chains, ...found));
    return layGround(desk, groundwork, lastTile, chains, placed, holders);
  });
}

function layGround(
  desk: PushDesk,
  { book, scope, log, pushes, roster }: Groundwork,
  lastTile: PushedLog['lastTile'],
  chains: Ground['chains'],
  placed: Ground['placed'],
  holders: Ground['holders'],
): PushedLog {
  const { store, ed25519, hasher, limits } = desk;
  const size = log?.size ?? 0;
  const roots = new Map<string, Promise<RootHash | undefined>>();
  const findRoot = async (of: Scope, at: number): Promise<RootHash | undefined> => {
    const end = of === scope ? size : ((await store.log(book, of))?.size ?? 0);
    return at > end ? undefined : rootAt(at, (level, index) => store.tile(book, of, level, index), hasher);
  };
  const verify = createRecordVerifier({ book, ed25519, publicKeyOf: roster.publicKeyOf });
  const ahead = new Map<OpRecord, MaybePromise<boolean>>();
  const ground: Ground = {
    book,
    scope,
    size,
    chains,
    placed,
    roster,
    holders,
    verify: (record) => ahead.get(record) ?? verify(record),
    async isPlaced(hash) {
      const isIn = async (place: Scope): Promise<boolean> => (await store.find(book, place, [hash])).has(hash);
      return (await isIn(scope)) || (scope !== hq && (await isIn(hq)));
    },
    async recordAt(hash) {
      const place = (await store.find(book, scope, [hash])).get(hash);
      const [bytes] = place === undefined ? [] : await store.records(book, scope, place.position, 1);
      return bytes === undefined ? undefined : trustedRecord(bytes, hash);
    },
    rootOf(of, at) {
      const name = `${at} ${of}`;
      const root = roots.get(name) ?? findRoot(of, at);
      roots.set(name, root);
      return root;
    },
    maxForks: limits.maxForks,
    maxQuarantined: limits.maxQuarantined,
    nowMs: desk.nowMs(),
  };
  for (const push of pushes) verifyAhead(push.frames, ground, verify, ahead);
  return { book, scope, log, holders, gate: openGate(ground, hasher), roster, verify: ground.verify, lastTile };
}

/**
 * Begins to check the signatures that the gate will most likely ask about: those that end a run of what is not stored yet, by devices that are known and whose
 * chain goes on from here. Where the provider works on other threads, those of many pushes are checked at once.
 */
function verifyAhead(
  frames: readonly Frame[],
  { placed, chains, roster, scope }: Ground,
  verify: VerifyRecord,
  ahead: Map<OpRecord, MaybePromise<boolean>>,
): void {
  for (const [index, frame] of frames.entries()) {
    if (frame.kind === 'refused') continue;
    const { record } = frame;
    const { op, hash, keyId } = record;
    const next = frames[index + 1];
    if (next?.kind === 'record' && next.record.op.prev === hash && next.record.keyId === keyId) continue;
    const isKnown = roster.get(op.device, scope) !== undefined && roster.publicKeyOf(keyId, op.device) !== undefined;
    if (!isKnown || placed.has(hash) || op.seq <= (chains.get(op.device)?.seq ?? 0)) continue;
    const isValid = verify(record);
    ahead.set(record, isValid);
    // Whether anybody asks is for the gate; a failure is told to who does.
    if (isValid instanceof Promise)
      isValid.then(
        (known) => ahead.set(record, known),
        () => undefined,
      );
  }
}

/** Whether an op of the push is in this log, or would be if the token were free: nobody else's is. */
export function hasPlace({ results }: Ruling): boolean {
  return results.some(({ position, verdict }) => position !== undefined || verdict === 'held');
}

/** Whether the push was made by somebody of this log though nothing of it has a place: the last op by a device of the log is signed by it. */
export async function isOfLog({ scope, roster, verify }: PushedLog, { frames }: Push): Promise<boolean> {
  const records = frames.flatMap((frame) => (frame.kind === 'record' ? [frame.record] : []));
  const last = records.findLast(
    ({ op, keyId }) =>
      op.scope === scope &&
      roster.get(op.device, scope) !== undefined &&
      roster.publicKeyOf(keyId, op.device) !== undefined,
  );
  return last !== undefined && verify(last);
}

/** A claim is judged only where the second memory agrees with the store about who holds its tokens. */
export async function judgePush({ memory }: PushDesk, pushed: PushedLog, push: Push): Promise<Ruling> {
  const { log = emptyLog, holders, gate } = pushed;
  if (push.isClaim) await memory.check(push, log, claimedTokens(push.frames), holders);
  return gate.judge(push);
}

/** What the gate let in, ready to be stored; undefined when that is nothing. */
export async function batchOf({ store, hasher }: PushDesk, pushed: PushedLog): Promise<Batch | undefined> {
  const { book, scope, log, gate, lastTile } = pushed;
  const { accepted, chains, enrolments, holders } = gate;
  if (accepted.length === 0) return undefined;
  const from = log?.size ?? 0;
  const tree = createTree(hasher, log);
  const leaves = accepted.map(({ bytes }) => leafHash(bytes, hasher));
  for (const leaf of leaves) tree.append(leaf);
  const root = encodeHex(tree.root()) as RootHash;
  const readTile = (level: number, index: number): ReturnType<RelayStore['tile']> =>
    level === 0 && index === Math.floor(from / tileWidth) ? lastTile : store.tile(book, scope, level, index);
  return {
    book,
    scope,
    from,
    entries: accepted.map(recordToEntry),
    state: { size: tree.size, frontier: tree.frontier(), root },
    chains,
    tiles: await growTiles(from, leaves, readTile, hasher),
    enrolments,
    claims: [...holders].map(([token, { position }]) => ({ token, position })),
  };
}

function recordToEntry({ op, hash, bytes }: OpRecord): Entry {
  return { hash, device: op.device, seq: op.seq, bytes };
}
