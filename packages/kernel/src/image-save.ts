// Keeping the image of image.ts: loaded with the acts, for no opening, sale or question needs it.
import type { StoreImage } from './driver.ts';
import { foldedSizes, type ImageHeader, LOG_INDEX, refsOf, timesTakenBack } from './image.ts';
import type { Replica } from './replica.ts';

/** Keeps the rows as they are, and the index of a log that has one. Call inside `exclusive`, outside a transaction. */
export async function saveImage(replica: Replica, image: StoreImage): Promise<void> {
  const lastHashes: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [scope, folded] of foldedSizes(replica.sql)) {
    const [last] = folded <= replica.log.base(scope).size ? [] : await replica.log.settled(scope, folded - 1, 1);
    if (last !== undefined) lastHashes[scope] = last.hash;
  }
  const header: ImageHeader = {
    tallystick: 'image/1',
    release: image.release,
    book: replica.book ?? '',
    verbs: refsOf(replica),
    lastHashes,
    takenBack: timesTakenBack(replica.log),
  };
  await image.save(JSON.stringify(header));
  const index = await replica.log.encodeIndex?.();
  if (index !== undefined) await image.place.save(LOG_INDEX, [index]);
}
