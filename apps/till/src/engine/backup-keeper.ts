// What makes the backups of a till: loaded a moment after it has opened, because the sealing is larger than the rest of the engine.
import { portableHasher } from '@tallystick/chain';
import type { DeviceId } from '@tallystick/oplog';
import {
  type BackupPlace,
  carryParts,
  createBackupKeeper,
  isPartOf,
  joinFiles,
  parsePartName,
} from '@tallystick/recovery';
import { readBucket, writeBucket } from './backup-bucket.ts';
import { type BackupParts, countOps, restoredNumber } from './backup-life.ts';
import { openOwnFolder, ownPlace } from './backup-place.ts';
import { officePlace } from './deposit.ts';
import type { OpenShop } from './open-shop.ts';

const stateFile = 'state.json';
/** A name has nine digits: what nobody can have counted to is a thief's, and there must be numbers left after it. */
const maxBelieved = 900_000_000;

/** Where the till finds its shop again: nothing of it is in the book. */
export interface TillNote {
  readonly relay: string;
  readonly office?: string;
}

/** Throws where this browser keeps no files. */
export async function openTillKeeper(
  shop: Pick<OpenShop, 'book' | 'log' | 'record'>,
  { recipients, isQuiet }: { recipients(): readonly string[]; isQuiet(): boolean },
): Promise<BackupParts> {
  const { book, record } = shop;
  const folder = await openOwnFolder();
  const device = ofDevice(ownPlace(folder), book.device);
  const remembered = await folder.read(stateFile);
  let state = remembered === undefined ? undefined : new TextDecoder().decode(remembered);
  const { relay, office, scope } = record;
  const note: TillNote = { relay: relay?.url ?? '', ...(office === undefined ? {} : { office }) };
  const deposits = office === undefined ? undefined : officePlace(office, book, portableHasher);
  const keeper = createBackupKeeper({
    book,
    hasher: portableHasher,
    recipients,
    places: [device],
    scope,
    isQuiet,
    note: () => JSON.stringify(note),
    // An office or bucket that does not answer holds nothing up: what it turns out to have under the same name is found when it is brought there.
    after: async () =>
      Math.max(
        restoredNumber(shop),
        ...(await numbersIn(deposits, book.device).catch(() => [])),
        ...(await readBucket(folder)
          .then((place) => numbersIn(place, book.device))
          .catch(() => [])),
      ),
    state: {
      load: () => state,
      save: async (text) => {
        state = text;
        await folder.write(stateFile, new TextEncoder().encode(text));
      },
    },
  });
  return {
    keeper,
    device,
    office: deposits,
    readBucket: () => readBucket(folder),
    writeBucket: (settings) => writeBucket(folder, settings),
    carry: carryParts,
    countOps: () => countOps(book),
    join: (openers) => joinFiles(device, openers),
  };
}

/** A till that went on as a new one finds here what the one before it left, which is of another series and not its own to hand in. */
function ofDevice(place: BackupPlace, device: DeviceId): BackupPlace {
  return { ...place, list: async () => (await place.list()).filter((name) => isPartOf(name, { device })) };
}

/** Of this device: others count for themselves. */
async function numbersIn(place: BackupPlace | undefined, device: DeviceId): Promise<readonly number[]> {
  const names = ((await place?.list()) ?? []).filter((name) => isPartOf(name, { device }));
  return names.flatMap((name) => parsePartName(name)?.number ?? []).filter((number) => number <= maxBelieved);
}
