// Who may write in which book: one roster a book, folded from the enrolments that its logs hold.
import type { Hasher } from '@tallystick/chain';
import { type BookId, decodeHex, trustedRecord } from '@tallystick/oplog';
import { vouchForKey } from '@tallystick/sign';
import { createRoster, type Roster } from '@tallystick/sign/roster';
import type { RelayStore } from './store.ts';

/**
 * The rosters of the books in use, folded from the store when first asked for, and again when other relays have appended what this one has
 * not seen.
 */
export interface Rosters {
  of(book: BookId): Promise<Roster>;
  /** The roster has taken notice of that many ops, and they are stored now. */
  grown(book: BookId, enrolments: number): void;
  forget(book: BookId): void;
}

interface Kept {
  readonly roster: Roster;
  /** Ops that it was folded from. */
  count: number;
}

const keyPattern = /^[0-9a-f]{64}$/;

export function createRosters(store: RelayStore, hasher: Hasher, maxKept = 256): Rosters {
  const keptByBook = new Map<BookId, Kept>();
  // One fold for all who ask meanwhile: a push changes the roster that readers are handed.
  const foldsByBook = new Map<BookId, Promise<Kept>>();
  async function fold(book: BookId): Promise<Kept> {
    const roster = createRoster(hasher);
    const enrolments = await store.enrolments(book);
    for (const { bytes, hash, isFork } of enrolments) {
      const record = trustedRecord(bytes, hash);
      // The store has only what a roster took, so each key in it was checked when it came.
      const key = record.op.args['key'];
      if (typeof key === 'string' && keyPattern.test(key)) vouchForKey(decodeHex(key));
      roster.apply(record, isFork);
    }
    return { roster, count: enrolments.length };
  }
  function foldOnce(book: BookId): Promise<Kept> {
    const folding = foldsByBook.get(book) ?? fold(book).finally(() => foldsByBook.delete(book));
    foldsByBook.set(book, folding);
    return folding;
  }
  return {
    async of(book) {
      let kept = keptByBook.get(book);
      if (kept === undefined || kept.count !== ((await store.enrolmentCount?.(book)) ?? kept.count))
        kept = await foldOnce(book);
      // The one used longest ago goes first.
      keptByBook.delete(book);
      keptByBook.set(book, kept);
      const [oldest] = keptByBook.keys();
      if (keptByBook.size > maxKept && oldest !== undefined) keptByBook.delete(oldest);
      return kept.roster;
    },
    grown(book, enrolments) {
      const kept = keptByBook.get(book);
      if (kept !== undefined) kept.count += enrolments;
    },
    forget: (book) => void keptByBook.delete(book),
  };
}
