// Opening and closing the cash drawer as entries.
import { businessDay } from '../model/business-day.ts';
import { releaseUnused } from './entitlements.ts';
import type { Entry } from './entry.ts';
import { describeShop, type OpenShop, readSession } from './open-shop.ts';
import type { ClosedSession, Session } from './port.ts';
import type { CloseRequest } from './requests.ts';
import { noSession } from './sale-entries.ts';

/** Known by the drawer being open with that float: there is one at a time. */
export const openSessionEntry: Entry<number, Session> = {
  find: (shop, floatMinor) => {
    const session = readSession(shop);
    return session?.floatMinor === floatMinor ? { ok: true, id: session.id } : undefined;
  },
  write: async (shop, floatMinor) => {
    const day = businessDay(new Date(), undefined);
    return shop.book.commit('session.open', { day, currency: describeShop(shop).currency, floatMinor });
  },
  show: readSession,
};

export const closeSessionEntry: Entry<CloseRequest, ClosedSession> = {
  find: (shop, request) => {
    const closed = readClosed(shop, request.session);
    if (closed === undefined) return undefined;
    if (closed.countedMinor === request.countedMinor) return { ok: true, id: closed.id };
    return { ok: false, code: 'till/closed-before', message: 'The drawer was closed before, with another count.' };
  },
  write: async (shop, { session: id, countedMinor }) => {
    const session = readSession(shop);
    if (session?.id !== id) return noSession;
    const day = businessDay(new Date(), session.openedDay);
    const commit = await shop.book.commit('session.close', { session: id, countedMinor, day });
    if (commit.ok) await releaseUnused(shop);
    return commit;
  },
  show: (shop, _id, { session }) => readClosed(shop, session),
};

interface ClosedRow extends ClosedSession {
  readonly [column: string]: string | number;
}

function readClosed({ book, record }: OpenShop, session: string): ClosedSession | undefined {
  const [row] = book.query<ClosedRow>(
    `SELECT id, openedDay, floatMinor, expectedMinor, countedMinor FROM sessions
     WHERE scope = ? AND id = ? AND state = 'closed'`,
    [record.scope, session],
  );
  return row;
}
