// Who may write in which book: one roster a book, folded from the enrolments that its logs hold.
import type { Hasher } from '@tallystick/chain';
import { type BookId, trustedRecord } from '@tallystick/oplog';
import { createRoster, type Roster } from '@tallystick/sign/roster';
import type { RelayStore } from './store.ts';

/** The rosters of the books in use, folded from the store when first asked for. */
export interface Rosters {
  of(book: BookId): Promise<Roster>;
  forget(book: BookId): void;
}

export function createRosters(store: RelayStore, hasher: Hasher, maxKept = 256): Rosters {
  const rostersByBook = new Map<BookId, Roster>();
  return {
    async of(book) {
      let roster = rostersByBook.get(book);
      if (roster === undefined) {
        roster = createRoster(hasher);
        for (const { bytes, hash, isFork } of await store.enrolments(book))
          roster.apply(trustedRecord(bytes, hash), isFork);
      }
      // The one used longest ago goes first.
      rostersByBook.delete(book);
      rostersByBook.set(book, roster);
      const [oldest] = rostersByBook.keys();
      if (rostersByBook.size > maxKept && oldest !== undefined) rostersByBook.delete(oldest);
      return roster;
    },
    forget: (book) => void rostersByBook.delete(book),
  };
}
