// Writing to a place that may lie or lose: a file counts once it reads back as it was written.
import { RecoveryError } from './errors.ts';
import type { BackupPlace } from './place.ts';

/** Saves, and reads back. Throws `recovery/unverified` where something else came back, and what the place throws. */
export async function saveVerified(place: BackupPlace, name: string, bytes: Uint8Array): Promise<void> {
  await place.save(name, bytes);
  if (!(await holds(place, name, bytes)))
    throw new RecoveryError('recovery/unverified', `${name} does not read back as it was written`);
}

/** Whether the place gives back these very bytes under the name. */
export async function holds(place: BackupPlace, name: string, bytes: Uint8Array): Promise<boolean> {
  const back = await place.load(name);
  if (back?.length !== bytes.length) return false;
  // A plain loop: backups have megabytes, and a function called for each byte takes five times as long.
  for (let at = 0; at < bytes.length; at += 1) if (back[at] !== bytes[at]) return false;
  return true;
}
