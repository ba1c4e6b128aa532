// The link of a relay to the home relay that it follows (docs/spec/relay.md, "Federation"): what is handed in goes to the home relay while that answers, and is kept
// while it does not; what the home relay has is followed; when it is back, what was kept is handed on.
import { type BookId, parseScope, type Scope } from '@tallystick/oplog';
import type { CallOptions, Known } from './client.ts';
import { firstDamaged } from './divergence.ts';
import { RelayError } from './errors.ts';
import { type Followed, followBook, type FollowingDesk } from './following.ts';
import { dropFollowed, forwardKept, type ForwardingDesk, letGoRefused } from './forwarding.ts';
import type { Home, HomeNews } from './home.ts';
import { type CircuitTiming, createHomeCircuit, type HomeCircuit } from './home-circuit.ts';
import { createKeeper, type Keeper, type KeeperOptions } from './keeping.ts';
import type { Finding, KeptWanted, Lease, OutboxSummary } from './outbox.ts';
import type { Push, PushOutcome } from './push.ts';
import type { RelayInfo } from './replies.ts';
import { createRosters } from './rosters.ts';
import type { PushResult } from './verdict.ts';
import { createWake } from './wake.ts';
import { watchRelay } from './watch-relay.ts';

export interface HomeLinkTiming extends CircuitTiming {
  /** How long a push may take to the home relay and back before it is kept. Default 10,000 ms. */
  readonly forwardMs?: number;
  /** How often the home relay is asked without having been heard. Default 30,000 ms. */
  readonly lookMs?: number;
  /** How long a node that stopped in the middle keeps the others from dealing with the home relay. Default 30,000 ms. */
  readonly leaseMs?: number;
  /** How long what the home relay refused is kept and told to whoever hands it in, from its first refusal on. Default 30 days. */
  readonly refusedMs?: number;
}

export interface HomeLinkOptions extends Omit<FollowingDesk, 'onFollowed' | 'rosters'>, KeeperOptions {
  /** What this relay calls itself. */
  readonly mirror: string;
  readonly books: readonly BookId[];
  /** Tells nodes on one outbox apart. */
  readonly node: string;
  readonly timing?: HomeLinkTiming;
  onEvent?(event: HomeLinkEvent): void;
}

/** No op bodies, no personal data. */
export type HomeLinkEvent =
  | { readonly kind: 'home'; readonly state: 'reached' | 'away' }
  | { readonly kind: 'joined'; readonly book: BookId; readonly stored: number; readonly acknowledged: number }
  /** Ops that the home relay had refused are not here any more. */
  | { readonly kind: 'let-go'; readonly book: BookId; readonly ops: number }
  | { readonly kind: 'kept'; readonly book: BookId; readonly scope: Scope; readonly ops: number }
  | { readonly kind: 'trouble'; readonly book: BookId; readonly scope?: Scope; readonly error: unknown };

/** Plain numbers for whoever watches: ms since 1970, and ms. */
export interface HomeLinkStatus {
  /** Of the home relay. */
  readonly circuit: HomeCircuit['state'];
  readonly reachedAtMs?: number;
  /** Whether this node deals with the home relay. */
  readonly isReconciler: boolean;
  readonly books: readonly BookLinkStatus[];
}

export interface BookLinkStatus extends OutboxSummary {
  readonly book: BookId;
  /** Open while the home relay answers and does not serve this book: others go on. */
  readonly circuit: HomeCircuit['state'];
  /** How long ago the copy had all that the home relay had; absent where it never has. */
  readonly lagMs?: number;
  /** Ops that the home relay had beyond the copy when it was asked last. */
  readonly gapOps: number;
  readonly unverified: number;
  /** Ops that the home relay had refused and that were let go of since this process began. */
  readonly letGo: number;
  /** Logs of which the home relay said two things, or that are damaged here. */
  readonly findings: readonly Finding[];
  /** The last error that kept a log of the book from being followed. */
  readonly trouble?: string;
}

export interface HomeLink {
  readonly home: Home;
  /** Follows and hands on until `signal` fires: at once when something is news, and now and then without. */
  run(signal: AbortSignal): Promise<void>;
  /** One exchange about all books. Throws `relay/home-away`, and `relay/fenced` where another node deals with the home relay. */
  exchange(): Promise<void>;
  /** Reads all of the copy and holds it against its trees; what is damaged is among the findings then. */
  audit(): Promise<void>;
  status(): Promise<HomeLinkStatus>;
}

/** The words that were had with the home relay, and what came of them. */
interface Talk {
  readonly circuit: HomeCircuit;
  info?: RelayInfo;
  reachedAtMs?: number;
  isAway: boolean;
  isReconciler: boolean;
  readonly states: ReadonlyMap<BookId, BookState>;
  /** Every request to the home relay. Throws `relay/home-away`; `circuit` threw it where that is so for all books. */
  ask<T>(request: () => Promise<T>, book?: BookId): Promise<T>;
}

interface BookState {
  readonly circuit: HomeCircuit;
  /** What waits up to this place of the outbox is of logs of which the home relay takes nothing now. */
  heldUpTo: number;
  gapOps: number;
  unverified: number;
  letGo: number;
  caughtUpAtMs?: number;
  trouble?: string;
}

const hq = parseScope('hq') as Scope;
const maxKnown = 64;

export function createHomeLink(options: HomeLinkOptions): HomeLink {
  const { client, store, books, onEvent: tell = () => undefined } = options;
  const { forwardMs = 10_000, lookMs = 30_000 } = options.timing ?? {};
  const call: CallOptions = { retry: { attempts: 1, timeoutMs: forwardMs } };
  const talk = openTalk(options);
  const keeper = createKeeper(options);
  const wake = createWake();
  let told: HomeNews = { grown: () => undefined, kept: () => undefined };
  const exchange = createExchange(options, {
    talk,
    keeper,
    call,
    onFollowed: (...followed) => told.grown(...followed),
  });
  const audit = (): Promise<void> => auditCopies(options);
  /** Tried again when there is news, or after a while: a disk that was full for a moment must not end the link. */
  const outlive = (error: unknown): void => books.forEach((book) => tell({ kind: 'trouble', book, error }));
  const known = async (book: BookId) => (await store.scopes(book)).map(({ scope, size }) => ({ scope, size }));
  return {
    home: {
      ...homeOf(options, { talk, keeper, call, exchange, wake: wake.wake, onKept: (...kept) => told.kept(...kept) }),
      onNews: (tails) => void (told = tails),
    },
    exchange,
    audit,
    async run(signal) {
      await audit().catch(outlive);
      const tips = new Map<BookId, readonly Known[]>();
      const look = async (): Promise<void> => {
        for (const book of books) tips.set(book, await known(book));
      };
      await look().catch(outlive);
      const watches = books.map((book) =>
        watchRelay({ client, book, known: () => (tips.get(book) ?? []).slice(0, maxKnown), onNews: wake.wake, signal }),
      );
      let last = Promise.resolve();
      while (!signal.aborted) {
        try {
          await talk.circuit.insist(() => (last = exchange()), signal);
        } catch (error) {
          // What the home relay said is told already, and whose lease it is shows in the status.
          if (!(error instanceof RelayError)) outlive(error);
        }
        await look().catch(outlive);
        await wake.next(lookMs, signal);
      }
      // Whoever stops the link may close the stores then.
      await last.catch(() => undefined);
      await Promise.all(watches);
    },
    status: () => statusOf(options, talk),
  };
}

function openTalk({ books, timing, nowMs, onEvent: tell = () => undefined }: HomeLinkOptions): Talk {
  const circuit = createHomeCircuit(timing);
  const talk: Talk = {
    circuit,
    isAway: false,
    isReconciler: false,
    states: new Map(books.map((book) => [book, newState(timing)])),
    async ask<T>(request: () => Promise<T>, book?: BookId) {
      const ofBook = book === undefined ? undefined : talk.states.get(book)?.circuit;
      let isAsked = false;
      const askHome = (): Promise<T> => {
        isAsked = true;
        return circuit.ask(request);
      };
      try {
        // A book that is left alone is not asked about, which says nothing of the home relay.
        const answer = await (ofBook?.ask(askHome) ?? askHome());
        talk.reachedAtMs = nowMs();
        if (talk.isAway) tell({ kind: 'home', state: 'reached' });
        talk.isAway = false;
        return answer;
      } catch (error) {
        if (!isAsked) throw error;
        const isAway = circuit.threw(error);
        if (isAway && !talk.isAway) tell({ kind: 'home', state: 'away' });
        talk.isAway = isAway;
        throw error;
      }
    },
  };
  return talk;
}

function newState(timing: CircuitTiming | undefined): BookState {
  return { circuit: createHomeCircuit(timing, 'book'), heldUpTo: 0, gapOps: 0, unverified: 0, letGo: 0 };
}

interface ExchangeParts {
  readonly talk: Talk;
  readonly keeper: Keeper;
  /** Of each push. */
  readonly call: CallOptions;
  onFollowed(book: BookId, scope: Scope, size: number): void;
}

/** One exchange at a time in this process; who comes meanwhile waits for the same. */
function createExchange(
  options: HomeLinkOptions,
  { talk, keeper, call, onFollowed }: ExchangeParts,
): () => Promise<void> {
  const { client, store, outbox, node, nowMs, onEvent: tell = () => undefined } = options;
  const { leaseMs = 30_000, refusedMs = 30 * 86_400_000 } = options.timing ?? {};
  /** Those whose copy or outbox the exchange has changed. */
  const changed = new Set<BookId>();
  const following: FollowingDesk = {
    ...options,
    rosters: createRosters(store, options.hasher),
    onFollowed(book, scope, size) {
      changed.add(book);
      onFollowed(book, scope, size);
    },
  };
  const forwarding: ForwardingDesk = {
    ...options,
    call,
    lease: takeLease,
    onChanged: (book) => void changed.add(book),
  };
  let underWay: Promise<void> | undefined;

  async function takeLease(): Promise<Lease> {
    const lease = await outbox.lease(node, nowMs(), leaseMs);
    talk.isReconciler = lease !== undefined;
    if (lease !== undefined) return lease;
    throw new RelayError('relay/fenced', `another node than ${node} deals with the home relay`);
  }

  async function exchangeBook(book: BookId, state: BookState): Promise<void> {
    const before = await follow(book, state);
    const { acknowledged, refused, heldUpTo } = await forwardKept(forwarding, book);
    state.heldUpTo = heldUpTo;
    const after = acknowledged > 0 ? await follow(book, state) : undefined;
    if ((await outbox.ops(book, { limit: 1 })).length > 0) await dropFollowed(forwarding, book);
    const letGo = await letGoRefused(forwarding, book, nowMs() - refusedMs);
    state.letGo += letGo;
    if (letGo > 0) tell({ kind: 'let-go', book, ops: letGo });
    for (const [scope, error] of refused) {
      state.trouble = String(error);
      tell({ kind: 'trouble', book, scope, error });
    }
    const stored = before.stored + (after?.stored ?? 0);
    if (stored + acknowledged > 0) tell({ kind: 'joined', book, stored, acknowledged });
  }

  async function follow(book: BookId, state: BookState): Promise<Followed> {
    const followed = await followBook(following, book);
    state.gapOps = followed.gap;
    state.unverified += followed.unverified;
    delete state.trouble;
    if (followed.gap === 0 && followed.failed.length === 0) state.caughtUpAtMs = nowMs();
    for (const { scope, error } of followed.failed) {
      state.trouble = String(error);
      tell({ kind: 'trouble', book, scope, error });
    }
    return followed;
  }

  async function exchangeAll(): Promise<void> {
    talk.info ??= await talk.ask(() => client.info());
    await takeLease();
    for (const [book, state] of talk.states) {
      try {
        await talk.ask(() => exchangeBook(book, state), book);
      } catch (error) {
        const isFenced = error instanceof RelayError && error.code === 'relay/fenced';
        if (talk.circuit.threw(error) || isFenced) throw error;
        // What is wrong with one book holds up no other.
        state.trouble = String(error);
        tell({ kind: 'trouble', book, error });
      } finally {
        // Where nothing has changed, what is kept need not be judged anew with the next push.
        if (changed.delete(book)) await keeper.changed(book);
      }
    }
  }

  return () => (underWay ??= exchangeAll().finally(() => (underWay = undefined)));
}

interface HomeParts extends Omit<ExchangeParts, 'onFollowed'> {
  exchange(): Promise<void>;
  wake(): void;
  onKept(book: BookId, scope: Scope, place: number): void;
}

function homeOf(
  options: HomeLinkOptions,
  { talk, keeper, call, exchange, wake, onKept }: HomeParts,
): Omit<Home, 'onNews'> {
  const { client, home, outbox, onEvent: tell = () => undefined } = options;

  async function forward({ book, scope, frames, isClaim }: Push): Promise<PushOutcome> {
    const records = frames.flatMap((frame) => (frame.kind === 'record' ? [frame.record] : []));
    const { maxBatchOps = records.length } = talk.info?.limits ?? {};
    if (records.length > maxBatchOps)
      throw new RelayError('relay/too-large', `the home relay takes ${maxBatchOps} ops at a time`);
    const answer = await talk.ask(() => (isClaim ? client.claim : client.push)(book, scope, records, call), book);
    keeper.noteTaken(book, scope, records, answer);
    if (answer.results.some(({ position }) => position !== undefined)) wake();
    const answered = answer.results.values();
    const results = frames.map((frame) =>
      frame.kind === 'refused' ? frame.result : (answered.next().value as PushResult),
    );
    const { size, checkpoint, receipts } = answer;
    // Idempotent, and sent again in smaller parts: one answer has room for one receipt.
    if (receipts.length > 1) throw new RelayError('relay/too-large', 'the home relay takes smaller pushes');
    // The home relay has told a stranger as little as it tells strangers.
    const told = { size, checkpoint, receipt: receipts[0] ?? '', isKnown: true };
    return { ...told, results, opened: false, signaturesChecked: 0 };
  }

  /** Whether nothing that came before is still to be handed on: then the push may go first. What is held back in other logs is no reason to wait. */
  async function isClear(book: BookId, scope: Scope): Promise<boolean> {
    const isNone = async (wanted: Pick<KeptWanted, 'after' | 'scope'>) =>
      (await outbox.ops(book, { limit: 1, state: 'waiting', ...wanted })).length === 0;
    const hasNone = async () => {
      const { heldUpTo = 0 } = talk.states.get(book) ?? {};
      if (!(await isNone({ after: heldUpTo }))) return false;
      return heldUpTo === 0 || ((await isNone({ scope: hq })) && (await isNone({ scope })));
    };
    // Whether it is back the link finds out by itself: nobody at a till waits for that.
    if (talk.circuit.state !== 'closed' || talk.states.get(book)?.circuit.state !== 'closed') return false;
    if (await hasNone()) return true;
    const deadline = AbortSignal.timeout(call.retry?.timeoutMs ?? 0);
    await Promise.race([
      exchange().catch(() => undefined),
      new Promise((end) => deadline.addEventListener('abort', end)),
    ]);
    return hasNone();
  }

  return {
    name: home.name,
    publicKey: home.publicKey,
    mirror: options.mirror,
    limits: () => talk.info?.limits,
    async checkpoint(book, scope, { size }) {
      const note = await outbox.note(book, scope, size);
      if (note !== undefined) return note;
      throw new RelayError('relay/mirror-behind', `no note of the home relay about ${size} ops of ${scope} is here`);
    },
    async push(push) {
      const { book, scope, isClaim } = push;
      if (!talk.states.has(book)) throw new RelayError('relay/book-refused', `this relay does not follow ${book}`);
      try {
        if (await isClear(book, scope)) return await forward(push);
      } catch (error) {
        if (!isHomeAway(error)) throw error;
      }
      if (isClaim) throw new RelayError('relay/home-away', 'the home relay alone grants claims, and is away');
      const { outcome, news, place } = await keeper.keep(push);
      if (news > 0) tell({ kind: 'kept', book, scope, ops: news });
      if (news > 0) onKept(book, scope, place);
      wake();
      return outcome;
    },
    cosign: ({ book, scope, device }, note) => talk.ask(() => client.cosign(book, scope, device, note), book),
    cosigned: (book, scope, count) => talk.ask(() => client.cosigned(book, scope, count), book),
    standing: (book, scope, note) => talk.ask(() => client.standing(book, scope, note), book),
    kept: keeper.page,
    lastPlaces: outbox.lastPlaces,
    idle: keeper.idle,
  };
}

async function auditCopies({ store, outbox, books, hasher, nowMs, onEvent }: HomeLinkOptions): Promise<void> {
  for (const book of books)
    for (const { scope } of await store.scopes(book)) {
      const position = await firstDamaged(store, book, scope, hasher);
      if (position === undefined) continue;
      const error = new RelayError('relay/mirror-damaged', `op ${position} of ${scope} is not what was followed`);
      await outbox.saveFinding(book, { scope, code: error.code, position, atMs: nowMs(), evidence: [] });
      onEvent?.({ kind: 'trouble', book, scope, error });
    }
}

async function statusOf({ outbox, nowMs }: HomeLinkOptions, talk: Talk): Promise<HomeLinkStatus> {
  const { circuit, reachedAtMs, isReconciler, states } = talk;
  const books = await Promise.all(
    [...states].map(
      async ([
        book,
        { circuit: ofBook, gapOps, unverified, letGo, caughtUpAtMs, trouble },
      ]): Promise<BookLinkStatus> => ({
        book,
        circuit: ofBook.state,
        ...(await outbox.summary(book)),
        ...(caughtUpAtMs === undefined ? {} : { lagMs: nowMs() - caughtUpAtMs }),
        gapOps,
        unverified,
        letGo,
        findings: await outbox.findings(book),
        ...(trouble === undefined ? {} : { trouble }),
      }),
    ),
  );
  return { circuit: circuit.state, ...(reachedAtMs === undefined ? {} : { reachedAtMs }), isReconciler, books };
}

function isHomeAway(error: unknown): boolean {
  return error instanceof RelayError && error.code === 'relay/home-away';
}
