import { encodeHex } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ChainError,
  type Consistency,
  consistencyProof,
  type Inclusion,
  inclusionProof,
  leafHash,
  verifyConsistency,
  verifyInclusion,
} from '../src/index.ts';
import { nodeHasher } from '../src/node.ts';
import { leafData, naiveConsistency, naiveNode, naivePath, naiveRoot } from './merkle-oracle.ts';

const largest = 70;
const data = Array.from({ length: largest }, (_, index) => leafData(index));
const readNode = (level: number, index: number) => naiveNode(level, index, data);
const sizesAndIndex = fc
  .integer({ min: 1, max: largest })
  .chain((size) => fc.record({ size: fc.constant(size), index: fc.nat(size - 1) }));
const twoSizes = fc
  .integer({ min: 1, max: largest })
  .chain((second) => fc.record({ second: fc.constant(second), first: fc.integer({ min: 1, max: second }) }));

function inclusionOf({ size, index }: { size: number; index: number }): Inclusion {
  const leaf = leafHash(leafData(index), nodeHasher);
  const proof = inclusionProof(index, size, readNode, nodeHasher);
  return { index, size, leaf, root: naiveRoot(data.slice(0, size)), proof };
}

function consistencyOf({ first, second }: { first: number; second: number }): Consistency {
  const proof = consistencyProof(first, second, readNode, nodeHasher);
  const [firstRoot, secondRoot] = [naiveRoot(data.slice(0, first)), naiveRoot(data.slice(0, second))];
  return { first, second, firstRoot, secondRoot, proof };
}

function flipped(hash: Uint8Array, bit: number): Uint8Array {
  return hash.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}

/** The right bytes in the wrong container, as a caller without types may have them from JSON. */
function asNumbers(hash: Uint8Array): Uint8Array {
  return [...hash] as unknown as Uint8Array;
}

/** Every way to change one hash, add one or leave one out. */
function mutatedProofs(proof: readonly Uint8Array[], bit: number): Uint8Array[][] {
  const spare = new Uint8Array(32).fill(7);
  return [
    ...proof.map((hash, i) => proof.with(i, flipped(hash, bit))),
    ...proof.map((_, i) => proof.toSpliced(i, 1)),
    ...[...proof, spare].map((_, i) => proof.toSpliced(i, 0, spare)),
    ...proof.map((hash, i) => proof.with(i, hash.subarray(1))),
  ];
}

describe('inclusion', () => {
  it('is proved by the path of RFC 6962', () => {
    fc.assert(
      fc.property(sizesAndIndex, ({ size, index }) => {
        const proof = inclusionProof(index, size, readNode, nodeHasher);
        expect(proof.map(encodeHex)).toEqual(naivePath(index, data.slice(0, size)).map(encodeHex));
        expect(verifyInclusion(inclusionOf({ size, index }), nodeHasher)).toBe(true);
      }),
    );
  });

  it('is refused for every changed proof, leaf, root, index or size', () => {
    fc.assert(
      fc.property(sizesAndIndex, fc.nat(255), (at, bit) => {
        const honest = inclusionOf(at);
        const mutations: Inclusion[] = [
          ...mutatedProofs(honest.proof, bit).map((proof) => ({ ...honest, proof })),
          { ...honest, leaf: flipped(honest.leaf, bit) },
          { ...honest, root: flipped(honest.root, bit) },
          ...Array.from({ length: at.size }, (_, index) => ({ ...honest, index })).toSpliced(at.index, 1),
        ];
        for (const mutation of mutations) expect(verifyInclusion(mutation, nodeHasher)).toBe(false);
      }),
    );
  });

  it('is refused, not thrown at, for malformed numbers and hashes', () => {
    const honest = inclusionOf({ size: 9, index: 4 });
    for (const index of [-1, 9, 4.5, Number.NaN, 2 ** 64]) {
      expect(verifyInclusion({ ...honest, index }, nodeHasher)).toBe(false);
    }
    for (const size of [0, -1, Number.POSITIVE_INFINITY]) {
      expect(verifyInclusion({ ...honest, size }, nodeHasher)).toBe(false);
    }
    expect(verifyInclusion({ ...honest, leaf: new Uint8Array(0) }, nodeHasher)).toBe(false);
    expect(verifyInclusion({ ...honest, proof: honest.proof.map(asNumbers) }, nodeHasher)).toBe(false);
  });

  it('reaches trees beyond 2^32 leaves', () => {
    const size = 2 ** 40 + 1;
    const leaf = new Uint8Array(32).fill(1);
    const stored = new Uint8Array(32).fill(2);
    const proof = inclusionProof(size - 1, size, () => stored, nodeHasher);
    expect(proof).toEqual([stored]);
    const root = nodeHasher.sha256(Buffer.concat([Buffer.of(1), stored, leaf]));
    expect(verifyInclusion({ index: size - 1, size, leaf, root, proof }, nodeHasher)).toBe(true);
  });
});

describe('consistency', () => {
  it('is proved by the hashes of RFC 6962', () => {
    fc.assert(
      fc.property(twoSizes, ({ first, second }) => {
        const proof = consistencyProof(first, second, readNode, nodeHasher);
        expect(proof.map(encodeHex)).toEqual(naiveConsistency(first, data.slice(0, second)).map(encodeHex));
        expect(verifyConsistency(consistencyOf({ first, second }), nodeHasher)).toBe(true);
      }),
    );
  });

  it('is refused for every changed proof and root', () => {
    fc.assert(
      fc.property(twoSizes, fc.nat(255), (sizes, bit) => {
        const honest = consistencyOf(sizes);
        const mutations: Consistency[] = [
          ...mutatedProofs(honest.proof, bit).map((proof) => ({ ...honest, proof })),
          { ...honest, firstRoot: flipped(honest.firstRoot, bit) },
          { ...honest, secondRoot: flipped(honest.secondRoot, bit) },
        ];
        for (const mutation of mutations) expect(verifyConsistency(mutation, nodeHasher)).toBe(false);
      }),
    );
  });

  it('is refused, not thrown at, for malformed numbers and hashes', () => {
    const honest = consistencyOf({ first: 5, second: 9 });
    for (const first of [0, -1, 4.5, 10, Number.NaN, 2 ** 64]) {
      expect(verifyConsistency({ ...honest, first }, nodeHasher)).toBe(false);
    }
    for (const second of [-1, 0, 4, 9.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(verifyConsistency({ ...honest, second }, nodeHasher)).toBe(false);
    }
    expect(verifyConsistency({ ...honest, firstRoot: new Uint8Array(0) }, nodeHasher)).toBe(false);
    expect(verifyConsistency({ ...honest, proof: honest.proof.map(asNumbers) }, nodeHasher)).toBe(false);
    expect(verifyConsistency({ ...honest, proof: [] }, nodeHasher)).toBe(false);
  });

  it('is refused for a log that was rewritten', () => {
    const rewritten = data.with(3, leafData(1000));
    const proof = naiveConsistency(10, rewritten.slice(0, 20));
    const secondRoot = naiveRoot(rewritten.slice(0, 20));
    const firstRoot = naiveRoot(data.slice(0, 10));
    expect(verifyConsistency({ first: 10, second: 20, firstRoot, secondRoot, proof }, nodeHasher)).toBe(false);
  });

  it('holds for a tree and itself, and leads nowhere from nothing', () => {
    const [none, one] = [naiveRoot([]), naiveRoot(data.slice(0, 1))];
    const same = { first: 0, second: 0, firstRoot: none, secondRoot: none, proof: [] };
    expect(verifyConsistency(same, nodeHasher)).toBe(true);
    expect(verifyConsistency({ ...same, secondRoot: one }, nodeHasher)).toBe(false);
    expect(verifyConsistency({ ...same, second: 1, secondRoot: one }, nodeHasher)).toBe(false);
    expect(verifyConsistency({ ...same, first: -1, second: -1 }, nodeHasher)).toBe(false);
  });
});

describe('building proofs', () => {
  it('throws what a caller did wrong, with a code', () => {
    const calls: [() => unknown, string][] = [
      [() => inclusionProof(5, 5, readNode, nodeHasher), 'chain/proof-range'],
      [() => inclusionProof(-1, 5, readNode, nodeHasher), 'chain/proof-range'],
      [() => inclusionProof(1.5, 5, readNode, nodeHasher), 'chain/proof-range'],
      [() => inclusionProof(0, Number.NaN, readNode, nodeHasher), 'chain/proof-range'],
      [() => consistencyProof(1.5, 5, readNode, nodeHasher), 'chain/proof-range'],
      [() => consistencyProof(1, Number.NaN, readNode, nodeHasher), 'chain/proof-range'],
      [() => consistencyProof(0, 5, readNode, nodeHasher), 'chain/proof-range'],
      [() => consistencyProof(6, 5, readNode, nodeHasher), 'chain/proof-range'],
      [() => inclusionProof(0, 5, () => undefined, nodeHasher), 'chain/node-missing'],
    ];
    for (const [call, code] of calls) {
      expect(call).toThrow(ChainError);
      expect(call).toThrow(expect.objectContaining({ code }));
    }
  });
});
