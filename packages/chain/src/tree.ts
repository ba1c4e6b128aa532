// The RFC 6962 Merkle tree over record bytes, kept as its compact range: one hash for each complete subtree, largest first.
import { encodeHex } from '@tallystick/oplog';
import { ChainError } from './errors.ts';
import type { Hasher } from './hasher.ts';
import { parseDigestHex } from './hex.ts';

/** A tree that only grows. It holds O(log size) hashes. */
export interface Tree {
  readonly size: number;
  /** Takes a leaf HASH (see `leafHash`), not leaf data. */
  append(leaf: Uint8Array): void;
  /** The root hash; of the empty tree SHA-256 of nothing. */
  root(): Uint8Array;
  /** The complete subtrees as hex, largest first: with `size` all that `createTree` needs to go on. */
  frontier(): string[];
  clone(): Tree;
}

/** Memory outside the heap costs more than hashing a record, so every preimage of usual length is put together here. */
const leafPreimage = new Uint8Array(1 << 12);
const nodePreimage = Uint8Array.of(1, ...new Uint8Array(64));

/** SHA-256(0x00 || data). The data of an op's leaf is its record bytes. */
export function leafHash(data: Uint8Array, hasher: Hasher): Uint8Array {
  const size = 1 + data.length;
  const preimage = size > leafPreimage.length ? new Uint8Array(size) : leafPreimage.subarray(0, size);
  preimage.set(data, 1);
  return hasher.sha256(preimage);
}

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array, hasher: Hasher): Uint8Array {
  nodePreimage.set(left, 1);
  nodePreimage.set(right, 33);
  return hasher.sha256(nodePreimage);
}

/** Starts empty, or from a stored size and frontier. Throws `chain/frontier` when those two do not belong together. */
export function createTree(hasher: Hasher, start?: { size: number; frontier: readonly string[] }): Tree {
  if (start === undefined) return growTree(hasher, 0, []);
  const { size, frontier } = start;
  const subtrees = frontier.map(parseDigestHex).filter((subtree) => subtree !== undefined);
  const fits = Number.isSafeInteger(size) && size >= 0 && countOnes(size) === frontier.length;
  if (!fits || subtrees.length !== frontier.length) {
    throw new ChainError('chain/frontier', `size ${size} with ${frontier.length} subtrees is not a compact range`);
  }
  return growTree(hasher, size, subtrees);
}

function growTree(hasher: Hasher, startSize: number, subtrees: Uint8Array[]): Tree {
  let size = startSize;
  return {
    get size() {
      return size;
    },
    append(leaf) {
      let subtree = leaf;
      for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
        subtree = nodeHash(subtrees.pop() as Uint8Array, subtree, hasher);
      }
      subtrees.push(subtree);
      size += 1;
    },
    root: () =>
      subtrees.length === 0
        ? hasher.sha256(new Uint8Array(0))
        : subtrees.reduceRight((right, left) => nodeHash(left, right, hasher)),
    frontier: () => subtrees.map(encodeHex),
    clone: () => growTree(hasher, size, [...subtrees]),
  };
}

function countOnes(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}
