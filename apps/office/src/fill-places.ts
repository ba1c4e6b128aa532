// What one place of backups has and another lacks, brought there before the next backup is made.
import { type BackupPlace, carryParts, opsOf, parsePartName } from '@tallystick/recovery';
import { backupStanding, openPlace, readBackupSettings } from './backup-settings.ts';
import type { ShopBook } from './book.ts';
import { messageOf } from './errors.ts';
import type { Home } from './home.ts';

/**
 * A place that lacks the last backup gets what another has before the next one is made, and every place every archive that another has: that of a period is sealed once, and where ops
 * went from this directory (`tally archive --drop`) no archive can be sealed anew. Answers where that failed, and why; it is tried again with the next.
 */
export async function fillPlaces(home: Home, book: Pick<ShopBook, 'log' | 'status'>): Promise<readonly string[]> {
  const names = new Set(backupStanding(home, opsOf(book))?.lacking.map(({ place }) => place));
  const isDropped = book.log.scopes().some((scope) => book.log.base(scope).size > 0);
  const places = readBackupSettings(home).places.map(openPlace).map(listedOnce);
  const full = places.filter(({ name }) => !names.has(name));
  for (const lacking of places.filter(({ name }) => names.has(name)))
    for (const from of full) await carryParts(from, keepingAll(lacking)).catch(() => 0);
  // The archive of a period is sealed once. Places that are away say so themselves.
  return carryArchives(isDropped ? places : full);
}

/** Nobody here opens what one place gives for another, and wholes that somebody made up in a bucket would outlive those on a stick: who made the parts drops them, with the next. */
function keepingAll(place: BackupPlace): BackupPlace {
  return { ...place, drop: async () => undefined };
}

/** From each place that lists to each other. */
async function carryArchives(places: readonly BackupPlace[]): Promise<string[]> {
  const faults: string[] = [];
  for (const to of places)
    for (const from of places.filter(({ name }) => name !== to.name))
      await carryParts(archivesOf(from), to).catch((error: unknown) => {
        faults.push(`${to.name}: ${messageOf(error)}`);
      });
  return faults;
}

/** A list takes several questions of a bucket and a login of a mailbox, and every place is held against every other: it is asked once, and what is written meanwhile is known. */
export function listedOnce(place: BackupPlace): BackupPlace {
  let names: Promise<Set<string>> | undefined;
  const listed = (): Promise<Set<string>> => (names ??= place.list().then((found) => new Set(found)));
  return {
    name: place.name,
    load: (name) => place.load(name),
    list: async () => [...(await listed())],
    async save(name, bytes) {
      await place.save(name, bytes);
      (await listed()).add(name);
    },
    async drop(name) {
      await place.drop(name);
      (await listed()).delete(name);
    },
  };
}

function archivesOf(place: BackupPlace): BackupPlace {
  const isArchive = (name: string): boolean => parsePartName(name)?.kind === 'log';
  return { ...place, list: async () => (await place.list()).filter(isArchive) };
}
