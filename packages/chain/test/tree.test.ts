import { encodeHex } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTree, leafHash, portableHasher } from '../src/index.ts';
import { nodeHasher } from '../src/node.ts';
import { leafData, naiveRoot } from './merkle-oracle.ts';

const sizes = fc.nat(130);

function treeOf(size: number, hasher = nodeHasher) {
  const tree = createTree(hasher);
  for (let index = 0; index < size; index++) tree.append(leafHash(leafData(index), hasher));
  return tree;
}

function dataOf(size: number): Uint8Array[] {
  return Array.from({ length: size }, (_, index) => leafData(index));
}

describe('tree', () => {
  it('has the root of SHA-256 of nothing while it is empty', () => {
    const tree = createTree(portableHasher);
    expect(encodeHex(tree.root())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect([tree.size, tree.frontier()]).toEqual([0, []]);
  });

  it('hashes a leaf of nothing as RFC 6962 does', () => {
    const leaf = leafHash(new Uint8Array(0), portableHasher);
    expect(encodeHex(leaf)).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  });

  it('hashes leaves of every length alike, whatever was hashed before', () => {
    for (const length of [70_000, 4094, 4095, 4096, 4097, 1, 0]) {
      const data = new Uint8Array(length).fill(7);
      expect(encodeHex(leafHash(data, nodeHasher)), `${length}`).toBe(nodeHasher.sha256Hex(Uint8Array.of(0, ...data)));
    }
  });

  it('has the root of the RFC 6962 recursion at every size', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        expect(encodeHex(treeOf(size).root())).toBe(encodeHex(naiveRoot(dataOf(size))));
        expect(encodeHex(treeOf(size, portableHasher).root())).toBe(encodeHex(naiveRoot(dataOf(size))));
      }),
    );
  });

  it('goes on from its size and frontier as if it had never stopped', () => {
    fc.assert(
      fc.property(sizes, sizes, (size, more) => {
        const stopped = treeOf(size);
        const tree = createTree(nodeHasher, { size: stopped.size, frontier: stopped.frontier() });
        for (let index = size; index < size + more; index++) tree.append(leafHash(leafData(index), nodeHasher));
        expect(tree.size).toBe(size + more);
        expect(encodeHex(tree.root())).toBe(encodeHex(treeOf(size + more).root()));
        expect(tree.frontier()).toEqual(treeOf(size + more).frontier());
      }),
    );
  });

  it('gives clones that grow apart', () => {
    const tree = treeOf(7);
    const clone = tree.clone();
    clone.append(leafHash(leafData(7), nodeHasher));
    expect([tree.size, clone.size]).toEqual([7, 8]);
    expect(encodeHex(tree.root())).toBe(encodeHex(treeOf(7).root()));
    expect(encodeHex(clone.root())).toBe(encodeHex(treeOf(8).root()));
  });

  it('changes its root with any leaf and any order', () => {
    const swapped = createTree(nodeHasher);
    for (const index of [1, 0, 2]) swapped.append(leafHash(leafData(index), nodeHasher));
    expect(encodeHex(swapped.root())).not.toBe(encodeHex(treeOf(3).root()));
  });

  it('does not start from a frontier that is not of its size', () => {
    const [only = ''] = treeOf(4).frontier();
    for (const [size, frontier] of [
      [3, [only]],
      [4, [only, only]],
      [4, ['ff']],
      [4, [only.toUpperCase()]],
      [-1, []],
      [1.5, [only]],
      [2 ** 53, [only]],
      [Number.NaN, []],
    ] as const) {
      expect(() => createTree(nodeHasher, { size, frontier })).toThrow(
        expect.objectContaining({ name: 'ChainError', code: 'chain/frontier' }),
      );
    }
  });
});
