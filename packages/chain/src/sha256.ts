/**
 * SHA-256 (FIPS 180-4), whole messages at once: the one hash of the protocol, in every program that opens a book. A library brings five others with it, and no bundler parts
 * them (docs/decisions/091-a-smaller-kernel.md).
 */

const blockBytes = 64;
const lengthBytes = 8;
const rounds = 64;

/** The first 32 bits of the fractional parts of the roots of primes: cube roots for the rounds, square roots of the first eight for the beginning. */
const { roundConstants, beginning } = constantsOfPrimes();
/** Used by one call after the other: nothing here waits. */
const schedule = new Int32Array(rounds);
const state = new Int32Array(8);

/** 32 bytes. */
export function sha256(message: Uint8Array): Uint8Array {
  state.set(beginning);
  const { length } = message;
  const rest = length % blockBytes;
  for (let at = 0; at < length - rest; at += blockBytes) compress(message, at);
  const last = new Uint8Array(rest + 1 + lengthBytes > blockBytes ? 2 * blockBytes : blockBytes);
  last.set(message.subarray(length - rest));
  last[rest] = 0x80;
  const view = new DataView(last.buffer);
  view.setUint32(last.length - 8, Math.floor(length / 2 ** 29));
  view.setUint32(last.length - 4, length << 3);
  for (let at = 0; at < last.length; at += blockBytes) compress(last, at);
  const digest = new Uint8Array(32);
  const words = new DataView(digest.buffer);
  for (let index = 0; index < 8; index++) words.setInt32(index * 4, state[index] as number);
  return digest;
}

/** Takes one block into the state. */
function compress(bytes: Uint8Array, from: number): void {
  for (let index = 0, at = from; index < 16; index++, at += 4)
    schedule[index] =
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number);
  for (let index = 16; index < rounds; index++) {
    const early = schedule[index - 15] as number;
    const late = schedule[index - 2] as number;
    schedule[index] =
      ((rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)) +
        (rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)) +
        (schedule[index - 16] as number) +
        (schedule[index - 7] as number)) |
      0;
  }
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  let f = state[5] as number;
  let g = state[6] as number;
  let h = state[7] as number;
  for (let index = 0; index < rounds; index++) {
    const added =
      (h +
        (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
        ((e & f) ^ (~e & g)) +
        (roundConstants[index] as number) +
        (schedule[index] as number)) |
      0;
    const mixed = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = (d + added) | 0;
    d = c;
    c = b;
    b = a;
    a = (added + mixed) | 0;
  }
  add(0, a);
  add(1, b);
  add(2, c);
  add(3, d);
  add(4, e);
  add(5, f);
  add(6, g);
  add(7, h);
}

function add(index: number, word: number): void {
  (state[index] as number) += word;
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

/** No such fraction lies within 2^-40 of the next: a root as a double has a thousand times less error. */
function constantsOfPrimes(): { readonly roundConstants: Int32Array; readonly beginning: Int32Array } {
  const primes: number[] = [];
  for (let number = 2; primes.length < rounds; number++)
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  const fractions = (root: (prime: number) => number): Int32Array =>
    Int32Array.from(primes, (prime) => ((root(prime) % 1) * 2 ** 32) | 0);
  return { roundConstants: fractions(Math.cbrt), beginning: fractions(Math.sqrt).subarray(0, 8) };
}
