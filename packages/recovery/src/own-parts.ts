// Which files of a place this device made itself. A second copy of it, on a disk that was copied or brought back while the first lived, gives numbers too: what it left is never
// written over, never dropped, and said. docs/spec/recovery.md, "Series"; decision 086.
import type { Hasher } from '@tallystick/chain';
import type { BookId, DeviceId } from '@tallystick/oplog';
import { type BackupPlace, isPartOf, parsePartName } from './place.ts';
import type { KeeperState } from './state.ts';

/** Of files by `${number}-${kind}`: what tells them from every other one. */
export type Sums = Readonly<Record<string, string>>;

/** A place may name its files as it likes: numbers have nine digits, and one that leaves no more would end the series. */
export const maxBelieved = 900_000_000;
/** A copy is not so far ahead: somebody made it up, and numbers are not given away for it. */
const mostAhead = 1_000_000;
/** Where there are more of another copy, nothing is dropped there any more. */
export const mostOthers = 200;

const sumDigits = 16;
/** A sealing begins with a key of its own: no two have the same beginning, and a whole of megabytes is not read for it. */
const sumBytes = 1_024;

export function sumOf(bytes: Uint8Array, hasher: Hasher): string {
  return hasher.sha256Hex(bytes.subarray(0, sumBytes)).slice(0, sumDigits);
}

export interface Series {
  readonly id: BookId;
  readonly device: DeviceId;
  readonly hasher: Hasher;
}

/** Whether these are the bytes that this device sealed under the name. */
export function isOwnFile(name: string, bytes: Uint8Array, sums: Sums | undefined, hasher: Hasher): boolean {
  const known = sums?.[keyOf(name)];
  return known !== undefined && known === sumOf(bytes, hasher);
}

/** Without what stands before the oldest part that is remembered. */
export function sumsFrom(number: number, sums: Sums): Sums {
  return Object.fromEntries(Object.entries(sums).filter(([key]) => Number.parseInt(key, 10) >= number));
}

export function sumsOf(files: readonly (readonly [name: string, bytes: Uint8Array])[], hasher: Hasher): Sums {
  return Object.fromEntries(files.map(([name, bytes]) => [keyOf(name), sumOf(bytes, hasher)]));
}

export interface OthersThere {
  /** Numbers of parts that another copy of this device left in the place, as far as they are there still. */
  readonly others: readonly number[];
  /** The greatest of them, 0 for none. */
  readonly top: number;
}

/** `names`: what the place lists. What it was seen to hold is this device's own; of the rest, what has the bytes that are remembered. */
export async function othersIn(
  place: BackupPlace,
  names: ReadonlySet<string>,
  { id, device, hasher }: Series,
  before: KeeperState,
): Promise<OthersThere> {
  const held = before.places[place.name];
  const since = held?.number ?? before.number;
  const known = new Set(held?.others);
  const others = new Set<number>();
  for (const name of names) {
    const number = isPartOf(name, { book: id, device }) ? (parsePartName(name)?.number ?? 0) : 0;
    if (number > Math.min(maxBelieved, before.number + mostAhead) || others.has(number)) continue;
    if (known.has(number) || (number > since && !(await isOwnThere(place, name, before, hasher)))) others.add(number);
  }
  const newest = [...others].sort((a, b) => b - a).slice(0, mostOthers + 1);
  return { others: newest, top: newest[0] ?? 0 };
}

async function isOwnThere(place: BackupPlace, name: string, { sums }: KeeperState, hasher: Hasher): Promise<boolean> {
  if (sums?.[keyOf(name)] === undefined) return false;
  const bytes = await place.load(name);
  return bytes === undefined || isOwnFile(name, bytes, sums, hasher);
}

/** Drops what this device left there under the name, and nothing else. */
export async function dropOwn(place: BackupPlace, name: string, sums: Sums | undefined, hasher: Hasher): Promise<void> {
  const bytes = await place.load(name);
  if (bytes !== undefined && isOwnFile(name, bytes, sums, hasher)) await place.drop(name);
}

function keyOf(name: string): string {
  const { number, kind } = parsePartName(name) ?? { number: 0, kind: '' };
  return `${number}-${kind}`;
}
