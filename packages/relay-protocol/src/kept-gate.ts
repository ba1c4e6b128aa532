// The gate of what is kept for a home relay that is away (docs/spec/relay.md, "Federation"): the gate of a relay, on the copied log with what was kept before behind
// it. It keeps strangers and garbage out of the outbox and its order causal; what becomes of an op is for the home relay to say.
import type { Hasher } from '@tallystick/chain';
import {
  type BookId,
  type DeviceId,
  type OpHash,
  type OpRecord,
  parseRootHash,
  type RootHash,
  type Scope,
  trustedRecord,
} from '@tallystick/oplog';
import { createRecordVerifier, type Ed25519 } from '@tallystick/sign';
import { headquarters as hq, type Roster } from '@tallystick/sign/roster';
import { type Gate, openGate } from './gate.ts';
import { type Frame, type Ground, mentionedHashes } from './ground.ts';
import type { RelayLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import { foldRoster } from './rosters.ts';
import type { ChainState, Placed, RelayStore } from './store.ts';
import { rootAt } from './tiles.ts';
import type { PushResult } from './verdict.ts';

export interface KeptGateOptions {
  readonly store: RelayStore;
  readonly outbox: Outbox;
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
  readonly limits: Pick<RelayLimits, 'maxForks' | 'maxQuarantined'>;
  nowMs(): number;
}

export interface KeptGate {
  /** One result for each frame: `kept` for what may be kept or is, without a position. One at a time. */
  judge(book: BookId, scope: Scope, frames: readonly Frame[]): Promise<readonly PushResult[]>;
  /** So many of what was judged last are in the outbox now, the last of them at this place. */
  noteKept(book: BookId, ops: number, place: number): Promise<void>;
  /** The log or the outbox has changed otherwise. */
  forget(book: BookId): void;
}

interface KeptLog {
  readonly gate: Gate;
  readonly chains: Map<DeviceId, ChainState>;
  readonly placed: Map<OpHash, Placed>;
  /** Roots that marks name beyond the end of `hq` here. */
  readonly beyond: Map<number, RootHash>;
  /** Only while what was kept before is put behind the log: its signatures were checked then. */
  isTrusting: boolean;
}

interface KeptBook {
  readonly roster: Roster;
  readonly logs: Map<Scope, KeptLog>;
  /** How long the copied logs were when they were first looked at. */
  readonly sizes: Map<Scope, number>;
  /** Of the last op in the outbox that was put behind the logs. */
  lastPlace: number;
}

/** How far an author saw is for the home relay to judge: this copy may lag. */
const beyondAnyLog = 2 ** 50;
const pageOps = 1_000;

export function createKeptGate(options: KeptGateOptions): KeptGate {
  const { store, outbox, hasher } = options;
  const opened = new Map<BookId, KeptBook>();

  async function open(book: BookId): Promise<KeptBook> {
    const { roster } = await foldRoster(store, book, hasher);
    const kept: KeptBook = { roster, logs: new Map(), sizes: new Map(), lastPlace: 0 };
    await noteSizes(kept, book, hq);
    const records = new Map<Scope, OpRecord[]>([[hq, []]]);
    for (let after = 0; ; ) {
      const ops = await outbox.ops(book, { after, limit: pageOps });
      for (const { scope, state, bytes, hash } of ops) {
        if (state === 'refused') continue;
        const ofScope = records.get(scope) ?? [];
        ofScope.push(trustedRecord(bytes, hash));
        records.set(scope, ofScope);
      }
      const last = ops.at(-1);
      if (last === undefined) break;
      after = last.place;
      kept.lastPlace = last.place;
    }
    for (const [scope, ofScope] of records) {
      if (ofScope.length === 0) continue;
      const log = openLog(options, book, scope, kept);
      log.isTrusting = true;
      await judgeIn(
        options,
        log,
        book,
        scope,
        ofScope.map((record) => ({ kind: 'record', record })),
      );
      log.isTrusting = false;
    }
    opened.set(book, kept);
    return kept;
  }

  const sizeOf = async (book: BookId, scope: Scope): Promise<number> => (await store.log(book, scope))?.size ?? 0;

  async function noteSizes({ sizes }: KeptBook, book: BookId, scope: Scope): Promise<void> {
    if (!sizes.has(scope)) sizes.set(scope, await sizeOf(book, scope));
  }

  /** Whether another node on this copy and outbox has kept or followed something since: what goes on from that must not seem to have a gap. */
  async function isOvertaken({ sizes, lastPlace }: KeptBook, book: BookId, scope: Scope): Promise<boolean> {
    for (const known of [hq, scope]) {
      const before = sizes.get(known);
      if (before !== undefined && before !== (await sizeOf(book, known))) return true;
    }
    return (await outbox.ops(book, { after: lastPlace, limit: 1 })).length > 0;
  }

  return {
    async judge(book, scope, frames) {
      const before = opened.get(book);
      const kept = before === undefined || (await isOvertaken(before, book, scope)) ? await open(book) : before;
      await noteSizes(kept, book, scope);
      const log = openLog(options, book, scope, kept);
      const results = await judgeIn(options, log, book, scope, frames);
      return results.map(withoutPlace);
    },
    async noteKept(book, ops, place) {
      const kept = opened.get(book);
      if (kept === undefined) return;
      // Places are of all books and nodes: where those between are not ours alone, all is put behind the log anew with the next push.
      const isOurs =
        place === kept.lastPlace + ops ||
        (await outbox.ops(book, { after: kept.lastPlace, limit: ops + 1 })).length === ops;
      if (isOurs) kept.lastPlace = place;
    },
    forget: (book) => void opened.delete(book),
  };
}

/** A position here is nobody's but this gate's. */
function withoutPlace({ position, warnings = [], holder: _, ...result }: PushResult): PushResult {
  if (position === undefined) return result;
  const told = warnings.filter((warning) => warning !== 'seen-differs');
  return { hash: result.hash, verdict: 'kept', ...(told.length === 0 ? {} : { warnings: told }) };
}

function openLog(options: KeptGateOptions, book: BookId, scope: Scope, { roster, logs }: KeptBook): KeptLog {
  const known = logs.get(scope);
  if (known !== undefined) return known;
  const { store, hasher, ed25519, limits } = options;
  const chains = new Map<DeviceId, ChainState>();
  const placed = new Map<OpHash, Placed>();
  const beyond = new Map<number, RootHash>();
  const verify = createRecordVerifier({ book, ed25519, publicKeyOf: roster.publicKeyOf });
  const isIn = async (place: Scope, hash: OpHash): Promise<boolean> =>
    (await store.find(book, place, [hash])).has(hash);
  const ground: Ground = {
    book,
    scope,
    size: beyondAnyLog,
    chains,
    placed,
    roster,
    holders: new Map(),
    verify: (record) => log.isTrusting || verify(record),
    isPlaced: async (hash) => (await isIn(scope, hash)) || (await isIn(hq, hash)),
    async recordAt(hash) {
      const place = (await store.find(book, scope, [hash])).get(hash);
      const [bytes] = place === undefined ? [] : await store.records(book, scope, place.position, 1);
      return bytes === undefined ? undefined : trustedRecord(bytes, hash);
    },
    async rootOf(of, at) {
      const { size } = (await store.log(book, of)) ?? { size: 0 };
      if (at > size) return of === hq ? beyond.get(at) : undefined;
      return rootAt(at, (level, index) => store.tile(book, of, level, index), hasher);
    },
    maxForks: limits.maxForks,
    maxQuarantined: limits.maxQuarantined,
    nowMs: options.nowMs(),
  };
  const log: KeptLog = { gate: openGate(ground, hasher), chains, placed, beyond, isTrusting: false };
  logs.set(scope, log);
  return log;
}

/** Reads what the gate will ask for, and asks it. */
async function judgeIn(
  { store }: KeptGateOptions,
  { gate, chains, placed, beyond }: KeptLog,
  book: BookId,
  scope: Scope,
  frames: readonly Frame[],
): Promise<readonly PushResult[]> {
  const devices = new Set<DeviceId>();
  for (const frame of frames) {
    if (frame.kind === 'refused') continue;
    const { device, verb, args } = frame.record.op;
    if (!chains.has(device)) devices.add(device);
    const root = parseRootHash(args['root']);
    if (verb === 'hq.mark@1' && typeof args['size'] === 'number' && root !== undefined) beyond.set(args['size'], root);
  }
  for (const [device, chain] of await store.chains(book, scope, devices)) chains.set(device, chain);
  const hashes = mentionedHashes(frames, new Map([...chains, ...gate.chains]));
  for (const [hash, place] of await store.find(book, scope, hashes)) placed.set(hash, place);
  const { results } = await gate.judge({ frames, isClaim: false });
  return results;
}
