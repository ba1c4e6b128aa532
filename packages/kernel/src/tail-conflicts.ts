/** Whether an op commutes with those of a tail that it passes: by their outlines where those tell, and by every key of the tail where they do not. */
import type { OpRecord } from '@tallystick/oplog';
import type { Outline } from './outline.ts';
import { OutlineUnion } from './outline-union.ts';
import type { TailEntry } from './tail.ts';
import type { Touch } from './touch.ts';
import { MOST_PASSED, TouchIndex } from './touch-index.ts';

/** Where ops of one device stand, rising; those before `first` are gone. */
interface Chain {
  readonly places: number[];
  first: number;
}

/** The ops from a place on, in outline. Nobody asks for a lower one but anew. */
interface Known {
  from: number;
  readonly outlines: OutlineUnion;
  readonly chains: Map<string, Chain>;
}

export class TailConflicts {
  readonly #entries: readonly TailEntry[];
  readonly #touchOf: (entry: TailEntry) => Touch;
  readonly #gone = new Set<number>();
  #known: Known | undefined;
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

  /** True when the op might not commute with all whose place is `from` or later and before `to`, which is its own place where it stands here. */
  meets(record: OpRecord, outline: Outline, touch: () => Touch, from: number, to?: number): boolean {
    if (this.#entries.length <= MOST_PASSED && this.#isApart(record, outline, from, to)) return false;
    this.#index ??= this.#indexAll();
    return this.#index.conflicts(touch(), from, to);
  }

  #isApart(record: OpRecord, outline: Outline, from: number, to: number | undefined): boolean {
    const { outlines, chains } = this.#knownFrom(from);
    const chain = chains.get(record.op.device);
    // Ops of one device come one after another, unless it forks.
    if (chain !== undefined && this.#firstOf(chain, from) < (to ?? Number.POSITIVE_INFINITY)) return false;
    return outlines.isApart(record, outline, to !== undefined);
  }

  /** The first place of the chain that is not gone, from this one on. */
  #firstOf(chain: Chain, from: number): number {
    const { places } = chain;
    const isPassed = (place: number | undefined): boolean =>
      place !== undefined && (place < from || this.#gone.has(place));
    while (isPassed(places[chain.first])) chain.first += 1;
    return places[chain.first] ?? Number.POSITIVE_INFINITY;
  }

  #knownFrom(from: number): Known {
    if (this.#known !== undefined && this.#known.from <= from) {
      this.#known.from = from;
      return this.#known;
    }
    const known: Known = { from, outlines: new OutlineUnion(), chains: new Map() };
    for (let place = from; place < this.#entries.length; place++) {
      const { record, outline } = this.#entries[place] as TailEntry;
      if (this.#gone.has(place)) continue;
      known.outlines.add(record, outline);
      const chain = known.chains.get(record.op.device);
      if (chain === undefined) known.chains.set(record.op.device, { places: [place], first: 0 });
      else chain.places.push(place);
    }
    this.#known = known;
    return known;
  }

  #indexAll(): TouchIndex {
    const index = new TouchIndex();
    this.#entries.forEach((entry, place) => {
      if (!this.#gone.has(place)) index.add(this.#touchOf(entry), place);
    });
    return index;
  }
}
