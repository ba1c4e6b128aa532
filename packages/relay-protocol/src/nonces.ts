// The nonces of signed requests that have been seen: bounded, and forgotten when their requests have expired anyway.

export interface Nonces {
  /** Whether it was taken and is remembered still. */
  has(nonce: string): boolean;
  /** False where it was taken before and may not have expired; undefined where there is no room to remember it. */
  take(nonce: string, nowMs: number): boolean | undefined;
  /** When there will be room again, in milliseconds since 1970. */
  roomAtMs(): number;
}

/** Two generations of `lifetimeMs`, so that each nonce is kept for at least that long, and at most `maxKept` in each. */
export function createNonces(lifetimeMs: number, maxKept: number): Nonces {
  let young = new Set<string>();
  let old = new Set<string>();
  let turnsAtMs = Number.NEGATIVE_INFINITY;
  return {
    has: (nonce) => young.has(nonce) || old.has(nonce),
    take(nonce, nowMs) {
      if (nowMs >= turnsAtMs) {
        old = nowMs < turnsAtMs + lifetimeMs ? young : new Set();
        young = new Set();
        turnsAtMs = nowMs + lifetimeMs;
      }
      if (young.has(nonce) || old.has(nonce)) return false;
      if (young.size >= maxKept) return undefined;
      young.add(nonce);
      return true;
    },
    roomAtMs: () => turnsAtMs,
  };
}
