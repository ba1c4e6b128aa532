// Writing to a place that may lie or lose: a file counts once it reads back as it was written.
import { RecoveryError } from './errors.ts';
import type { BackupPlace } from './place.ts';

/** Saves, and reads back. Throws `recovery/unverified` where something else came back, and what the place throws. */
export async function saveVerified(place: BackupPlace, name: string, bytes: Uint8Array): Promise<void> {
  await place.save(name, bytes);
  if (!(await holds(place, name, bytes)))
    throw new RecoveryError('recovery/unverified', `${name} does not read back as it was written`);
}

/** Several devices may try one place at once. */
const probePrefix = 'tallystick-probe-';
const probeBytes = 32;

/**
 * Tries a place with a small file of a name that nobody else has, which is dropped again whatever came of it. Answers the name: a place that lets go of files lists it no more.
 * Throws as `saveVerified` does.
 */
export async function tryPlace(place: BackupPlace): Promise<string> {
  const name = `${probePrefix}${globalThis.crypto.randomUUID()}`;
  try {
    await saveVerified(place, name, globalThis.crypto.getRandomValues(new Uint8Array(probeBytes)));
  } finally {
    // Where it could not be written there is nothing, and the first fault is the one that is said.
    await place.drop(name).catch(() => undefined);
  }
  return name;
}

/** Whether the place gives back these very bytes under the name. */
export async function holds(place: BackupPlace, name: string, bytes: Uint8Array): Promise<boolean> {
  const back = await place.load(name);
  if (back?.length !== bytes.length) return false;
  // A plain loop: backups have megabytes, and a function called for each byte takes five times as long.
  for (let at = 0; at < bytes.length; at += 1) if (back[at] !== bytes[at]) return false;
  return true;
}
