// The relay as a standard fetch handler: it accepts, orders, persists and hands out; it runs no verb and knows no business
// (DESIGN.md section 7, docs/spec/relay.md).
import { encodeVerifierKey, type Hasher, type NoteSigner } from '@tallystick/chain';
import { type BookId, type Scope } from '@tallystick/oplog';
import type { Ed25519 } from '@tallystick/sign';
import { headquarters as hq } from '@tallystick/sign/roster';
import {
  answerJson,
  answerKept,
  answerNote,
  answerPreflight,
  encodePushAnswer,
  jsonHeaders,
  refusalOf,
} from './answer.ts';
import { gunzip, type Unpack } from './body.ts';
import { createCheckpoints } from './checkpoints.ts';
import { keepCosignature, maxCosignedBytes } from './cosigning.ts';
import { createClaimMemory } from './claim-memory.ts';
import { RelayError } from './errors.ts';
import type { Home } from './home.ts';
import { createUnpack, type Incoming, openBody, readNote, receiveBody, requestToPush } from './incoming.ts';
import { defaultLimits, type RelayLimits } from './limits.ts';
import { createOpenings } from './openings.ts';
import { openFrames, type PushDesk, type PushOutcome, type PushReply, type PushRequest } from './push.ts';
import { type Committed, createPushQueue, type PushQueue } from './push-queue.ts';
import { protocols } from './protocols.ts';
import { createQuota } from './quota.ts';
import { createRates } from './rates.ts';
import { createReceivers } from './receivers.ts';
import { createReaders, unknownBook } from './readers.ts';
import { answerHandshake, answerRead, readLast } from './reads.ts';
import type { RelayInfo } from './replies.ts';
import { createRosters } from './rosters.ts';
import { parsePush, parseRoute, type Route } from './routes.ts';
import { answerStanding, maxStandingBytes } from './standing-answer.ts';
import type { RelayStore } from './store.ts';
import { createTenures } from './tenure.ts';
import { createShares, createSlots, type Slot } from './turns.ts';
import { createTails } from './tail.ts';
import type { Verdict } from './verdict.ts';

export interface RelayOptions {
  readonly store: RelayStore;
  /** Its name and key stand in every checkpoint and receipt. */
  readonly signer: NoteSigner;
  /** Of a relay that follows another one: the signer is never asked then, and has that one's name and key. */
  readonly home?: Home;
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
  /** Milliseconds since 1970: for the warning `clock-ahead`, the age of signed requests, and rates. */
  now?(): number;
  readonly limits?: Partial<RelayLimits>;
  /** Unpacks gzip with a bound, where the host does it faster than a `DecompressionStream`; throws `relay/too-large` or `relay/bad-encoding`. */
  readonly unpack?: Unpack;
  /** Books that may be opened here. `open` (the default) takes any. */
  readonly books?: 'open' | readonly BookId[];
  /** Who may read: `devices` (the default), each what its role lets it, or `public`, whoever knows a book's id. */
  readonly reads?: 'devices' | 'public';
  /** Where devices reach the relay, with its path, if they reach it through a proxy that hands on another host or path. */
  readonly url?: string;
  onEvent?(event: RelayEvent): void;
}

/** What an operator may want to know. No op bodies, no personal data. */
export type RelayEvent =
  | { readonly kind: 'opened'; readonly book: BookId }
  | {
      readonly kind: 'pushed';
      readonly book: BookId;
      readonly scope: Scope;
      readonly size: number;
      readonly verdicts: Readonly<Partial<Record<Verdict, number>>>;
      readonly signaturesChecked: number;
    }
  /** Pushes that became durable in one transaction. */
  | ({ readonly kind: 'committed' } & Committed)
  /** The store and this front end's own fold of a log disagree about claims. No claim is granted there until it is mended. */
  | { readonly kind: 'alarm'; readonly error: RelayError }
  /** A reader showed what this relay signed once, and the log has less: it was wiped or put back to an older state. */
  | { readonly kind: 'behind'; readonly book: BookId; readonly scope: Scope }
  | { readonly kind: 'failed'; readonly error: unknown };

/** What is under way at this moment. */
export interface RelayLoad {
  /** Pushes, cosignatures and notes that are here whole and not answered yet. */
  readonly pushes: number;
  /** Of their bodies, and of those that are half read. */
  readonly bytes: number;
  readonly tails: number;
}

export interface Relay {
  /** Never rejects: what goes wrong is an answer. */
  fetch(request: Request): Promise<Response>;
  /** A push as `fetch` answers it, for a server that has the request in another form. Never rejects either. */
  handIn(push: PushRequest): Promise<PushReply>;
  /** Name and key in the C2SP "vkey" form, for clients to pin. */
  readonly vkey: string;
  /** Rejects with `relay/identity` when the store belongs to a relay of another name or key. */
  ready(): Promise<void>;
  load(): RelayLoad;
  /** Ends the streams of the tail: for a server that is about to stop, and waits for its answers to be over. */
  endTails(): void;
  /** Resolves when pushes under way are answered. The store stays open: it is the caller's. */
  close(): Promise<void>;
}

type Push = Extract<Route, { kind: 'push' }>;
type Cosign = Extract<Route, { kind: 'cosign' }>;
type Stand = Extract<Route, { kind: 'standing' }>;

export function createRelay(options: RelayOptions): Relay {
  const { store, signer, hasher, home, now: nowMs = Date.now } = options;
  const vkey = encodeVerifierKey(signer, hasher);
  const limits = checkLimits({ ...defaultLimits, ...options.limits });
  const rosters = createRosters(store, hasher);
  const tenures = createTenures(rosters, signer, hasher);
  const checkpoints = createCheckpoints(signer, tenures, hasher);
  const desk: PushDesk = {
    store,
    signer,
    tenures,
    // Notes of the home relay stand where other relays sign.
    checkpoints: home === undefined ? checkpoints : { ...checkpoints, of: home.checkpoint },
    hasher,
    ed25519: options.ed25519,
    limits,
    books: options.books ?? 'open',
    rosters,
    memory: createClaimMemory(store, hasher),
    quota: createQuota(store, rosters, limits.maxBookBytes, nowMs),
    openings: createOpenings(limits, nowMs),
    nowMs,
  };
  const slots = createSlots(limits.maxPushesInFlight, limits.maxBytesInFlight);
  const receivers = createReceivers(limits.maxReceiving);
  const perBook = createShares(limits.maxPushesPerBook);
  const incoming: Incoming = { receivers, unpack: createUnpack(options.unpack ?? gunzip) };
  const { reads = 'devices' } = options;
  const admitReader = createReaders({ ...desk, reads, url: options.url, isMirror: home !== undefined });
  const tails = createTails(store, limits, home);
  const opRate = { perSecond: limits.opsPerSecond, burst: limits.opBurst };
  const opRates = createRates(opRate, limits.maxRates, nowMs);
  const tell = options.onEvent ?? (() => undefined);
  const queue =
    home === undefined
      ? createPushQueue(desk, (committed) => tell({ kind: 'committed', ...committed }))
      : homeQueue(home);
  home?.onNews(tails);
  let identity: Promise<void> | undefined;
  const ready = (): Promise<void> => (identity ??= checkIdentity(store, vkey));

  async function push(route: Push, body: Uint8Array, tag: unknown): Promise<string> {
    const { book, scope } = route;
    if (route.isClaim && home === undefined) await desk.memory.follow(route);
    const sizeBytes = body.length;
    const frames = openFrames(body, desk);
    const authors = frames.map((frame) => (frame.kind === 'record' ? `${book} ${frame.record.op.device}` : ''));
    opRates.require([...new Set(authors)].filter((author) => author !== ''));
    const outcome = await queue.push({ ...route, frames, sizeBytes, tag });
    // Only what a device signed counts against it, so nobody can use up the share of another.
    for (const [author, count] of countStored(authors, outcome)) opRates.spend(author, count);
    // What was granted is read back at once, after the answer: from then on the store cannot lose it unnoticed. The next claim hears of a failure.
    if (route.isClaim && home === undefined) desk.memory.follow(route).catch(() => undefined);
    // What the home relay has is told when it is here.
    if (home === undefined) tails.grown(book, scope, outcome.size);
    if (outcome.opened) tell({ kind: 'opened', book });
    const { size, signaturesChecked } = outcome;
    tell({ kind: 'pushed', book, scope, size, verdicts: countVerdicts(outcome), signaturesChecked });
    if (reads === 'public' || outcome.isKnown) return encodePushAnswer(outcome);
    const results = outcome.results.map(({ head: _, ...result }) => result);
    return encodePushAnswer({ ...outcome, size: 0, checkpoint: '', results });
  }

  /** Only who has sent all of it takes a place from others. */
  const admitPush = (route: Push, request: PushRequest): Promise<string> =>
    slots.use(async (slot) => {
      const bytes = await receiveBody(request, limits.maxBatchBytes, slot, incoming);
      return perBook.use(route.book, async () =>
        push(route, await openBody(bytes, request, limits.maxBatchBytes, slot, incoming), request.tag),
      );
    });

  /** Tells the operator what is theirs to know. */
  function refuse(error: unknown): ReturnType<typeof refusalOf> {
    const refusal = refusalOf(error);
    if (error instanceof RelayError && error.code === 'relay/claim-alarm') tell({ kind: 'alarm', error });
    if (refusal.status === 500) tell({ kind: 'failed', error });
    return refusal;
  }

  async function cosign(route: Cosign, request: Request, slot: Slot): Promise<Response> {
    const note = await readNote(request, maxCosignedBytes, slot, incoming);
    if (home === undefined && (await store.log(route.book, hq)) === undefined) throw unknownBook(route.book);
    const keep = () => home?.cosign(route, note) ?? keepCosignature(desk, route, note);
    return answerJson({ checkpoint: await queue.between(keep) });
  }

  async function stand(route: Stand, request: Request, slot: Slot): Promise<Response> {
    const note = await readNote(request, maxStandingBytes, slot, incoming);
    if (home !== undefined) return answerNote(await home.standing(route.book, route.scope, note));
    const { standing, isBehind } = await answerStanding(desk, route, note);
    if (isBehind) tell({ kind: 'behind', book: route.book, scope: route.scope });
    return answerNote(standing);
  }

  async function answer(request: Request): Promise<Response> {
    if (request.method === 'OPTIONS') return answerPreflight();
    const route = parseRoute(request.method, new URL(request.url), limits.maxKnown);
    await ready();
    if (route.kind === 'push') {
      const body = await admitPush(route, requestToPush(request));
      return new Response(body, { headers: jsonHeaders });
    }
    if (route.kind === 'standing') return slots.use((slot) => stand(route, request, slot));
    if (route.kind !== 'info') await store.refresh?.();
    if (route.kind === 'cosign') return slots.use((slot) => cosign(route, request, slot));
    if (route.kind === 'info') return answerInfo(options, { vkey, reads, limits });
    const { device, allow, lastPosition } = await admitReader(route, request);
    if (route.kind === 'scopes' || route.kind === 'tail') {
      if (route.kind === 'scopes') return answerHandshake(desk, route, await allow(), home);
      const lastEventId = request.headers.get('last-event-id') ?? undefined;
      return tails.open({ book: route.book, known: route.known, device, allow, lastEventId });
    }
    const acceptEncoding = request.headers.get('accept-encoding') ?? '';
    if (route.kind === 'kept') return answerFromOutbox(home, route, acceptEncoding);
    if (home !== undefined && route.kind === 'checkpoint' && route.count > 0)
      return answerNote(await home.cosigned(route.book, route.scope, route.count));
    if (route.kind === 'pull' && home !== undefined) await requireReached(store, route);
    // Which devices are active is known between pushes, not within one.
    if (route.kind === 'checkpoint') return queue.between(() => answerRead(desk, route, acceptEncoding));
    if (route.kind === 'pull' && lastPosition !== undefined) return readLast(desk, route, lastPosition, acceptEncoding);
    return answerRead(desk, route, acceptEncoding);
  }

  return {
    async fetch(request) {
      try {
        return await answer(request);
      } catch (error) {
        const { status, headers, body } = refuse(error);
        return new Response(body, { status, headers });
      }
    },
    async handIn(request) {
      try {
        const route = parsePush(request.path);
        await ready();
        return { status: 200, headers: jsonHeaders, body: await admitPush(route, request) };
      } catch (error) {
        return refuse(error);
      }
    },
    vkey,
    ready,
    load: () => ({ ...slots.load(), tails: tails.count() }),
    endTails: tails.end,
    close() {
      tails.end();
      return queue.idle();
    },
  };
}

function answerInfo(
  { signer, home }: Pick<RelayOptions, 'signer' | 'home'>,
  { vkey, reads, limits }: Pick<RelayInfo, 'vkey' | 'reads' | 'limits'>,
): Response {
  const theirs = home?.limits() ?? limits;
  const maxBatchOps = Math.min(limits.maxBatchOps, theirs.maxBatchOps);
  const maxBatchBytes = Math.min(limits.maxBatchBytes, theirs.maxBatchBytes);
  const mirror = home === undefined ? {} : { mirror: home.mirror };
  return answerJson({ protocols, name: signer.name, vkey, ...mirror, reads, limits: { maxBatchOps, maxBatchBytes } });
}

/** What is kept for the home relay, of a relay that follows one. */
async function answerFromOutbox(
  home: Home | undefined,
  { book, scope, after }: Extract<Route, { kind: 'kept' }>,
  acceptEncoding: string,
): Promise<Response> {
  if (home === undefined) throw new RelayError('relay/not-found', 'nothing is kept here');
  return answerKept(await home.kept(book, scope, after), acceptEncoding);
}

function homeQueue({ push, idle }: Home): PushQueue {
  return { push, between: (work) => work(), idle };
}

/** Who knows more than this mirror has learns that it lags, and not that the relay forgot. */
async function requireReached(
  store: RelayStore,
  { book, scope, from }: Extract<Route, { kind: 'pull' }>,
): Promise<void> {
  const size = (await store.log(book, scope))?.size ?? 0;
  if (from > size) throw new RelayError('relay/mirror-behind', `this mirror has ${size} ops of ${scope} so far`);
}

/** A push that was accepted whole must fit one page. */
function checkLimits(limits: RelayLimits): RelayLimits {
  const { maxBatchOps, maxBatchBytes, maxPageOps, maxPageBytes } = limits;
  return {
    ...limits,
    maxPageOps: Math.max(maxPageOps, maxBatchOps),
    maxPageBytes: Math.max(maxPageBytes, maxBatchBytes),
  };
}

async function checkIdentity(store: RelayStore, vkey: string): Promise<void> {
  const kept = await store.adoptIdentity(vkey);
  if (kept !== vkey) throw new RelayError('relay/identity', `the store belongs to ${kept}, this relay is ${vkey}`);
}

function countStored(authors: readonly string[], { results }: PushOutcome): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [index, { verdict }] of results.entries()) {
    const author = authors[index] ?? '';
    if (verdict === 'stored' || verdict === 'kept') counts.set(author, (counts.get(author) ?? 0) + 1);
  }
  return counts;
}

function countVerdicts({ results }: PushOutcome): Partial<Record<Verdict, number>> {
  const counts: Partial<Record<Verdict, number>> = {};
  for (const { verdict } of results) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}
