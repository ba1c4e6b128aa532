// The office keeps itself while it runs: its own book by the cadence, to the places that `tally backup --to` named, and on to the same places what its tills handed in.
// And it tries a blackout when that is due.
import { type BackupPlace, carryParts, defaultCadence, opsOf } from '@tallystick/recovery';
import { backupStanding, openKeeper, openPlace, readBackupSettings, standingLines } from './backup-settings.ts';
import type { ShopBook } from './book.ts';
import { type DrillPlan, drillLines, drillStanding, readDrillPlan } from './drill-plan.ts';
import { drillIfDue } from './drill-process.ts';
import { messageOf, OfficeError } from './errors.ts';
import { fillPlaces } from './fill-places.ts';
import type { Home } from './home.ts';
import type { ShownBackups } from './web/live-state.ts';

export interface BackupWatch {
  /** For the page. */
  shown(): ShownBackups;
  /** What the cadence asks for, now. Never rejects: what went wrong is in `shown`. */
  look(): Promise<void>;
  close(): Promise<void>;
}

export interface BackupWatchOptions {
  readonly home: Home;
  readonly book: ShopBook;
  /** What tills handed in. */
  readonly deposits: BackupPlace;
  readonly onChange: () => void;
  readonly everyMs?: number;
}

const lookMs = 30_000;

export function watchBackups({ home, book, deposits, onChange, everyMs = lookMs }: BackupWatchOptions): BackupWatch {
  const faults = new Map<string, string>();
  /** By the name of a place, what was handed in when all of it was seen there, and when that was. */
  const carried = new Map<string, { readonly names: string; readonly at: number }>();
  let last: Promise<void> = Promise.resolve();
  let isClosed = false;
  // Beside all else: it takes as long as folding whole logs does.
  let drilling: Promise<void> | undefined;
  const ending = new AbortController();

  async function look(): Promise<void> {
    if (isClosed) return;
    const before = JSON.stringify(shown());
    const settings = await tried('the office', async () => readBackupSettings(home));
    if (settings !== undefined && settings.places.length > 0) {
      await tried('the office', backUpIfDue);
      for (const place of settings.places.map(openPlace)) await tried(place.name, () => carryOn(place));
    }
    drilling ??= tried('the blackout drill', () => drillIfDue(home, ending.signal)).then(() => {
      drilling = undefined;
      if (!isClosed) onChange();
    });
    if (JSON.stringify(shown()) !== before) onChange();
  }

  /** Where something new was handed in; and now and then all the same, for a place may have lost it. */
  async function carryOn(place: BackupPlace): Promise<void> {
    const names = (await deposits.list()).toSorted().join(' ');
    const before = carried.get(place.name);
    const nowMs = Date.now();
    if (before?.names === names && nowMs >= before.at && nowMs - before.at < defaultCadence.everyMs) return;
    carried.delete(place.name);
    await carryParts(deposits, place);
    carried.set(place.name, { names, at: nowMs });
  }

  /** By what stands in the directory, where `tally backup` counts too. */
  async function backUpIfDue(): Promise<void> {
    if (backupStanding(home, opsOf(book))?.isDue !== true) return;
    await tried('archives', async () => {
      const faults = await fillPlaces(home, book);
      if (faults.length > 0) throw new OfficeError('office/backup', faults.join('; '));
    });
    await openKeeper(home, book).backUp();
  }

  /** Whatever fails is said, and asked again: backups are beside the work and never in its way. */
  async function tried<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const done = await work();
      faults.delete(what);
      return done;
    } catch (error) {
      faults.set(what, messageOf(error));
      return undefined;
    }
  }

  function shown(): ShownBackups {
    const failed = [...faults].map(([what, message]) => `BACKUP FAILED for ${what}: ${message}`);
    if (faults.has('the office')) return { lines: failed, isMissed: true };
    let standing: ReturnType<typeof backupStanding>;
    let plan: DrillPlan | undefined;
    try {
      standing = backupStanding(home, opsOf(book));
      plan = readDrillPlan(home);
    } catch (error) {
      return { lines: [`BACKUP FAILED: ${messageOf(error)}`], isMissed: true };
    }
    const nowMs = Date.now();
    const drill = plan && drillStanding(plan, nowMs);
    return {
      lines: [...standingLines(standing), ...drillLines(plan, nowMs), ...failed],
      isMissed:
        standing?.isMissed === true || drill?.isOverdue === true || drill?.isMissing === true || failed.length > 0,
    };
  }

  const next = (): Promise<void> => {
    last = last.then(look);
    return last;
  };
  void next();
  const timer = setInterval(() => void next(), everyMs);
  return {
    shown,
    look: next,
    async close() {
      isClosed = true;
      clearInterval(timer);
      ending.abort();
      await last;
      await drilling;
    },
  };
}
