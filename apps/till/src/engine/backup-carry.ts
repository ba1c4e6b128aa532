// What lies ready, brought to the office and to a bucket. Loaded when there is something to bring.
import type { BackupPlace } from '@tallystick/recovery';
import { type BackupParts, type Kept, readNote } from './backup-life.ts';
import type { OutsideBackup } from './backup-state.ts';

/** The last number that the office was seen to hold, and the device of which; of a bucket under its name. */
const carriedNote = 'till/backup/carried';

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
  const { number, behind } = keeper.standing();
  const ops = countOps() - behind;
  const carried = readNote<{ readonly device: string; readonly number: number }>(log, to.name);
  const checkedUpTo = carried?.device === book.device ? carried.number : 0;
  if (number === 0 || checkedUpTo === number) return;
  await carry(device, to.place, { checkedUpTo });
  await log.setMeta(to.name, JSON.stringify({ device: book.device, number }));
  await to.note({ number, ops, at: Date.now(), by: to.by });
}
