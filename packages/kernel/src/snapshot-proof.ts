/** Keeping beside a snapshot what it may be trusted by. */
import type { BookId } from '@tallystick/oplog';
import type { ImagePlace } from './driver.ts';
import { KernelError } from './errors.ts';
import type { Replica } from './replica.ts';
import { MANIFEST, openManifest, PROOF } from './snapshot.ts';
import { judgeTrust, proofOf, type SnapshotTrust } from './snapshot-trust.ts';

/** Keeps what proves the snapshot in `place`, and answers how far it does. */
export async function saveProof(replica: Replica, place: ImagePlace): Promise<SnapshotTrust> {
  const [proof, bytes] = [await proofOf(replica, place), await place.load(MANIFEST)];
  if (proof === undefined || bytes === undefined) throw new KernelError('snapshot/format', 'there is no manifest');
  await place.save(PROOF, [proof]);
  const { manifest } = await openManifest(bytes, replica.book as BookId, replica.crypto);
  return judgeTrust(manifest, place, replica.crypto);
}
