// How much of a book a relay keeps (docs/spec/relay.md, "Limits"): a book that is full is served as before, and takes what is stored already and what lets
// people in or out.
import type { BookId } from '@tallystick/oplog';
import { rosterVerbs } from '@tallystick/sign/roster';
import { isChief } from './access.ts';
import { RelayError } from './errors.ts';
import type { Push } from './push.ts';
import type { Rosters } from './rosters.ts';
import type { Batch, RelayStore } from './store.ts';

export interface Quota {
  /** Why the book has no room for the push; undefined where it has. `ahead` are the bytes of pushes that wait beside it. */
  findRefusal(push: Push, ahead: number): Promise<RelayError | undefined>;
  /** These are stored. */
  grown(batches: readonly Batch[]): void;
}

interface Kept {
  bytes: number;
  readonly askedMs: number;
}

/** What other relays appended to the same store is found by asking again. */
const freshMs = 60_000;
const maxKept = 4_096;

export function createQuota(
  store: RelayStore,
  rosters: Pick<Rosters, 'of'>,
  maxBookBytes: number,
  nowMs: () => number,
): Quota {
  if (maxBookBytes !== Number.POSITIVE_INFINITY && store.storedBytes === undefined)
    throw new RelayError('relay/store', 'this store does not say how many bytes it has of a book');
  const keptByBook = new Map<BookId, Kept>();
  // Whoever fills a book must not keep it from throwing them out.
  const forRosters = Math.floor(maxBookBytes / 16);
  // Anybody may write ops about devices, though they let nobody in.
  const forChiefs = Math.floor(maxBookBytes / 32);

  async function bytesOf(book: BookId): Promise<number> {
    const known = keptByBook.get(book);
    if (known !== undefined && nowMs() - known.askedMs < freshMs) return known.bytes;
    const kept = { bytes: (await store.storedBytes?.(book)) ?? 0, askedMs: nowMs() };
    keptByBook.delete(book);
    keptByBook.set(book, kept);
    const [oldest] = keptByBook.size > maxKept ? keptByBook.keys() : [];
    if (oldest !== undefined) keptByBook.delete(oldest);
    return kept.bytes;
  }

  /** Taken again it adds nothing. */
  async function isStored({ book, scope, frames }: Push): Promise<boolean> {
    const hashes = new Set(frames.flatMap((frame) => (frame.kind === 'record' ? [frame.record.hash] : [])));
    return (await store.find(book, scope, hashes)).size === hashes.size;
  }

  /** By their names: what they have not signed is not stored, and uses up nothing. */
  async function isOfChiefs({ book, frames }: Push): Promise<boolean> {
    const roster = await rosters.of(book);
    return frames.every((frame) => frame.kind === 'record' && isChief(roster, frame.record.op.device));
  }

  return {
    async findRefusal(push, ahead) {
      if (maxBookBytes === Number.POSITIVE_INFINITY) return undefined;
      const bytes = (await bytesOf(push.book)) + ahead + push.sizeBytes;
      if (bytes <= maxBookBytes - forRosters) return undefined;
      const isOfRoster = push.frames.every((frame) => frame.kind === 'record' && rosterVerbs.has(frame.record.op.verb));
      if (isOfRoster && bytes <= maxBookBytes - forChiefs) return undefined;
      if (isOfRoster && bytes <= maxBookBytes && (await isOfChiefs(push))) return undefined;
      if (await isStored(push)) return undefined;
      return new RelayError('relay/quota', `this relay keeps at most ${maxBookBytes} bytes of a book`);
    },
    grown(batches) {
      for (const { book, entries } of batches) {
        const kept = keptByBook.get(book);
        if (kept !== undefined) for (const { bytes } of entries) kept.bytes += bytes.length;
      }
    },
  };
}
