// Who may write in which book: one roster a book, folded from the enrolments that its logs hold.
import type { Hasher } from '@tallystick/chain';
import { type BookId, decodeHex, trustedRecord } from '@tallystick/oplog';
import { vouchForKey } from '@tallystick/sign';
import { createRoster, markVerb, type Roster } from '@tallystick/sign/roster';
import type { RelayStore } from './store.ts';

/**
 * The rosters of the books in use, folded from the store when first asked for, and again when other relays have appended what this one has
 * not seen.
 */
export interface Rosters {
  of(book: BookId): Promise<Roster>;
  /** The roster has taken notice of that many ops, and they are stored now. */
  grown(roster: Roster, enrolments: number): void;
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
  // A reader may have had the book folded again since a push was handed its roster: what that one took notice of, the newer one did not.
  const keptByRoster = new WeakMap<Roster, Kept>();
  // One fold for all who ask meanwhile: a push changes the roster that readers are handed.
  const foldsByBook = new Map<BookId, Promise<Kept>>();
  async function fold(book: BookId): Promise<Kept> {
    const kept = await foldRoster(store, book, hasher);
    keptByRoster.set(kept.roster, kept);
    return kept;
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
    grown(roster, enrolments) {
      const kept = keptByRoster.get(roster);
      if (kept !== undefined) kept.count += enrolments;
    },
    forget: (book) => void keptByBook.delete(book),
  };
}

/** From what the store has; `count` ops of it. */
export async function foldRoster(store: Pick<RelayStore, 'enrolments'>, book: BookId, hasher: Hasher): Promise<Kept> {
  const roster = createRoster(hasher);
  const enrolments = await store.enrolments(book);
  for (const { bytes, hash, isFork, position } of enrolments) {
    const record = trustedRecord(bytes, hash);
    // The store has only what a roster took, so each key in it was checked when it came.
    const key = record.op.args['key'];
    if (typeof key === 'string' && keyPattern.test(key)) vouchForKey(decodeHex(key));
    if (record.op.verb === markVerb) roster.mark(record);
    else roster.apply(record, isFork, position);
  }
  return { roster, count: enrolments.length };
}
