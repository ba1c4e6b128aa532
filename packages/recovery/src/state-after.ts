// What a keeper remembers once a part stands where it belongs, and when the next is a whole. docs/spec/recovery.md, "Series".
import { type ArchivePlan, archivesAnd, groupAfter } from './archive-plan.ts';
import type { Gathered, Sizes } from './gather.ts';
import { type Sums, sumsFrom } from './own-parts.ts';
import type { File, Lagging, PlaceReport } from './series-place.ts';
import type { KeeperState } from './state.ts';

/** A restore never has more to put together than this. */
const maxDeltas = 50;
/** Deltas as large as half of their whole are worth a new one. */
const wholeShare = 2;

/** An archive that no place has yet. */
export interface Made {
  readonly plan: ArchivePlan;
  readonly part: Gathered;
  readonly file: File;
  readonly starts: Sizes;
  readonly ends: Sizes;
}

/** Nothing stands on what a place lacks, nor on what another copy of this device made. */
export function mustBeWhole(state: KeeperState | undefined, { isBack, top }: Pick<Lagging, 'isBack' | 'top'>): boolean {
  return state === undefined || isBack || top > state.number;
}

/** Whether the deltas since the last whole are worth a new one. */
export function isWholeDue(state: KeeperState | undefined): boolean {
  return state === undefined || state.deltas >= maxDeltas || state.deltaBytes * wholeShare > state.wholeBytes;
}

/** What is remembered once a part stands in a place. */
export function stateAfter(
  before: KeeperState | undefined,
  made: {
    readonly part: Gathered;
    readonly file: { readonly bytes: Uint8Array; readonly hash: string };
    readonly number: number;
    readonly wholes: readonly number[];
    readonly archive: Made | undefined;
    readonly places: KeeperState['places'];
    readonly at: number;
    readonly sealedTo: string;
    readonly sums: Sums;
  },
): KeeperState {
  const { part, file, number, wholes, archive, places, at, sealedTo, sums } = made;
  const bytes = file.bytes.length;
  const isWhole = part.kind === 'whole';
  return {
    version: 1,
    number,
    hash: file.hash,
    at,
    wholes,
    wholeBytes: isWhole ? bytes : (before?.wholeBytes ?? bytes),
    deltas: isWhole ? 0 : (before?.deltas ?? 0) + 1,
    deltaBytes: isWhole ? 0 : (before?.deltaBytes ?? 0) + bytes,
    ops: part.ops,
    sizes: Object.fromEntries(part.scopes.map(({ scope, size }) => [scope, size])),
    heads: part.allHeads,
    archived: archive?.ends ?? before?.archived ?? {},
    places,
    sealedTo: isWhole ? sealedTo : (before?.sealedTo ?? ''),
    sums: sumsFrom(wholes.at(-1) ?? 0, { ...before?.sums, ...sums }),
    ...archivesAfter(before, number, archive),
  };
}

/** What a state remembers of archives once `made` stands in a place. */
function archivesAfter(
  before: KeeperState | undefined,
  number: number,
  made: Made | undefined,
): Pick<KeeperState, 'archives' | 'group' | 'period'> {
  const group = made === undefined ? before?.group : groupAfter(before, number, made.plan, made);
  const period = made?.plan.isPeriod === true ? { number, sizes: made.ends } : before?.period;
  const kept = before?.archives ?? [];
  const archives = made === undefined ? kept : archivesAnd(kept, number, made.starts);
  return { archives, ...(group === undefined ? {} : { group }), ...(period === undefined ? {} : { period }) };
}

/** Places where a part stands, and that did not drop what they should have: it is said until the next part. */
export function withFaults(state: KeeperState | undefined, reports: readonly PlaceReport[]): KeeperState | undefined {
  if (state === undefined) return undefined;
  const places = { ...state.places };
  for (const { place, error } of reports) {
    const held = places[place];
    if (held !== undefined && held.error === undefined && error !== undefined)
      places[place] = { ...held, error, isHeld: true };
  }
  return { ...state, places };
}

/** Of the places that were asked, what another copy of this device left there (`others`), or what is gone from there for good (`gone`); none where nothing is so any more. */
export function withSeen(state: KeeperState, field: 'others' | 'gone', seen: Lagging['others' | 'gone']): KeeperState {
  const places = { ...state.places };
  for (const [{ name }, numbers] of seen) {
    const before = places[name];
    if (before === undefined) continue;
    const { [field]: _, ...held } = before;
    places[name] = numbers.length === 0 ? held : { ...held, [field]: numbers };
  }
  return { ...state, places };
}
