// Keeps the rows for the next start (docs/snapshots.md), so that opening the till takes as long after a year as on its first day.
import type { TillLog } from './open-shop.ts';
import type { TillBook } from './till-book.ts';

/** Folding fewer ops than this takes less time than anybody sees. */
const manyOps = 200;

export interface ImageKeeper {
  /** Nobody is waiting now. Keeps the rows unless they are as they were kept last. */
  keep(): Promise<void>;
  /** Just opened: keeps the rows if many ops had to be folded for it. */
  opened(): Promise<void>;
}

export function createImageKeeper(
  book: Pick<TillBook, 'saveImage' | 'subscribe'>,
  log: Pick<TillLog, 'scanned'>,
): ImageKeeper {
  let isKept = log.scanned === 0;
  book.subscribe(() => {
    isKept = false;
  });

  async function keep(): Promise<void> {
    if (isKept) return;
    isKept = true;
    // Where there is no room for it, the next start folds the log.
    await book.saveImage().catch(() => undefined);
  }

  return { keep, opened: async () => (log.scanned < manyOps ? undefined : keep()) };
}
