/**
 * What ops of a tail touched, key by key, for those whose outlines do not tell (tail-conflicts.ts). It comes with the acts: without it nothing is known to commute.
 */
import { isRange, textOf, type Touch } from './touch.ts';

/** Nothing passes an op at this place or a later one: so many might bring a sum to its bound although none alone does. */
export const MOST_PASSED: number = 2 ** 19;

/** In which ways a key is touched; the last two are of no key, but of an op. */
const READ = 'r';
const RANGE = 'l';
const WRITE = 'w';
const ADD = 'a';
const CHANGED_PART = 'c';
const NEAR_BOUND = '!';
const ANY = '*';

/** What a group of ops touched, and at which places, indexed for tests against one more op. */
export class TouchIndex {
  /** By the way and the text of the key, in rising order. */
  readonly #places = new Map<string, number[]>();
  readonly #gone = new Set<number>();

  /** Takes in the next op. `place` counts up from 0: later ops have greater places. */
  add(touch: Touch, place: number): void {
    const note = (key: string): void => {
      const places = this.#places.get(key);
      if (places === undefined) this.#places.set(key, [place]);
      else if (places.at(-1) !== place) places.push(place);
    };
    const noteChange = (way: string, key: string): void => {
      note(way + key);
      for (const part of partsOf(key)) note(CHANGED_PART + part);
    };
    note(ANY);
    if (touch.all || place >= MOST_PASSED) note(NEAR_BOUND);
    for (const read of touch.reads) note((isRange(read) ? RANGE : READ) + textOf(read));
    for (const write of touch.writes) noteChange(WRITE, write);
    for (const add of touch.adds) noteChange(ADD, add);
  }

  /** Forgets the op at this place. */
  remove(place: number): void {
    this.#gone.add(place);
  }

  /** True when the op might not commute with all ops of the group whose place is `from` or later and before `to`. */
  conflicts(touch: Touch, from = 0, to: number = Infinity): boolean {
    const meets = (key: string): boolean => this.#isIn(this.#places.get(key), from, to);
    const meetsReader = (key: string): boolean => meets(READ + key) || partsOf(key).some((part) => meets(RANGE + part));
    return (
      meets(ANY) &&
      (touch.all ||
        meets(NEAR_BOUND) ||
        touch.writes.some((write) => meetsReader(write) || meets(WRITE + write)) ||
        touch.adds.some(meetsReader) ||
        touch.reads.some((read) => {
          const key = textOf(read);
          return isRange(read) ? meets(CHANGED_PART + key) : meets(WRITE + key) || meets(ADD + key);
        }))
    );
  }

  /** Whether one of the places counts and lies within the bounds. */
  #isIn(places: readonly number[] | undefined, from: number, to: number): boolean {
    if (places === undefined) return false;
    // Ops go from below, thousands of them: the last one answers nearly always.
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

/** The leading parts of a key that end with a column, its table being the first, the whole the last. The place in a chain is one part of no table. */
function partsOf(key: string): string[] {
  const parts: string[] = [];
  for (let end = key.indexOf('|'); end >= 0; end = key.indexOf('\0', end + 1)) parts.push(key.slice(0, end + 1));
  return parts;
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
