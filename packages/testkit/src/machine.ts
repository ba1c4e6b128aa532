/** A simulated machine: its store outlives the programs that run on it one after another, and its power may be cut at any storage call. */
import type { BookStore, ImagePlace, SnapshotSource } from '@tallystick/kernel';
import type { LogStore } from '@tallystick/oplog';
import { createFileLogStore } from '@tallystick/oplog/file';
import { type CrashPoint, crashingStore } from './crash.ts';
import type { Dice } from './dice.ts';
import { createDisk, type DiskOptions } from './disk.ts';
import { isArchive, type Plant, plantedPlace } from './plants.ts';

export interface Machine {
  /** True from the moment the power was cut until `restart`. */
  readonly isDead: boolean;
  /** Where archives and snapshots are kept: a folder of the machine's disk. */
  readonly place: ImagePlace;
  /** The archives in it. */
  archives(): Promise<readonly Uint8Array[]>;
  /** Where a book begins when its log does not begin at the first op. */
  snapshot: SnapshotSource | undefined;
  /** The store, for the program that starts now. */
  open(): BookStore;
  /** Cuts the power at the storage call with this number from now. */
  crashAfter(calls: number): void;
  /** What the disk kept is there again. */
  restart(): void;
  /** Another machine in its place: nothing of what was kept is there. */
  wipe(): void;
}

/** A crash point for one life; a program that goes on after its machine died touches nothing any more. */
interface Life extends CrashPoint {
  crashAfter(calls: number): void;
}

function createLife(): Life {
  let calls = 0;
  let at = Infinity;
  return {
    get calls() {
      return calls;
    },
    get isDead() {
      return calls >= at;
    },
    crashAfter(more) {
      at = calls + more;
    },
    step(torn) {
      if (calls >= at) throw new Error('the power was cut');
      calls += 1;
      if (calls < at) return;
      torn?.();
      throw new Error('the power was cut');
    },
  };
}

/** What differs between the kinds of machine. */
interface Hardware {
  /** `index` is that of the log, where one was saved with an image. */
  open(life: Life, images: ImagePlace, index: Uint8Array | undefined): BookStore;
  recover(): void;
  wipe(): void;
}

export interface FileMachineOptions extends DiskOptions {
  readonly dice: Dice;
  /** A new, empty store of projections in memory beside this log; `images` outlives it. */
  open(log: LogStore, images: ImagePlace): BookStore;
}

/** Projections in memory over a log file, as in a browser: each program folds them again, from an image where one was saved. */
export function createFileMachine({ dice, open, ...disks }: FileMachineOptions, plant?: Plant): Machine {
  let disk = createDisk(disks);
  let running: BookStore | undefined;
  const stop = (): void => {
    running?.sql.close();
    running = undefined;
  };
  return createMachine(
    {
      open(life, images, index) {
        running = open(createFileLogStore(disk.open(life), { index }), images);
        return { ...running, close: stop };
      },
      recover() {
        stop();
        disk.cutPower(dice);
      },
      wipe() {
        stop();
        disk = createDisk(disks);
      },
    },
    plant,
  );
}

/** Log and projections in one database, as in Node. What a transaction had not committed is rolled back. */
export function createDatabaseMachine(openStore: () => BookStore, plant?: Plant): Machine {
  let store = openStore();
  return createMachine(
    {
      open: (life) => ({ ...crashingStore(store, life), close: () => undefined }),
      recover() {
        try {
          store.sql.exec('ROLLBACK');
        } catch {
          // The power was cut between two transactions.
        }
      },
      wipe() {
        void store.close();
        store = openStore();
      },
    },
    plant,
  );
}

/** What the kernel calls the index of a log among images. */
const LOG_INDEX = 'log-index';

type Shelf = Map<string, Uint8Array>;

function createMachine(hardware: Hardware, plant: Plant | undefined): Machine {
  let life = createLife();
  const [images, files]: [Shelf, Shelf] = [new Map(), new Map()];
  const machine: Machine = {
    get isDead() {
      return life.isDead;
    },
    place: plantedPlace(
      placeOf(files, () => life),
      plant,
    ),
    snapshot: undefined,
    async archives() {
      const found: Uint8Array[] = [];
      for (const name of files.keys()) {
        const bytes = isArchive(name) ? await machine.place.load(name) : undefined;
        if (bytes !== undefined) found.push(bytes);
      }
      return found;
    },
    open: () =>
      hardware.open(
        life,
        placeOf(images, () => life),
        images.get(LOG_INDEX),
      ),
    crashAfter: (calls) => life.crashAfter(calls),
    restart() {
      life = createLife();
      hardware.recover();
    },
    wipe() {
      life = createLife();
      hardware.wipe();
      images.clear();
      files.clear();
    },
  };
  return machine;
}

/** A save that dies leaves what was there before. */
function placeOf(shelf: Shelf, life: () => Life): ImagePlace {
  return {
    load: (name) => shelf.get(name)?.slice(),
    save(name, parts) {
      life().step();
      shelf.set(name, joinBytes(parts));
    },
  };
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
