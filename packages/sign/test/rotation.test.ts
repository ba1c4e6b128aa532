import { encodeHex, type OpRecord } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import {
  type DeviceKey,
  judgeRotation,
  keyIdAfter,
  keyRotatedTo,
  parseRotateArgs,
  type RotateArgs,
  signOp,
} from '../src/index.ts';
import { nodeEd25519 } from '../src/node.ts';
import { createKeyInForce, type KeysKnown, laterKey, proveRotation } from '../src/rotation.ts';
import { hasher, makeOp, newKey, now, openBook } from './fixtures.ts';

const first = newKey();
const second = newKey();
const { genesis, book } = openBook(first);
const later = laterKey(first.device, second);

function next(prev: OpRecord, key: DeviceKey, verb = 'test.note@1', args = {}): OpRecord {
  const op = makeOp({ key, verb, args, prev: prev.hash, seq: prev.op.seq + 1 });
  return now(signOp(op, key, book, hasher));
}

const proof: RotateArgs = await proveRotation(genesis.hash, second);
const rotation = next(genesis, first, 'device.rotate@1', { ...proof });
const after = next(rotation, later);
const afterThat = next(after, later);

describe('a rotation', () => {
  it('is agreed to by the new key at its place, and nowhere else', async () => {
    const judge = (record: OpRecord) => judgeRotation(record.op, record.keyId, nodeEd25519, hasher);
    expect(await judge(rotation)).toEqual({ ok: true, value: proof });
    const elsewhere = next(after, later, 'device.rotate@1', { ...(await proveRotation(after.hash, newKey())) });
    expect(await judge({ ...elsewhere, op: { ...elsewhere.op, prev: genesis.hash } })).toMatchObject({
      code: 'sign/proof',
    });
    const { prev: _, ...nowhere } = rotation.op;
    expect(await judge({ ...rotation, op: nowhere })).toMatchObject({ code: 'sign/args' });
    expect(await judge({ ...rotation, keyId: second.keyId })).toMatchObject({ code: 'sign/key' });
  });

  it('hands the chain to the key that it names', () => {
    expect(keyRotatedTo(rotation.op)).toEqual({ keyId: second.keyId, publicKey: second.publicKey });
    expect(keyIdAfter(genesis)).toBe(first.keyId);
    expect(keyIdAfter(rotation)).toBe(second.keyId);
    expect(keyIdAfter(after)).toBe(second.keyId);
  });

  it.each([
    ['of another verb', { verb: 'device.enroll@1', args: { ...proof } }],
    ['without a key', { verb: 'device.rotate@1', args: { proof: proof.proof } }],
    ['with a key that is no text', { verb: 'device.rotate@1', args: { ...proof, key: 7 } }],
    ['with a key in a list', { verb: 'device.rotate@1', args: { ...proof, key: [proof.key] } }],
    ['with a key of another form', { verb: 'device.rotate@1', args: { ...proof, key: proof.key.toUpperCase() } }],
  ])('is none %s', (_name, { verb, args }) => {
    expect(keyRotatedTo(makeOp({ key: first, verb, args }))).toBeUndefined();
  });
});

it.each([
  ['digits more', { ...proof, proof: `${proof.proof}00` }],
  ['digits before', { ...proof, proof: `00${proof.proof}` }],
  ['no text', { ...proof, proof: 7 }],
  ['a text in a list', { ...proof, proof: [proof.proof] }],
])('a proof of %s is none', (_name, args) => {
  expect(parseRotateArgs(args)).toMatchObject({ ok: false, code: 'sign/args' });
});

describe('a later key', () => {
  it('signs as the device it belongs to', () => {
    expect(later).toMatchObject({ device: first.device, keyId: second.keyId, publicKey: second.publicKey });
    const message = Uint8Array.of(1, 2, 3);
    expect(nodeEd25519.verify(second.publicKey, message, now(later.sign(message)))).toBe(true);
  });
});

describe('the key in force', () => {
  const keys = new Map([first, second].map(({ keyId, publicKey }) => [keyId, publicKey]));

  function ask(record: OpRecord, keyId: DeviceKey['keyId'], known: Partial<KeysKnown>) {
    return createKeyInForce({
      keyOf: (device, id) => (device === first.device ? keys.get(id) : undefined),
      firstKeyOf: () => undefined,
      hasRotated: () => true,
      offered: () => undefined,
      stored: () => undefined,
      hasher,
      ...known,
    })(keyId, record.op.device, record);
  }

  const among = (...records: readonly OpRecord[]) => ({
    offered: (hash: OpRecord['hash']) => records.find((record) => record.hash === hash),
  });
  const stored = (...records: readonly OpRecord[]) => ({ stored: among(...records).offered });

  it('is the first one, at once, while the device has no other', () => {
    const unrotated = { hasRotated: () => false };
    expect(ask(after, first.keyId, unrotated)).toEqual(first.publicKey);
    expect(ask(after, second.keyId, unrotated)).toBeUndefined();
  });

  it('changes with the op after the rotation, whichever of them are stored already', async () => {
    for (const known of [among(genesis, rotation, after), stored(genesis, rotation, after)]) {
      expect(await ask(genesis, first.keyId, known)).toEqual(first.publicKey);
      expect(await ask(rotation, first.keyId, known)).toEqual(first.publicKey);
      expect(await ask(rotation, second.keyId, known)).toBeUndefined();
      expect(await ask(after, second.keyId, known)).toEqual(second.publicKey);
      expect(await ask(after, first.keyId, known)).toBeUndefined();
      expect(await ask(afterThat, second.keyId, known)).toEqual(second.publicKey);
    }
  });

  it('is that of the op before it where only that is stored, and nobody’s where nothing is known', async () => {
    expect(await ask(afterThat, second.keyId, stored(after))).toEqual(second.publicKey);
    expect(await ask(afterThat, first.keyId, stored(after))).toBeUndefined();
    expect(await ask(afterThat, second.keyId, {})).toBeUndefined();
    expect(await ask(afterThat, second.keyId, { ...stored(after), keyOf: () => undefined })).toBeUndefined();
  });

  it('is at the start of a chain the one that the op names which lets the device write there', async () => {
    const begun = makeOp({ key: first, verb: 'sale.complete@1', args: {}, prev: rotation.hash, seq: 1 });
    const record = now(signOp(begun, later, book, hasher));
    const letIn = {
      firstKeyOf: (device: unknown, link: unknown) =>
        device === first.device && link === rotation.hash ? second : undefined,
    };
    expect(await ask(record, second.keyId, letIn)).toEqual(second.publicKey);
    expect(await ask(record, first.keyId, letIn)).toBeUndefined();
    expect(await ask(record, first.keyId, {})).toBeUndefined();
  });

  it('is found once for a chain, however long', async () => {
    let asked = 0;
    const offered = (hash: OpRecord['hash']) => {
      asked += 1;
      return among(genesis, rotation, after).offered(hash);
    };
    const keyOf = createKeyInForce({
      keyOf: (_, id) => keys.get(id),
      firstKeyOf: () => undefined,
      hasRotated: () => true,
      offered,
      stored: () => undefined,
      hasher,
    });
    expect(await keyOf(second.keyId, first.device, afterThat)).toEqual(second.publicKey);
    expect(await keyOf(second.keyId, first.device, after)).toEqual(second.publicKey);
    expect(asked).toBe(2);
    expect(encodeHex(second.publicKey)).toBe(proof.key);
  });
});
