// Keeps a book and its relay together: one exchange after another with a pause between, longer after each failure, and what is
// known about the connection for people to see.
import { type RelayClient, RelayError } from '@tallystick/relay-protocol';
import type { ShopBook } from '../book.ts';
import type { RelayHealth } from './live-state.ts';

const maxPauseMs = 15_000;

export interface RelayLink {
  health(): RelayHealth;
  /** An exchange that begins now, or after the one under way. Never rejects: what went wrong is in `health`. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Starts exchanging. `onExchange` is called after each one. */
export function createRelayLink(
  book: ShopBook,
  client: RelayClient,
  pauseMs: number,
  onExchange: () => void,
): RelayLink {
  let health: RelayHealth = { url: client.url, state: 'connecting', syncedAtMs: 0, message: '' };
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let last: Promise<void> = Promise.resolve();
  let closed = false;

  async function exchange(): Promise<void> {
    if (closed) return;
    clearTimeout(timer);
    try {
      await book.sync(client);
      failures = 0;
      health = { ...health, state: 'linked', syncedAtMs: Date.now(), message: '' };
    } catch (error) {
      failures += 1;
      health = { ...health, ...explain(error) };
    }
    if (!closed) timer = setTimeout(() => void sync(), Math.min(maxPauseMs, pauseMs * 2 ** Math.min(failures, 10)));
    onExchange();
  }

  function sync(): Promise<void> {
    last = last.then(exchange);
    return last;
  }

  void sync();
  return {
    health: () => health,
    sync,
    async close() {
      closed = true;
      clearTimeout(timer);
      await last;
    },
  };
}

/** A relay that does not answer is weather; one that contradicts what it signed is an alarm. */
function explain(error: unknown): Pick<RelayHealth, 'state' | 'message'> {
  const message = error instanceof Error ? error.message : String(error);
  const isAway =
    error instanceof RelayError && !['relay/inconsistent', 'relay/rolled-back', 'relay/bad-note'].includes(error.code);
  return { state: isAway ? 'unreachable' : 'distrusted', message };
}
