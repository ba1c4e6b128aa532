// Token buckets, one a name, in a bounded map (docs/spec/relay.md, "Limits"). An own dozen lines: the libraries for it keep a timer a name, or a
// database, and none bounds how many names it remembers.
import { RelayError } from './errors.ts';

export interface Rates {
  /** Throws `relay/rate` where the bucket of every one of `names` is empty. */
  require(names: readonly string[]): void;
  /** Takes one; throws `relay/rate`, with the seconds to wait, where the bucket is empty. */
  take(name: string): void;
  /** Takes `count`, be they there or not. */
  spend(name: string, count: number): void;
}

interface Bucket {
  level: number;
  atMs: number;
}

/** Each bucket holds `burst` and is filled by `perSecond`. Beyond `maxNames` the one used longest ago is forgotten, which is a full one soon. */
export function createRates(
  { perSecond, burst }: { readonly perSecond: number; readonly burst: number },
  maxNames: number,
  nowMs: () => number,
): Rates {
  const bucketsByName = new Map<string, Bucket>();
  const levelOf = (name: string, now: number): number => {
    const { level, atMs } = bucketsByName.get(name) ?? { level: burst, atMs: now };
    return Math.min(burst, level + (Math.max(0, now - atMs) / 1000) * perSecond);
  };
  const refuse = (level: number): RelayError => tooMany(-level / perSecond);
  const put = (name: string, level: number): void => {
    bucketsByName.delete(name);
    bucketsByName.set(name, { level, atMs: nowMs() });
    // The map passes over all that was deleted before the first: it is asked for only where it has to go.
    const [oldest] = bucketsByName.size > maxNames ? bucketsByName.keys() : [];
    if (oldest !== undefined) bucketsByName.delete(oldest);
  };
  return {
    require(names) {
      const now = nowMs();
      const levels = names.map((name) => levelOf(name, now));
      if (levels.length > 0 && levels.every((level) => level <= 0)) throw refuse(Math.max(...levels));
    },
    take(name) {
      const filled = levelOf(name, nowMs());
      if (filled < 1) throw refuse(filled - 1);
      put(name, filled - 1);
    },
    spend: (name, count) => put(name, levelOf(name, nowMs()) - count),
  };
}

/** `seconds` until there is room again: what is told is a whole number of them, from 1 to 60. */
export function tooMany(seconds: number): RelayError {
  const retryAfterSeconds = Math.min(60, Math.max(1, Math.ceil(seconds)));
  return new RelayError('relay/rate', 'too many requests for now', { details: { retryAfterSeconds } });
}
