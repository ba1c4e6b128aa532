// What the drawer reports: X while it is open, Z once it is closed. It comes when it is first asked for.
import { retailAccounts, type SessionReport, sessionReport, sessionSums } from '@tallystick/retail';
import { readMoves } from './cash-entries.ts';
import type { OpenShop } from './open-shop.ts';
import type { DrawerReport, Outcome } from './port.ts';
import type { BlindReport, ClosedReport } from './shown.ts';

/** The report of a session, or of the newest of this device; undefined where it has opened none. */
export function readDrawerReport(shop: OpenShop, session?: string): Outcome<DrawerReport | undefined> {
  const id = session ?? newestSession(shop);
  const sums = id === undefined ? undefined : sessionSums(shop.book, id);
  if (sums === undefined) return { ok: true, value: undefined };
  // Only a drawer that was counted is told its taxes, for which all lines of its documents are read.
  const closed = sums.kind === 'Z' ? sessionReport(shop.book, sums.session) : undefined;
  const moves = { moves: readMoves(shop, sums.session), accounts: readAccounts(shop) };
  return { ok: true, value: { ...(closed !== undefined && isClosed(closed) ? closed : blinded(sums)), ...moves } };
}

function isClosed(report: SessionReport): report is ClosedReport {
  return report.kind === 'Z';
}

/** What the page is told before the count. Sums over all tenders would give the cash away, so they are left out with it. */
function blinded(report: Omit<SessionReport, 'taxes'>): BlindReport {
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

/** What cash can come from or go to: every account but cash itself. */
function readAccounts({ book }: OpenShop): DrawerReport['accounts'] {
  const rows = book.query<{ readonly account: string; readonly name: string }>(
    "SELECT account, name FROM accounts WHERE scope = 'hq' AND account <> ? ORDER BY account",
    [retailAccounts.cash],
  );
  return rows.map(({ account, name }) => ({ account, name }));
}
