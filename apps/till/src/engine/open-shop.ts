// A shop whose book is open in this worker: what the actions and the screens' views need of it.
import type { BrowserLog } from '@tallystick/kernel/browser';
import { readCurrency } from './catalogue.ts';
import type { TillBackup } from './backup-life.ts';
import type { ClockWatch } from './clock-watch.ts';
import { createDaySums, type DaySumsReader } from './day-sums.ts';
import type { DocumentReader } from './documents.ts';
import { createImageKeeper, type ImageKeeper } from './image-keeper.ts';
import type { KeyPlace } from './key-place.ts';
import { createPersons, type Persons } from './persons.ts';
import { createNewestOwn, type NewestOwn } from './newest-own.ts';
import type { Session, Shop } from './port.ts';
import { createProgress, type Progress } from './progress.ts';
import { allHere, bookSince, type LaterRows } from './rows-here.ts';
import type { ShopRecord } from './shop-record.ts';
import type { SyncLoop } from './sync-loop.ts';
import type { TillBook } from './till-book.ts';

/** Whichever way this browser keeps it. */
export type TillLog = Omit<BrowserLog, 'kind' | 'images' | 'storage'>;

export interface OpenShop {
  readonly book: TillBook;
  readonly log: TillLog;
  readonly record: ShopRecord;
  readonly keys: KeyPlace;
  /** Undefined where there is no relay. */
  readonly sync: SyncLoop | undefined;
  readonly clock: ClockWatch;
  readonly progress: Progress;
  readonly sums: DaySumsReader;
  readonly newest: NewestOwn;
  readonly image: ImageKeeper;
  /** Undefined for a till alone, whose key could not come back either. */
  readonly backup: TillBackup | undefined;
  readonly persons: Persons;
  /** Rows of a backup that are still to come. */
  readonly later: LaterRows;
}

/** The shop with what is kept up to date beside its book. */
export function watchShop(
  shop: Omit<OpenShop, 'progress' | 'sums' | 'newest' | 'image' | 'backup' | 'persons' | 'later'> &
    Partial<Pick<OpenShop, 'backup' | 'persons' | 'later'>>,
): OpenShop {
  const { book, record, log } = shop;
  return {
    backup: undefined,
    persons: createPersons(shop),
    later: allHere,
    ...shop,
    progress: createProgress(book),
    sums: createDaySums(book, record.scope),
    newest: createNewestOwn(book, record.scope),
    image: createImageKeeper(book, log),
  };
}

const currencyBeforePrices = 'EUR';

export function describeShop({ book, record }: OpenShop): Shop {
  const [row] = book.query<{ readonly name: string }>('SELECT name FROM books LIMIT 1');
  const { deviceName, role } = book.status();
  return {
    book: book.id,
    device: book.device,
    name: row?.name ?? record.own?.shop ?? 'Shop',
    till: deviceName ?? record.own?.till ?? book.device.slice(0, 8),
    currency: record.own?.currency ?? readCurrency(book) ?? currencyBeforePrices,
    relay: record.relay?.url,
    ...(role === 'van' ? { isVan: true } : {}),
  };
}

/** Reads documents with how far each has come right now. */
export function documentReader(shop: OpenShop): DocumentReader {
  const { record, sync, progress, later } = shop;
  const here = { book: bookSince(shop), scope: record.scope, isHere: later.isNewer };
  if (sync === undefined) return { ...here, stageOf: () => 'local' };
  // An attempt to reach somebody who did not answer last time is not "sending".
  const isSending = sync.isUnderWay && sync.link.kind === 'linked';
  const stageOf: DocumentReader['stageOf'] = (id) => {
    const stage = progress.stageOf(id);
    return stage === 'local' && isSending ? 'syncing' : stage;
  };
  return { ...here, stageOf };
}

/** Entries that no relay has answered for. */
export function countUnsent({ progress, sync }: OpenShop): number {
  return sync === undefined ? 0 : progress.unsent;
}

interface SessionRow {
  readonly id: string;
  readonly openedDay: string;
  readonly floatMinor: number;
  readonly [column: string]: string | number;
}

/** The open cash session of this device. */
export function readSession({ book, record }: OpenShop): Session | undefined {
  const [row] = book.query<SessionRow>(
    `SELECT s.id, s.openedDay, s.floatMinor
     FROM deviceSessions o JOIN sessions s ON s.scope = o.scope AND s.id = o.session
     WHERE o.scope = ? AND o.device = ?`,
    [record.scope, book.device],
  );
  return row;
}
