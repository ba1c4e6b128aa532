// A bucket of anything that speaks S3, to which this till hands its backups by itself: where no office takes them. Its keys lie beside the parts that are ready, and never in the
// log, which is handed out as it is. They can read, write and drop what is in the bucket and open nothing.
import { type BackupPlace, bucketPlace, RecoveryError, tryPlace } from '@tallystick/recovery';
import type { OwnFolder } from './backup-place.ts';
import type { BucketSettings } from './backup-state.ts';

const fileName = 'bucket.json';
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
  const tried = await tryPlace(place);
  if ((await place.list()).includes(tried))
    throw new RecoveryError('recovery/unverified', 'the bucket does not let go of a file');
  await folder.write(fileName, new TextEncoder().encode(JSON.stringify(settings)));
}
