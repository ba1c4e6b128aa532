/** Hearing from the relay that a log has grown (docs/spec/relay.md, "Tail"), so that nobody has to ask all the time. */
import { type RelayClient, relayIdOf, type ScopeSize, signReads, watchRelay } from '@tallystick/relay-protocol';
import { KernelError } from './errors.ts';
import type { ReadingDevice } from './relay-standing.ts';
import type { Replica } from './replica.ts';
import { pinnedRelay } from './relay-key.ts';

export interface ListenOptions {
  /** The relay says that a log reaches beyond what is settled here; a sync will bring it. */
  onNews(news: ScopeSize): void;
  /** Whether the relay is heard now. */
  onState?(isHeard: boolean): void;
  readonly signal: AbortSignal;
}

/** Scopes beyond these are told once at the beginning of each connection, whatever is known of them. */
const maxKnown = 64;

/** Resolves when `signal` fires. Throws `kernel/relay-key` where no relay is known yet. */
export async function listenTo(
  replica: Replica,
  client: RelayClient,
  readers: () => readonly ReadingDevice[],
  { onNews, onState, signal }: ListenOptions,
): Promise<void> {
  const { book, log, crypto } = replica;
  const key = pinnedRelay(replica);
  if (book === undefined) throw new KernelError('kernel/no-book', 'there is no book to listen for yet');
  if (key === undefined) throw new KernelError('kernel/relay-key', 'no relay is known yet: the first sync tells which');
  const known = () => log.scopes().map((scope) => ({ scope, size: log.tip(scope).size }));
  await watchRelay({
    // Under the keys of then, for the relay of then: this device may rotate meanwhile, and the book may go on elsewhere.
    client: {
      tail(...asked) {
        const relay = relayIdOf(pinnedRelay(replica) ?? key, crypto.hasher);
        return signReads(
          client,
          readers().map((reader) => ({ ...reader, relay })),
        ).tail(...asked);
      },
    },
    book,
    known: () => known().slice(0, maxKnown),
    onNews: (news) => {
      // What a relay near by keeps of others has no position, and is news all the same.
      if (news.size > log.tip(news.scope).size || news.kept !== undefined) onNews(news);
    },
    ...(onState === undefined ? {} : { onState }),
    signal,
  });
}
