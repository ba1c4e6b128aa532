// What convicts a relay and what does not: each kind of proof from a relay that did it, each change of a proof, and an honest relay.
import { createTree, encodeVerifierKey, inclusionProof, leafHash } from '@tallystick/chain';
import { encodeOpProof } from '@tallystick/chain/op-proof';
import { encodeHex, type OpRecord, type RootHash } from '@tallystick/oplog';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { originOf } from '../src/index.ts';
import {
  encodeRelayProof,
  noteDigest,
  type RelayProof,
  splitOver,
  splitOverTiles,
  verifyRelayProof,
  verifyStanding,
} from '../src/proof.ts';
import { signStanding } from '../src/standing.ts';
import { type Desk, openDesk, verifyNote } from './desk.ts';
import { branch, createFleet, type Fleet, hasher, hq, relaySigner } from './fleet.ts';

const signer = relaySigner();
const vkey = encodeVerifierKey(signer, hasher);
const check = { relay: signer, verify: verifyNote, hasher };
let fleet: Fleet;
let log: OpRecord[];
/** The first ops are those of `log`, the rest are others. */
let other: OpRecord[];
const shared = 300;

async function relayWith(records: readonly OpRecord[]): Promise<Desk> {
  const desk = openDesk();
  await desk.push(fleet.book, records);
  return desk;
}

async function verdict(proof: RelayProof | string): Promise<string> {
  const answer = await verifyRelayProof(typeof proof === 'string' ? proof : encodeRelayProof(proof, vkey), check);
  return answer.ok ? answer.value.kind : answer.code;
}

const noteOf = async (records: readonly OpRecord[]): Promise<{ size: number; note: string }> => ({
  size: records.length,
  note: await (await relayWith(records)).client.checkpoint(fleet.book, hq),
});

function nodesOf(records: readonly OpRecord[]): (level: number, index: number) => Uint8Array {
  return (level, index) => {
    const tree = createTree(hasher);
    for (const { bytes } of records.slice(index * 2 ** level, (index + 1) * 2 ** level))
      tree.append(leafHash(bytes, hasher));
    return tree.root();
  };
}

function opProof(records: readonly OpRecord[], index: number, checkpoint: string): string {
  const proof = inclusionProof(index, records.length, nodesOf(records), hasher);
  return encodeOpProof(records[index] as OpRecord, { index, proof, checkpoint });
}

beforeAll(() => {
  fleet = createFleet();
  const before = [fleet.genesis, ...fleet.root.writeMany(shared - 1)];
  const { writer, enrolment } = fleet.enrol('till');
  log = [...before, enrolment, ...writer.writeMany(20)];
  other = [...before];
  for (let prev = before.at(-1) as OpRecord; other.length < shared + 20; other.push(prev))
    prev = fleet.root.craft({ seq: prev.op.seq + 1, prev: prev.hash, args: { note: 'another' } });
});

describe('a split', () => {
  it('is proved by two roots of one size', async () => {
    const [first, second] = [await noteOf(log.slice(0, 310)), await noteOf(other.slice(0, 310))];
    expect(await verdict(splitOver(first, { ...second, readNode: nodesOf(other) }, hasher))).toBe('split');
    expect(await verdict({ kind: 'split', first: first.note, second: first.note })).toBe('relay/proof-agrees');
  });

  it.each([301, 304, 310, 319])(
    'is proved by what the longer log had at %i, from its tiles or its ops',
    async (size) => {
      const desk = await relayWith(other);
      const longer = { size: other.length, note: await desk.client.checkpoint(fleet.book, hq) };
      const shorter = await noteOf(log.slice(0, size));
      const proof = await splitOverTiles({ client: desk.client, book: fleet.book, scope: hq }, shorter, longer, hasher);
      expect(await verdict(proof)).toBe('split');
      expect(proof).toEqual(splitOver(shorter, { ...longer, readNode: nodesOf(other) }, hasher));
      expect(await verdict({ ...proof, prefix: '00'.repeat(32) as RootHash })).toBe('relay/proof-path');
      expect(await verdict({ ...proof, path: proof.path?.slice(1) ?? [] })).toBe('relay/proof-path');
      expect(await verdict({ kind: 'split', first: shorter.note, second: longer.note })).toBe('relay/proof-path');
    },
  );

  it('is never proved of a log that only grew', async () => {
    const longer = await noteOf(log);
    for (const size of [1, 256, shared, log.length - 1]) {
      const proof = splitOver(await noteOf(log.slice(0, size)), { ...longer, readNode: nodesOf(log) }, hasher);
      expect(await verdict(proof)).toBe('relay/proof-agrees');
    }
  });
});

describe('a receipt', () => {
  const receiptOf = async (records: readonly OpRecord[], last: OpRecord): Promise<string> => {
    const desk = await relayWith(records);
    return (await desk.push(fleet.book, [last])).receipts[0] as string;
  };

  it('is broken by another op at its position, under a signed root', async () => {
    const first = await receiptOf(log.slice(0, 305), log[305] as OpRecord);
    const { note } = await noteOf(other);
    expect(await verdict({ kind: 'broken-receipt', first, second: opProof(other, 305, note) })).toBe('broken-receipt');
    const kept = opProof(log, 305, (await noteOf(log)).note);
    expect(await verdict({ kind: 'broken-receipt', first, second: kept })).toBe('relay/proof-agrees');
    const elsewhere = opProof(other, 306, note);
    expect(await verdict({ kind: 'broken-receipt', first, second: elsewhere })).toBe('relay/proof-agrees');
    expect(await verdict({ kind: 'broken-receipt', first, second: note })).toBe('chain/tlog-proof-format');
  });

  it('contradicts one that gives its position to another op, or its op another position', async () => {
    const first = await receiptOf(log.slice(0, shared), log[shared] as OpRecord);
    const second = await receiptOf(other.slice(0, shared), other[shared] as OpRecord);
    const moved = await receiptOf(other.slice(0, shared + 1), log[shared] as OpRecord);
    expect(await verdict({ kind: 'two-receipts', first, second })).toBe('two-receipts');
    expect(await verdict({ kind: 'two-receipts', first, second: moved })).toBe('two-receipts');
    expect(await verdict({ kind: 'two-receipts', first, second: first })).toBe('relay/proof-agrees');
  });
});

describe('a standing', () => {
  it('below what the relay was shown proves that its log was cut short, wiped or refilled with other ops', async () => {
    const { note: first, size } = await noteOf(log);
    const receipt = (await (await relayWith(log)).push(fleet.book, log.slice(-1))).receipts[0] as string;
    for (const left of [log.slice(0, 290), [], other.slice(0, size)]) {
      const desk = left.length === 0 ? openDesk() : await relayWith(left);
      const second = await desk.client.standing(fleet.book, hq, first);
      expect(await verdict({ kind: 'shrunk', first, second })).toBe('shrunk');
      const after = await desk.client.standing(fleet.book, hq, receipt);
      const isLost = left.length < log.length;
      expect(await verdict({ kind: 'shrunk', first: receipt, second: after })).toBe(
        isLost ? 'shrunk' : 'relay/proof-agrees',
      );
    }
  });

  it('proves nothing of a log that is there, or of a note that the relay was not shown', async () => {
    const desk = await relayWith(log);
    const early = await noteOf(log.slice(0, 280));
    const { note: first } = await noteOf(log);
    for (const note of [first, early.note]) {
      const second = await desk.client.standing(fleet.book, hq, note);
      expect(await verdict({ kind: 'shrunk', first: note, second })).toBe('relay/proof-agrees');
    }
    // What it signed before the log grew says nothing of the note that came of it.
    const before = await (await relayWith(log.slice(0, 280))).client.standing(fleet.book, hq, early.note);
    expect(await verdict({ kind: 'shrunk', first, second: before })).toBe('relay/proof-path');
  });

  it('cannot be had for a note yet to come, by a line that will stand in it', async () => {
    const desk = await relayWith(log.slice(0, 280));
    const note = await desk.client.checkpoint(fleet.book, hq);
    const at = note.lastIndexOf('\n\n') + 2;
    const planted = `\u2014 ${signer.name} ${btoa('\0'.repeat(68))}\n`;
    const second = await desk.client.standing(fleet.book, hq, note.slice(0, at) + planted + note.slice(at));
    await desk.push(fleet.book, log.slice(280));
    const later = await desk.client.checkpoint(fleet.book, hq);
    const end = later.lastIndexOf('\n\n') + 2;
    const first = later.slice(0, end) + planted + later.slice(end);
    expect(await verdict({ kind: 'shrunk', first, second })).toBe('relay/proof-path');
  });

  it('of a front end that lags is of the log as it is when the note is there, not when the request began', async () => {
    const { store, client, push } = await relayWith(log.slice(0, 280));
    let known = await store.log(fleet.book, hq);
    const refresh = async (): Promise<void> => void (known = await store.log(fleet.book, hq));
    const { relay } = openDesk({ store: { ...store, refresh, log: () => known } });
    let first = '';
    // The log grows, by way of another front end, while the relay waits for the body.
    const source = {
      async pull(controller: ReadableStreamDefaultController): Promise<void> {
        await push(fleet.book, log.slice(280));
        first = await client.checkpoint(fleet.book, hq);
        controller.enqueue(new TextEncoder().encode(first));
        controller.close();
      },
    };
    const body = new ReadableStream(source, { highWaterMark: 0 });
    const url = `http://relay.test/v1/books/${fleet.book}/scopes/hq/standing`;
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    const second = await (await relay.fetch(new Request(url, init))).text();
    expect(await verdict({ kind: 'shrunk', first, second })).toBe('relay/proof-agrees');
  });

  it('is given for notes of this relay about this log alone, and tells the operator what was lost', async () => {
    const events: string[] = [];
    const desk = openDesk({ onEvent: ({ kind }) => events.push(kind) });
    await desk.push(fleet.book, log.slice(0, 10));
    const { note } = await noteOf(log.slice(0, 20));
    const standing = await desk.client.standing(fleet.book, hq, note);
    expect(events).toContain('behind');
    const origin = originOf(signer, fleet.book, hq);
    const opened = await verifyStanding(standing, { key: signer, origin, verify: verifyNote, hasher });
    expect(opened).toMatchObject({ ok: true, value: { size: 10, after: noteDigest(note, signer, hasher) } });
    const claims = { key: signer, origin: originOf(signer, fleet.book, branch), verify: verifyNote, hasher };
    expect(await verifyStanding(standing, claims)).toMatchObject({ code: 'relay/standing-origin' });
    const refused = { code: 'relay/standing', status: 403 };
    const elsewhere = createFleet('another shop').book;
    await expect(desk.client.standing(elsewhere, hq, note)).rejects.toMatchObject(refused);
    await expect(desk.client.standing(fleet.book, hq, note.replace('\n20\n', '\n21\n'))).rejects.toMatchObject(refused);
    await expect(desk.client.standing(fleet.book, hq, standing)).rejects.toMatchObject(refused);
  });
});

describe('a proof', () => {
  it('is read in one form alone, and believed under the pinned key alone', async () => {
    const [first, second] = [await noteOf(log.slice(0, 310)), await noteOf(other.slice(0, 310))];
    const proof: RelayProof = { kind: 'split', first: first.note, second: second.note };
    const text = encodeRelayProof(proof, vkey);
    expect(await verdict(text.trimEnd())).toBe('split');
    for (const bad of [
      '',
      '{}',
      '[]',
      text.replace('/1', '/2'),
      text.replace('split', 'spilt'),
      `${text} `,
      `{"a":1,${text.slice(1)}`,
    ])
      expect(await verdict(bad)).toBe('relay/proof-format');
    const stranger = relaySigner('relay.other');
    const claimed = encodeRelayProof(proof, encodeVerifierKey(stranger, hasher));
    expect(await verifyRelayProof(claimed, check)).toMatchObject({ ok: true, value: { relay: signer.name } });
    const renamed = { ...check, relay: { ...stranger, name: signer.name } };
    expect(await verifyRelayProof(text, renamed)).toMatchObject({ ok: false, code: 'chain/note-unsigned' });
    expect(await verifyRelayProof(text, { ...check, relay: stranger })).toMatchObject({ code: 'relay/proof-origin' });
  });

  it('is about one log', async () => {
    const [first, second] = [await noteOf(log.slice(0, 310)), await noteOf(other.slice(0, 310))];
    const root = encodeHex(new Uint8Array(32)) as RootHash;
    const after = noteDigest(first.note, signer, hasher) as string;
    const elsewhere = await signStanding({ origin: 'relay.test/x/hq', size: 0, root, after }, signer, hasher);
    expect(await verdict({ kind: 'shrunk', first: first.note, second: elsewhere })).toBe('relay/proof-origin');
    expect(await verdict({ kind: 'split', first: elsewhere, second: second.note })).toBe('relay/proof-origin');
  });

  it('with one letter changed convicts nobody of anything else', async () => {
    const desk = await relayWith(other);
    const longer = { size: other.length, note: await desk.client.checkpoint(fleet.book, hq) };
    const text = encodeRelayProof(
      splitOver(await noteOf(log.slice(0, 310)), { ...longer, readNode: nodesOf(other) }, hasher),
      vkey,
    );
    const whole = await verifyRelayProof(text, check);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 2), fc.constantFrom('a', '0', 'Z', '"', ' '), async (at, letter) => {
        const changed = text.slice(0, at) + letter + text.slice(at + 1);
        const judged = await verifyRelayProof(changed, check);
        if (judged.ok) expect(judged).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });
});
