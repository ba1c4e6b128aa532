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

/** Everything a group of ops touched, indexed for tests against one more op. */
export class TouchIndex {
  readonly #reads = new Set<string>();
  readonly #writes = new Set<string>();
  readonly #adds = new Set<string>();
  /** Reads that stop before the end of a key; only these need a scan. */
  readonly #ranges = new Set<string>();
  #all = false;
  #count = 0;

  add(touch: Touch): void {
    this.#count += 1;
    this.#all ||= touch.all;
    for (const read of touch.reads) (isRange(read) ? this.#ranges : this.#reads).add(read);
    for (const write of touch.writes) this.#writes.add(write);
    for (const add of touch.adds) this.#adds.add(add);
  }

  /** True when the op and the group might not commute. */
  conflicts(touch: Touch): boolean {
    if (this.#count === 0) return false;
    if (this.#all || touch.all) return true;
    for (const write of touch.writes) {
      if (this.#reads.has(write) || this.#writes.has(write) || this.#coversRange(write)) return true;
    }
    for (const add of touch.adds) if (this.#reads.has(add) || this.#coversRange(add)) return true;
    return touch.reads.some((read) => this.#changed(read));
  }

  #coversRange(key: string): boolean {
    for (const range of this.#ranges) if (key.startsWith(rangePrefix(range))) return true;
    return false;
  }

  #changed(read: string): boolean {
    if (!isRange(read)) return this.#writes.has(read) || this.#adds.has(read);
    const prefix = rangePrefix(read);
    for (const key of this.#writes) if (key.startsWith(prefix)) return true;
    for (const key of this.#adds) if (key.startsWith(prefix)) return true;
    return false;
  }
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
