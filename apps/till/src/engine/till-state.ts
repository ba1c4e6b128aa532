// The till as a whole, as one value for the screens.
import type { BookStatus } from '@tallystick/kernel';
import { businessDay } from '../model/business-day.ts';
import { closedState } from './closed-state.ts';
import { readNewest } from './documents.ts';
import { fiscalLeft } from './fiscal.ts';
import { readKeyState } from './key-state.ts';
import { isCounting } from './counting.ts';
import { countUnsent, describeShop, documentReader, type OpenShop, readSession } from './open-shop.ts';
import { countCorrections } from './own-corrections.ts';
import type { DaySummary, TillState } from './port.ts';
import { readTorn } from './torn-log.ts';

/** As many as a tab that only looks on has room for; the page asks for the list itself when it shows one. */
const newestShown = 12;

/** What another tab shows, as this one may show it: to be looked at only. */
export function waitingState(shown: TillState | undefined): TillState {
  if (shown?.phase.kind !== 'open') return closedState({ kind: 'waiting', shop: undefined });
  return { ...shown, phase: { kind: 'waiting', shop: shown.phase.shop } };
}

export function openState(shop: OpenShop, storageFault: string | undefined): TillState {
  const session = readSession(shop);
  const { sync, later } = shop;
  const status = shop.book.status();
  return {
    phase: { kind: 'open', shop: describeShop(shop) },
    link: sync?.link ?? { kind: 'alone' },
    session,
    // A part of a day would look like the day.
    today: later.isComing ? undefined : readDay(shop, businessDay(new Date(), session?.openedDay), newestShown),
    isComing: later.isComing,
    comingPercent: later.percent,
    isCounting: isCounting(shop),
    comingFault: later.fault,
    unsent: countUnsent(shop),
    lastSyncAt: sync?.lastSyncAt,
    storageFault,
    refused: countRefusals(shop),
    corrections: countCorrections(shop),
    fiscal: fiscalLeft(shop),
    stop: stopWords(status),
    isCopied: isCopied(status),
    relayFindings: status.relayFindings.map(({ kind }) => kind),
    torn: readTorn(shop),
    clock: shop.clock.read(shop, Date.now()),
    key: readKeyState(shop),
    backup: shop.backup?.state,
  };
}

/** A day's sums and its newest documents, no more than `most`. */
export function readDay(shop: OpenShop, day: string, most: number): DaySummary {
  const { totalMinor, cashMinor, ...sums } = shop.sums.read(day);
  // One more than asked for tells whether there are others.
  const rows = readNewest(documentReader(shop), day, most + 1);
  const session = readSession(shop);
  // Whoever counts the drawer has not been told what should be in it.
  const isBlind = session !== undefined && day >= session.openedDay;
  const taken = isBlind ? undefined : { totalMinor, cashMinor };
  return { ...sums, taken, documents: rows.slice(0, most), hasMore: rows.length > most };
}

/** Whether an entry of this till has no effect, or another than was meant. */
export function isContested(shop: OpenShop): boolean {
  return countRefusals(shop) > 0 || countCorrections(shop).count > 0;
}

function countRefusals({ book }: OpenShop): number {
  const [row] = book.query<{ readonly count: number }>('SELECT count(*) AS count FROM refusals WHERE device = ?', [
    book.device,
  ]);
  return row?.count ?? 0;
}

/** A second op under a key that this till has left behind is not its own, and stops nobody. */
function isCopied({ scopes }: BookStatus): boolean {
  return scopes.some(({ forked }) => forked);
}

function stopWords({ scopes }: BookStatus): string | undefined {
  for (const { scope, stop } of scopes) {
    if (stop?.code === 'kernel/unsupported-verb') return `The log of ${scope} goes on with ${stop.verb}.`;
  }
  return undefined;
}
