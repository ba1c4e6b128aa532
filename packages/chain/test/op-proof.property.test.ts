// Properties of trees, cosignatures and the proof of an op: what was grown is what is built from nothing, and no bit may change.
import { encodeHex, type OpRecord, parseRootHash } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ChainError,
  createTree,
  encodeCheckpoint,
  inclusionProof,
  leafHash,
  type NoteSigner,
  parseVerifierKey,
  signNote,
  type VerifySignature,
} from '../src/index.ts';
import {
  cosignCheckpoint,
  encodeCosignerKey,
  encodeOpProof,
  encodeTlogProof,
  openCosignature,
  parseCosignerKey,
  parseTlogProof,
  verifyOpProof,
} from '../src/op-proof.ts';
import { nodeHasher as hasher } from '../src/node.ts';
import { anyCharacter, deviceNamed, makeChain } from './fixtures.ts';
import { naiveFrontier, naiveNode, naivePath, naiveRoot } from './merkle-oracle.ts';
import { makeSigner, verifyEd25519 } from './note-keys.ts';

const [log, witness] = [makeSigner('relay.example'), makeSigner('witness.example/w1')];
const origin = 'relay.example/tea/hq';
const records = makeChain(deviceNamed('root'), 9);
const data = records.map(({ bytes }) => bytes);

function checkpointOf(size: number): string {
  const root = parseRootHash(encodeHex(naiveRoot(data.slice(0, size))));
  if (root === undefined) throw new Error('a root is a hash');
  return signNote(encodeCheckpoint({ origin, size, root }), log, hasher) as string;
}

function proofOf(index: number, size: number): string {
  const readNode = (level: number, at: number): Uint8Array | undefined => naiveNode(level, at, data.slice(0, size));
  const proof = inclusionProof(index, size, readNode, hasher);
  const checkpoint = cosignCheckpoint(checkpointOf(size), witness, 1_764_500_000, hasher) as string;
  return encodeOpProof(records[index] as OpRecord, { index, proof, checkpoint });
}

const check = { origin, log, cosigners: [witness], quorum: 1, verify: verifyEd25519, hasher };

describe('a tree', () => {
  it('that went on from any stored state is the one built from nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 70 }), fc.nat(70), (entries, stop) => {
        const early = createTree(hasher);
        for (const entry of entries.slice(0, stop)) early.append(leafHash(entry, hasher));
        const tree = createTree(hasher, { size: early.size, frontier: early.frontier() });
        for (const entry of entries.slice(stop)) tree.append(leafHash(entry, hasher));
        const grown = [tree.size, encodeHex(tree.root()), tree.frontier()];
        expect(grown).toEqual([entries.length, encodeHex(naiveRoot(entries)), naiveFrontier(entries).map(encodeHex)]);
        // O(log n): one hash for each 1 bit of the size.
        expect(tree.frontier().length).toBeLessThanOrEqual(Math.ceil(Math.log2(entries.length + 1)));
      }),
    );
  });
});

describe('the proof of an op', () => {
  it('is accepted for every op at every size', async () => {
    for (let size = 1; size <= records.length; size++) {
      for (let index = 0; index < size; index++) {
        expect(await verifyOpProof(proofOf(index, size), check)).toMatchObject({
          ok: true,
          value: { position: index, record: { hash: records[index]?.hash }, cosigners: [witness.name] },
        });
      }
    }
  });

  it('is refused with any byte changed, whatever the change', async () => {
    const text = proofOf(4, 7);
    const bytes = new TextEncoder().encode(text);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 127 }), async (at, mask) => {
        const changed = Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ mask : byte));
        const verdict = await verifyOpProof(new TextDecoder().decode(changed), check);
        expect(verdict.ok).toBe(false);
      }),
      { numRuns: 600 },
    );
  });

  it('cannot be moved to another op, size or log', async () => {
    const path = naivePath(4, data.slice(0, 7));
    for (const [index, record] of records.entries()) {
      const moved = encodeOpProof(record, { index, proof: path, checkpoint: checkpointOf(7) });
      expect((await verifyOpProof(moved, { ...check, quorum: 0 })).ok).toBe(index === 4);
    }
    expect(await verifyOpProof(proofOf(4, 7), { ...check, origin: 'relay.example/tea/b/042' })).toMatchObject({
      code: 'chain/tlog-proof-origin',
    });
  });

  it('says what is wrong with the note that it carries', async () => {
    const proof = { index: 0, proof: [] };
    const record = records[0] as OpRecord;
    const prove = (checkpoint: string) => verifyOpProof(encodeOpProof(record, { ...proof, checkpoint }), check);
    expect(await prove(signNote('no checkpoint\n', log, hasher) as string)).toMatchObject({
      code: 'chain/checkpoint-format',
    });
    expect(await prove(checkpointOf(1))).toMatchObject({ code: 'chain/tlog-proof-quorum' });
    const { cosigners: _, quorum: __, ...alone } = check;
    const text = encodeOpProof(record, { ...proof, checkpoint: checkpointOf(1) });
    expect(await verifyOpProof(text, alone)).toMatchObject({ ok: true, value: { cosigners: [] } });
    const unsigned = encodeTlogProof({ ...proof, checkpoint: checkpointOf(1) });
    expect(await verifyOpProof(unsigned, check)).toMatchObject({ code: 'chain/tlog-proof-record' });
  });

  it('reads back what was written, and reads nothing else without a word', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const extra = fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined });
    fc.assert(
      fc.property(fc.nat(), fc.array(hash, { maxLength: 64 }), extra, (index, proof, extra) => {
        const written = { index, proof, checkpoint: 'a\n1\n', ...(extra === undefined ? {} : { extra }) };
        expect(parseTlogProof(encodeTlogProof(written))).toStrictEqual({ ok: true, value: written });
      }),
    );
    fc.assert(fc.property(fc.string({ unit: anyCharacter }), (text) => !parseTlogProof(text).ok));
    const spare = new Uint8Array(32);
    const longest = { index: 0, proof: Array.from({ length: 64 }, () => spare), checkpoint: 'a\n1\n' };
    const text = encodeTlogProof(longest);
    expect(parseTlogProof(text)).toStrictEqual({ ok: true, value: longest });
    const filled = text + 'x'.repeat(2 ** 21 - text.length);
    expect(parseTlogProof(filled).ok).toBe(true);
    const empty = encodeTlogProof({ ...longest, proof: [] });
    for (const other of [
      `${filled}x`,
      text.replace('\n\n', `\n${'A'.repeat(43)}=\n\n`),
      empty.replace('index', 'x\nindex'),
      empty.replace('index', 'xindex'),
      empty.replace('index', 'extra A\nindex'),
      empty.replace('\n\n', '\n'),
      'c2sp.org/tlog-proof@v1\n\n',
      'c2sp.org/tlog-proof@v1\nextra AA==\n\n',
    ]) {
      expect(parseTlogProof(other)).toMatchObject({ ok: false, code: 'chain/tlog-proof-format' });
    }
    for (const bad of [
      { index: -1 },
      { index: 1.5 },
      { index: 2 ** 53 },
      { proof: [new Uint8Array(31)] },
      { proof: [spare, new Uint8Array(33)] },
      { proof: Array.from({ length: 65 }, () => spare) },
      { checkpoint: 'no newline' },
    ]) {
      expect(() => encodeTlogProof({ index: 0, proof: [], checkpoint: '\n', ...bad })).toThrow(
        expect.objectContaining({ code: 'chain/proof-range' }),
      );
    }
  });
});

describe('a cosignature', () => {
  it('opens with its key alone, and the key has a type of its own', async () => {
    const note = cosignCheckpoint(checkpointOf(3), witness, 7, hasher) as string;
    expect(await openCosignature(note, witness, verifyEd25519, hasher)).toMatchObject({
      ok: true,
      value: { timeSeconds: 7, checkpoint: { origin, size: 3 } },
    });
    expect(await openCosignature(note, log, verifyEd25519, hasher)).toMatchObject({ code: 'chain/note-unsigned' });
    const vkey = encodeCosignerKey(witness, hasher);
    expect(parseCosignerKey(vkey, hasher)).toMatchObject({ ok: true, value: { name: witness.name } });
    expect(parseVerifierKey(vkey, hasher)).toMatchObject({ code: 'chain/verifier-key' });
  });

  it('is of a second that a number holds, and has 64 bytes beside it, whatever a verifier says', async () => {
    const note = checkpointOf(3);
    for (const time of [0, Number.MAX_SAFE_INTEGER]) {
      const cosigned = await cosignCheckpoint(note, witness, time, hasher);
      expect(await openCosignature(cosigned, witness, verifyEd25519, hasher)).toMatchObject({
        value: { timeSeconds: time },
      });
    }
    expect(() => cosignCheckpoint(note, witness, 2 ** 53, hasher)).toThrow(
      expect.objectContaining({ code: 'chain/checkpoint' }),
    );
    const [text = '', encoded = ''] = (await cosignCheckpoint(note, witness, 7, hasher)).split(` ${witness.name} `);
    for (const length of [75, 77]) {
      const line = Buffer.concat([Buffer.from(encoded, 'base64'), Buffer.alloc(1)]).subarray(0, length);
      const changed = `${text} ${witness.name} ${line.toString('base64')}\n`;
      expect(await openCosignature(changed, witness, () => true, hasher)).toMatchObject({
        code: 'chain/note-signature',
      });
    }
    const short: NoteSigner = { ...witness, sign: async () => new Uint8Array(63) };
    await expect(cosignCheckpoint(note, short, 7, hasher)).rejects.toMatchObject({ code: 'chain/checkpoint' });
  });

  it('is made of a checkpoint and a second alone, by a signer that answers now or later', async () => {
    const note = checkpointOf(3);
    const later: NoteSigner = { ...witness, sign: async (message) => witness.sign(message) };
    const cosigned = await cosignCheckpoint(note, later, 7, hasher);
    const verifyLater: VerifySignature = async (key, message, signature) => verifyEd25519(key, message, signature);
    expect(await openCosignature(cosigned, witness, verifyLater, hasher)).toMatchObject({ ok: true });
    const plain = signNote('no checkpoint\n', log, hasher) as string;
    for (const [text, time] of [
      ['', 1],
      [plain, 1],
      [note, -1],
      [note, 1.5],
    ] as const) {
      expect(() => cosignCheckpoint(text, witness, time, hasher)).toThrow(ChainError);
    }
    const mute: NoteSigner = { ...witness, sign: () => new Uint8Array(0) };
    expect(() => cosignCheckpoint(note, mute, 7, hasher)).toThrow(ChainError);
  });
});
