// The Merkle tree of one scope kept as C2SP tlog-tiles: tile level L holds the hashes of tree level 8L, 256 to a tile. From
// them come proofs and the root at any earlier size (docs/spec/relay.md, "Tree").
import { createTree, type Hasher, type ReadNode } from '@tallystick/chain';
import { encodeHex, type MaybePromise, type RootHash } from '@tallystick/oplog';
import { RelayError } from './errors.ts';
import type { Tile } from './store.ts';
import { tileWidth } from './tile-path.ts';

const tileHeight = 8;
const hashBytes = 32;

export type ReadTile = (level: number, index: number) => MaybePromise<Uint8Array | undefined>;

/** The tiles that change when `leaves` (leaf hashes) join a log of `size` entries; at most the last one of a level is read. Throws `relay/conflict` where one has more. */
export async function growTiles(
  size: number,
  leaves: readonly Uint8Array[],
  readTile: ReadTile,
  hasher: Hasher,
): Promise<Tile[]> {
  const grown: Tile[] = [];
  let start = size;
  let hashes = leaves;
  for (let level = 0; hashes.length > 0; level++) {
    const roots: Uint8Array[] = [];
    let taken = 0;
    while (taken < hashes.length) {
      const index = Math.floor((start + taken) / tileWidth);
      const filled = (start + taken) % tileWidth;
      const added = hashes.slice(taken, taken + tileWidth - filled);
      const before = filled === 0 ? new Uint8Array(0) : await readTile(level, index);
      if (before !== undefined && before.length > filled * hashBytes) {
        throw new RelayError('relay/conflict', `tile ${level}/${index} has grown: another relay wrote first`);
      }
      if (before?.length !== filled * hashBytes) {
        throw new RelayError('relay/store', `tile ${level}/${index} does not hold ${filled} hashes`);
      }
      const tile = concat([before, ...added]);
      grown.push({ level, index, hashes: tile });
      if (filled + added.length === tileWidth) roots.push(subtreeRoot(tile, hasher));
      taken += added.length;
    }
    start = Math.floor(start / tileWidth);
    hashes = roots;
  }
  return grown;
}

/** The root of the first `size` entries. */
export async function rootAt(size: number, readTile: ReadTile, hasher: Hasher): Promise<RootHash> {
  return overTiles(readTile, hasher, (readNode) => rootOver(size, readNode, hasher));
}

/** The same over nodes that are at hand. */
export function rootOver(size: number, readNode: ReadNode, hasher: Hasher): RootHash {
  const frontier: string[] = [];
  let taken = 0;
  for (let level = Math.floor(Math.log2(Math.max(size, 1))); level >= 0; level--) {
    const width = 2 ** level;
    if (taken + width > size) continue;
    frontier.push(encodeHex(readNode(level, taken / width) as Uint8Array));
    taken += width;
  }
  return encodeHex(createTree(hasher, { size, frontier }).root()) as RootHash;
}

/**
 * Runs a synchronous computation over tree nodes against tiles that may have to be awaited: once with blank nodes to learn
 * which tiles it reads (that depends on sizes alone), then with the real ones.
 */
export async function overTiles<T>(readTile: ReadTile, hasher: Hasher, compute: (readNode: ReadNode) => T): Promise<T> {
  const tiles = new Map<string, Uint8Array | undefined>();
  const blank = new Uint8Array(hashBytes);
  compute((level, index) => {
    const place = placeNode(level, index);
    tiles.set(`${place.level}/${place.index}`, undefined);
    return blank;
  });
  for (const name of tiles.keys()) {
    const [level, index] = name.split('/').map(Number) as [number, number];
    tiles.set(name, await readTile(level, index));
  }
  return compute((level, index) => {
    const place = placeNode(level, index);
    const tile = tiles.get(`${place.level}/${place.index}`);
    const end = (place.first + place.count) * hashBytes;
    if (tile === undefined || tile.length < end) {
      throw new RelayError('relay/store', `tile ${place.level}/${place.index} does not reach hash ${place.first}`);
    }
    return subtreeRoot(tile.subarray(place.first * hashBytes, end), hasher);
  });
}

/** Where the leaves below a tree node are: `count` hashes from `first` on in one tile. */
function placeNode(level: number, index: number): { level: number; index: number; first: number; count: number } {
  const within = level % tileHeight;
  const count = 2 ** within;
  const first = index * count;
  return {
    level: (level - within) / tileHeight,
    index: Math.floor(first / tileWidth),
    first: first % tileWidth,
    count,
  };
}

function subtreeRoot(hashes: Uint8Array, hasher: Hasher): Uint8Array {
  const tree = createTree(hasher);
  for (let at = 0; at < hashes.length; at += hashBytes) tree.append(hashes.subarray(at, at + hashBytes));
  return tree.root();
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
