// The live tail: who listens to a book hears by server-sent events how far its logs reach (docs/spec/relay.md, "Tail"). What a listener
// has not been told yet is one size a scope, so a slow one costs no more than a quick one.
import type { BookId, MaybePromise, Scope } from '@tallystick/oplog';
import { eventStreamHeaders } from './answer.ts';
import { createEventStream } from './event-stream.ts';
import type { RelayLimits } from './limits.ts';
import { tooMany } from './rates.ts';
import type { Home } from './home.ts';
import type { KnownTip } from './routes.ts';
import type { RelayStore } from './store.ts';

export interface Listening {
  readonly book: BookId;
  /** Bounds how many tails one device holds; '' for anybody at a relay that all may read. */
  readonly device: string;
  /** Scopes of these sizes are not told before they change. */
  readonly known: readonly KnownTip[];
  /** The id of the last event that an earlier connection brought, if it is one of this run of the relay. */
  readonly lastEventId: string | undefined;
  /** Which scopes may be read now; throws what any read would be refused with now. */
  allow(): MaybePromise<(scope: Scope) => MaybePromise<boolean>>;
}

export interface Tails {
  /** The stream as an answer. Throws `relay/rate` where too many listen. */
  open(listening: Listening): Promise<Response>;
  /** A log reaches that far now. */
  grown(book: BookId, scope: Scope, size: number): void;
  /** A relay that follows another one keeps ops of a log up to this place of its outbox. */
  kept(book: BookId, scope: Scope, place: number): void;
  /** Streams that are open. */
  count(): number;
  /** Ends every stream; who wants to goes elsewhere, or comes back. */
  end(): void;
}

type TailLimits = Pick<
  RelayLimits,
  'maxTails' | 'maxTailsPerBook' | 'maxTailsPerDevice' | 'tailBeatMs' | 'tailLifeMs' | 'tailLookMs'
>;

interface Reached {
  readonly size: number;
  readonly kept?: number;
  readonly tick: number;
}

interface Listener {
  readonly device: string;
  readonly waiting: Map<Scope, Reached>;
  wake(): void;
  end(): void;
}

interface Watch {
  /** Ids of another run, or of a watch that was given up, say nothing here. */
  readonly id: string;
  readonly reachedByScope: Map<Scope, Reached>;
  readonly listeners: Set<Listener>;
  tick: number;
  /** Of the outbox, as far as it was looked through: another node may keep ops in it, too. */
  place: number;
  readonly timer: ReturnType<typeof setInterval>;
}

export function createTails(
  store: Pick<RelayStore, 'scopes' | 'refresh'>,
  limits: TailLimits,
  home?: Pick<Home, 'lastPlaces'>,
): Tails {
  const watchByBook = new Map<BookId, Watch>();
  let count = 0;

  /** Time and no count: a count would tell whoever may read one log how often, or how many, others grew. */
  function nextTick(watch: Watch): number {
    return Math.max(watch.tick + 1, Math.floor(performance.now() * 1_000));
  }

  function note(watch: Watch, scope: Scope, size: number, place = 0, tick: number = nextTick(watch)): void {
    const before = watch.reachedByScope.get(scope);
    const kept = Math.max(place, before?.kept ?? 0);
    if ((before?.size ?? 0) >= size && (before?.kept ?? 0) >= kept) return;
    watch.tick = tick;
    const furthest = Math.max(size, before?.size ?? 0);
    const reached = { size: furthest, tick, ...(kept === 0 ? {} : { kept }) };
    watch.reachedByScope.set(scope, reached);
    for (const listener of watch.listeners) {
      listener.waiting.set(scope, reached);
      listener.wake();
    }
  }

  /** What other front ends have added is found by looking. */
  async function look(book: BookId, watch: Watch): Promise<void> {
    await store.refresh?.();
    const scopes = await store.scopes(book);
    const places = (await home?.lastPlaces(book, watch.place)) ?? [];
    const tick = nextTick(watch);
    for (const { scope, size } of scopes) note(watch, scope, size, 0, tick);
    for (const { scope, place } of places) {
      note(watch, scope, 0, place, tick);
      watch.place = Math.max(watch.place, place);
    }
  }

  function watchOf(book: BookId): Watch {
    const known = watchByBook.get(book);
    if (known !== undefined) return known;
    const timer = setInterval(() => void look(book, watch).catch(() => undefined), limits.tailLookMs);
    // No number: it would tell who comes back how often other books were listened to.
    const id = crypto.randomUUID().slice(0, 18);
    const watch: Watch = { id, reachedByScope: new Map(), listeners: new Set(), tick: 0, place: 0, timer };
    watchByBook.set(book, watch);
    return watch;
  }

  function leave(book: BookId, watch: Watch, listener: Listener): void {
    if (!watch.listeners.delete(listener)) return;
    count -= 1;
    dropIdle(book, watch);
  }

  function dropIdle(book: BookId, watch: Watch): void {
    if (watch.listeners.size > 0 || watchByBook.get(book) !== watch) return;
    clearInterval(watch.timer);
    watchByBook.delete(book);
  }

  function requireRoom(watch: Watch, device: string): void {
    const own = device === '' ? 0 : [...watch.listeners].filter((other) => other.device === device).length;
    const isFull =
      count >= limits.maxTails || watch.listeners.size >= limits.maxTailsPerBook || own >= limits.maxTailsPerDevice;
    if (isFull) throw tooMany(30);
  }

  /** What is waiting and may be read, as events. */
  async function tell(watch: Watch, listener: Listener, { allow }: Listening): Promise<string> {
    const isAllowed = await allow();
    const waiting = [...listener.waiting].sort((a, b) => a[1].tick - b[1].tick);
    listener.waiting.clear();
    const told: typeof waiting = [];
    for (const one of waiting) if (await isAllowed(one[0])) told.push(one);
    return told
      .map(([scope, { tick, ...reached }], index) => {
        // What was found at once has one id, with the last of it: whoever has heard that has heard all.
        const id = told[index + 1]?.[1].tick === tick ? '' : `id: ${watch.id}.${tick}\n`;
        return `${id}event: log\ndata: ${JSON.stringify({ scope, ...reached })}\n\n`;
      })
      .join('');
  }

  return {
    async open(listening) {
      const { book, device } = listening;
      const watch = watchOf(book);
      const stream = createEventStream(limits, () => leave(book, watch, listener));
      const { wake, end } = stream;
      const listener: Listener = { device, waiting: new Map(), wake, end };
      try {
        requireRoom(watch, device);
        watch.listeners.add(listener);
        count += 1;
        await look(book, watch);
      } catch (error) {
        end();
        leave(book, watch, listener);
        dropIdle(book, watch);
        throw error;
      }
      begin(listener, watch, listening);
      const body = stream.body({
        isEmpty: () => listener.waiting.size === 0,
        next: () => tell(watch, listener, listening),
      });
      return new Response(body, { headers: eventStreamHeaders });
    },
    grown(book, scope, size) {
      const watch = watchByBook.get(book);
      if (watch !== undefined) note(watch, scope, size);
    },
    count: () => count,
    kept(book, scope, place) {
      const watch = watchByBook.get(book);
      if (watch !== undefined) note(watch, scope, 0, place);
    },
    end() {
      for (const { listeners } of watchByBook.values()) for (const listener of Array.from(listeners)) listener.end();
    },
  };
}

/** Tells what changed since the last event of this watch, or, to a newcomer, every size that is not the known one, and all that is kept: what of that is known nobody says. */
function begin(listener: Listener, watch: Watch, { known, lastEventId }: Listening): void {
  const sinceTick = lastEventId?.startsWith(`${watch.id}.`) ? Number(lastEventId.slice(watch.id.length + 1)) : 0;
  const knownSizes = new Map(known.map(({ scope, size }) => [scope, size]));
  listener.waiting.clear();
  for (const [scope, reached] of watch.reachedByScope)
    if (reached.tick > sinceTick && (knownSizes.get(scope) !== reached.size || reached.kept !== undefined))
      listener.waiting.set(scope, reached);
}
