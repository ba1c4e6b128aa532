// What of this till's own work stands otherwise than it was meant, and whether its people have seen that. What they have seen the log
// remembers in its own metadata: lost, it is only said once more.
import type { OpenShop } from './open-shop.ts';
import type { CorrectionCount } from './standing.ts';

const seenName = 'till/corrections-seen';
/** Older ones are counted no more; each is a hash in the state of the log. */
const mostWatched = 1_000;
const shortHash = 16;

export function countCorrections({ book, log }: Pick<OpenShop, 'book' | 'log'>): CorrectionCount {
  const hashes = watched(book);
  if (hashes.length === 0) return { count: 0, unseen: 0 };
  const seen = new Set((log.meta(seenName) ?? '').split(' '));
  return { count: hashes.length, unseen: hashes.filter((hash) => !seen.has(hash)).length };
}

/** These were before somebody's eyes, by their ops, and are said no more. */
export async function seeCorrections(
  { book, log }: Pick<OpenShop, 'book' | 'log'>,
  ops: readonly string[],
): Promise<void> {
  const before = log.meta(seenName) ?? '';
  const seen = new Set(before.split(' '));
  for (const op of ops) {
    const [row] = book.query<{ readonly hash: string }>('SELECT hash FROM corrections WHERE id = ? AND device = ?', [
      op,
      book.device,
    ]);
    if (row !== undefined) seen.add(row.hash.slice(0, shortHash));
  }
  // Of those that are watched no more nothing is remembered.
  const now = watched(book)
    .filter((hash) => seen.has(hash))
    .join(' ');
  if (now !== before) await log.setMeta(seenName, now);
}

function watched(book: OpenShop['book']): readonly string[] {
  const rows = book.query<{ readonly hash: string }>(
    `SELECT hash FROM corrections WHERE device = ? ORDER BY id DESC LIMIT ${mostWatched}`,
    [book.device],
  );
  return rows.map(({ hash }) => hash.slice(0, shortHash));
}
