// One thing after another per key, and a bound on how many wait in all.
import { RelayError } from './errors.ts';

export interface Turns {
  /** Runs `work` when everything queued before it under the same key has ended. */
  take<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Resolves when nothing is queued. */
  idle(): Promise<void>;
}

export function createTurns(): Turns {
  const lastByKey = new Map<string, Promise<unknown>>();
  return {
    take(key, work) {
      const turn = (lastByKey.get(key) ?? Promise.resolve()).then(work, work);
      lastByKey.set(key, turn);
      const leave = (): void => {
        if (lastByKey.get(key) === turn) lastByKey.delete(key);
      };
      turn.then(leave, leave);
      return turn;
    },
    async idle() {
      while (lastByKey.size > 0) await Promise.allSettled(lastByKey.values());
    },
  };
}

/** A place among the requests that are being received or wait. */
export interface Slot {
  /** How many bytes it takes from now on; throws `relay/busy` when that is more than there is room for. */
  hold(bytes: number): void;
}

export interface Slots {
  /** Runs `work` in a free slot; throws `relay/busy` when there is none. */
  use<T>(work: (slot: Slot) => Promise<T>): Promise<T>;
}

export function createSlots(count: number, maxBytes: number): Slots {
  let [used, usedBytes] = [0, 0];
  return {
    async use(work) {
      if (used >= count) throw new RelayError('relay/busy', `${count} pushes are under way`);
      let held = 0;
      const hold = (bytes: number): void => {
        if (usedBytes - held + bytes > maxBytes) throw new RelayError('relay/busy', 'too many bytes are under way');
        usedBytes += bytes - held;
        held = bytes;
      };
      used += 1;
      try {
        return await work({ hold });
      } finally {
        used -= 1;
        usedBytes -= held;
      }
    },
  };
}

export interface Lane {
  /** Runs `work` when fewer than the lane is wide are running. */
  pass<T>(work: () => Promise<T>): Promise<T>;
}

export function createLane(width: number): Lane {
  let running = 0;
  const waiting: (() => void)[] = [];
  return {
    async pass(work) {
      if (running >= width) await new Promise<void>((resolve) => void waiting.push(resolve));
      else running += 1;
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        // Whoever waits takes the place over.
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
