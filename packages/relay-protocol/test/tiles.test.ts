import { consistencyProof, createTree, inclusionProof, verifyConsistency, verifyInclusion } from '@tallystick/chain';
import { decodeHex, encodeHex } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growTiles, overTiles, rootAt } from '../src/tiles.ts';
import { hasher } from './fleet.ts';

const leafOf = (index: number): Uint8Array => hasher.sha256(new TextEncoder().encode(`leaf ${index}`));
const leavesOf = (from: number, end: number): Uint8Array[] =>
  Array.from({ length: end - from }, (_, index) => leafOf(from + index));

/** The naive way: a tree over all leaves. */
function plainRoot(size: number): string {
  const tree = createTree(hasher);
  for (const leaf of leavesOf(0, size)) tree.append(leaf);
  return encodeHex(tree.root());
}

class TileBox {
  readonly tiles = new Map<string, Uint8Array>();
  size = 0;
  readonly read = (level: number, index: number): Uint8Array | undefined => this.tiles.get(`${level}/${index}`);

  async grow(count: number): Promise<void> {
    const grown = await growTiles(this.size, leavesOf(this.size, this.size + count), this.read, hasher);
    for (const { level, index, hashes } of grown) this.tiles.set(`${level}/${index}`, hashes);
    this.size += count;
  }
}

async function boxOf(...counts: readonly number[]): Promise<TileBox> {
  const box = new TileBox();
  for (const count of counts) await box.grow(count);
  return box;
}

describe('tiles', () => {
  it('hold the leaf hashes at level 0 and a root of 256 of them at level 1', async () => {
    const box = await boxOf(300);
    expect([...box.tiles.keys()].sort()).toEqual(['0/0', '0/1', '1/0']);
    expect(encodeHex((box.read(0, 1) as Uint8Array).subarray(0, 32))).toBe(encodeHex(leafOf(256)));
    expect(encodeHex(box.read(1, 0) as Uint8Array)).toBe(plainRoot(256));
  });

  it('are the same however the log grew', async () => {
    const counts = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(counts, async (cuts) => {
        const cut = await boxOf(...cuts);
        const whole = await boxOf(cut.size);
        expect(new Map([...cut.tiles].sort())).toEqual(new Map([...whole.tiles].sort()));
      }),
      { numRuns: 30 },
    );
  });

  it('give the root of every earlier size, as a plain tree does', async () => {
    const box = await boxOf(255, 1, 1, 400, 143, 700);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: box.size }), async (size) => {
        expect(await rootAt(size, box.read, hasher)).toBe(plainRoot(size));
      }),
      { numRuns: 60 },
    );
  });

  it('reach a third level', async () => {
    const box = await boxOf(65_535, 3);
    expect(box.read(2, 0)).toHaveLength(32);
    expect(await rootAt(65_538, box.read, hasher)).toBe(plainRoot(65_538));
    expect(await rootAt(65_536, box.read, hasher)).toBe(encodeHex(box.read(2, 0) as Uint8Array));
  });

  it('give proofs that verify, and do not once a hash differs', async () => {
    const box = await boxOf(900);
    const size = fc.integer({ min: 1, max: 900 });
    await fc.assert(
      fc.asyncProperty(size, size, async (left, right) => {
        const [first, second] = left < right ? [left, right] : [right, left];
        const secondRoot = decodeHex(plainRoot(second));
        const proof = await overTiles(box.read, hasher, (read) => consistencyProof(first, second, read, hasher));
        const check = { first, second, firstRoot: decodeHex(plainRoot(first)), secondRoot, proof };
        expect(verifyConsistency(check, hasher)).toBe(true);
        expect(verifyConsistency({ ...check, firstRoot: leafOf(1) }, hasher)).toBe(false);
        const index = first - 1;
        const path = await overTiles(box.read, hasher, (read) => inclusionProof(index, second, read, hasher));
        const inclusion = { index, size: second, leaf: leafOf(index), root: secondRoot, proof: path };
        expect(verifyInclusion(inclusion, hasher)).toBe(true);
        expect(verifyInclusion({ ...inclusion, leaf: leafOf(index + 1) }, hasher)).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  it('say so when the store has lost one', async () => {
    const box = await boxOf(300);
    box.tiles.delete('0/1');
    await expect(rootAt(300, box.read, hasher)).rejects.toMatchObject({ code: 'relay/store' });
    await expect(box.grow(1)).rejects.toMatchObject({ code: 'relay/store' });
  });
});
