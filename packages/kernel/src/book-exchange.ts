/** What an open book takes in from outside, and what it says and learns by it: from a relay, from a mirror, from a file. */
import type { Scope as ScopeName } from '@tallystick/oplog';
import type { RelayClient } from '@tallystick/relay-protocol';
import type { Mirror } from '@tallystick/relay-protocol/mirror';
import { has, mustBe } from './asked.ts';
import { cosignerOf, stateCosigned } from './cosigning.ts';
import { KernelError } from './errors.ts';
import { HQ } from './genesis.ts';
import { isCurrent } from './kept-ops.ts';
import { placeOf } from './merge-records.ts';
import type { OpenedBook } from './opened-book.ts';
import { readMirror } from './pull.ts';
import { openExchange, syncWith, type WantedScopes } from './sync.ts';
import type { SyncReport } from './sync-report.ts';
import { importBook, type ImportReport } from './transfer.ts';

/** `cosigned` are the checkpoints that were cosigned last, by scope. */
export function exchangeWith(
  book: OpenedBook,
  client: RelayClient,
  pull: boolean,
  cosigned: Map<ScopeName, string>,
): Promise<SyncReport> {
  return told(book, 'sync', () => exchange(book, client, pull, cosigned));
}

async function exchange(
  book: OpenedBook,
  client: RelayClient,
  pull: boolean,
  cosigned: Map<ScopeName, string>,
): Promise<SyncReport> {
  mustBe(has(client, 'info'), 'a relay client');
  const { replica, own, changes } = book;
  const opened = await openExchange(replica, client, own.readers(), own.now());
  const { scopes, report } = await changes.noting(() => syncWith(opened, wanted(book), { pull, device: own.id }));
  own.author.observe();
  const isWhole = pull && report.denied === undefined && own.row() !== undefined;
  // A relay that follows another one may lag: what this device wrote last may be where it was not asked.
  const isUnsure = opened.mirror !== undefined && book.isUnanchored;
  if (isWhole && (!isUnsure || (await isCurrent(opened, scopes)))) await book.anchor();
  const cosigner = pull ? cosignerOf(own) : undefined;
  if (cosigner !== undefined)
    await changes.noting(() => stateCosigned(replica, opened.client, cosigner, scopes, cosigned));
  return report;
}

/** Tells listeners of what came. Where it fails later, what came before stays, so they hear of it, and this device's next op builds on it. */
async function told<T>(book: OpenedBook, kind: 'sync' | 'import', work: () => Promise<T>): Promise<T> {
  const { replica, own, changes } = book;
  const before = placeOf(replica);
  try {
    const report = await work();
    changes.emit({ kind });
    return report;
  } catch (error) {
    if (!book.isClosed && placeOf(replica) !== before) {
      changes.emit({ kind });
      own.author.observe();
    }
    throw error;
  }
}

/** What was taken in, this device's next op builds on. */
function imported<T>(book: OpenedBook, work: () => Promise<T>): Promise<T> {
  return told(book, 'import', async () => {
    const report = await book.changes.noting(work);
    book.own.author.observe();
    return report;
  });
}

/** All scopes that the mirror has, or those of them that are named. */
export async function takeFromMirror(
  book: OpenedBook,
  mirror: Mirror,
  scopes: readonly ScopeName[] | undefined,
): Promise<SyncReport> {
  const { replica, own } = book;
  const index = await mirror.index();
  if (index.book !== replica.book) throw new KernelError('kernel/foreign-book', `the mirror is of book ${index.book}`);
  const named = index.scopes.filter((scope) => scopes?.includes(scope) ?? true);
  return imported(book, () => readMirror(replica, mirror, named, own.now()));
}

export function takeFromFile(book: OpenedBook, bytes: Uint8Array): Promise<ImportReport> {
  const { replica, own } = book;
  return imported(book, () => importBook(replica, bytes, own.now()));
}

function wanted({ options }: OpenedBook): WantedScopes {
  const { replicate = 'own', scope = HQ } = options;
  const named = typeof replicate === 'string' ? [] : replicate;
  return { named: [HQ, scope, ...named], isAll: replicate === 'all' };
}
