// Hashes in the order in which they came, each found again by its value. As bytes, because a hundred thousand texts in a Map take ten times the room,
// and most of the time of an opening.
import type { OpHash } from './brands.ts';
import { decodeHexInto, encodeHex } from './hex.ts';

const hashBytes = 32;
const hashWords = 8;
const smallest = 64;
/** Unknown to others, who could else find hashes that all meet in one slot; odd. */
const [firstFactor, secondFactor] = [anyOdd(), anyOdd()];

export class HashTable {
  #bytes: Uint8Array;
  /** The same memory, for comparing. */
  #words: Uint32Array;
  #size = 0;
  /** Ordinals counted from 1, where their hashes send them or in the next free slot; 0 is free. Half of them stay free. */
  #slots = new Uint32Array(2 * smallest);
  readonly #wanted = new Uint8Array(hashBytes);
  readonly #wantedWords = new Uint32Array(this.#wanted.buffer);

  /** As `bytes` answered them once. */
  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    const count = bytes.length / hashBytes;
    this.#bytes = new Uint8Array(Math.max(smallest, count) * hashBytes);
    this.#bytes.set(bytes);
    this.#words = new Uint32Array(this.#bytes.buffer);
    this.#size = count;
    this.#fillSlots();
  }

  /** How many have come, those that were dropped included. */
  get size(): number {
    return this.#size;
  }

  /** The hash of an ordinal that was not dropped. */
  at(ordinal: number): OpHash {
    return encodeHex(this.#bytes.subarray(ordinal * hashBytes, (ordinal + 1) * hashBytes)) as OpHash;
  }

  ordinalOf(hash: OpHash): number | undefined {
    decodeHexInto(this.#wanted, hash);
    const mask = this.#slots.length - 1;
    for (let slot = slotOf(this.#wantedWords, 0, mask); ; slot = (slot + 1) & mask) {
      const ordinal = (this.#slots[slot] as number) - 1;
      if (ordinal < 0) return undefined;
      if (this.#isWanted(ordinal)) return ordinal;
    }
  }

  /** Takes in a hash that is new, and answers its ordinal. */
  add(hash: OpHash): number {
    if ((this.#size + 1) * hashBytes > this.#bytes.length) this.#grow();
    const ordinal = this.#size++;
    decodeHexInto(this.#bytes.subarray(ordinal * hashBytes, this.#size * hashBytes), hash);
    if (this.#size * 2 > this.#slots.length) this.#fillSlots();
    else this.#place(ordinal);
    return ordinal;
  }

  /** Forgets the hash; the ordinals of others stay. */
  drop(ordinal: number): void {
    this.#bytes.fill(0, ordinal * hashBytes, (ordinal + 1) * hashBytes);
  }

  isDropped(ordinal: number): boolean {
    for (let word = 0; word < hashWords; word++) if (this.#words[ordinal * hashWords + word] !== 0) return false;
    return true;
  }

  /** All of them in order, 32 bytes each, zeros for those that were dropped. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size * hashBytes);
  }

  #isWanted(ordinal: number): boolean {
    const [words, wanted, from] = [this.#words, this.#wantedWords, ordinal * hashWords];
    for (let word = 0; word < hashWords; word++) if (words[from + word] !== wanted[word]) return false;
    return true;
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bytes.length * 2);
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#words = new Uint32Array(grown.buffer);
  }

  #fillSlots(): void {
    let slots = this.#slots.length;
    while (slots < this.#size * 2) slots *= 2;
    // One size more, so that it lasts for a while.
    this.#slots = new Uint32Array(slots * 2);
    for (let ordinal = 0; ordinal < this.#size; ordinal++) if (!this.isDropped(ordinal)) this.#place(ordinal);
  }

  #place(ordinal: number): void {
    const mask = this.#slots.length - 1;
    let slot = slotOf(this.#words, ordinal * hashWords, mask);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = ordinal + 1;
  }
}

function anyOdd(): number {
  return Math.floor(Math.random() * 2 ** 32) | 1;
}

function slotOf(words: Uint32Array, from: number, mask: number): number {
  const mixed = Math.imul(words[from] as number, firstFactor) + Math.imul(words[from + 1] as number, secondFactor);
  // The upper bits of a product hang on all of its lower ones.
  return ((mixed ^ (mixed >>> 16)) >>> 4) & mask;
}
