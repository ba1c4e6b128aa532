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
  /** A sum came near its bound: nothing may pass this op. */
  readonly all: boolean;
}

/** Everything a group of ops touched, and the last of them that did, indexed for tests against one more op. */
export class TouchIndex {
  readonly #reads = new Map<string, number>();
  readonly #writes = new Map<string, number>();
  readonly #adds = new Map<string, number>();
  /** Reads that stop before the end of a key; only these need a scan. */
  readonly #ranges = new Map<string, number>();
  /** The last op near a bound, and the last of all. */
  #lastAll = -1;
  #last = -1;

  /** Takes in the next op. `place` counts up from 0: later ops have greater places. */
  add(touch: Touch, place: number): void {
    this.#last = place;
    if (touch.all) this.#lastAll = place;
    for (const read of touch.reads) (isRange(read) ? this.#ranges : this.#reads).set(read, place);
    for (const write of touch.writes) this.#writes.set(write, place);
    for (const add of touch.adds) this.#adds.set(add, place);
  }

  /** True when the op might not commute with all ops of the group whose place is `from` or later. */
  conflicts(touch: Touch, from = 0): boolean {
    if (this.#last < from) return false;
    if (this.#lastAll >= from || touch.all) return true;
    for (const write of touch.writes) {
      if (has(this.#reads, write, from) || has(this.#writes, write, from) || this.#coversRange(write, from))
        return true;
    }
    for (const add of touch.adds) if (has(this.#reads, add, from) || this.#coversRange(add, from)) return true;
    return touch.reads.some((read) => this.#changed(read, from));
  }

  #coversRange(key: string, from: number): boolean {
    for (const [range, place] of this.#ranges) if (place >= from && key.startsWith(rangePrefix(range))) return true;
    return false;
  }

  #changed(read: string, from: number): boolean {
    if (!isRange(read)) return has(this.#writes, read, from) || has(this.#adds, read, from);
    const prefix = rangePrefix(read);
    for (const [key, place] of this.#writes) if (place >= from && key.startsWith(prefix)) return true;
    for (const [key, place] of this.#adds) if (place >= from && key.startsWith(prefix)) return true;
    return false;
  }
}

function has(lastByKey: ReadonlyMap<string, number>, key: string, from: number): boolean {
  return (lastByKey.get(key) ?? -1) >= from;
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
