// Keeps a book and its relay together: an exchange whenever the relay says that a log has grown or the office has written, others now and then with a
// pause between, longer after each failure, and what is known about the connection for people to see.
import { type RelayClient, RelayError } from '@tallystick/relay-protocol';
import type { ShopBook } from '../book.ts';
import type { RelayHealth } from './live-state.ts';
import { messageOf } from '../errors.ts';

const maxPauseMs = 15_000;

export interface RelayLink {
  health(): RelayHealth;
  /** An exchange that begins now, or after the one under way. Never rejects: what went wrong is in `health`. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Starts exchanging. `pauseMs` stands between exchanges while the relay is not heard. `onExchange` is called after each one. */
export function createRelayLink(
  book: Pick<ShopBook, 'sync' | 'listen' | 'subscribe'>,
  client: RelayClient,
  pauseMs: number,
  onExchange: () => void,
): RelayLink {
  let health: RelayHealth = { url: client.url, state: 'connecting', syncedAtMs: 0, message: '' };
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let last: Promise<void> = Promise.resolve();
  let closed = false;
  let isWaiting = false;
  let isHeard = false;
  let hearing: Promise<void> | undefined;
  const listening = new AbortController();

  /** Hears of news, which are asked for at once; without it they are asked for again and again. Begins when the book knows its relay. */
  function listen(): void {
    if (closed) return;
    hearing ??= book
      .listen(client, {
        signal: listening.signal,
        onNews: nudge,
        onState(isOpen) {
          // Whatever grew while nobody listened.
          if (isHeard !== isOpen) nudge();
          isHeard = isOpen;
        },
      })
      .catch(() => void (hearing = undefined));
  }

  /** One exchange for all who ask before it begins. */
  function nudge(): void {
    if (closed || isWaiting) return;
    isWaiting = true;
    void sync();
  }

  async function exchange(): Promise<void> {
    isWaiting = false;
    if (closed) return;
    clearTimeout(timer);
    try {
      await book.sync(client);
      failures = 0;
      listen();
      health = { ...health, state: 'linked', syncedAtMs: Date.now(), message: '' };
    } catch (error) {
      failures += 1;
      health = { ...health, ...explain(error) };
    }
    const pause = isHeard && failures === 0 ? maxPauseMs : Math.min(maxPauseMs, pauseMs * 2 ** Math.min(failures, 10));
    // A relay that comes back is not met by all of its offices at once.
    const nextMs = failures === 0 ? pause : pause * (0.5 + Math.random() / 2);
    if (!closed) timer = setTimeout(() => void sync(), nextMs);
    onExchange();
  }

  function sync(): Promise<void> {
    last = last.then(exchange);
    return last;
  }

  const stopWatching = book.subscribe(({ kind }) => {
    if (kind === 'commit') nudge();
  });
  void sync();
  return {
    health: () => health,
    sync,
    async close() {
      closed = true;
      clearTimeout(timer);
      stopWatching();
      listening.abort();
      await last;
      await hearing;
    },
  };
}

/** A relay that does not answer is weather; one that contradicts what it signed is an alarm. */
function explain(error: unknown): Pick<RelayHealth, 'state' | 'message'> {
  const message = messageOf(error);
  const isAway =
    error instanceof RelayError && !['relay/inconsistent', 'relay/rolled-back', 'relay/bad-note'].includes(error.code);
  return { state: isAway ? 'unreachable' : 'distrusted', message };
}
