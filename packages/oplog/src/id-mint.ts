// Mints UUIDv7 ids from a hybrid logical clock: each greater than every id this device has seen. docs/spec/op.md, "Ids".
import { type OpId, parseOpId } from './brands.ts';
import { OplogError } from './errors.ts';

export interface IdMintOptions {
  /** The device's clock in ms since 1970. It may jump, stop or run backwards. */
  readonly now: () => number;
  /** `n` random bytes. */
  readonly random: (n: number) => Uint8Array;
  /** The newest id this device itself minted; it always counts, however wrong the clock was. */
  readonly last?: OpId;
}

export interface IdMint {
  /** An id greater than every id minted here or observed as `seen`. */
  mint(): OpId;
  /** Takes notice of another device's id; one more than 24 hours ahead of our clock moves nothing. */
  observe(id: OpId): 'seen' | 'clock-ahead';
}

/** An id further ahead of the reader's clock than this is flagged and never advances it. */
export const clockAheadMs = 86_400_000;

const maxMs = 2 ** 48 - 1;
const maxCounter = 2 ** 42 - 1;
const randomBytes = 10;

/** The part of an id that orders it: 48 bits of ms, then a 42-bit counter (`rand_a` and the top 30 bits of `rand_b`). */
interface Instant {
  readonly ms: number;
  readonly counter: number;
}

export function createIdMint(options: IdMintOptions): IdMint {
  const { now, random } = options;
  let last: Instant = options.last === undefined ? { ms: -1, counter: 0 } : instantOf(options.last);

  function mint(): OpId {
    const noise = random(randomBytes);
    const ms = readClock(now);
    last = ms > last.ms ? { ms, counter: freshCounter(noise) } : after(last, noise);
    return format(last, noise);
  }

  function observe(id: OpId): 'seen' | 'clock-ahead' {
    const instant = instantOf(id);
    if (instant.ms > readClock(now) + clockAheadMs) return 'clock-ahead';
    if (isAfter(instant, last)) last = instant;
    return 'seen';
  }

  return { mint, observe };
}

function readClock(now: () => number): number {
  const ms = Math.floor(now());
  if (Number.isNaN(ms)) throw new OplogError('id/clock', 'the clock returned no number');
  return Math.min(Math.max(ms, 0), maxMs);
}

function after(last: Instant, noise: Uint8Array): Instant {
  if (last.counter < maxCounter) return { ms: last.ms, counter: last.counter + 1 };
  if (last.ms === maxMs) throw new OplogError('id/exhausted', 'no id is greater than the last one');
  return { ms: last.ms + 1, counter: freshCounter(noise) };
}

/** 41 random bits: the top bit stays clear, so a millisecond always has room for 2^41 ids. */
function freshCounter(noise: Uint8Array): number {
  return ((noise[0] ?? 0) & 1) * 2 ** 40 + readUint(noise, 1, 5);
}

function readUint(bytes: Uint8Array, offset: number, length: number): number {
  let value = 0;
  for (let i = offset; i < offset + length; i++) value = value * 256 + (bytes[i] ?? 0);
  return value;
}

function isAfter(a: Instant, b: Instant): boolean {
  return a.ms > b.ms || (a.ms === b.ms && a.counter > b.counter);
}

function instantOf(id: OpId): Instant {
  const ms = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const high = Number.parseInt(id.slice(15, 18), 16);
  const low = Number.parseInt(id.slice(19, 23) + id.slice(24, 28), 16) % 2 ** 30;
  return { ms, counter: high * 2 ** 30 + low };
}

function format({ ms, counter }: Instant, noise: Uint8Array): OpId {
  const time = hex(ms, 12);
  const high = hex(Math.floor(counter / 2 ** 30), 3);
  const low = hex(2 ** 31 + (counter % 2 ** 30), 8);
  const tail = hex(readUint(noise, 6, 4), 8);
  const text = `${time.slice(0, 8)}-${time.slice(8)}-7${high}-${low.slice(0, 4)}-${low.slice(4)}${tail}`;
  const id = parseOpId(text);
  if (id === undefined) throw new OplogError('op/id', `minted ${text}, which is no UUIDv7`);
  return id;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
