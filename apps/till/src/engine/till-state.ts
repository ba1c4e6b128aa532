// The till as a whole, as one value for the screens.
import { businessDay } from '../model/business-day.ts';
import { closedState } from './closed-state.ts';
import { readDay } from './documents.ts';
import { countUnsent, describeShop, documentReader, type OpenShop, readSession } from './open-shop.ts';
import type { TillState, TillStatus } from './port.ts';

/** What another tab shows, as this one may show it: to be looked at only. */
export function waitingState(shown: TillState | undefined): TillState {
  if (shown?.phase.kind !== 'open') return closedState({ kind: 'waiting', shop: undefined });
  return { ...shown, phase: { kind: 'waiting', shop: shown.phase.shop } };
}

export function openState(shop: OpenShop, storageFault: string | undefined): TillState {
  const session = readSession(shop);
  const { sync } = shop;
  return {
    phase: { kind: 'open', shop: describeShop(shop) },
    link: sync?.link ?? { kind: 'alone' },
    session,
    today: readDay(documentReader(shop), businessDay(new Date(), session?.openedDay)),
    unsent: countUnsent(shop),
    lastSyncAt: sync?.lastSyncAt,
    storageFault,
    refused: ownRefusals(shop).length,
    stop: stopWords(shop),
    recoveredBytes: shop.log.recovered?.lostBytes ?? 0,
  };
}

export function statusOf(shop: OpenShop, logBytes: number): TillStatus {
  const { role, scopes } = shop.book.status();
  return {
    logBytes,
    scopes: scopes.map(({ scope, settled, pending }) => ({ scope, size: settled, pending })),
    role,
    refusals: ownRefusals(shop),
    asides: shop.log.asides().length,
  };
}

function ownRefusals({ book }: OpenShop): TillStatus['refusals'] {
  return book.query<{ readonly code: string; readonly details: string; readonly verb: string }>(
    'SELECT code, details, verb FROM refusals WHERE device = ? ORDER BY id DESC LIMIT 50',
    [book.device],
  );
}

function stopWords({ book }: OpenShop): string | undefined {
  for (const { scope, stop } of book.status().scopes) {
    if (stop?.code === 'kernel/unsupported-verb') return `The log of ${scope} goes on with ${stop.verb}.`;
  }
  return undefined;
}
