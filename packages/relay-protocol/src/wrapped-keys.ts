// The port behind which a relay keeps wrapped keys of subjects (docs/spec/relay.md, "Wrapped keys"): beside the logs, in no copy of them, and gone once deleted.
import type { BookId, DeviceId, MaybePromise } from '@tallystick/oplog';

export interface WrappedKey {
  /** Who put it there. */
  readonly device: DeviceId;
  readonly text: string;
}

export interface WrappedKeyEntry {
  /** `SUBJECT.GENERATION.READERS`. */
  readonly name: string;
  readonly device: DeviceId;
  /** Of the text in UTF-8. */
  readonly sizeBytes: number;
}

/** Part of a `RelayStore`, and of its contract. All who share the store see the same. */
export interface WrappedKeyStore {
  get(book: BookId, name: string): MaybePromise<WrappedKey | undefined>;
  /** In the place of what is there; durable when it answers. */
  put(book: BookId, name: string, key: WrappedKey): MaybePromise<void>;
  /** Gone when it answers; whether there was one. */
  delete(book: BookId, name: string): MaybePromise<boolean>;
  /** By name. */
  list(book: BookId): MaybePromise<readonly WrappedKeyEntry[]>;
}

export function createMemoryWrappedKeys(): WrappedKeyStore {
  const keysByBook = new Map<BookId, Map<string, WrappedKey>>();
  return {
    get: (book, name) => keysByBook.get(book)?.get(name),
    put(book, name, key) {
      const keys = keysByBook.get(book) ?? new Map<string, WrappedKey>();
      keysByBook.set(book, keys.set(name, key));
    },
    delete: (book, name) => keysByBook.get(book)?.delete(name) ?? false,
    list: (book) =>
      [...(keysByBook.get(book) ?? [])]
        .map(([name, { device, text }]) => ({ name, device, sizeBytes: utf8Size(text) }))
        .sort((one, other) => (one.name < other.name ? -1 : 1)),
  };
}

export function utf8Size(text: string): number {
  return new TextEncoder().encode(text).length;
}
