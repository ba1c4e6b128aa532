// A till that came back from a backup sells before the rows of its old documents are here. They come while nobody enters anything, or at once where a screen
// needs them; until then nothing is read of them but what came after the last of them.
import { messageOf } from './link.ts';
import type { LaterRows } from './rows-here.ts';
import type { TillBook } from './till-book.ts';

/** Tables whose rows begin with the document or entry they are of, which no sale reads and to which it only adds. */
const laterTables: ReadonlySet<string> = new Set([
  'discounts',
  'documentLines',
  'documents',
  'lotMoves',
  'movements',
  'postings',
  'tenders',
]);

/** What is here before the book is open. A young till has no more than that, so all of it is. */
export const hotBytes: number = 256 * 1024;
/** From the last entry to the rows of before: the queue that waited for the till comes first. */
const quietMs = 10_000;

/** Loads what is not here and is read for a sale, or for the screen that a till shows first. */
export async function loadNeeded(book: Pick<TillBook, 'read' | 'status'>): Promise<void> {
  for (const { table } of absentOf(book))
    if (!laterTables.has(table)) await book.read(`SELECT 1 FROM "${table}" LIMIT 1`);
}

/** `onChange` is called when a table of them is here, when the last is, and whenever they could not be had. */
export function createLaterRows(
  book: Pick<TillBook, 'loadRest' | 'status' | 'subscribe'>,
  onChange: () => void,
): LaterRows {
  const allBytes = bytesOf(book);
  let isComing = absentOf(book).length > 0;
  let loading: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  let fault: string | undefined;

  async function load(): Promise<void> {
    clearTimeout(timer);
    const stopWatching = book.subscribe(({ kind }) => {
      if (kind === 'resident' && !isStopped) onChange();
    });
    try {
      await book.loadRest();
    } catch (error) {
      loading = undefined;
      later.entered();
      fault = messageOf(error);
      if (!isStopped) onChange();
      throw error;
    } finally {
      stopWatching();
    }
    isComing = false;
    fault = undefined;
    if (!isStopped) onChange();
  }

  const later: LaterRows = {
    get isComing() {
      return isComing;
    },
    get percent() {
      return allBytes === 0 ? 0 : Math.floor(100 * (1 - bytesOf(book) / allBytes));
    },
    get fault() {
      return fault;
    },
    // Asked anew: a sale that is older than the last of them, because a clock was ahead once, has brought the tables that it is in.
    isNewer: (document) => !isComing || absentOf(book).every(({ last }) => document > String(last[1])),
    all: () => (isComing ? (loading ??= load()) : Promise.resolve()),
    rest: () => void later.all().catch(() => undefined),
    entered() {
      clearTimeout(timer);
      if (isComing && loading === undefined && !isStopped)
        timer = setTimeout(() => void later.all().catch(() => undefined), quietMs);
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
  later.entered();
  return later;
}

function absentOf(
  book: Pick<TillBook, 'status'>,
): readonly { readonly table: string; readonly bytes: number; readonly last: readonly unknown[] }[] {
  return book.status().snapshot?.absent ?? [];
}

function bytesOf(book: Pick<TillBook, 'status'>): number {
  return absentOf(book).reduce((sum, { bytes }) => sum + bytes, 0);
}
