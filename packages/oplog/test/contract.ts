// What every log store must do. An adapter's test calls `logStoreContract` with a way to make a store and to open it again.
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Aside,
  type JsonObject,
  type LogBase,
  type LogStore,
  type MaybePromise,
  OplogError,
  type OpRecord,
  type ReceiptNote,
  type RootHash,
  type Scope,
  type Seen,
  type Tip,
  type VerbRef,
} from '@tallystick/oplog';
import { makeChain, makeRecord, sampleOp } from './arbitraries.ts';

export interface StoreUnderTest {
  readonly store: LogStore;
  /** Closes the store and opens what it kept. One that cannot be opened again returns itself. */
  reopen(): MaybePromise<LogStore>;
}

const hq = 'hq' as Scope;
const branch = 'b/042' as Scope;
const nothing: Tip = { size: 0, frontier: [], note: '' };

function tipOf(size: number): Tip {
  return { size, frontier: [`${size}`.padStart(64, '0')], note: `log\n${size}\n\n— relay AAAA\n` };
}

function baseOf(size: number, { op, hash, keyId }: OpRecord): LogBase {
  return { size, frontier: tipOf(size).frontier, heads: [{ device: op.device, seq: op.seq, hash, keyId }] };
}

function hashesOf(records: readonly OpRecord[]): OpRecord['hash'][] {
  return records.map(({ hash }) => hash);
}

export async function refusal(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof OplogError) return error.code;
    throw error;
  }
  return 'none';
}

export function logStoreContract(name: string, make: () => MaybePromise<StoreUnderTest>): void {
  describe(`log store contract: ${name}`, () => {
    let store: LogStore;
    let reopen: () => MaybePromise<LogStore>;

    beforeEach(async () => {
      const made = await make();
      store = made.store;
      reopen = () => made.reopen();
    });

    it('starts empty', async () => {
      const [record] = makeChain(1) as [OpRecord];
      expect(store.has(record.hash)).toBe(false);
      expect(await store.get(record.hash)).toBeUndefined();
      expect(store.head(record.op.device, hq)).toBeUndefined();
      expect(store.scopes()).toEqual([]);
      expect(store.tip(hq)).toEqual(nothing);
      expect(await store.settled(hq, 0, 10)).toEqual([]);
      expect(await store.pending(hq)).toEqual([]);
      expect(await store.receipts(hq)).toEqual([]);
      expect(store.receiptPosition(record.hash)).toBeUndefined();
      expect(await store.asides()).toEqual([]);
      expect(store.meta('epoch')).toBeUndefined();
    });

    it('gives back what was appended, byte for byte, also after reopening', async () => {
      const records = makeChain(3);
      await store.append(records);
      for (const open of [() => store, reopen]) {
        const current = await open();
        expect(await current.pending(hq)).toEqual(records);
        for (const record of records) expect(await current.get(record.hash)).toEqual({ record, position: undefined });
        expect(current.scopes()).toEqual([hq]);
      }
    });

    it('keeps every member, script and odd name of an op', async () => {
      const args = JSON.parse('{"":"","10":[],"9":{},"__proto__":{"x":true},"größe":"😀\\u0000"}') as JsonObject;
      const seen: Seen = { heads: [makeRecord(sampleOp()).hash], root: 'ee'.repeat(32) as RootHash, size: 9 };
      const { prev: _, ...first } = sampleOp({ args, seq: 1, verb: 'book.open@1' as VerbRef });
      const genesis = makeRecord(first);
      const record = makeRecord(sampleOp({ args, seen, at: 253_402_300_799_999 }));
      await store.append([genesis, record]);
      const current = await reopen();
      expect((await current.get(record.hash))?.record).toEqual(record);
      expect((await current.get(genesis.hash))?.record).toEqual(genesis);
      expect(Object.hasOwn((await current.get(record.hash))?.record.op.args ?? {}, '__proto__')).toBe(true);
    });

    it('keeps a record whose bytes are not the usual form of its op', async () => {
      const { op, hash, keyId, bytes } = makeRecord(sampleOp());
      const spaced = { op, hash, keyId, bytes: Uint8Array.from([...bytes, 0x20]) };
      await store.append([spaced]);
      expect((await (await reopen()).get(hash))?.record).toEqual(spaced);
    });

    it('ignores hashes it has, within a batch and across batches', async () => {
      const [first, second] = makeChain(2) as [OpRecord, OpRecord];
      await store.append([first, first]);
      await store.append([first, second, first]);
      await store.append([]);
      expect(hashesOf(await store.pending(hq))).toEqual(hashesOf([first, second]));
    });

    it('keeps an op under other bytes when told, in its place and with its head', async () => {
      const [first, second, third] = makeChain(3) as [OpRecord, OpRecord, OpRecord];
      await store.append([first, second, third]);
      await store.settle(hq, 0, hashesOf([first]), tipOf(1));
      const signedAgain = [otherwiseSigned(first), otherwiseSigned(second)];
      await store.replace(signedAgain);
      await store.replace([]);
      await store.append([first, second]);
      for (const open of [() => store, reopen]) {
        const current = await open();
        expect(await current.settled(hq, 0, 10)).toEqual([signedAgain[0]]);
        expect(await current.pending(hq)).toEqual([signedAgain[1], third]);
        expect(await current.get(first.hash)).toEqual({ record: signedAgain[0], position: 0 });
        expect(current.head(first.op.device, hq)).toEqual({ seq: 3, hash: third.hash });
      }
    });

    it('refuses other bytes for an op it does not have, and changes nothing', async () => {
      const [first, second] = makeChain(2) as [OpRecord, OpRecord];
      await store.append([first]);
      expect(await refusal(() => store.replace([otherwiseSigned(first), second]))).toBe('store/missing');
      for (const open of [() => store, reopen]) expect(await (await open()).pending(hq)).toEqual([first]);
    });

    it('keeps the scopes apart and sorted', async () => {
      const ours = makeChain(2);
      const theirs = makeChain(2, { scope: branch });
      await store.append([ours[0], theirs[0], ours[1], theirs[1]] as OpRecord[]);
      expect(store.scopes()).toEqual([branch, hq]);
      expect(await store.pending(branch)).toEqual(theirs);
      expect(await store.pending(hq)).toEqual(ours);
    });

    it('knows the head of each chain, the first stored on a fork', async () => {
      const [first, second, third] = makeChain(3) as [OpRecord, OpRecord, OpRecord];
      const fork = makeRecord({ ...second.op, args: { n: -2 } });
      const { device } = first.op;
      await store.append([first, second]);
      await store.append([fork]);
      expect(store.head(device, hq)).toEqual({ seq: 2, hash: second.hash });
      expect(store.head(device, branch)).toBeUndefined();
      const current = await reopen();
      expect(current.head(device, hq)).toEqual({ seq: 2, hash: second.hash });
      await current.append([third]);
      expect(current.head(device, hq)).toEqual({ seq: 3, hash: third.hash });
    });

    it('takes the first of a fork as head within one batch too', async () => {
      const [first, second] = makeChain(2) as [OpRecord, OpRecord];
      const fork = makeRecord({ ...second.op, args: { n: -2 } });
      await store.append([first, second, fork]);
      expect(store.head(first.op.device, hq)).toEqual({ seq: 2, hash: second.hash });
      expect((await reopen()).head(first.op.device, hq)).toEqual({ seq: 2, hash: second.hash });
    });

    it('takes the highest seq as head, in whatever order ops come', async () => {
      const [first, second, third] = makeChain(3) as [OpRecord, OpRecord, OpRecord];
      await store.append([third, first]);
      await store.append([second]);
      expect(store.head(first.op.device, hq)).toEqual({ seq: 3, hash: third.hash });
    });

    it('settles ops in the order of positions and leaves the rest pending', async () => {
      const [first, second, third, fourth] = makeChain(4) as [OpRecord, OpRecord, OpRecord, OpRecord];
      await store.append([first, second, third, fourth]);
      await store.settle(hq, 0, hashesOf([second, first]), tipOf(2));
      await store.settle(hq, 2, [fourth.hash], tipOf(3));
      for (const open of [() => store, reopen]) {
        const current = await open();
        expect(current.tip(hq)).toEqual(tipOf(3));
        expect(await current.settled(hq, 0, 10)).toEqual([second, first, fourth]);
        expect(await current.settled(hq, 1, 1)).toEqual([first]);
        expect(await current.settled(hq, 3, 10)).toEqual([]);
        expect(await current.pending(hq)).toEqual([third]);
        expect(await current.get(fourth.hash)).toEqual({ record: fourth, position: 2 });
        expect((await current.get(third.hash))?.position).toBeUndefined();
      }
    });

    it('stores records with their positions at once, beside ops that it has', async () => {
      const [first, second, third, fourth] = makeChain(4) as [OpRecord, OpRecord, OpRecord, OpRecord];
      await store.append([second]);
      await store.settle(hq, 0, [first, second.hash], tipOf(2));
      await store.append([first, fourth]);
      // A record whose op is stored brings no bytes: those that are stored stay.
      await store.settle(hq, 2, [otherwiseSigned(fourth)], tipOf(3));
      await store.append([third]);
      for (const open of [() => store, reopen]) {
        const current = await open();
        expect(current.tip(hq)).toEqual(tipOf(3));
        expect(await current.settled(hq, 0, 10)).toEqual([first, second, fourth]);
        expect(await current.pending(hq)).toEqual([third]);
        expect(await current.get(first.hash)).toEqual({ record: first, position: 0 });
        expect(current.head(first.op.device, hq)).toEqual({ seq: 4, hash: fourth.hash });
        expect(current.scopes()).toEqual([hq]);
      }
    });

    it('refuses records that would leave the log wrong, and stores none of them', async () => {
      const [first, second, third] = makeChain(3) as [OpRecord, OpRecord, OpRecord];
      const [elsewhere, other] = makeChain(2, { scope: branch }) as [OpRecord, OpRecord];
      await store.settle(hq, 0, [first], tipOf(1));
      await store.append([elsewhere]);
      const settle = (from: number, ops: (OpRecord | OpRecord['hash'])[], tip: Tip) =>
        refusal(() => store.settle(hq, from, ops, tip));
      expect(await settle(0, [second], tipOf(1))).toBe('store/position');
      expect(await settle(1, [second], tipOf(3))).toBe('store/position');
      expect(await settle(1, [second, first], tipOf(3))).toBe('store/position');
      expect(await settle(1, [second, second], tipOf(3))).toBe('store/position');
      expect(await settle(1, [second, second.hash], tipOf(3))).toBe('store/position');
      expect(await settle(1, [second, third.hash], tipOf(3))).toBe('store/missing');
      expect(await settle(1, [second, elsewhere], tipOf(3))).toBe('store/missing');
      expect(await settle(1, [second, other], tipOf(3))).toBe('store/missing');
      for (const open of [() => store, reopen]) {
        const current = await open();
        expect(current.tip(hq)).toEqual(tipOf(1));
        expect(await current.settled(hq, 0, 10)).toEqual([first]);
        expect(await current.pending(hq)).toEqual([]);
        for (const { hash } of [second, third, other]) expect(current.has(hash)).toBe(false);
        expect(current.head(first.op.device, hq)).toEqual({ seq: 1, hash: first.hash });
      }
    });

    it('replaces the note of a tip when no op is named', async () => {
      await store.settle(hq, 0, [], { size: 0, frontier: [], note: 'empty\n' });
      expect((await reopen()).tip(hq)).toEqual({ size: 0, frontier: [], note: 'empty\n' });
    });

    it('refuses to settle what would leave the log wrong, and changes nothing', async () => {
      const [first, second, third] = makeChain(3) as [OpRecord, OpRecord, OpRecord];
      const elsewhere = makeChain(1, { scope: branch })[0] as OpRecord;
      await store.append([first, second, elsewhere]);
      await store.settle(hq, 0, [first.hash], tipOf(1));
      const settle = (from: number, hashes: OpRecord['hash'][], tip: Tip) =>
        refusal(() => store.settle(hq, from, hashes, tip));
      expect(await settle(0, [second.hash], tipOf(1))).toBe('store/position');
      expect(await settle(2, [second.hash], tipOf(3))).toBe('store/position');
      expect(await settle(1, [second.hash], tipOf(3))).toBe('store/position');
      expect(await settle(1, [second.hash, second.hash], tipOf(3))).toBe('store/position');
      expect(await settle(1, [second.hash, first.hash], tipOf(3))).toBe('store/position');
      expect(await settle(1, [second.hash, third.hash], tipOf(3))).toBe('store/missing');
      expect(await settle(1, [second.hash, elsewhere.hash], tipOf(3))).toBe('store/missing');
      for (const open of [() => store, reopen]) {
        const current = await open();
        expect(current.tip(hq)).toEqual(tipOf(1));
        expect(await current.settled(hq, 0, 10)).toEqual([first]);
        expect(await current.pending(hq)).toEqual([second]);
        expect(await current.pending(branch)).toEqual([elsewhere]);
      }
    });

    it('begins where it is told in an empty scope, and goes on from there', async () => {
      const [, second, third, fourth] = makeChain(4) as [OpRecord, OpRecord, OpRecord, OpRecord];
      expect(store.base(hq)).toEqual({ size: 0, frontier: [], heads: [] });
      const base = baseOf(2, second);
      await store.begin(hq, base, 'a note\n');
      for (const open of [() => store, reopen]) {
        const current = await open();
        expect(current.base(hq)).toEqual(base);
        expect(current.tip(hq)).toEqual({ size: 2, frontier: base.frontier, note: 'a note\n' });
        expect(current.head(second.op.device, hq)).toEqual({ seq: 2, hash: second.hash });
        expect(current.scopes()).toEqual([hq]);
        expect(await current.settled(hq, 2, 10)).toEqual([]);
      }
      const current = await reopen();
      expect(await refusal(() => current.settle(hq, 0, [third], tipOf(1)))).toBe('store/position');
      await current.settle(hq, 2, [third], tipOf(3));
      await current.append([fourth]);
      const last = await reopen();
      expect(await last.settled(hq, 2, 10)).toEqual([third]);
      expect(await last.get(third.hash)).toEqual({ record: third, position: 2 });
      expect(await last.pending(hq)).toEqual([fourth]);
      expect(last.head(second.op.device, hq)).toEqual({ seq: 4, hash: fourth.hash });
    });

    it('drops the records before a base, and says so to who asks for them', async () => {
      const [first, second, third, fourth] = makeChain(4) as [OpRecord, OpRecord, OpRecord, OpRecord];
      const elsewhere = makeChain(2, { scope: branch });
      await store.append([first, second, ...elsewhere, third, fourth]);
      await store.settle(hq, 0, hashesOf([first, second, third]), tipOf(3));
      await store.settle(branch, 0, hashesOf(elsewhere), tipOf(2));
      await store.begin(hq, baseOf(2, second));
      for (const open of [() => store, reopen]) {
        const current = await open();
        for (const { hash } of [first, second]) {
          expect(current.has(hash)).toBe(false);
          expect(await current.get(hash)).toBeUndefined();
        }
        expect(await refusal(() => current.settled(hq, 0, 10))).toBe('store/dropped');
        expect(await refusal(() => current.settled(hq, 1, 1))).toBe('store/dropped');
        expect(await current.settled(hq, 2, 10)).toEqual([third]);
        expect(await current.get(third.hash)).toEqual({ record: third, position: 2 });
        expect(await current.pending(hq)).toEqual([fourth]);
        expect(current.tip(hq)).toEqual(tipOf(3));
        expect(await current.settled(branch, 0, 10)).toEqual(elsewhere);
      }
      const current = await reopen();
      await current.settle(hq, 3, [fourth.hash], tipOf(4));
      await current.begin(hq, baseOf(4, fourth));
      await current.begin(hq, baseOf(4, fourth));
      const last = await reopen();
      expect(last.tip(hq)).toEqual(tipOf(4));
      expect(last.head(first.op.device, hq)).toEqual({ seq: 4, hash: fourth.hash });
      expect(await last.settled(hq, 4, 10)).toEqual([]);
      // Of two ops with one seq the one that the base names came first.
      await last.append([makeRecord({ ...fourth.op, args: { n: -4 } })]);
      expect(last.head(first.op.device, hq)).toEqual({ seq: 4, hash: fourth.hash });
    });

    it('takes the head that a base names, whichever op of that seq it stored first', async () => {
      const [first, second] = makeChain(2) as [OpRecord, OpRecord];
      const fork = makeRecord({ ...second.op, args: { n: -2 } });
      await store.append([first, fork, second]);
      await store.settle(hq, 0, hashesOf([first, second]), tipOf(2));
      expect(store.head(first.op.device, hq)).toEqual({ seq: 2, hash: fork.hash });
      await store.begin(hq, baseOf(2, second));
      for (const open of [() => store, reopen])
        expect((await open()).head(first.op.device, hq)).toEqual({ seq: 2, hash: second.hash });
    });

    it('knows the ops of a branch whose head is dropped, in whatever order they come again', async () => {
      const [first, second, third] = makeChain(3) as [OpRecord, OpRecord, OpRecord];
      const branches = [first, second].map(({ op }) => makeRecord({ ...op, args: { n: -op.seq } }));
      const [late, early] = branches as [OpRecord, OpRecord];
      await store.append([first, second, third, early]);
      await store.settle(hq, 0, hashesOf([first, second, third]), tipOf(3));
      await store.begin(hq, baseOf(3, third));
      await store.append([late]);
      await store.append([early, late, early]);
      const current = await reopen();
      expect(hashesOf(await current.pending(hq))).toEqual(hashesOf([early, late]));
      expect(current.head(first.op.device, hq)).toEqual({ seq: 3, hash: third.hash });
    });

    it('begins nowhere that would leave a hole or bring records back, and changes nothing', async () => {
      const [first, second, third] = makeChain(3) as [OpRecord, OpRecord, OpRecord];
      await store.append([first, second, third]);
      expect(await refusal(() => store.begin(hq, baseOf(1, first)))).toBe('store/position');
      await store.settle(hq, 0, hashesOf([first, second]), tipOf(2));
      expect(await refusal(() => store.begin(hq, baseOf(3, third)))).toBe('store/position');
      await store.begin(hq, baseOf(1, first));
      // The head of a chain that goes must stay known.
      const elsewhere = makeChain(1, { scope: branch });
      await store.settle(branch, 0, elsewhere, tipOf(1));
      expect(await refusal(() => store.begin(branch, { size: 1, frontier: [], heads: [] }))).toBe('store/position');
      expect(await refusal(() => store.begin(hq, { size: 0, frontier: [], heads: [] }))).toBe('store/position');
      for (const open of [() => store, reopen]) {
        const current = await open();
        expect(current.base(hq)).toEqual(baseOf(1, first));
        expect(await current.settled(hq, 1, 10)).toEqual([second]);
        expect(await current.pending(hq)).toEqual([third]);
      }
    });

    it('keeps receipts, and the position the first of them gave an op', async () => {
      const [first, second] = makeChain(2) as [OpRecord, OpRecord];
      const one: ReceiptNote = { scope: hq, note: 'one\n', lines: [{ position: 4, hash: first.hash }] };
      const two: ReceiptNote = {
        scope: hq,
        note: 'two\n',
        lines: [
          { position: 5, hash: second.hash },
          { position: 9, hash: first.hash },
        ],
      };
      const other: ReceiptNote = { scope: branch, note: 'other\n', lines: [] };
      for (const receipt of [one, other, two]) await store.addReceipt(receipt);
      for (const open of [() => store, reopen]) {
        const current = await open();
        expect(await current.receipts(hq)).toEqual([one, two]);
        expect(await current.receipts(branch)).toEqual([other]);
        expect(current.receiptPosition(first.hash)).toBe(4);
        expect(current.receiptPosition(second.hash)).toBe(5);
      }
    });

    it('takes positions back, with what receipts of the scope said, and nothing else', async () => {
      const [first, second, third] = makeChain(3) as [OpRecord, OpRecord, OpRecord];
      const there = makeRecord(sampleOp({ scope: branch }));
      const missing = makeChain(4)[3] as OpRecord;
      await store.append([third, second, first, there]);
      await store.settle(hq, 0, [first.hash, second.hash, third.hash], tipOf(3));
      await store.settle(branch, 0, [there.hash], tipOf(1));
      const lines = [first, second, missing].map(({ hash }, position) => ({ hash, position }));
      await store.addReceipt({ scope: hq, note: 'one\n', lines });
      await store.addReceipt({ scope: branch, note: 'other\n', lines: [{ hash: there.hash, position: 0 }] });
      const end = { ...tipOf(1), note: '' };
      expect(await refusal(() => store.unsettle(hq, tipOf(4)))).toBe('store/position');
      await store.unsettle(hq, end);
      for (const open of [() => store, reopen]) {
        const current = await open();
        expect([current.tip(hq), await current.settled(hq, 0, 10)]).toEqual([end, [first]]);
        // In the order in which they came, as before they had a position.
        expect(await current.pending(hq)).toEqual([third, second]);
        expect((await current.get(third.hash))?.position).toBeUndefined();
        expect([first, second, missing].map(({ hash }) => current.receiptPosition(hash))).toEqual([
          undefined,
          undefined,
          undefined,
        ]);
        expect([await current.receipts(hq), (await current.receipts(branch)).length]).toEqual([[], 1]);
        expect([current.tip(branch).size, current.receiptPosition(there.hash)]).toEqual([1, 0]);
        expect(current.head(third.op.device, hq)?.seq).toBe(3);
      }
      const current = await reopen();
      await current.settle(hq, 1, [third.hash, second.hash], tipOf(3));
      expect(await current.settled(hq, 0, 10)).toEqual([first, third, second]);
    });

    it('keeps what was set aside, one entry a signed copy of an op, until the op is dropped', async () => {
      const [first, second] = makeChain(2) as [OpRecord, OpRecord];
      const held = asideOf(first, 'chain/gap', hq);
      const rejected = asideOf(second, 'chain/signature', branch);
      await store.setAside([held, rejected]);
      const changed = { ...held, code: 'chain/link', message: 'judged again' };
      // A pipe that turns one bit over must not take the true copy away, nor one that names another key.
      const forged = asideOf(otherwiseSigned(first), 'chain/signature', hq);
      const otherKey = asideOf(underOtherKey(first), 'chain/signature', hq);
      await store.setAside([changed, forged]);
      await store.setAside([otherKey, forged]);
      const current = await reopen();
      expect(await current.asides()).toEqual([changed, rejected, forged, otherKey]);
      expect(await current.asides(branch)).toEqual([rejected]);
      await current.dropAsides([first.hash, first.hash]);
      await current.setAside([]);
      const last = await reopen();
      expect(await last.asides()).toEqual([rejected]);
      expect(last.has(second.hash)).toBe(false);
    });

    it('keeps named values', async () => {
      await store.setMeta('epoch', '1');
      await store.setMeta('__proto__', 'a name like any other');
      await store.setMeta('epoch', '2 \u0000 ü');
      const current = await reopen();
      expect(current.meta('epoch')).toBe('2 \u0000 ü');
      expect(current.meta('__proto__')).toBe('a name like any other');
      expect(current.meta('constructor')).toBeUndefined();
    });

    it('stays right after refresh', async () => {
      const records = makeChain(2);
      await store.append(records);
      await store.refresh();
      expect(await store.pending(hq)).toEqual(records);
    });
  });
}

/** The same op with one bit of its signature turned over. */
export function otherwiseSigned(record: OpRecord): OpRecord {
  const bytes = record.bytes.slice();
  bytes[40] = (bytes[40] as number) ^ 1;
  return { ...record, bytes };
}

function underOtherKey(record: OpRecord): OpRecord {
  const bytes = record.bytes.slice();
  bytes[0] = (bytes[0] as number) ^ 1;
  return { ...record, bytes };
}

function asideOf({ hash, bytes }: OpRecord, code: string, scope: Scope): Aside {
  return { hash, scope, code, message: `because of ${code}`, bytes };
}
