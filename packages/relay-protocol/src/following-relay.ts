// A relay that follows a home relay: the fetch handler over a copied log, and the link behind it (docs/spec/relay.md, "Federation").
import type { BookId } from '@tallystick/oplog';
import { RelayError } from './errors.ts';
import { createHomeLink, type HomeLink, type HomeLinkOptions } from './home-link.ts';
import { defaultLimits } from './limits.ts';
import { createRelay, type Relay, type RelayOptions } from './relay.ts';
import type { RelayStore } from './store.ts';

export interface FollowingRelayOptions
  extends Omit<RelayOptions, 'signer' | 'home' | 'books'>,
    Pick<HomeLinkOptions, 'client' | 'home' | 'mirror' | 'books' | 'outbox' | 'node' | 'timing' | 'maxKept'> {
  onHome?: NonNullable<HomeLinkOptions['onEvent']>;
}

export interface FollowingRelay {
  readonly relay: Relay;
  readonly link: HomeLink;
}

/** `client` reaches the home relay, its reads signed (`signReads`) where that wants them to be; `home` is its pinned key. Store and outbox stay the caller's. */
export function createFollowingRelay(options: FollowingRelayOptions): FollowingRelay {
  const { client, home, mirror, books, outbox, node, timing, maxKept, onHome, ...ofRelay } = options;
  const store = countEnrolments(options.store);
  const { hasher, ed25519, now: nowMs = Date.now } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const link = createHomeLink({
    client,
    home,
    mirror,
    books,
    store,
    outbox,
    node,
    hasher,
    ed25519,
    limits,
    nowMs,
    ...(timing === undefined ? {} : { timing }),
    ...(maxKept === undefined ? {} : { maxKept }),
    ...(onHome === undefined ? {} : { onEvent: onHome }),
  });
  const sign = (): never => {
    throw new RelayError('relay/failed', 'a relay that follows another one signs nothing');
  };
  const { name, publicKey } = home;
  return { relay: createRelay({ ...ofRelay, store, signer: { name, publicKey, sign }, home: link.home }), link };
}

/** The relay's rosters are folded again when the link has appended to the log past them. */
function countEnrolments(store: RelayStore): RelayStore {
  if (store.enrolmentCount !== undefined) return store;
  const counts = new Map<BookId, number>();
  return {
    ...store,
    async append(batches) {
      await store.append(batches);
      for (const { book, enrolments } of batches) {
        const count = counts.get(book);
        if (count !== undefined) counts.set(book, count + enrolments.length);
      }
    },
    async enrolmentCount(book) {
      const count = counts.get(book) ?? (await store.enrolments(book)).length;
      counts.set(book, count);
      return count;
    },
  };
}
