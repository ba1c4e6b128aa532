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
  return back !== undefined && back.length === bytes.length && back.every((byte, index) => byte === bytes[index]);
}
