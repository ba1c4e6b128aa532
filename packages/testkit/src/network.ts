/** A network between a relay client and a relay in the same process that loses what networks lose. */
import type { Dice } from './dice.ts';

export type Fetch = (request: Request) => Promise<Response>;

/** Streams of gzip take longer than all else of a small push, so only great ones go that way. */
export const GZIP_FROM_BYTES: number = 1 << 16;

export interface Losses {
  /** One request in so many never arrives; 0 for none. */
  readonly requests: number;
  /** One answer in so many never comes back, although the relay did the work; 0 for none. */
  readonly answers: number;
}

/** Wraps a relay's `fetch`. A loss is a `TypeError`, as it is with the real one. */
export function lossyFetch(fetch: Fetch, dice: Dice, { requests, answers }: Losses): Fetch {
  return async (request) => {
    if (requests > 0 && dice.chance(requests)) throw new TypeError('fetch failed: the request was lost');
    const response = await fetch(request);
    if (answers > 0 && dice.chance(answers)) throw new TypeError('fetch failed: the answer was lost');
    return response;
  };
}
