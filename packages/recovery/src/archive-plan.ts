// Which settled ops the next archive holds, and which archives it makes superfluous, so that a place has the log about once and few files of it.
// docs/spec/recovery.md, "Series".
import type { Sizes } from './gather.ts';
import type { ArchiveGroup, KeeperState, KeptArchive } from './state.ts';

export interface ArchivePlan {
  readonly isPeriod: boolean;
  /** From where in each scope; from the first op that is stored when left out. */
  readonly since: Sizes | undefined;
  /** Numbers of archives that this one replaces, bounds left out. */
  readonly replaces?: readonly [from: number, until: number];
}

/** So many archives between periods; then the next has the ops of all of them. */
const maxArchives = 32;

/**
 * `isAnew`: somebody has none of the archives, or could not open them. `first`: position of the first op that is stored, by scope. Archives of ops
 * that are stored no more stay: no other can have those.
 */
export function planArchive(
  state: KeeperState | undefined,
  number: number,
  { isPeriod, isAnew, first }: { readonly isPeriod: boolean; readonly isAnew: boolean; readonly first: Sizes },
): ArchivePlan {
  const group = state?.group;
  const isThere = group !== undefined && reaches(first, group.since);
  const isFull = isThere && group.parts >= maxArchives;
  const since = isAnew || state === undefined ? undefined : startOf(state, { isPeriod, isFull });
  // An ordinary one goes on where the last one ended.
  const isMore = !isPeriod && !isAnew && !isFull;
  const isReplacing = isThere && !isMore && reaches(since, group.since);
  return { isPeriod, since, ...(isReplacing ? { replaces: [group.after, number] } : {}) };
}

function startOf(
  { period, group, archived }: KeeperState,
  { isPeriod, isFull }: { readonly isPeriod: boolean; readonly isFull: boolean },
): Sizes | undefined {
  if (isPeriod) return period?.sizes ?? group?.since;
  return isFull ? group?.since : archived;
}

/** Whether what begins at `since` holds what begins at `other`. */
function reaches(since: Sizes | undefined, other: Sizes): boolean {
  return since === undefined || Object.entries(since).every(([scope, size]) => size <= (other[scope] ?? 0));
}

/** The group of archives that go with each other, once the planned one is made: from `starts`, up to `ends`. */
export function groupAfter(
  state: KeeperState | undefined,
  number: number,
  { isPeriod, since, replaces }: ArchivePlan,
  { starts, ends }: { readonly starts: Sizes; readonly ends: Sizes },
): ArchiveGroup {
  if (isPeriod) return { since: ends, after: number, parts: 0 };
  const before = state?.group;
  // One that is full of ops which are stored no more is left as it is.
  const isOpen = before !== undefined && before.parts < maxArchives;
  const isMore = isOpen && since !== undefined && replaces === undefined;
  return isMore
    ? { ...before, parts: before.parts + 1 }
    : { since: { ...ends, ...starts }, after: number - 1, parts: 1 };
}

/** What stands in the places once there is one more, from `starts` on: without those of which it has all ops. */
export function archivesAnd(before: readonly KeptArchive[], number: number, starts: Sizes): readonly KeptArchive[] {
  const isIn = ({ from }: KeptArchive): boolean => begins(starts, from, Number.POSITIVE_INFINITY);
  return [...before.filter((one) => !isIn(one)), { number, from: starts }];
}

/** Whether the log still has all ops of it. `first` as in `planArchive`. */
export const canBeSealed = ({ from }: KeptArchive, first: Sizes): boolean => begins(first, from, 0);

/** Whether `here` begins no later than `from` in every scope of that; where `here` names none it begins at `unnamed`. */
function begins(here: Sizes, from: Sizes, unnamed: number): boolean {
  return Object.entries(from).every(([scope, at]) => (here[scope] ?? unnamed) <= at);
}
