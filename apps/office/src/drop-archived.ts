// Ops leave the log of a directory once every place of its backups gives them back in archives: what is let go of is compared, op by op and by the tree of the log, with what
// came back out of there. Decision 067.
import type { Opener } from '@tallystick/custody';
import { KernelError } from '@tallystick/kernel';
import type { Scope } from '@tallystick/oplog';
import {
  type ArchivedOps,
  archivedOps,
  type BackupPlace,
  filesIn,
  judgeBackups,
  logOf,
  type OpenPart,
  parsePartName,
} from '@tallystick/recovery';
import { keepProof, lastBackup, openPlace, readBackupSettings } from './backup-settings.ts';
import { type ShopBook, shopCrypto } from './book.ts';
import { OfficeError } from './errors.ts';
import type { Home } from './home.ts';

export interface DroppedOps {
  readonly scope: string;
  /** Positions of the first op that went, and of the first that is here. */
  readonly from: number;
  readonly until: number;
}

export interface Dropping {
  readonly dropped: readonly DroppedOps[];
  /** Scopes that keep theirs although archives have them, and why. */
  readonly kept: readonly { readonly scope: string; readonly why: string }[];
}

type Ranges = ReadonlyMap<Scope, { readonly from: number; readonly until: number }>;

/** Throws `office/backup` where a place has other ops than another, and what places throw; nothing went then. */
export async function dropArchived(book: ShopBook, home: Home, opener: Opener): Promise<Dropping> {
  const places = readBackupSettings(home).places.map(openPlace);
  const scopes = book.log.scopes();
  const here: Ranges = new Map(
    scopes.map((scope) => [scope, { from: book.log.base(scope).size, until: book.log.tip(scope).size }]),
  );
  const last = lastBackup(home) ?? Number.POSITIVE_INFINITY;
  const series = await Promise.all(places.map((place) => archivesIn(place, book, opener, last)));
  const opsOf = (ranges: Ranges): Promise<readonly (readonly ArchivedOps[])[]> =>
    Promise.all(series.map((archives) => archivedOps(archives, book.id, ranges, shopCrypto)));
  // First how far all of them go, then the same ops from each.
  const reach = await opsOf(here);
  const common: Ranges = new Map(
    scopes.map((scope) => {
      const { from = 0 } = here.get(scope) ?? {};
      return [scope, { from, until: Math.min(...reach.map((found) => endOf(found, scope) ?? from)) }];
    }),
  );
  const [first = [], ...others] = await opsOf(common);
  for (const found of others) mustBeSame(first, found);
  if (first.length > 0) await keepProof(home, book);
  const dropped: DroppedOps[] = [];
  const kept: { scope: string; why: string }[] = [];
  // `hq` goes last: what other scopes have marked of it bounds how far.
  for (const { scope, until, file } of [...first].sort((a, b) => Number(a.scope === 'hq') - Number(b.scope === 'hq'))) {
    try {
      const { from } = await book.archive({ scope, until, to: { save: () => undefined, load: () => file } });
      dropped.push({ scope, from, until });
    } catch (error) {
      if (!(error instanceof KernelError) || error.code !== 'archive/marked') throw error;
      kept.push({ scope, why: error.message });
    }
  }
  return { dropped, kept };
}

const endOf = (found: readonly ArchivedOps[], scope: Scope): number | undefined =>
  found.find((one) => one.scope === scope)?.until;

/** Those of this device that count: see `lastBackup`. */
async function archivesIn(
  place: BackupPlace,
  book: ShopBook,
  opener: Opener,
  last: number,
): Promise<readonly OpenPart[]> {
  const { archives } = await judgeBackups(await filesIn(place, { book: book.id, device: book.device }), {
    openers: [opener],
    crypto: shopCrypto,
    book: book.id,
    device: book.device,
  });
  return archives.filter(({ header }) => header.number <= last);
}

function mustBeSame(one: readonly ArchivedOps[], other: readonly ArchivedOps[]): void {
  const text = (found: readonly ArchivedOps[]): string =>
    found.map(({ scope, file }) => `${scope} ${shopCrypto.hasher.sha256Hex(file)}`).join();
  if (text(one) !== text(other))
    throw new OfficeError('office/backup', 'two places have different archives: nothing was dropped');
}

/**
 * The ops of every archive in a place, as book files: what proves a log that begins later. An office carries on to its places what its tills hand in, so the files of each device are
 * judged by themselves.
 */
export async function archivedFiles(place: BackupPlace, openers: readonly Opener[]): Promise<readonly Uint8Array[]> {
  const found = await filesIn(place);
  const files: Uint8Array[] = [];
  for (const device of new Set(found.map(({ name }) => parsePartName(name)?.device))) {
    const own = found.filter(({ name }) => parsePartName(name)?.device === device);
    const { archives } = await judgeBackups(own, { openers, crypto: shopCrypto });
    files.push(...(await Promise.all(archives.map(logOf))));
  }
  return files;
}
