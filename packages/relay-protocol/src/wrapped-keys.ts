// The port behind which a relay keeps wrapped keys of subjects (docs/spec/relay.md, "Wrapped keys"): beside the logs, in no copy of them, and gone once deleted.
import type { BookId, DeviceId, MaybePromise } from '@tallystick/oplog';
import { maxLifetimeSeconds, maxSkewSeconds } from './request-signature.ts';

export interface WrappedKey {
  /** Who put it there. */
  readonly device: DeviceId;
  readonly text: string;
}

/** As a store has it. */
export interface KeptKey extends WrappedKey {
  /** The latest `signedAt` of all that were put under the name since there was none. Seconds since 1970. */
  readonly signedAt: number;
}

export interface WrappedKeyEntry {
  /** `SUBJECT.GENERATION.READERS`. */
  readonly name: string;
  readonly device: DeviceId;
  /** Of the text in UTF-8. */
  readonly sizeBytes: number;
}

/** Part of a `RelayStore`, and of its contract. Of several relays on one engine one has the keys. */
export interface WrappedKeyStore {
  /** Rejects with `relay/store` where another relay has the keys; one that has them always may leave it out. */
  ready?(): Promise<void>;
  get(book: BookId, name: string): MaybePromise<KeptKey | undefined>;
  /**
   * In the place of what is there; durable when it answers undefined. Where the request was signed at `signedAt` and one of this name was deleted since,
   * nothing is kept, and the answer is the bar: the last second of signatures that the deletion shuts out. Seconds since 1970.
   */
  put(book: BookId, name: string, key: WrappedKey, signedAt: number): MaybePromise<number | undefined>;
  /**
   * Gone when it answers; whether there was one. Where there was, a bar stays, durable as well: `atSeconds`, or the latest `signedAt` of what was put under the
   * name, if a clock was ahead. Bars that ended more than `barSeconds` before `atSeconds` go.
   */
  delete(book: BookId, name: string, atSeconds: number): MaybePromise<boolean>;
  /** By name. */
  list(book: BookId): MaybePromise<readonly WrappedKeyEntry[]>;
}

/** How long a bar is kept: as long as a signature lives by any two clocks that a relay bears. */
export const barSeconds: number = maxLifetimeSeconds + 2 * maxSkewSeconds;

export function createMemoryWrappedKeys(): WrappedKeyStore {
  const keysByBook = new Map<BookId, Map<string, KeptKey>>();
  /** By book and name; about the oldest first. */
  const bars = new Map<string, number>();
  const sweep = (atSeconds: number): void => {
    for (const [deleted, bar] of bars) {
      if (bar + barSeconds >= atSeconds) return;
      bars.delete(deleted);
    }
  };
  return {
    get: (book, name) => keysByBook.get(book)?.get(name),
    put(book, name, { device, text }, signedAt) {
      const bar = bars.get(`${book} ${name}`);
      if (bar !== undefined && signedAt <= bar) return bar;
      const keys = keysByBook.get(book) ?? new Map<string, KeptKey>();
      const latest = Math.max(signedAt, keys.get(name)?.signedAt ?? 0);
      keysByBook.set(book, keys.set(name, { device, text, signedAt: latest }));
      return undefined;
    },
    delete(book, name, atSeconds) {
      sweep(atSeconds);
      const kept = keysByBook.get(book)?.get(name);
      if (kept === undefined) return false;
      const deleted = `${book} ${name}`;
      const bar = Math.max(atSeconds, kept.signedAt, bars.get(deleted) ?? 0);
      bars.delete(deleted);
      bars.set(deleted, bar);
      keysByBook.get(book)?.delete(name);
      return true;
    },
    list: (book) =>
      [...(keysByBook.get(book) ?? [])]
        .map(([name, { device, text }]) => ({ name, device, sizeBytes: utf8Size(text) }))
        .sort((one, other) => (one.name < other.name ? -1 : 1)),
  };
}

export function utf8Size(text: string): number {
  return new TextEncoder().encode(text).length;
}
