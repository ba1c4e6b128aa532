// An exchange with the relay that the book follows: where the book has appointed another one than the directory remembers, with that one.
import { KernelError, type SyncReport } from '@tallystick/kernel';
import { type RelayClient, RelayError } from '@tallystick/relay-protocol';
import type { ShopBook } from './book.ts';
import { OfficeError } from './errors.ts';
import type { Home, Settings } from './home.ts';
import { openRelay, type OpenRelay } from './relay.ts';

export type Exchanged = Pick<SyncReport, 'pushed' | 'settled' | 'notTaken' | 'kept'>;

/** The relay stays open: it is the caller's. `followed` is where it is, to be remembered. */
export async function followRelay(
  book: ShopBook,
  home: Home,
  known: Settings['relay'],
): Promise<{ readonly report: Exchanged; readonly relay: OpenRelay; readonly followed: Settings['relay'] }> {
  try {
    return await exchangeAt(book, home, known);
  } catch (error) {
    // The one that is remembered may be gone, or say itself that another one has the book.
    const isElsewhere =
      (error instanceof KernelError && error.code === 'kernel/relay-moved') ||
      (error instanceof RelayError && error.code === 'relay/unreachable') ||
      (error instanceof OfficeError && error.code === 'office/relay');
    const url = isElsewhere ? book.status().relayAddress : undefined;
    if (url === undefined || (known.kind === 'url' && known.url === url)) throw error;
    return exchangeAt(book, home, { kind: 'url', url });
  }
}

async function exchangeAt(book: ShopBook, home: Home, followed: Settings['relay']): ReturnType<typeof followRelay> {
  const relay = await openRelay(home, followed);
  if (relay === undefined) throw new OfficeError('office/relay', 'this directory has followed no relay yet');
  try {
    return { report: await exchange(book, relay.client), relay, followed };
  } catch (error) {
    await relay.close();
    throw error;
  }
}

/** A relay lets no device read before its enrolment is there; that is no fault, and the next time may be after it. */
export async function exchange(book: ShopBook, relay: RelayClient): Promise<Exchanged> {
  try {
    return await book.sync(relay);
  } catch (error) {
    const isEarly = error instanceof RelayError && error.code === 'relay/not-enrolled';
    if (!isEarly || book.status().role !== undefined) throw error;
    return { pushed: 0, settled: 0, notTaken: [] };
  }
}
