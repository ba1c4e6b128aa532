// What of this till's own work stands otherwise than it was meant, and whether its people have seen that. What they have seen the log
// remembers in its own metadata: lost, it is only said once more.
import { correctionList } from '@tallystick/retail/corrections';
import type { OpenShop } from './open-shop.ts';
import type { CorrectedEntry, CorrectionCount } from './standing.ts';

const seenName = 'till/corrections-seen';
/** Older ones are counted no more; each is a hash in the state of the log. */
const mostWatched = 1_000;
const mostShown = 50;
const shortHash = 16;

export function countCorrections({ book, log }: Pick<OpenShop, 'book' | 'log'>): CorrectionCount {
  const hashes = watched(book);
  if (hashes.length === 0) return { count: 0, unseen: 0 };
  const seen = new Set((log.meta(seenName) ?? '').split(' '));
  return { count: hashes.length, unseen: hashes.filter((hash) => !seen.has(hash)).length };
}

/** Those that are there now are said no more. */
export async function seeCorrections({ book, log }: Pick<OpenShop, 'book' | 'log'>): Promise<void> {
  const seen = watched(book).join(' ');
  if (seen !== (log.meta(seenName) ?? '')) await log.setMeta(seenName, seen);
}

function watched(book: OpenShop['book']): readonly string[] {
  const rows = book.query<{ readonly hash: string }>(
    `SELECT hash FROM corrections WHERE device = ? ORDER BY id DESC LIMIT ${mostWatched}`,
    [book.device],
  );
  return rows.map(({ hash }) => hash.slice(0, shortHash));
}

export function ownCorrections({ book }: Pick<OpenShop, 'book'>): readonly CorrectedEntry[] {
  return correctionList(book, { device: book.device, most: mostShown }).map(
    ({ op, verb, codes, document, owed, deviceName, device }) => ({
      op,
      verb,
      codes,
      document: document?.number ?? '',
      at: document?.at,
      totalMinor: document?.totalMinor,
      currency: document?.currency ?? '',
      lines: document === undefined ? [] : goodsOf(book, op),
      owed: owed.map((one) => ({ ...one, who: one.who === device ? deviceName : one.who })),
    }),
  );
}

/** What was sold, or came back, by name. */
function goodsOf(book: OpenShop['book'], document: string): readonly string[] {
  const rows = book.query<{ readonly name: string }>(
    "SELECT CASE name WHEN '' THEN sku ELSE name END AS name FROM documentLines WHERE document = ? ORDER BY line LIMIT 5",
    [document],
  );
  return rows.map(({ name }) => name);
}
