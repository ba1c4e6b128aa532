import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isMissing, sharedPath } from '../../../scripts/test-environment.ts';
import { verifyConsistency, verifyInclusion } from '../src/index.ts';
import { nodeHasher } from '../src/node.ts';

interface InclusionCase {
  readonly file: string;
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly root: string;
  readonly leafHash: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

interface ConsistencyCase {
  readonly file: string;
  readonly size1: number;
  readonly size2: number;
  readonly root1: string;
  readonly root2: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

const folder = process.env['TALLYSTICK_VECTORS'] ?? sharedPath('vectors');
const skip = isMissing('the folder of public vectors', folder);

function readCases<T>(file: string): T[] {
  return JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as T[];
}

const bytes = (base64: string): Uint8Array => Buffer.from(base64, 'base64');

describe.skipIf(skip)('the RFC 6962 cases of transparency-dev/merkle', () => {
  it('are judged alike for inclusion', () => {
    const cases = readCases<InclusionCase>('rfc6962-inclusion.json');
    expect(cases.length).toBeGreaterThan(0);
    for (const { file, leafIdx, treeSize, root, leafHash, proof, wantErr } of cases) {
      const inclusion = {
        index: leafIdx,
        size: treeSize,
        leaf: bytes(leafHash),
        root: bytes(root),
        proof: (proof ?? []).map(bytes),
      };
      expect(verifyInclusion(inclusion, nodeHasher), file).toBe(!wantErr);
    }
  });

  it('are judged alike for consistency', () => {
    const cases = readCases<ConsistencyCase>('rfc6962-consistency.json');
    expect(cases.length).toBeGreaterThan(0);
    for (const { file, size1, size2, root1, root2, proof, wantErr } of cases) {
      const consistency = {
        first: size1,
        second: size2,
        firstRoot: bytes(root1),
        secondRoot: bytes(root2),
        proof: (proof ?? []).map(bytes),
      };
      expect(verifyConsistency(consistency, nodeHasher), file).toBe(!wantErr);
    }
  });
});
