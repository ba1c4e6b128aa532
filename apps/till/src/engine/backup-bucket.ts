// A bucket of anything that speaks S3, to which this till hands its backups by itself: where no office takes them. Its keys lie beside the parts that are ready, and never in the
// log, which is handed out as it is. They can read, write and drop what is in the bucket and open nothing.
import { type BackupPlace, bucketPlace, RecoveryError } from '@tallystick/recovery';
import type { OwnFolder } from './backup-place.ts';
import type { BucketSettings } from './backup-state.ts';

const fileName = 'bucket.json';
/** Several tills may try one bucket at once. */
const probePrefix = 'tallystick-probe-';
/** A page that is hidden has not much longer, and the next look tries again. */
const timeoutMs = 20_000;

/** Undefined where none is named. Throws `recovery/place` where what is there cannot be understood, as after a crash while it was written. */
export async function readBucket(folder: OwnFolder): Promise<BackupPlace | undefined> {
  const bytes = await folder.read(fileName);
  if (bytes === undefined) return undefined;
  try {
    const { url, accessKeyId, secretAccessKey } = JSON.parse(new TextDecoder().decode(bytes)) as BucketSettings;
    return bucketPlace({ url, accessKeyId, secretAccessKey, timeoutMs });
  } catch (cause) {
    throw new RecoveryError('recovery/place', 'what this till knew of its bucket is damaged: name it again', { cause });
  }
}

/** Keeps the settings once a file was written there, read back and dropped. Throws `recovery/place` and `recovery/unverified`. */
export async function writeBucket(folder: OwnFolder, settings: BucketSettings | undefined): Promise<void> {
  if (settings === undefined) return folder.remove(fileName);
  const place = bucketPlace({ ...settings, timeoutMs });
  const sent = crypto.getRandomValues(new Uint8Array(32));
  const probe = `${probePrefix}${crypto.randomUUID()}`;
  let back: Uint8Array | undefined;
  try {
    await place.save(probe, sent);
    back = await place.load(probe);
  } finally {
    // Where it could not be written there is nothing, and the first fault is the one that is said.
    await place.drop(probe).catch(() => undefined);
  }
  if ((await place.list()).includes(probe))
    throw new RecoveryError('recovery/unverified', 'the bucket does not let go of a file');
  if (back === undefined || back.join() !== sent.join())
    throw new RecoveryError('recovery/unverified', 'the bucket gave back something else');
  await folder.write(fileName, new TextEncoder().encode(JSON.stringify(settings)));
}
