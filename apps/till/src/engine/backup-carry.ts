// What lies ready, brought to the office and to a bucket. Loaded when there is something to bring.
import { type BackupPlace, RecoveryError } from '@tallystick/recovery';
import { type BackupParts, type Kept, readNote, restoredNumber } from './backup-life.ts';
import type { OutsideBackup } from './backup-state.ts';

/** The last number that the office was seen to hold, and the device of which; of a bucket under its name. */
const carriedNote = 'till/backup/carried';
/** Set once something was found there that this till did not make under its name. */
const copiedNote = 'till/backup/copied';

type NoteOutside = (made: OutsideBackup) => Promise<void>;

/** One that does not answer holds the other up no longer than it takes to say so. Throws what the first of them threw. */
export async function carryAll(parts: BackupParts, shop: Pick<Kept, 'book' | 'log'>, note: NoteOutside): Promise<void> {
  const { office } = parts;
  const toBucket = async (): Promise<void> => {
    const bucket = await parts.readBucket();
    if (bucket === undefined) return;
    await carryTo(parts, shop, { place: bucket, by: 'bucket', name: `${carriedNote}/${bucket.name}`, note });
  };
  const done = await Promise.allSettled([
    office && carryTo(parts, shop, { place: office, by: 'office', name: carriedNote, note }),
    toBucket(),
  ]);
  for (const one of done) if (one.status === 'rejected') throw one.reason;
}

async function carryTo(
  { keeper, device, carry, countOps }: BackupParts,
  { book, log }: Pick<Kept, 'book' | 'log'>,
  to: {
    readonly place: BackupPlace;
    readonly by: 'office' | 'bucket';
    readonly name: string;
    readonly note: NoteOutside;
  },
): Promise<void> {
  const carried = readNote<{ readonly device: string; readonly number: number }>(log, to.name);
  const checkedUpTo = carried?.device === book.device ? carried.number : restoredNumber({ book, log });
  if (keeper.standing().number === 0 || carried?.number === keeper.standing().number) return;
  let copied: RecoveryError | undefined;
  try {
    await carry(device, log.meta(copiedNote) === undefined ? to.place : keepingAll(to.place), { checkedUpTo });
  } catch (cause) {
    if (!(cause instanceof RecoveryError) || cause.code !== 'recovery/two-series') throw cause;
    copied = cause;
    await log.setMeta(copiedNote, '1');
    // Nothing of this till stands on what another made: a whole, after the greatest number that is there.
    await keeper.backUp({ whole: true });
    await carry(device, keepingAll(to.place), { checkedUpTo: Number.POSITIVE_INFINITY });
  }
  const { number, behind } = keeper.standing();
  await log.setMeta(to.name, JSON.stringify({ device: book.device, number }));
  await to.note({ number, ops: countOps() - behind, at: Date.now(), by: to.by });
  if (copied !== undefined) throw copied;
}

/** What another copy of this till left there has entries that this one never saw. */
function keepingAll(place: BackupPlace): BackupPlace {
  return { ...place, drop: async () => undefined };
}
