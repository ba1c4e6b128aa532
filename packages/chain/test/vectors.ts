// The vectors of docs/spec/chain.md that need no device keys. Runs in Node and in a browser, so it uses nothing of either.
import { decodeHex, encodeHex, type Result } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import checkpointVectors from '../../../fixtures/chain/checkpoint.json' with { type: 'json' };
import cosignatureVectors from '../../../fixtures/chain/cosignature.json' with { type: 'json' };
import frontierVectors from '../../../fixtures/chain/frontier.json' with { type: 'json' };
import noteVectors from '../../../fixtures/chain/note.json' with { type: 'json' };
import opProofVectors from '../../../fixtures/chain/op-proof.json' with { type: 'json' };
import proofVectors from '../../../fixtures/chain/proof.json' with { type: 'json' };
import treeVectors from '../../../fixtures/chain/tree.json' with { type: 'json' };
import {
  consistencyProof,
  createTree,
  inclusionProof,
  leafHash,
  portableHasher as hasher,
  type NoteKey,
  openNote,
  parseCheckpoint,
  parseVerifierKey,
  type VerifySignature,
  verifyConsistency,
  verifyInclusion,
} from '../src/index.ts';
import { openCosignature, parseCosignerKey, verifyOpProof } from '../src/op-proof.ts';

const verifyNative: VerifySignature = async (publicKey, message, signature) => {
  const { subtle } = globalThis.crypto;
  const key = await subtle.importKey('raw', Uint8Array.from(publicKey), 'Ed25519', false, ['verify']);
  return subtle.verify('Ed25519', key, Uint8Array.from(signature), Uint8Array.from(message));
};

/** Hash of the complete subtree, grown from its leaves alone. */
function nodeOf(leaves: readonly Uint8Array[], level: number, index: number): Uint8Array {
  const tree = createTree(hasher);
  for (const leaf of leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)) tree.append(leaf);
  return tree.root();
}

function keyOf(key: Result<NoteKey>): NoteKey {
  if (!key.ok) throw new Error(key.message);
  return key.value;
}

/** The code of what is thrown, with the matchers that every browser's suite has. */
function codeThrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return (error as { readonly code?: unknown }).code;
  }
  return undefined;
}

export function runVectors(): void {
  describe('vectors', () => {
    it.each(treeVectors)('tree: $name', ({ input, expect: expected }) => {
      const leaves = input.leaves.map((data) => leafHash(decodeHex(data), hasher));
      const size = leaves.length;
      const roots = [...leaves, undefined].map((_, end) => nodeOf(leaves.slice(0, end), 30, 0));
      const tree = createTree(hasher);
      for (const leaf of leaves) tree.append(leaf);
      expect([encodeHex(tree.root()), tree.frontier()]).toEqual([expected.root, expected.frontier]);
      const readNode = (level: number, index: number): Uint8Array => nodeOf(leaves, level, index);
      const root = decodeHex(expected.root);
      for (const [index, leaf] of leaves.entries()) {
        const proof = inclusionProof(index, size, readNode, hasher);
        expect(proof.map(encodeHex)).toEqual(expected.inclusion[index]);
        expect(verifyInclusion({ index, size, leaf, root, proof }, hasher)).toBe(true);
        const first = index + 1;
        const shared = consistencyProof(first, size, readNode, hasher);
        expect(shared.map(encodeHex)).toEqual(expected.consistency[index]);
        const firstRoot = roots[first] ?? new Uint8Array(0);
        const consistency = { first, second: size, firstRoot, secondRoot: root, proof: shared };
        expect(verifyConsistency(consistency, hasher)).toBe(true);
      }
    });

    it.each(frontierVectors)('frontier: $name', ({ input, expect: expected }) => {
      if (!expected.ok) {
        expect(codeThrown(() => createTree(hasher, input))).toBe(expected.code);
        return;
      }
      const tree = createTree(hasher, input);
      expect({ ok: true, root: encodeHex(tree.root()) }).toEqual(expected);
      expect([tree.size, tree.frontier()]).toEqual([input.size, input.frontier]);
    });

    it.each(proofVectors)('proof: $name', ({ input, expect: expected }) => {
      const bytes = (name: string): Uint8Array => decodeHex((input as unknown as Record<string, string>)[name] ?? '');
      const proof = input.proof.map(decodeHex);
      const { index = 0, size = 0, first = 0, second = 0 } = input;
      const valid =
        input.kind === 'inclusion'
          ? verifyInclusion({ index, size, leaf: bytes('leaf'), root: bytes('root'), proof }, hasher)
          : verifyConsistency(
              { first, second, firstRoot: bytes('firstRoot'), secondRoot: bytes('secondRoot'), proof },
              hasher,
            );
      expect(valid).toBe(expected.valid);
    });

    it.each(noteVectors)('note: $name', async ({ input, expect: expected }) => {
      const key = parseVerifierKey(input.vkey, hasher);
      if (!key.ok) return expect({ ok: false, code: key.code }).toEqual(expected);
      const opened = await openNote(input.note, key.value, verifyNative, hasher);
      return expect(opened.ok ? { ok: true, body: opened.value.body } : { ok: false, code: opened.code }).toEqual(
        expected,
      );
    });

    it.each(cosignatureVectors)('cosignature: $name', async ({ input, expect: expected }) => {
      const key = parseCosignerKey(input.vkey, hasher);
      const opened = key.ok ? await openCosignature(input.note, key.value, verifyNative, hasher) : key;
      const { ok } = opened;
      const got = ok
        ? { ok, timeSeconds: opened.value.timeSeconds, size: opened.value.checkpoint.size }
        : { ok, code: opened.code };
      expect(got).toEqual(expected);
    });

    it.each(opProofVectors)('op proof: $name', async ({ input, expect: expected }) => {
      const { proof, origin, quorum } = input;
      const cosigners = input.cosigners.map((vkey) => keyOf(parseCosignerKey(vkey, hasher)));
      const log = keyOf(parseVerifierKey(input.vkey, hasher));
      const proven = await verifyOpProof(proof, { origin, log, cosigners, quorum, verify: verifyNative, hasher });
      const { ok } = proven;
      if (!ok) return expect({ ok, code: proven.code }).toEqual(expected);
      const { record, position, checkpoint, cosigners: cosigned } = proven.value;
      const got = { ok, hash: record.hash, position, size: checkpoint.size, cosigned: cosigned.length };
      return expect(got).toEqual(expected);
    });

    it.each(checkpointVectors)('checkpoint: $name', ({ input, expect: expected }) => {
      const parsed = parseCheckpoint(input.body);
      expect(parsed.ok ? { ok: true, ...parsed.value } : { ok: false, code: parsed.code }).toEqual(expected);
    });
  });
}
