/** The scope in which a book begins, and how a book is told by its first op. */
import type { BookId, LogStore, OpRecord, Scope } from '@tallystick/oplog';

/** The scope of people, devices, catalogue and rules; in a small shop of everything. */
export const HQ: Scope = 'hq' as Scope;

/** The book whose opening was stored but not bound when the process died, if any. */
export async function recoverBookId(log: LogStore): Promise<BookId | undefined> {
  if (log.base(HQ).size > 0) return undefined;
  const first =
    (await log.settled(HQ, 0, 1))[0] ?? (await log.pending(HQ)).find((record) => record.op.prev === undefined);
  return first === undefined ? undefined : bookIdOf(first);
}

/** A book's id is the hash of its genesis op. */
export function bookIdOf(genesis: OpRecord): BookId {
  return genesis.hash as string as BookId;
}
