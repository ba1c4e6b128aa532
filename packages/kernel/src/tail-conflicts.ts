/** Whether an op commutes with those of a tail that it passes: by their outlines where those tell, and by every key of the tail where they do not. */
import type { OpRecord } from '@tallystick/oplog';
import type { Outline } from './outline.ts';
import { OutlineUnion } from './outline-union.ts';
import type { TailEntry } from './tail.ts';
import type { Touch } from './touch.ts';
import { MOST_PASSED, TouchIndex } from './touch-index.ts';

export class TailConflicts {
  readonly #entries: readonly TailEntry[];
  readonly #touchOf: (entry: TailEntry) => Touch;
  readonly #gone = new Set<number>();
  #union: { readonly from: number; readonly outlines: OutlineUnion } | undefined;
  #index: TouchIndex | undefined;

  /** `touchOf` reads what is stored of an entry. */
  constructor(entries: readonly TailEntry[], touchOf: (entry: TailEntry) => Touch) {
    this.#entries = entries;
    this.#touchOf = touchOf;
  }

  /** Forgets the op at this place. */
  remove(place: number): void {
    this.#gone.add(place);
    this.#index?.remove(place);
  }

  /** True when the op might not commute with all whose place is `from` or later and before `to`. */
  meets(record: OpRecord, outline: Outline, touch: () => Touch, from: number, to?: number): boolean {
    if (this.#entries.length <= MOST_PASSED && this.#outlinesFrom(from).isApart(record, outline)) return false;
    this.#index ??= this.#indexAll();
    return this.#index.conflicts(touch(), from, to);
  }

  #outlinesFrom(from: number): OutlineUnion {
    if (this.#union === undefined || this.#union.from > from) {
      const outlines = new OutlineUnion();
      for (let place = from; place < this.#entries.length; place++) {
        const { record, outline } = this.#entries[place] as TailEntry;
        if (!this.#gone.has(place)) outlines.add(record, outline);
      }
      this.#union = { from, outlines };
    }
    return this.#union.outlines;
  }

  #indexAll(): TouchIndex {
    const index = new TouchIndex();
    this.#entries.forEach((entry, place) => {
      if (!this.#gone.has(place)) index.add(this.#touchOf(entry), place);
    });
    return index;
  }
}
