/** The Merkle tree of one scope's settled ops, computed from what is stored here: for proofs that a device makes without its relay. */
import { createTree, type Hasher, leafHash, type ReadNode, type Tree } from '@tallystick/chain';
import { decodeHex, type LogStore, type OpRecord, type Scope as ScopeName } from '@tallystick/oplog';
import type { TreeEnd } from './roots.ts';

const PAGE = 2000;

/**
 * The complete subtrees over the first `size` ops of a scope. Hashes every stored op once. A log that begins later has the subtrees of its base and those
 * after it, and answers undefined for what is only in an archive.
 */
export async function ownNodes(log: LogStore, scope: ScopeName, size: number, hasher: Hasher): Promise<ReadNode> {
  const base = log.base(scope);
  const nodes = new Map<string, Uint8Array>();
  let begin = 0;
  for (const subtree of base.frontier) {
    const level = Math.floor(Math.log2(base.size - begin));
    nodes.set(`${level}/${begin / 2 ** level}`, decodeHex(subtree));
    begin += 2 ** level;
  }
  for (let from = base.size; from < size; from += PAGE) {
    const records = await log.settled(scope, from, Math.min(PAGE, size - from));
    for (const [index, { bytes }] of records.entries()) nodes.set(`0/${from + index}`, leafHash(bytes, hasher));
  }
  return readNodes(nodes, hasher);
}

/** Subtrees over nodes that are known, leaves at least; what was computed is kept. */
export function readNodes(nodes: Map<string, Uint8Array>, hasher: Hasher): ReadNode {
  const read: ReadNode = (level, index) => {
    const known = nodes.get(`${level}/${index}`);
    if (known !== undefined || level === 0) return known;
    const [left, right] = [read(level - 1, 2 * index), read(level - 1, 2 * index + 1)];
    if (left === undefined || right === undefined) return undefined;
    const pair = createTree(hasher);
    pair.append(left);
    pair.append(right);
    nodes.set(`${level}/${index}`, pair.root());
    return pair.root();
  };
  return read;
}

/** The tree of a log that goes on with these records from where it ended. Throws `chain/frontier` where the compact range is not of that size. */
export function treeAfter(end: TreeEnd, records: readonly OpRecord[], hasher: Hasher): Tree {
  const tree = createTree(hasher, end);
  for (const { bytes } of records) tree.append(leafHash(bytes, hasher));
  return tree;
}
