// Trying again: exponential backoff with full jitter, a bound on the tries, a deadline for each, a signal over all. An own loop
// because the known libraries neither take their randomness from outside nor listen to Retry-After, and this is all of it.
import { RelayError } from './errors.ts';

export interface RetryPolicy {
  /** Tries in all. Default 5. */
  readonly attempts?: number;
  /** Longest wait before the second try, in ms; it doubles from try to try up to 30 s. Default 250. */
  readonly baseMs?: number;
  /** Deadline of one try, in ms. Default 30,000. */
  readonly timeoutMs?: number;
  /** From 0 to 1. Default `Math.random`. */
  random?(): number;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** Of an answer that is read as it comes. */
  readonly stream?: ReadableStream<Uint8Array>;
}

const maxWaitMs = 30_000;

/**
 * Answers the first reply that is neither 429 nor 5xx, or the last one there was. Throws `relay/unreachable` when the last try
 * brought none, `relay/aborted` when `signal` fired. `attempt` must be safe to repeat.
 */
export async function withRetry(
  attempt: (signal: AbortSignal) => Promise<Reply>,
  policy: RetryPolicy,
  signal: AbortSignal,
): Promise<Reply> {
  const { attempts = 5, baseMs = 250, timeoutMs = 30_000, random = Math.random } = policy;
  for (let tries = 1; ; tries++) {
    let reply: Reply | undefined;
    try {
      if (signal.aborted) throw signal.reason;
      reply = await attempt(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
    } catch (cause) {
      if (signal.aborted) throw new RelayError('relay/aborted', 'the caller gave up', { cause });
      if (cause instanceof RelayError) throw cause;
      if (tries >= attempts) throw new RelayError('relay/unreachable', `no answer in ${tries} tries`, { cause });
    }
    if (reply !== undefined && (!isTransient(reply.status) || tries >= attempts)) return reply;
    const afterMs = retryAfterMs(reply);
    // A busy relay tells all the same number: who comes back exactly then meets all others once more.
    const spreadMs = Math.max(afterMs, Math.min(baseMs * 2 ** (tries - 1), maxWaitMs));
    const waitMs = afterMs + random() * spreadMs;
    if (waitMs > 0) await wait(waitMs, signal);
  }
}

function isTransient(status: number): boolean {
  return status === 429 || status >= 500;
}

/** What the relay asks for, in ms; 0 where it asks for nothing, and no more than a client waits between two tries. */
export function retryAfterMs(reply: Reply | undefined): number {
  const seconds = Number(reply?.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, maxWaitMs) : 0;
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      clearTimeout(timer);
      reject(new RelayError('relay/aborted', 'the caller gave up', { cause: signal.reason }));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    }, ms);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
  });
}
