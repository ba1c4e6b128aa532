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

export interface Slots {
  /** Runs `work` in a free slot; throws `relay/busy` when there is none. */
  use<T>(work: () => Promise<T>): Promise<T>;
}

export function createSlots(count: number): Slots {
  let used = 0;
  return {
    async use(work) {
      if (used >= count) throw new RelayError('relay/busy', `${count} pushes are under way`);
      used += 1;
      try {
        return await work();
      } finally {
        used -= 1;
      }
    },
  };
}
