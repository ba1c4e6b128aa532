/** Seeded chance and a seeded clock: the same seed gives the same ids, keys and days, so every failure can be run again. */
import type { Edge } from '@tallystick/kernel';

export interface Dice {
  /** From 0 to `limit - 1`. */
  below(limit: number): number;
  /** Throws on an empty list. */
  pick<T>(list: readonly T[]): T;
  /** True once in `oneIn` throws. */
  chance(oneIn: number): boolean;
  /** A new list in another order. */
  shuffle<T>(list: readonly T[]): T[];
  bytes(count: number): Uint8Array;
}

/** Mulberry32: small, fast, good enough for tests and for nothing else. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const uint32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number): number => Math.floor((uint32() / 2 ** 32) * limit);
  return {
    below,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new RangeError('nothing to pick from');
      return list[below(list.length)] as T;
    },
    chance: (oneIn) => below(oneIn) === 0,
    shuffle(list) {
      const shuffled = [...list];
      for (let last = shuffled.length - 1; last > 0; last--) {
        const other = below(last + 1);
        [shuffled[last], shuffled[other]] = [shuffled[other] as never, shuffled[last] as never];
      }
      return shuffled;
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => uint32() >>> 24),
  };
}

/** The true time of a simulated world. */
export interface Clock {
  nowMs(): number;
  advance(ms: number): void;
}

/** Some Saturday before Christmas, 08:00 UTC. */
export const openingMs: number = Date.UTC(2026, 10, 21, 8);

export function createClock(startMs: number = openingMs): Clock {
  let ms = startMs;
  return {
    nowMs: () => ms,
    advance(by) {
      ms += by;
    },
  };
}

/** The edge of one device: the world's clock as wrong as this device has it, and dice of its own. */
export function createEdge(
  clock: Clock,
  { seed, skewMs = 0 }: { readonly seed: number; readonly skewMs?: number },
): Edge {
  const dice = createDice(seed);
  return { now: () => clock.nowMs() + skewMs, random: (count) => dice.bytes(count) };
}
