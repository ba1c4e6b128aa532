// Who may read what it asks for: the door in front of every read (docs/spec/relay.md, "Authentication" and "Reading").
import type { BookId, MaybePromise, Scope } from '@tallystick/oplog';
import { headquarters as hq } from '@tallystick/sign/roster';
import { denial, findRevocation, isReadable, reachOf, requireActive } from './access.ts';
import { createAuthentication } from './authentication.ts';
import { RelayError } from './errors.ts';
import type { PushDesk } from './push.ts';
import { createRates } from './rates.ts';
import { relayIdOf } from './reader.ts';
import type { Route } from './routes.ts';

export interface ReadersOptions
  extends Pick<PushDesk, 'store' | 'signer' | 'hasher' | 'ed25519' | 'limits' | 'rosters' | 'nowMs'> {
  readonly reads: 'devices' | 'public';
  readonly url: string | undefined;
  /** It follows another relay, and what it has not got may be there. */
  readonly isMirror: boolean;
}

export type IsReadable = (scope: Scope) => MaybePromise<boolean>;

export interface Admitted {
  /** '' for anybody. */
  readonly device: string;
  /** Which scopes it may read, as of the moment that this is called; throws where it may read nothing. */
  allow(): MaybePromise<IsReadable>;
  /** The last op of the log that it may read, where that is not the last there is. */
  readonly lastPosition?: number;
}

type Read = Exclude<Route, { kind: 'push' | 'cosign' | 'standing' | 'info' }>;

/** Answers who sends a read, or throws what it is refused with. */
export function createReaders(options: ReadersOptions): (route: Read, request: Request) => Promise<Admitted> {
  const { store, signer, hasher, ed25519, limits, rosters, nowMs, reads, url, isMirror } = options;
  const { readsPerSecond, readBurst, maxRates, maxNonces } = limits;
  const rates = createRates({ perSecond: readsPerSecond, burst: readBurst }, maxRates, nowMs);
  const relay = relayIdOf(signer, hasher);
  const door = createAuthentication({ ed25519, relay, maxNonces, rates, nowMs, url });
  return async (route, request) => {
    const { book } = route;
    if ((await store.log(book, hq)) === undefined) throw isMirror ? notFollowedYet(book) : unknownBook(book);
    if (reads === 'public') return { device: '', allow: () => () => true };
    const { device } = await door.authenticate(request, book, await rosters.of(book));
    // Asked anew each time: what is told later is told by the roster of then.
    const allow = async (): Promise<IsReadable> => {
      const roster = await rosters.of(book);
      requireActive(roster, device);
      const reach = reachOf(roster, device);
      return (scope) => isReadable(reach, scope, async () => (await store.chains(book, scope, [device])).size > 0);
    };
    if (!('scope' in route)) return { device, allow };
    const { scope } = route;
    const roster = await rosters.of(book);
    const isActive = roster.keysInForce(device).length > 0;
    if (isActive && (await (await allow())(scope))) return { device, allow };
    const lastPosition = route.kind === 'pull' ? await findRevocation(store, book, scope, device) : undefined;
    if (route.kind !== 'pull' || lastPosition === undefined || route.from > lastPosition)
      throw denial(roster, device, scope);
    return { device, allow, lastPosition };
  };
}

/** Of a relay that follows another one: it has nothing of the book so far. */
export function notFollowedYet(book: BookId): RelayError {
  return new RelayError('relay/mirror-behind', `book ${book} is not here yet`);
}

export function unknownBook(book: BookId): RelayError {
  return new RelayError('relay/unknown-book', `book ${book} is not here`);
}
