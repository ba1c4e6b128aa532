// Where two logs part: their trees compared from the top, one tile a level, so a log of a million ops takes three reads of the other side.
import { leafHash, type Hasher } from '@tallystick/chain';
import type { BookId, Scope } from '@tallystick/oplog';
import type { RelayStore } from './store.ts';
import { tileWidth } from './tile-path.ts';
import type { ReadTile } from './tiles.ts';

const hashBytes = 32;

/** The first of `size` positions at which two logs that both reach it differ, or undefined where they are the same so far. */
export async function firstDifference(size: number, ours: ReadTile, theirs: ReadTile): Promise<number | undefined> {
  let level = 0;
  while (tileWidth ** (level + 1) <= size) level += 1;
  let from = 0;
  let isFound = false;
  for (; level >= 0; level--) {
    const count = Math.floor(size / tileWidth ** level);
    // Below a node that differs are the children of one tile; beside those that agree is what is not full yet.
    const end = isFound ? Math.min(from + tileWidth, count) : count;
    const differing = await firstDifferentHash(level, from, end, ours, theirs);
    isFound = differing !== undefined;
    from = (differing ?? end) * (level === 0 ? 1 : tileWidth);
  }
  return isFound ? from : undefined;
}

async function firstDifferentHash(
  level: number,
  from: number,
  end: number,
  ours: ReadTile,
  theirs: ReadTile,
): Promise<number | undefined> {
  for (let index = Math.floor(from / tileWidth); index * tileWidth < end; index++) {
    const [left, right] = [await ours(level, index), await theirs(level, index)];
    for (let at = Math.max(from, index * tileWidth); at < Math.min(end, (index + 1) * tileWidth); at++)
      if (!isSameHash(left, right, at - index * tileWidth)) return at;
  }
  return undefined;
}

function isSameHash(left: Uint8Array | undefined, right: Uint8Array | undefined, index: number): boolean {
  const [a, b] = [left, right].map((tile) => tile?.subarray(index * hashBytes, (index + 1) * hashBytes));
  return a?.length === hashBytes && b?.length === hashBytes && a.every((byte, at) => byte === b[at]);
}

/** The first position whose stored record is not the one that the tree was made over, or undefined where all are. */
export async function firstDamaged(
  store: Pick<RelayStore, 'log' | 'records' | 'tile'>,
  book: BookId,
  scope: Scope,
  hasher: Hasher,
): Promise<number | undefined> {
  const { size } = (await store.log(book, scope)) ?? { size: 0 };
  for (let from = 0; from < size; from += tileWidth) {
    // A long log is read beside everything else that is going on.
    if (from % (16 * tileWidth) === 0) await new Promise<void>((resolve) => void setTimeout(resolve, 0));
    const records = await store.records(book, scope, from, Math.min(tileWidth, size - from));
    const hashes = await store.tile(book, scope, 0, from / tileWidth);
    for (let at = 0; at < Math.min(tileWidth, size - from); at++) {
      const bytes = records[at];
      if (bytes === undefined || !isSameHash(leafHash(bytes, hasher), hashes?.subarray(at * hashBytes), 0))
        return from + at;
    }
  }
  return undefined;
}
