/**
 * Everything that the ops of a tail touched, asked whether one more op commutes with them (DESIGN section 4, rebase). It comes with the acts: whoever has it not
 * folds the tail again, which leads to the same rows.
 */
import { KeyPlaces } from './key-places.ts';
import { isRange, textOf, type Touch } from './touch.ts';

/** Nothing passes an op at this place or a later one: so many might bring a sum to its bound although none alone does. */
const MOST_PASSED = 2 ** 19;

/** In which ways a key is touched; the last two are of no key, but of an op. */
const READ = 1;
const RANGE = 2;
const WRITE = 3;
const ADD = 4;
const CHANGED_PART = 5;
const NEAR_BOUND = 6;
const ANY = 7;
/** The text of no key. */
const NO_KEY = '|';

/** Everything a group of ops touched, and at which places, indexed for tests against one more op. */
export class TouchIndex {
  readonly #places = new KeyPlaces();
  readonly #gone = new Set<number>();

  /** Takes in the next op. `place` counts up from 0: later ops have greater places. */
  add(touch: Touch, place: number): void {
    this.#note(ANY, NO_KEY, place);
    if (touch.all || place >= MOST_PASSED) this.#note(NEAR_BOUND, NO_KEY, place);
    for (const read of touch.reads) this.#note(isRange(read) ? RANGE : READ, textOf(read), place);
    for (const write of touch.writes) this.#noteChange(WRITE, write, place);
    for (const add of touch.adds) this.#noteChange(ADD, add, place);
  }

  /** Forgets the op at this place. */
  remove(place: number): void {
    this.#gone.add(place);
  }

  /** True when the op might not commute with all ops of the group whose place is `from` or later and before `to`. */
  conflicts(touch: Touch, from = 0, to: number = Infinity): boolean {
    const meets = (kind: number, part: number): boolean => this.#isIn(this.#places.get(kind, part), from, to);
    const last = (text: string): number => this.#places.hash(text) - 1;
    const meetsReader = (key: number): boolean => {
      for (let part = key; part >= 0; part--) if (meets(RANGE, part)) return true;
      return meets(READ, key);
    };
    const noKey = last(NO_KEY);
    if (!meets(ANY, noKey)) return false;
    if (touch.all || meets(NEAR_BOUND, noKey)) return true;
    for (const write of touch.writes) {
      const key = last(write);
      if (meetsReader(key) || meets(WRITE, key)) return true;
    }
    for (const add of touch.adds) if (meetsReader(last(add))) return true;
    for (const read of touch.reads) {
      const key = last(textOf(read));
      if (isRange(read) ? meets(CHANGED_PART, key) : meets(WRITE, key) || meets(ADD, key)) return true;
    }
    return false;
  }

  /** Answers which part of the key is the whole. */
  #note(kind: number, text: string, place: number): number {
    const key = this.#places.hash(text) - 1;
    this.#places.note(kind, key, place);
    return key;
  }

  #noteChange(kind: number, key: string, place: number): void {
    for (let part = this.#note(kind, key, place); part >= 0; part--) this.#places.note(CHANGED_PART, part, place);
  }

  /** Whether one of the places counts and lies within the bounds. */
  #isIn(places: readonly number[] | number, from: number, to: number): boolean {
    if (typeof places === 'number') return places >= from && places < to && !this.#gone.has(places);
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
