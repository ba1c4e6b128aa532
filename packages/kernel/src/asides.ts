/** What a book holds back: records whose author, or whose place, is not known yet. */
import type { OpenedBook } from './opened-book.ts';
import { loadSeldom } from './parts.ts';
import type { Replica } from './replica.ts';

/** What was held back before may fit in the book that opens now. */
export async function retryAtOpening(replica: Replica): Promise<void> {
  if ((await replica.log.asides()).length === 0) return;
  // Without what judges it, it is held back until the next exchange, and the book goes on.
  const exchange = await Promise.resolve(loadSeldom()).catch(() => undefined);
  await exchange?.mergeAsides(replica);
}

/**
 * What was held back may fit now. Call inside `exclusive`, after anything was stored. Nobody waits for the part that judges it: where that is not here, it
 * is done as soon as it is.
 */
export async function retryAsides(book: OpenedBook): Promise<void> {
  const { replica, changes } = book;
  if ((await replica.log.asides()).length === 0) return;
  const exchange = loadSeldom();
  if (!(exchange instanceof Promise)) {
    await exchange.mergeAsides(replica);
    return;
  }
  const merged = book.afterLoading(loadSeldom, ({ mergeAsides }) => mergeAsides(replica));
  merged.then(
    () => changes.emit({ kind: 'import' }),
    () => undefined,
  );
}
