/** What an open book takes in from outside, and what it says and learns by it: from a relay, from a mirror, from a file. */
import type { Scope as ScopeName } from '@tallystick/oplog';
import type { RelayClient } from '@tallystick/relay-protocol';
import type { Mirror } from '@tallystick/relay-protocol/mirror';
import { cosignerOf, stateCosigned } from './cosigning.ts';
import { KernelError } from './errors.ts';
import { HQ } from './genesis.ts';
import { isCurrent } from './kept-ops.ts';
import type { OpenedBook } from './opened-book.ts';
import { readMirror } from './pull.ts';
import { openExchange, syncWith, type WantedScopes } from './sync.ts';
import type { SyncReport } from './sync-report.ts';
import { importBook, type ImportReport } from './transfer.ts';

/** `cosigned` are the checkpoints that were cosigned last, by scope. */
export async function exchangeWith(
  book: OpenedBook,
  client: RelayClient,
  pull: boolean,
  cosigned: Map<ScopeName, string>,
): Promise<SyncReport> {
  const { replica, own, changes } = book;
  const exchange = await openExchange(replica, client, own.readers(), own.now());
  const { scopes, report } = await changes.noting(() => syncWith(exchange, wanted(book), { pull, device: own.id }));
  own.author.observe();
  const isWhole = pull && report.denied === undefined && own.row() !== undefined;
  // A relay that follows another one may lag: what this device wrote last may be where it was not asked.
  const isUnsure = exchange.mirror !== undefined && book.isUnanchored;
  if (isWhole && (!isUnsure || (await isCurrent(exchange, scopes)))) await book.anchor();
  const cosigner = pull ? cosignerOf(own) : undefined;
  if (cosigner !== undefined)
    await changes.noting(() => stateCosigned(replica, exchange.client, cosigner, scopes, cosigned));
  changes.emit({ kind: 'sync' });
  return report;
}

/** All scopes that the mirror has, or those of them that are named. */
export async function takeFromMirror(
  { replica, own, changes }: OpenedBook,
  mirror: Mirror,
  scopes: readonly ScopeName[] | undefined,
): Promise<SyncReport> {
  const index = await mirror.index();
  if (index.book !== replica.book) throw new KernelError('kernel/foreign-book', `the mirror is of book ${index.book}`);
  const named = index.scopes.filter((scope) => scopes?.includes(scope) ?? true);
  const report = await changes.noting(() => readMirror(replica, mirror, named, own.now()));
  own.author.observe();
  changes.emit({ kind: 'import' });
  return report;
}

export async function takeFromFile({ replica, own, changes }: OpenedBook, bytes: Uint8Array): Promise<ImportReport> {
  const report = await changes.noting(() => importBook(replica, bytes, own.now()));
  own.author.observe();
  changes.emit({ kind: 'import' });
  return report;
}

function wanted({ options }: OpenedBook): WantedScopes {
  const { replicate = 'own', scope = HQ } = options;
  const named = typeof replicate === 'string' ? [] : replicate;
  return { named: [HQ, scope, ...named], isAll: replicate === 'all' };
}
