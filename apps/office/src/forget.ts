// Forgetting persons: ordered, handed in, and done here, in that order, by the command line and by the office's page.
import type { RefreshReport } from '@tallystick/kernel/subjects';
import type { SubjectDesk } from '@tallystick/kernel/subjects';
import type { ShopBook } from './book.ts';
import { exchangeOnce } from './commands/changing.ts';
import type { Home } from './home.ts';
import { mustBeCommitted } from './refusal-words.ts';
import { businessDay, openDesk } from './subjects.ts';

export interface Forgotten {
  /** Those that were ordered now. */
  readonly forgotten: readonly string[];
  readonly report: RefreshReport;
}

/** Who was ordered before is gone on with. Throws what the book refuses, a hold among it; those before it in the list are forgotten. */
export async function forget(
  book: ShopBook,
  home: Home,
  subjects: readonly string[],
  basis: 'request' | 'retention',
  desk?: SubjectDesk,
): Promise<Forgotten> {
  const own = desk ?? (await openDesk(book, home));
  // What others have ordered, and who has acknowledged, is asked first.
  await own.during(() => exchangeOnce(book, home));
  const forgotten: string[] = [];
  try {
    for (const subject of subjects) if (await orderShred(book, subject, basis)) forgotten.push(subject);
  } finally {
    if (forgotten.length > 0) await own.during(() => exchangeOnce(book, home));
  }
  return { forgotten, report: await own.refresh() };
}

/** False where it was ordered before. That the person asked is recorded once: not again by who tries again after a hold. */
export async function orderShred(book: ShopBook, subject: string, basis: 'request' | 'retention'): Promise<boolean> {
  if (book.query("SELECT 1 FROM shreds WHERE scope = 'hq' AND subject = ?", [subject]).length > 0) return false;
  const day = businessDay(book);
  const asked = book.query("SELECT 1 FROM subjectRequests WHERE subject = ? AND kind = 'erasure' LIMIT 1", [subject]);
  if (basis === 'request' && asked.length === 0)
    mustBeCommitted(await book.commit('subject.request', { subject, kind: 'erasure', day }));
  mustBeCommitted(await book.commit('subject.shred', { subject, basis, day }));
  return true;
}
