// The newest document of this till: what is entered now is newer. Others sell meanwhile, and on a till that stands still theirs are all newer, so walking back
// past them is done only for what came since it was asked last, and only when this till has issued something.
import type { TillBook } from './till-book.ts';

export interface NewestOwn {
  /** Its id, or '' before the first. */
  read(): string;
}

export function createNewestOwn(book: Pick<TillBook, 'device' | 'query'>, scope: string): NewestOwn {
  let last = '';
  let issued: number | undefined;

  function readIssued(): number {
    const [row] = book.query<{ readonly issued: number }>(
      'SELECT coalesce(sum(issued), 0) AS issued FROM counters WHERE scope = ? AND device = ?',
      [scope, book.device],
    );
    return row?.issued ?? 0;
  }

  return {
    read() {
      const now = readIssued();
      if (now === issued) return last;
      const [row] = book.query<{ readonly id: string }>(
        'SELECT id FROM documents WHERE scope = ? AND id > ? AND device = ? ORDER BY id DESC LIMIT 1',
        [scope, last, book.device],
      );
      last = row?.id ?? last;
      issued = now;
      return last;
    },
  };
}
