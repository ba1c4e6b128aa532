// What of this till's own work stands otherwise than it was meant, and whether its people have seen that. What they have seen the log
// remembers in its own metadata: lost, it is only said once more.
import type { OpenShop } from './open-shop.ts';
import type { CorrectionCount } from './standing.ts';

export const seenName = 'till/corrections-seen';
/** Older ones are counted no more; each is a hash in the state of the log. */
const mostWatched = 1_000;
export const shortHash = 16;

export function countCorrections({ book, log }: Pick<OpenShop, 'book' | 'log'>): CorrectionCount {
  const hashes = watched(book);
  if (hashes.length === 0) return { count: 0, unseen: 0 };
  const seen = new Set((log.meta(seenName) ?? '').split(' '));
  return { count: hashes.length, unseen: hashes.filter((hash) => !seen.has(hash)).length };
}

export function watched(book: OpenShop['book']): readonly string[] {
  const rows = book.query<{ readonly hash: string }>(
    `SELECT hash FROM corrections WHERE device = ? ORDER BY id DESC LIMIT ${mostWatched}`,
    [book.device],
  );
  return rows.map(({ hash }) => hash.slice(0, shortHash));
}
