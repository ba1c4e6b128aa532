// When a backup is due, and when one was missed. Pure: whoever asks says the time.
import type { KeeperState } from './state.ts';

export interface Cadence {
  /** At most so long after an op that stands in no backup. */
  readonly everyMs: number;
  /** At most so many ops that stand in no backup. */
  readonly everyOps: number;
}

/** A quarter of an hour, or fifty ops; and whenever a page is hidden. */
export const defaultCadence: Cadence = { everyMs: 15 * 60_000, everyOps: 50 };

/** So often places are asked whether they have what they had, with nothing new to write. */
const askAgainMs = 24 * 3_600_000;

export interface BackupStanding {
  /** Number of the last backup, 0 for none so far. */
  readonly number: number;
  /** When it was made, in ms; undefined for none. */
  readonly at: number | undefined;
  /** Ops that stand in no backup. */
  readonly behind: number;
  readonly isDue: boolean;
  /** Twice the cadence has gone by, a place did not take the last one, or archives are gone for good: people must see it. */
  readonly isMissed: boolean;
  /** Places that do not hold the last backup, and why. */
  readonly lacking: readonly { readonly place: string; readonly number: number; readonly error: string }[];
  /** Places where another copy of this device keeps its backups too, and their numbers, the greatest first. */
  readonly copied: readonly { readonly place: string; readonly numbers: readonly number[] }[];
  /** Places from which archives are gone whose ops the log has let go of, and their numbers: no backup brings them back. */
  readonly gone: readonly { readonly place: string; readonly numbers: readonly number[] }[];
}

/** In ms. A last time that is ahead of now was said by a clock that has been set back since: nobody knows how long it has been, so it has been too long. */
function elapsedSince(sinceMs: number, nowMs: number, { everyMs }: Cadence): number {
  return sinceMs - nowMs > everyMs ? Number.POSITIVE_INFINITY : Math.max(0, nowMs - sinceMs);
}

/** `ops`: how many there are now. `sinceMs`: since when ops stand in no backup at all, where there never was one. `places`: where backups go now; as far as `state` knows when left out. */
export function standingOf(
  state: KeeperState | undefined,
  now: { readonly atMs: number; readonly ops: number; readonly sinceMs: number; readonly places?: readonly string[] },
  cadence: Cadence = defaultCadence,
): BackupStanding {
  const behind = Math.max(0, now.ops - (state?.ops ?? 0));
  const elapsedMs = elapsedSince(state?.at ?? now.sinceMs, now.atMs, cadence);
  const askedMs = elapsedSince(state?.asked ?? state?.at ?? now.sinceMs, now.atMs, cadence);
  const isToAsk = state !== undefined && Number.isFinite(askedMs) && askedMs >= askAgainMs;
  const places = state === undefined ? [] : (now.places ?? Object.keys(state.places));
  const lacking = places
    .map((place) => ({ place, number: 0, ...state?.places[place] }))
    .filter(({ number, error }) => number !== state?.number || error !== undefined)
    .map(({ place, number, error = 'not tried since' }) => ({ place, number, error }));
  const gone = places
    .map((place) => ({ place, numbers: state?.places[place]?.gone ?? [] }))
    .filter(({ numbers }) => numbers.length > 0);
  const isLate = (times: number): boolean =>
    behind > 0 && (behind >= times * cadence.everyOps || elapsedMs >= times * cadence.everyMs);
  return {
    number: state?.number ?? 0,
    at: state?.at,
    behind,
    // A place that is away is asked again at the pace of backups, and not whenever somebody looks.
    isDue: isLate(1) || isToAsk || (lacking.length > 0 && askedMs >= cadence.everyMs),
    isMissed: isLate(2) || lacking.length > 0 || gone.length > 0,
    lacking,
    gone,
    copied: places
      .map((place) => ({ place, numbers: state?.places[place]?.others ?? [] }))
      .filter(({ numbers }) => numbers.length > 0),
  };
}
