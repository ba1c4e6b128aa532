// When a home relay is asked, and when it is left alone (docs/spec/relay.md, "Federation"): a circuit that opens after failures in a row, and pauses with jitter between
// tries, both from cockatiel.
import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
} from 'cockatiel';
import { type RelayCode, RelayError } from './errors.ts';

export interface CircuitTiming {
  /** Failures in a row after which nobody asks for a while. Default 3. */
  readonly failures?: number;
  /** How long nobody asks then, in ms: at first, doubling up to the most. Default 1,000 and 60,000. */
  readonly firstPauseMs?: number;
  readonly maxPauseMs?: number;
}

export interface HomeCircuit {
  readonly state: 'closed' | 'open' | 'half-open';
  /** Asks, unless the circuit is open: `relay/home-away`, which is also what an answer that is none comes to. Other errors are as thrown. */
  ask<T>(request: () => Promise<T>): Promise<T>;
  /** Whether it is this circuit that threw it, and not one inside or around it. */
  threw(error: unknown): boolean;
  /** Does it again and again while it throws `relay/home-away`, with growing random pauses. Throws `relay/aborted` as soon as `signal` fires. */
  insist<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/**
 * What says nothing about what was asked: no answer, or one that it could not or would not give now. A proxy's page in its place is no answer
 * either, whatever its status is. `relay/rate` is not among them: it is about one device, which could make everybody's home relay seem away by it.
 */
const noAnswer: ReadonlySet<RelayCode> = new Set([
  'relay/unreachable',
  'relay/aborted',
  'relay/refused',
  'relay/bad-answer',
  'relay/busy',
]);
/** It answers, and not for this book: a log of it may be damaged there, and says nothing of the others. */
const noAnswerForBook: ReadonlySet<RelayCode> = new Set([
  'relay/failed',
  // Somebody has to say where the book went; until then what is handed in is kept.
  'relay/retired',
]);

const isOf = (codes: ReadonlySet<RelayCode>) => (error: Error) => error instanceof RelayError && codes.has(error.code);

export const isNoAnswer = (error: Error): boolean => isOf(noAnswer)(error) || isOf(noAnswerForBook)(error);

/** Of the home relay itself, or of one book there. */
export function createHomeCircuit(timing: CircuitTiming = {}, about: 'home' | 'book' = 'home'): HomeCircuit {
  const isFailure = isOf(about === 'home' ? noAnswer : noAnswerForBook);
  const { failures = 3, firstPauseMs = 1_000, maxPauseMs = 60_000 } = timing;
  const backoff = new ExponentialBackoff({ initialDelay: firstPauseMs, maxDelay: maxPauseMs });
  const breaker = circuitBreaker(handleWhen(isFailure), {
    halfOpenAfter: backoff,
    breaker: new ConsecutiveBreaker(failures),
  });
  const isAway = (error: Error): boolean => error instanceof RelayError && error.code === 'relay/home-away';
  const thrown = new WeakSet<Error>();
  const again = retry(handleWhen(isAway), { maxAttempts: Number.MAX_SAFE_INTEGER, backoff }).dangerouslyUnref();
  async function ask<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await breaker.execute(request);
    } catch (cause) {
      if (cause instanceof BrokenCircuitError || (cause instanceof Error && isFailure(cause))) throw homeAway(cause);
      throw cause;
    }
  }
  function homeAway(cause: Error): RelayError {
    const message = `the home relay does not answer now${about === 'book' ? ' for this book' : ''}`;
    const error = new RelayError('relay/home-away', message, { cause });
    thrown.add(error);
    return error;
  }
  return {
    get state() {
      if (breaker.state === CircuitState.Closed) return 'closed';
      return breaker.state === CircuitState.HalfOpen ? 'half-open' : 'open';
    },
    ask,
    threw: (error) => error instanceof Error && thrown.has(error),
    async insist(request, signal) {
      let giveUp = (): void => undefined;
      const stopped = new Promise<never>((_, reject) => {
        giveUp = () => reject(new RelayError('relay/aborted', 'the caller gave up'));
        signal.addEventListener('abort', giveUp, { once: true });
        if (signal.aborted) giveUp();
      });
      try {
        // A pause of the library is not cut short by the signal; nobody waits for its end.
        return await Promise.race([again.execute(() => (signal.aborted ? stopped : request()), signal), stopped]);
      } finally {
        signal.removeEventListener('abort', giveUp);
      }
    },
  };
}
