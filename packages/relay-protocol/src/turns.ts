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

/** A place among the requests that wait, and the bytes that one takes. */
export interface Slot {
  /** Takes so many bytes from now on; false, and as before, where that is more than there is room for. */
  hold(bytes: number): boolean;
  /** Takes the place: once the body is here. Throws `relay/busy` when there is none. */
  enter(): void;
}

export interface Slots {
  /** Runs `work`, and frees what it took. */
  use<T>(work: (slot: Slot) => Promise<T>): Promise<T>;
  /** What is taken now. */
  load(): { readonly pushes: number; readonly bytes: number };
}

export function createSlots(count: number, maxBytes: number): Slots {
  let [used, usedBytes] = [0, 0];
  return {
    async use(work) {
      let [held, places] = [0, 0];
      const hold = (bytes: number): boolean => {
        if (bytes > held && usedBytes - held + bytes > maxBytes) return false;
        usedBytes += bytes - held;
        held = bytes;
        return true;
      };
      const enter = (): void => {
        if (used >= count) throw new RelayError('relay/busy', `${count} pushes are under way`);
        used += 1;
        places = 1;
      };
      try {
        return await work({ hold, enter });
      } finally {
        used -= places;
        usedBytes -= held;
      }
    },
    load: () => ({ pushes: used, bytes: usedBytes }),
  };
}

export interface Shares {
  /** Runs `work` unless as many of that key are under way as one may have: `relay/busy`. */
  use<T>(key: string, work: () => Promise<T>): Promise<T>;
}

export function createShares(count: number): Shares {
  const usedByKey = new Map<string, number>();
  return {
    async use(key, work) {
      const used = usedByKey.get(key) ?? 0;
      if (used >= count) throw new RelayError('relay/busy', `${count} pushes of this book are under way`);
      usedByKey.set(key, used + 1);
      try {
        return await work();
      } finally {
        const left = (usedByKey.get(key) ?? 1) - 1;
        if (left > 0) usedByKey.set(key, left);
        else usedByKey.delete(key);
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
