// RFC 6962 inclusion and consistency proofs (algorithms of RFC 9162 sections 2.1.3 and 2.1.4): built from stored complete
// subtrees, checked from nothing but the roots.
import { ChainError } from './errors.ts';
import type { Hasher } from './hasher.ts';
import { equalBytes } from './hex.ts';
import { nodeHash } from './tree.ts';

/** The hash of the complete subtree over leaves [index * 2^level, (index + 1) * 2^level); undefined when it is not stored. */
export type ReadNode = (level: number, index: number) => Uint8Array | undefined;

export interface Inclusion {
  readonly index: number;
  readonly size: number;
  /** The leaf HASH. */
  readonly leaf: Uint8Array;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

export interface Consistency {
  readonly first: number;
  readonly second: number;
  readonly firstRoot: Uint8Array;
  readonly secondRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** The audit path of leaf `index` in the tree of `size` leaves, lowest sibling first. Throws `chain/proof-range`. */
export function inclusionProof(index: number, size: number, readNode: ReadNode, hasher: Hasher): Uint8Array[] {
  if (!isSize(size) || !isSize(index) || index >= size) {
    throw new ChainError('chain/proof-range', `leaf ${index} is not in a tree of ${size}`);
  }
  const path: Uint8Array[] = [];
  let begin = 0;
  let end = size;
  while (end - begin > 1) {
    const middle = begin + splitPoint(end - begin);
    if (index < middle) {
      path.push(rangeHash(middle, end, readNode, hasher));
      end = middle;
    } else {
      path.push(rangeHash(begin, middle, readNode, hasher));
      begin = middle;
    }
  }
  return path.reverse();
}

/** The proof that the tree of `first` leaves is a prefix of the tree of `second`; 0 < first <= second or `chain/proof-range`. */
export function consistencyProof(first: number, second: number, readNode: ReadNode, hasher: Hasher): Uint8Array[] {
  if (!isSize(first) || !isSize(second) || first < 1 || first > second) {
    throw new ChainError('chain/proof-range', `no consistency proof leads from ${first} to ${second}`);
  }
  const path: Uint8Array[] = [];
  let begin = 0;
  let end = second;
  while (first < end) {
    const middle = begin + splitPoint(end - begin);
    if (first <= middle) {
      path.push(rangeHash(middle, end, readNode, hasher));
      end = middle;
    } else {
      path.push(rangeHash(begin, middle, readNode, hasher));
      begin = middle;
    }
  }
  if (begin > 0) path.push(rangeHash(begin, end, readNode, hasher));
  return path.reverse();
}

/** True when the leaf is at `index` in the tree with this size and root. False for anything malformed. */
export function verifyInclusion({ index, size, leaf, root, proof }: Inclusion, hasher: Hasher): boolean {
  if (!isSize(index) || !isSize(size) || index >= size || !isDigests([leaf, root, ...proof])) return false;
  let node = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash, hasher);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, half(last)];
    } else {
      hash = nodeHash(hash, sibling, hasher);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equalBytes(hash, root);
}

/** True when `firstRoot` over `first` leaves is a prefix of `secondRoot` over `second`. False for anything malformed. */
export function verifyConsistency(
  { first, second, firstRoot, secondRoot, proof }: Consistency,
  hasher: Hasher,
): boolean {
  if (!isSize(first) || !isSize(second) || !isDigests([firstRoot, secondRoot, ...proof])) return false;
  if (first === second) return proof.length === 0 && equalBytes(firstRoot, secondRoot);
  if (first < 1 || first > second) return false;
  let node = first - 1;
  let last = second - 1;
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  // A first tree that is one complete subtree is its own starting point; the proof leaves it out.
  const [start, ...siblings] = node === 0 ? [firstRoot, ...proof] : proof;
  if (start === undefined) return false;
  let [firstHash, secondHash] = [start, start];
  for (const sibling of siblings) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      firstHash = nodeHash(sibling, firstHash, hasher);
      secondHash = nodeHash(sibling, secondHash, hasher);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, half(last)];
    } else {
      secondHash = nodeHash(secondHash, sibling, hasher);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equalBytes(firstHash, firstRoot) && equalBytes(secondHash, secondRoot);
}

/** MTH of leaves [begin, end), where `begin` is a multiple of the smallest power of two that is not below the length. */
function rangeHash(begin: number, end: number, readNode: ReadNode, hasher: Hasher): Uint8Array {
  const subtrees: Uint8Array[] = [];
  for (let at = begin; at < end; ) {
    const width = splitPoint(end - at + 1);
    const level = Math.log2(width);
    const subtree = readNode(level, at / width);
    if (subtree === undefined) {
      throw new ChainError('chain/node-missing', `the subtree at level ${level}, index ${at / width} is not stored`);
    }
    subtrees.push(subtree);
    at += width;
  }
  return subtrees.reduceRight((right, left) => nodeHash(left, right, hasher));
}

/** The largest power of two below `size`; 1 for a size of 1. */
function splitPoint(size: number): number {
  let width = 1;
  while (width * 2 < size) width *= 2;
  return width;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isDigests(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash instanceof Uint8Array && hash.length === 32);
}
