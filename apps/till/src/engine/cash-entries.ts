// Cash into the drawer and out of it without a sale.
import { businessDay } from '../model/business-day.ts';
import type { Entry } from './entry.ts';
import { type OpenShop, readSession } from './open-shop.ts';
import type { CashMove, CashMoveKind } from './port.ts';
import type { CashMoveRequest } from './requests.ts';
import { noSession } from './sale-entries.ts';

const moveKinds: Readonly<Record<string, CashMoveKind>> = { 'pay-in': 'in', 'pay-out': 'out', drop: 'safe' };

/** Known by what it says and by being newer than every move that the seller knew of: two alike are two. */
export const moveCashEntry: Entry<CashMoveRequest, CashMove> = {
  find: (shop, request) => {
    const { kind, amountMinor, reason, after, session } = request;
    const moved = kind === 'in' ? amountMinor : -amountMinor;
    const found = readMoves(shop, session).find(
      (move) => move.id > after && move.kind === kind && move.amountMinor === moved && move.reason === reason,
    );
    return found === undefined ? undefined : { ok: true, id: found.id };
  },
  write: async (shop, { kind, session: id, amountMinor, account, reason }) => {
    const session = readSession(shop);
    if (session?.id !== id) return noSession;
    const move = { session: id, day: businessDay(new Date(), session.openedDay), amountMinor, reason };
    if (kind === 'safe') return shop.book.commit('cash.drop', move);
    return shop.book.commit(kind === 'in' ? 'cash.receive' : 'cash.pay', { ...move, account });
  },
  show: (shop, id, { session }) => readMoves(shop, session).find((move) => move.id === id),
};

interface MoveRow {
  readonly id: string;
  readonly kind: string;
  readonly number: string;
  readonly totalMinor: number;
  readonly reason: string;
  readonly at: number;
  readonly [column: string]: string | number;
}

/** In their order, by a look-up of their own: the sales of the session are not walked through. */
export function readMoves({ book, record }: OpenShop, session: string): readonly CashMove[] {
  const rows = book.query<MoveRow>(
    `SELECT d.id, d.kind, d.number, d.totalMinor, d.reason, d.at
     FROM documents d WHERE d.session = ? AND d.scope = ? AND d.kind IN ('pay-in', 'pay-out', 'drop') ORDER BY d.id`,
    [session, record.scope],
  );
  return rows.map(({ id, kind, number, totalMinor, reason, at }) => ({
    id,
    kind: moveKinds[kind] ?? 'safe',
    number,
    amountMinor: totalMinor,
    reason,
    at,
  }));
}
