// Hearing from a relay for as long as one cares to: one tail after the other, with growing pauses while there is none.
import type { BookId } from '@tallystick/oplog';
import type { Known, RelayClient } from './client.ts';
import type { LogNews } from './tail-client.ts';

export interface WatchOptions {
  /** Its reads are signed (`signReads`), where the relay wants them to be. */
  readonly client: Pick<RelayClient, 'tail'>;
  readonly book: BookId;
  /** How far each log has been followed here: asked before each connection. */
  known(): readonly Known[];
  /** A log reaches further than was known when the connection began, or a relay that follows another one keeps more of it. */
  onNews(news: LogNews): void;
  /** A tail is open, or is so no more: how often to ask without it is up to who watches. */
  onState?(isOpen: boolean): void;
  readonly signal: AbortSignal;
  /** From 0 to 1. Default `Math.random`. */
  random?(): number;
}

const firstPauseMs = 2_000;
const maxPauseMs = 5 * 60_000;

/** Resolves when `signal` fires. A relay that has no tail, or lets this device hear nothing, is asked again ever more rarely. */
export async function watchRelay(options: WatchOptions): Promise<void> {
  const { client, book, known, onNews, onState = () => undefined, signal, random = Math.random } = options;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const events = await client.tail(book, known(), { signal, retry: { attempts: 1 } });
      onState(true);
      for await (const news of events) {
        failures = 0;
        onNews(news);
      }
    } catch {
      failures += 1;
    }
    onState(false);
    // Full jitter: a relay that comes back is not met by all of its tills at once.
    await pause(random() * Math.min(firstPauseMs * 2 ** failures, maxPauseMs), signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
