// The ops of a scope, one page after the other, for who looks through all of them beside other work.
import type { OpRecord, Scope } from '@tallystick/oplog';
import { setImmediate } from 'node:timers/promises';
import type { ArchivedLog } from './archived-log.ts';
import type { ShopBook } from './book.ts';

const pageOps = 1_000;

/** First those of its archives where they are at hand. Whoever else this process answers is answered after each page. */
export async function* recordsOf(
  book: ShopBook,
  scope: Scope,
  archived: ArchivedLog | undefined,
): AsyncGenerator<OpRecord> {
  yield* archived?.recordsByScope.get(scope) ?? [];
  // What is settled meanwhile is no longer pending in the end: the tip is asked for each page.
  for (let from = book.log.base(scope).size; from < book.log.tip(scope).size; ) {
    const page = await book.log.settled(scope, from, Math.min(pageOps, book.log.tip(scope).size - from));
    yield* page;
    from += page.length;
    await setImmediate();
  }
  yield* await book.log.pending(scope);
}
