// What a device needs that writes: hashes of ops, and the tree over them. Checking what others wrote is in the main entry.
export { type Hasher, portableHasher } from './hasher.ts';
export { hashOp } from './record.ts';
export { createTree, leafHash, type Tree } from './tree.ts';
