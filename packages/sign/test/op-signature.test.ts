import { hashOp, openRecord, verifyChain, verifyRuns } from '@tallystick/chain';
import { encodeHex, encodeOp, type OpRecord, parseBookId, signatureOf } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createRecordVerifier,
  type DeviceKey,
  nobleEd25519,
  signaturePreimage,
  signOp,
  startSigning,
  webCryptoEd25519,
} from '../src/index.ts';
import { createRoster } from '../src/roster.ts';
import { nodeEd25519 } from '../src/node.ts';
import { branch, enrol, enrolArgs, hasher, makeOp, minted, newKey, now, openBook } from './fixtures.ts';

const root = newKey();
const till = newKey();
const { genesis, book } = openBook(root);
const enrolment = enrol(root, enrolArgs(till, 'till'), book, genesis);
const roster = createRoster(hasher);
for (const record of [genesis, enrolment]) roster.apply(record);
const options = { book, ed25519: nodeEd25519, publicKeyOf: roster.publicKeyOf };
const verify = createRecordVerifier(options);

/** What is signed, with the id of this book for that of its own. */
function underBook(preimage: Uint8Array): Uint8Array {
  const changed = preimage.slice();
  changed.set(Buffer.from(book, 'hex'), changed.length - 64);
  return changed;
}

function sell(key: DeviceKey, seq: number, prev: OpRecord): OpRecord {
  const op = makeOp({ key, verb: 'sale.complete@1', args: { seq }, prev: prev.hash, seq, scope: branch });
  return now(signOp(op, key, book, hasher));
}

describe('signing', () => {
  it('signs "tallystick/sig/1\\n" || book id || op hash', async () => {
    const record = sell(till, 1, enrolment);
    const preimage = Buffer.concat([
      Buffer.from('tallystick/sig/1\n'),
      Buffer.from(book, 'hex'),
      Buffer.from(record.hash, 'hex'),
    ]);
    expect(Buffer.from(signaturePreimage(book, record.hash)).equals(preimage)).toBe(true);
    expect(nodeEd25519.verify(till.publicKey, preimage, signatureOf(record))).toBe(true);
    expect(record).toMatchObject({ keyId: till.keyId, hash: hashOp(encodeOp(record.op), hasher) });
    expect(openRecord(record.bytes, hasher)).toEqual({ ok: true, value: record });
  });

  it('signs the genesis op under its own hash', () => {
    expect(genesis.hash).toBe(String(book));
    expect(nodeEd25519.verify(root.publicKey, signaturePreimage(book, genesis.hash), signatureOf(genesis))).toBe(true);
  });

  it('is as late as its key and no later', () => {
    const slow: DeviceKey = { ...till, sign: async (message) => till.sign(message) };
    const op = makeOp({ key: till, verb: 'sale.complete@1', args: {}, prev: enrolment.hash, scope: branch });
    expect(signOp(op, slow, book, hasher)).toBeInstanceOf(Promise);
    expect(signOp(op, till, book, hasher)).not.toBeInstanceOf(Promise);
  });

  it('gives the record of a slow key at once, and its signature when it comes', async () => {
    let answer: (signature: Uint8Array) => void = () => undefined;
    const slow: DeviceKey = { ...till, sign: () => new Promise((resolve) => (answer = resolve)) };
    const op = makeOp({ key: till, verb: 'sale.complete@1', args: {}, prev: enrolment.hash, scope: branch });
    const { record, done } = startSigning(op, slow, book, hasher);
    const whole = now(signOp(op, till, book, hasher));
    expect(signatureOf(record)).toEqual(new Uint8Array(64));
    expect(record.hash).toBe(whole.hash);
    answer(signatureOf(whole));
    await done;
    expect(record).toEqual(whole);
    expect(startSigning(op, till, book, hasher)).toEqual({ record: whole, done: undefined });
  });

  it('fails closed: no signature, no record', async () => {
    const op = makeOp({ key: till, verb: 'sale.complete@1', args: {}, prev: enrolment.hash, scope: branch });
    const broken: DeviceKey['sign'][] = [
      () => new Uint8Array(0),
      () => new Uint8Array(63),
      async () => new Uint8Array(0),
      () => undefined as unknown as Uint8Array,
      () => Promise.resolve(null as unknown as Uint8Array),
    ];
    for (const sign of broken) {
      await expect((async () => signOp(op, { ...till, sign }, book, hasher))()).rejects.toMatchObject({
        code: 'sign/signer',
      });
    }
    const failing = (): Uint8Array => {
      throw new Error('the key is locked');
    };
    expect(() => signOp(op, { ...till, sign: failing }, book, hasher)).toThrow('the key is locked');
  });

  it('does not sign for another device, nor a genesis into a book, nor anything else without one', () => {
    const op = makeOp({ key: till, verb: 'sale.complete@1', args: {}, prev: enrolment.hash, scope: branch });
    expect(() => signOp(op, root, book, hasher)).toThrow(expect.objectContaining({ code: 'sign/wrong-device' }));
    expect(() => signOp(op, till, undefined, hasher)).toThrow(expect.objectContaining({ code: 'sign/book' }));
    expect(() => signOp(genesis.op, root, book, hasher)).toThrow(expect.objectContaining({ code: 'sign/book' }));
  });
});

describe('the record verifier', () => {
  const sale = sell(till, 1, enrolment);

  it('agrees on every provider', async () => {
    for (const ed25519 of [nobleEd25519, nodeEd25519, webCryptoEd25519()]) {
      const check = createRecordVerifier({ ...options, ed25519 });
      for (const record of [genesis, enrolment, sale]) expect(await check(record)).toBe(true);
    }
  });

  it('knows the key of the genesis op of its book before any roster does, and of no other', async () => {
    const blind = createRecordVerifier({ ...options, publicKeyOf: () => undefined });
    expect(await blind(genesis)).toBe(true);
    expect(await blind(enrolment)).toBe(false);
    expect(await blind(openBook(root, { name: 'Another shop' }).genesis)).toBe(false);
    expect(await blind(openBook(till).genesis)).toBe(false);
    const renamed = openRecord(
      Uint8Array.from(genesis.bytes, (byte, i) => (i === 3 ? byte ^ 1 : byte)),
      hasher,
    );
    expect(renamed.ok && (await blind(renamed.value))).toBe(false);
    const forged = { ...genesis, bytes: Uint8Array.from(genesis.bytes, (byte, i) => (i === 40 ? byte ^ 1 : byte)) };
    expect(await blind(forged)).toBe(false);
  });

  it('takes no other op of the book for its genesis, whatever it says of itself', async () => {
    const blindTo = (id: string) =>
      createRecordVerifier({ ...options, book: minted(parseBookId(id)), publicKeyOf: () => undefined });
    const open = { key: encodeHex(root.publicKey), name: 'Corner shop', verbs: [] };
    // Signed under this book's id, with its own key in its args: only its hash says that it is not the genesis.
    const usurper = makeOp({ key: root, verb: 'book.open@1', args: open });
    const usurping = now(signOp(usurper, { ...root, sign: (bytes) => root.sign(underBook(bytes)) }, undefined, hasher));
    expect(nodeEd25519.verify(root.publicKey, signaturePreimage(book, usurping.hash), signatureOf(usurping))).toBe(
      true,
    );
    expect(await blindTo(book)(usurping)).toBe(false);
    // Known by their hashes, so the ids of books that nobody can have opened.
    for (const draft of [
      { verb: 'book.open@1', args: {} },
      { verb: 'test.note@1', args: open, prev: genesis.hash },
    ]) {
      const op = makeOp({ key: root, ...draft });
      const hash = hashOp(encodeOp(op), hasher);
      const sign: DeviceKey['sign'] = () => root.sign(signaturePreimage(minted(parseBookId(hash)), hash));
      const record = now(signOp(op, { ...root, sign }, op.prev === undefined ? undefined : book, hasher));
      expect(await blindTo(hash)(record)).toBe(false);
    }
  });

  it('refuses another device’s key, another book and another text', async () => {
    const asRoot = makeOp({ key: till, verb: 'sale.complete@1', args: {}, prev: enrolment.hash, scope: branch });
    const stolen = now(signOp({ ...asRoot, device: root.device }, { ...till, device: root.device }, book, hasher));
    expect(stolen.keyId).toBe(till.keyId);
    expect(await verify(stolen)).toBe(false);
    const elsewhere = openBook(root, { name: 'Another shop' });
    expect(await createRecordVerifier({ ...options, book: elsewhere.book })(sale)).toBe(false);
    expect(await verify({ ...sale, hash: enrolment.hash })).toBe(false);
  });

  it('refuses every flipped bit of key id and signature', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(96 * 8 - 1), async (bit) => {
        const bytes = Uint8Array.from(sale.bytes, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
        const opened = openRecord(bytes, hasher);
        expect(opened.ok && opened.value.hash).toBe(sale.hash);
        expect(opened.ok && (await verify(opened.value))).toBe(false);
      }),
    );
  });

  it('carries chains and runs', async () => {
    const chain = [sale];
    for (let seq = 2; seq <= 40; seq++) chain.push(sell(till, seq, minted(chain.at(-1))));
    const start = { enrolment: enrolment.hash };
    expect(await verifyChain(chain, { hasher, verify, start, every: true })).toMatchObject({ ok: true });
    const report = await verifyRuns([genesis, enrolment, ...chain], {
      headOf: () => undefined,
      enrolmentOf: (device) => roster.get(device)?.enrolment,
      has: () => false,
      opOf: () => undefined,
      verify,
    });
    expect(report).toMatchObject({ accepted: { length: 42 }, verified: 2, waiting: [], refused: [] });
  });
});
