/** A simulated machine: its store outlives the programs that run on it one after another, and its power may be cut at any storage call. */
import type { BookStore } from '@tallystick/kernel';
import { createFileLogStore } from '@tallystick/oplog/file';
import { type CrashPoint, crashingStore } from './crash.ts';
import type { Dice } from './dice.ts';
import { createDisk } from './disk.ts';

export interface Machine {
  /** True from the moment the power was cut until `restart`. */
  readonly isDead: boolean;
  /** The store, for the program that starts now. */
  open(): BookStore;
  /** Cuts the power at the storage call with this number from now. */
  crashAfter(calls: number): void;
  /** What the disk kept is there again. */
  restart(): void;
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

/** Projections in memory over a log file, as in a browser: they are folded again by each program. `openSql` answers a new, empty store. */
export function createFileMachine(dice: Dice, openSql: () => BookStore, forgetsFlush: boolean): Machine {
  const disk = createDisk({ forgetsFlush });
  return createMachine(
    (life) => ({ ...openSql(), log: createFileLogStore(disk.open(life)) }),
    () => disk.cutPower(dice),
  );
}

/** Log and projections in one database, as in Node. What a transaction had not committed is rolled back. */
export function createDatabaseMachine(store: BookStore): Machine {
  return createMachine(
    (life) => ({ ...crashingStore(store, life), close: () => undefined }),
    () => {
      try {
        store.sql.exec('ROLLBACK');
      } catch {
        // The power was cut between two transactions.
      }
    },
  );
}

function createMachine(open: (life: Life) => BookStore, recover: () => void): Machine {
  let life = createLife();
  return {
    get isDead() {
      return life.isDead;
    },
    open: () => open(life),
    crashAfter: (calls) => life.crashAfter(calls),
    restart() {
      life = createLife();
      recover();
    },
  };
}
