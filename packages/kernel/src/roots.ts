/** The Merkle tree of one scope's settled ops, as this replica has them: what notes, marks and certificates name by its root. */
import { createTree, type Hasher, leafHash, type Tree } from '@tallystick/chain/hashing';
import { encodeHex, type LogStore, type RootHash, type Scope as ScopeName, type Tip } from '@tallystick/oplog';
import { answerOf, finish, type Steps } from './steps.ts';

/** How far a log reaches, and the compact range of it: all that a tree goes on from. */
export type TreeEnd = Pick<Tip, 'size' | 'frontier'>;

const PAGE = 2000;

/** Root of a log that ends here. Reads and hashes no op. Throws `chain/frontier` where the compact range is not of that size. */
export function rootOfTip(end: TreeEnd, hasher: Hasher): RootHash {
  return encodeHex(createTree(hasher, end).root()) as RootHash;
}

/** The tree over the first `size` records of a scope, computed from the bytes that are stored from `start` on: where the log begins when left out. */
export function treeOf(...of: Parameters<typeof treeSteps>): Promise<Tree> {
  return finish(treeSteps(...of));
}

function* treeSteps(
  log: LogStore,
  scope: ScopeName,
  size: number,
  hasher: Hasher,
  start: TreeEnd = log.base(scope),
): Steps<Tree> {
  const tree = createTree(hasher, start);
  while (tree.size < size) {
    const records = yield* answerOf(log.settled(scope, tree.size, Math.min(PAGE, size - tree.size)));
    if (records.length === 0) break;
    for (const { bytes } of records) tree.append(leafHash(bytes, hasher));
  }
  return tree;
}

/** Its root. */
export function rootOf(...tree: Parameters<typeof treeOf>): Promise<RootHash> {
  return finish(rootSteps(...tree));
}

/** As `rootOf`, for a fold. */
export function* rootSteps(...tree: Parameters<typeof treeOf>): Steps<RootHash> {
  return encodeHex((yield* treeSteps(...tree)).root()) as RootHash;
}
