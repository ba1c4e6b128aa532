// Cash into the drawer and out of it without a sale, and what the drawer reports: X while it is open, Z once it is closed.
import { retailAccounts, type SessionReport, sessionReport } from '@tallystick/retail';
import { businessDay } from '../model/business-day.ts';
import type { Entry } from './entry.ts';
import { type OpenShop, readSession } from './open-shop.ts';
import type { CashMove, CashMoveKind, CashMoveRequest, DrawerReport, Outcome } from './port.ts';
import type { BlindReport, ClosedReport } from './shown.ts';
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

/** The report of a session, or of the newest of this device; undefined where it has opened none. */
export function readDrawerReport(shop: OpenShop, session?: string): Outcome<DrawerReport | undefined> {
  const id = session ?? newestSession(shop);
  const report = id === undefined ? undefined : sessionReport(shop.book, id);
  if (report === undefined) return { ok: true, value: undefined };
  const moves = { moves: readMoves(shop, report.session), accounts: readAccounts(shop) };
  return { ok: true, value: { ...(isClosed(report) ? report : blinded(report)), ...moves } };
}

function isClosed(report: SessionReport): report is ClosedReport {
  return report.kind === 'Z';
}

/** What the page is told before the count. Sums over all tenders would give the cash away, so they are left out with it. */
function blinded(report: SessionReport): BlindReport {
  const { session, currency, number, openedDay, closedDay, sales, refunds, voids, payments, discountMinor } = report;
  const { card, account, other } = report.tenders;
  const counts = { sales, refunds, voids, payments, discountMinor, late: report.late };
  const tenders = { card, account, other };
  return { kind: 'X', session, currency, number, openedDay, closedDay, ...counts, tenders };
}

function newestSession({ book, record }: OpenShop): string | undefined {
  const [row] = book.query<{ readonly id: string }>(
    'SELECT id FROM sessions WHERE scope = ? AND device = ? ORDER BY id DESC LIMIT 1',
    [record.scope, book.device],
  );
  return row?.id;
}

interface MoveRow {
  readonly id: string;
  readonly kind: string;
  readonly number: string;
  readonly totalMinor: number;
  readonly reason: string;
  readonly at: number;
  readonly [column: string]: string | number;
}

/** In their order. By device and day first, which is what the look-up is kept for. */
function readMoves({ book, record }: OpenShop, session: string): readonly CashMove[] {
  const rows = book.query<MoveRow>(
    `SELECT d.id, d.kind, d.number, d.totalMinor, d.reason, d.at
     FROM sessions s JOIN documents d ON d.device = s.device AND d.day >= s.openedDay AND d.session = s.id
     WHERE s.scope = ? AND s.id = ? AND d.scope = s.scope AND d.kind IN ('pay-in', 'pay-out', 'drop') ORDER BY d.id`,
    [record.scope, session],
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

/** What cash can come from or go to: every account but cash itself. */
function readAccounts({ book }: OpenShop): DrawerReport['accounts'] {
  const rows = book.query<{ readonly account: string; readonly name: string }>(
    "SELECT account, name FROM accounts WHERE scope = 'hq' AND account <> ? ORDER BY account",
    [retailAccounts.cash],
  );
  return rows.map(({ account, name }) => ({ account, name }));
}
