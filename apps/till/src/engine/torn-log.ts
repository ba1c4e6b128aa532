// A log whose damaged end was cut off at a start. What was cut may have been saved, shown and sent, so a till with a relay
// first learns its own last op from there: written without it, the next op would be a fork (DESIGN section 3).
import { bookSince } from './rows-here.ts';
import type { OpenShop, TillLog } from './open-shop.ts';
import type { Torn } from './port.ts';

const noteName = 'till/torn';

/** Notes in the log itself that it was cut, so that a restart does not forget it. */
export async function noteTear(log: TillLog): Promise<void> {
  if (log.recovered !== undefined) await log.setMeta(noteName, '1');
}

/** After an exchange with the relay that came to its end: everything of ours that it has is here again. */
export async function tearIsMended(log: TillLog): Promise<void> {
  if (mustReachRelay(log)) await log.setMeta(noteName, '');
}

export function mustReachRelay(log: Pick<TillLog, 'meta'>): boolean {
  return log.meta(noteName) === '1';
}

export function readTorn(shop: OpenShop): Torn | undefined {
  const { book, log, record, sync, later } = shop;
  const isWaiting = sync !== undefined && mustReachRelay(log);
  if (log.recovered === undefined && !isWaiting) return undefined;
  const [row] = bookSince(shop).query<{ readonly number: string }>(
    `SELECT number FROM documents WHERE scope = ? AND device = ? AND kind IN ('sale', 'refund', 'void')
     ORDER BY id DESC LIMIT 1`,
    [record.scope, book.device],
  );
  return {
    bytes: log.recovered?.lostBytes ?? 0,
    lastDocument: row?.number,
    mustReachRelay: isWaiting,
    isComing: later.isComing,
  };
}
