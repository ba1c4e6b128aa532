// Somebody has looked at what stands otherwise than it was meant. It comes when it is first asked for.
import type { OpenShop } from './open-shop.ts';
import { seenName, shortHash, watched } from './own-corrections.ts';

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
