/**
 * What an op read and wrote, so that two ops can be shown to commute (DESIGN section 4, rebase). Keys are texts in which every key column is
 * terminated, so the text of a leading part of a key is a prefix of exactly the keys it covers.
 */

export interface Touch {
  /** Keys, or prefixes of keys, that were read: absences and ranges included. */
  readonly reads: readonly string[];
  /** Register rows written, set rows put, chain places taken. */
  readonly writes: readonly string[];
  /** Sum rows added to; adds commute with one another. */
  readonly adds: readonly string[];
  /** A sum came near its bound, or may in another order: nothing may pass this op. */
  readonly all: boolean;
}

/** Collects what one op reads and writes, each key as often as it comes. */
export interface TouchRecorder {
  readonly reads: string[];
  readonly writes: string[];
  readonly adds: string[];
  /** By how much the op changes sums, added up whichever way they go. */
  moved: number;
  all: boolean;
}

export function createTouchRecorder(): TouchRecorder {
  return { reads: [], writes: [], adds: [], moved: 0, all: false };
}

/** Nothing passes an op at this place or a later one: so many might bring a sum to its bound although none alone does. */
const MOST_PASSED = 2 ** 19;

/** Places in rising order; one alone stands for itself, for that is what most keys have. */
type Places = number | number[];

/** Everything a group of ops touched, and at which places, indexed for tests against one more op. */
export class TouchIndex {
  readonly #reads = new Map<string, Places>();
  readonly #writes = new Map<string, Places>();
  readonly #adds = new Map<string, Places>();
  /** Reads that stop before the end of a key; only these need a scan. */
  readonly #ranges = new Map<string, Places>();
  /** Places of the ops near a bound, and of all. */
  #near: Places | undefined;
  #all: Places | undefined;
  readonly #gone = new Set<number>();

  /** Takes in the next op. `place` counts up from 0: later ops have greater places. */
  add(touch: Touch, place: number): void {
    this.#all = joined(this.#all, place);
    if (touch.all || place >= MOST_PASSED) this.#near = joined(this.#near, place);
    for (const read of touch.reads) note(isRange(read) ? this.#ranges : this.#reads, read, place);
    for (const write of touch.writes) note(this.#writes, write, place);
    for (const add of touch.adds) note(this.#adds, add, place);
  }

  /** Forgets the op at this place. */
  remove(place: number): void {
    this.#gone.add(place);
  }

  /** True when the op might not commute with all ops of the group whose place is `from` or later and before `to`. */
  conflicts(touch: Touch, from = 0, to: number = Number.POSITIVE_INFINITY): boolean {
    if (!this.#isIn(this.#all, from, to)) return false;
    if (touch.all || this.#isIn(this.#near, from, to)) return true;
    for (const write of touch.writes) {
      if (this.#isIn(this.#reads.get(write), from, to) || this.#isIn(this.#writes.get(write), from, to)) return true;
      if (this.#ranges.size > 0 && this.#coversRange(write, from, to)) return true;
    }
    for (const add of touch.adds) {
      if (this.#isIn(this.#reads.get(add), from, to)) return true;
      if (this.#ranges.size > 0 && this.#coversRange(add, from, to)) return true;
    }
    for (const read of touch.reads) if (this.#changed(read, from, to)) return true;
    return false;
  }

  #coversRange(key: string, from: number, to: number): boolean {
    for (const [range, places] of this.#ranges)
      if (key.startsWith(rangePrefix(range)) && this.#isIn(places, from, to)) return true;
    return false;
  }

  #changed(read: string, from: number, to: number): boolean {
    if (!isRange(read))
      return this.#isIn(this.#writes.get(read), from, to) || this.#isIn(this.#adds.get(read), from, to);
    const prefix = rangePrefix(read);
    for (const [key, places] of this.#writes) if (key.startsWith(prefix) && this.#isIn(places, from, to)) return true;
    for (const [key, places] of this.#adds) if (key.startsWith(prefix) && this.#isIn(places, from, to)) return true;
    return false;
  }

  /** Whether one of the places counts and lies within the bounds. */
  #isIn(places: Places | undefined, from: number, to: number): boolean {
    if (places === undefined) return false;
    if (typeof places === 'number') return places >= from && places < to && !this.#gone.has(places);
    const last = places[places.length - 1] as number;
    if (last < from) return false;
    if (last < to && !this.#gone.has(last)) return true;
    for (let index = firstFrom(places, from); index < places.length; index++) {
      const place = places[index] as number;
      if (place >= to) return false;
      if (!this.#gone.has(place)) return true;
    }
    return false;
  }
}

function note(placesByKey: Map<string, Places>, key: string, place: number): void {
  const before = placesByKey.get(key);
  const after = joined(before, place);
  if (after !== before) placesByKey.set(key, after);
}

function joined(places: Places | undefined, place: number): Places {
  if (places === undefined) return place;
  if (typeof places === 'number') return places === place ? places : [places, place];
  if (places.at(-1) !== place) places.push(place);
  return places;
}

/** The index of the first place that is `from` or later. */
function firstFrom(places: readonly number[], from: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] as number) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

const RANGE = '*';
/** Marks a key text as a prefix. Full keys end in a terminator that is not the mark. */
export function rangeOf(prefix: string): string {
  return prefix + RANGE;
}
function isRange(read: string): boolean {
  return read.endsWith(RANGE);
}
function rangePrefix(read: string): string {
  return read.slice(0, -RANGE.length);
}
