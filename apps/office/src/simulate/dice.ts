// Chance out of a seed: the same seed makes the same year, to the last id.

export interface Dice {
  /** From 0 to `limit - 1`. */
  below(limit: number): number;
  /** True once in `oneIn` throws. */
  chance(oneIn: number): boolean;
  /** Throws on an empty list. */
  pick<T>(list: readonly T[]): T;
  bytes(count: number): Uint8Array;
}

/** Mulberry32: small and fast, and of no use for keys that are to be kept. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit);
  return {
    below,
    chance: (oneIn) => below(oneIn) === 0,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new RangeError('nothing to pick from');
      return list[below(list.length)] as T;
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => next() >>> 24),
  };
}
