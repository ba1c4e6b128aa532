// The batches of an append as the parameters of `relay_append`: parallel arrays, with what has bytes joined.
import { growthsOf } from './growth.ts';
import type { Batch } from './store.ts';

/** In the order of the parameters of `relay_append`. */
export function batchesToValues(id: Buffer, batches: readonly Batch[]): unknown[] {
  const { growths, numbers } = growthsOf(batches);
  const rowsOf = <T>(list: (batch: Batch) => readonly T[]): Numbered<T> => numbered(batches.map(list), numbers);
  const entries = rowsOf(({ entries: all, from }) => all.map((entry, at) => ({ ...entry, position: from + at })));
  const tiles = rowsOf(tileParts);
  const enrolments = rowsOf((batch) => batch.enrolments);
  const claims = rowsOf((batch) => batch.claims);
  const chains = numbered(
    growths.map((growth) => [...growth.chains].map(([device, chain]) => ({ device, ...chain }))),
    growths.map((_, index) => index + 1),
  );
  return [
    id,
    growths.map(({ book }) => hexToBytes(book)),
    growths.map(({ scope }) => scope),
    growths.map(({ from }) => from),
    growths.map(({ state }) => state.size),
    growths.map(({ state }) => state.frontier.join(' ')),
    growths.map(({ state }) => hexToBytes(state.root)),
    numbers,
    batches.map(({ state }) => state.size),
    batches.map((batch) => batch.entries.reduce((sum, { bytes }) => sum + bytes.length, 0)),
    batches.map(({ state }) => hexToBytes(state.root)),
    entries.numbers,
    entries.rows.map(({ position }) => position),
    joinHex(entries.rows.map(({ hash }) => hash)),
    joinHex(entries.rows.map(({ device }) => device)),
    entries.rows.map(({ seq }) => seq),
    ...joined(entries.rows.map(({ bytes }) => bytes)),
    chains.numbers,
    joinHex(chains.rows.map(({ device }) => device)),
    chains.rows.map(({ seq }) => seq),
    joinHex(chains.rows.map(({ hash }) => hash)),
    chains.rows.map(({ forks }) => forks),
    chains.rows.map(({ late }) => late),
    tiles.numbers,
    tiles.rows.map(({ level }) => level),
    tiles.rows.map(({ index }) => index),
    tiles.rows.map(({ start }) => start),
    ...joined(tiles.rows.map(({ hashes }) => hashes)),
    enrolments.numbers,
    enrolments.rows.map(({ position }) => position),
    enrolments.rows.map(({ isFork }) => isFork),
    claims.numbers,
    claims.rows.map(({ token }) => token),
    claims.rows.map(({ position }) => position),
  ];
}

interface TilePart {
  readonly level: number;
  readonly index: number;
  /** Hashes of the tile that are stored already. */
  readonly start: number;
  readonly hashes: Uint8Array;
}

/** What the batch adds to each of its tiles. */
function tileParts({ from, tiles }: Batch): TilePart[] {
  return tiles.map(({ level, index, hashes }) => {
    const start = Math.max(0, Math.floor(from / 256 ** level) - index * 256);
    return { level, index, start, hashes: hashes.subarray(start * 32) };
  });
}

interface Numbered<T> {
  readonly rows: readonly T[];
  /** Beside each row the number of its log. */
  readonly numbers: readonly number[];
}

function numbered<T>(lists: readonly (readonly T[])[], numbers: readonly number[]): Numbered<T> {
  return { rows: lists.flat(), numbers: lists.flatMap((rows, index) => rows.map(() => numbers[index] as number)) };
}

/** Where each part starts and how long it is in the third: all of them joined. */
function joined(parts: readonly Uint8Array[]): [starts: number[], lengths: number[], bytes: Buffer] {
  let end = 0;
  const starts = parts.map(({ length }) => (end += length) - length);
  return [starts, parts.map(({ length }) => length), Buffer.concat(parts)];
}

function joinHex(texts: readonly string[]): Buffer {
  return Buffer.from(texts.join(''), 'hex');
}

function hexToBytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}
