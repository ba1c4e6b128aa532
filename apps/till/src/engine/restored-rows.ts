// The rows of a till that was brought back from a backup, beside its log, which begins after them: a start without an image of the rows folds on top of these.
import type { SnapshotSource } from '@tallystick/kernel';
import { openOwnFolder } from './backup-place.ts';

const folderName = 'tallystick-restored';
/** Sections of a part that are no rows. */
const others: ReadonlySet<string> = new Set(['log', 'note']);

export async function keepRestoredRows(sections: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const folder = await openOwnFolder(folderName);
  for (const name of await folder.names()) if (!sections.has(name)) await folder.remove(name);
  for (const [name, bytes] of sections) if (!others.has(name)) await folder.write(name, bytes);
}

export async function restoredRows(): Promise<SnapshotSource> {
  const folder = await openOwnFolder(folderName);
  return { load: (name) => folder.read(name) };
}
