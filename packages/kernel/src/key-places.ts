/**
 * At which places of a tail keys were touched, by a hash of their text: as texts in a Map, the keys of ten thousand ops take more room than the ops. Two keys
 * with one hash (one chance in 2^58 or less for a pair) are taken for the same, which costs a fold that was not needed and changes no row.
 */

const dice = globalThis.crypto.getRandomValues(new Int32Array(2));
/** Unknown to others, who could else find keys that all meet in one slot; odd. They decide in which slot a key lies, and nothing that anybody reads or keeps. */
const highFactor = (dice[0] as number) | 1;
const lowFactor = (dice[1] as number) | 1;

/** High half, low half, and what the slot holds: 0 when it is free, a place and 1, or the complement of an index of `#lists`. */
const SLOT_WORDS = 3;
const SMALLEST = 64;
/** Leaves room for a kind: a slot holds 32 bits with a sign. */
const LARGEST = 0x7fff_fff0;

export class KeyPlaces {
  /** Half of them stay free. */
  #slots = new Int32Array(SMALLEST * SLOT_WORDS);
  #size = 0;
  readonly #lists: number[][] = [];
  /** Of the text that was hashed last: both halves for each leading part that ends with a column, the whole last. */
  readonly #hashes: number[] = [];

  /**
   * Takes a text of `CompiledTable.keyText`, or a part of one that ends with a column, for what is noted and asked next. Answers how many columns it has, its
   * table being the first: a part is named by its last one, counted from 0.
   */
  hash(text: string): number {
    let high = 0;
    let low = 0;
    let parts = 0;
    for (let from = 0; from < text.length; ) {
      const to = columnEnd(text, from);
      for (; from < to; from++) {
        const unit = text.charCodeAt(from);
        high = Math.imul(high ^ unit, highFactor);
        low = Math.imul(low ^ unit, lowFactor);
        low ^= low >>> 15;
      }
      this.#hashes[parts * 2] = Math.imul(high ^ (high >>> 15), lowFactor) & LARGEST;
      this.#hashes[parts * 2 + 1] = low;
      parts += 1;
    }
    return parts;
  }

  /** Notes that a part of the text was touched, in the way that `kind` numbers. Places come in rising order. */
  note(kind: number, part: number, place: number): void {
    const high = (this.#hashes[part * 2] as number) + kind;
    const low = this.#hashes[part * 2 + 1] as number;
    const slot = slotOf(this.#slots, high, low);
    const held = this.#slots[slot + 2] as number;
    const list = this.#lists[~held];
    if (list !== undefined) {
      if (list.at(-1) !== place) list.push(place);
    } else if (held === 0) {
      this.#slots.set([high, low, place + 1], slot);
      if (++this.#size * SLOT_WORDS * 2 > this.#slots.length) this.#grow();
    } else if (held - 1 !== place) this.#slots[slot + 2] = ~(this.#lists.push([held - 1, place]) - 1);
  }

  /** At which places, in rising order; one alone, or -1 for none, stands for itself. */
  get(kind: number, part: number): readonly number[] | number {
    const high = (this.#hashes[part * 2] as number) + kind;
    const slot = slotOf(this.#slots, high, this.#hashes[part * 2 + 1] as number);
    const held = this.#slots[slot + 2] as number;
    return this.#lists[~held] ?? held - 1;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Int32Array(before.length * 2);
    for (let from = 0; from < before.length; from += SLOT_WORDS) {
      const words = before.subarray(from, from + SLOT_WORDS);
      if (words[2] !== 0) this.#slots.set(words, slotOf(this.#slots, words[0] as number, words[1] as number));
    }
  }
}

/** Where a hash stands, or the free slot in which it would. The number of slots is `SMALLEST` doubled some times. */
function slotOf(slots: Int32Array, high: number, low: number): number {
  const mask = slots.length / SLOT_WORDS - 1;
  for (let at = high ^ (low >>> 15); ; at++) {
    const slot = (at & mask) * SLOT_WORDS;
    if (slots[slot + 2] === 0 || (slots[slot] === high && slots[slot + 1] === low)) return slot;
  }
}

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const SEMICOLON = 0x3b;

/** Where the column ends that begins at `from`; the name of the table is the first. What is written otherwise, as the places of chains, is one column. */
function columnEnd(text: string, from: number): number {
  if (from === 0) return text.indexOf('|') + 1 || text.length;
  let length = 0;
  for (let at = from; ; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= ZERO && unit <= NINE) length = length * 10 + unit - ZERO;
    else if (unit === SEMICOLON) return at + 1;
    else if (unit !== MINUS) return unit === COLON ? Math.min(at + length + 2, text.length) : text.length;
  }
}
