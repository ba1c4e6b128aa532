// The notes of a relay under its pinned key: what it did sign is refused when it is about another log or is not such a note at all.
import { encodeCheckpoint, type NoteSigner, signNote } from '@tallystick/chain';
import { type BookId, type OpHash, parseOpHash, type RootHash } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import { originOf, verifyCheckpoint, verifyReceipt } from '../src/index.ts';
import { encodeReceipt } from '../src/receipt.ts';
import { verifyNote } from './desk.ts';
import { branch, hasher, hq, relaySigner } from './fleet.ts';

const book = 'b0'.repeat(32) as BookId;
const origin = originOf('relay.test', book, hq);
const check = { key: relaySigner(), origin, verify: verifyNote, hasher };
const hash = parseOpHash('a1'.repeat(32)) as OpHash;

async function signed(body: string, signer: NoteSigner = relaySigner()): Promise<string> {
  return signNote(body, signer, hasher);
}

describe('a receipt', () => {
  it('is taken as it was signed', async () => {
    const lines = [
      { position: 0, hash },
      { position: 7, hash },
    ];
    expect(await verifyReceipt(await signed(encodeReceipt(origin, lines)), check)).toEqual({
      ok: true,
      value: { lines },
    });
  });

  it('about another log is refused', async () => {
    const elsewhere = encodeReceipt(originOf('relay.test', book, branch), [{ position: 0, hash }]);
    expect(await verifyReceipt(await signed(elsewhere), check)).toMatchObject({
      ok: false,
      code: 'relay/receipt-origin',
    });
  });

  it.each([
    ['is a checkpoint', '1\nAAAA\n'],
    ['is of another version', `tallystick-receipt/2\n0 ${hash}\n`],
    ['names no op', 'tallystick-receipt/1\n'],
    ['has a zero before a position', `tallystick-receipt/1\n00 ${hash}\n`],
    ['has a hash in capitals', `tallystick-receipt/1\n0 ${hash.toUpperCase()}\n`],
    ['has a position twice', `tallystick-receipt/1\n0 ${hash}\n0 ${hash}\n`],
    ['goes backwards', `tallystick-receipt/1\n1 ${hash}\n0 ${hash}\n`],
    ['has a position beyond 2^53-1', `tallystick-receipt/1\n9007199254740992 ${hash}\n`],
  ])('that %s is refused', async (_what, text) => {
    expect(await verifyReceipt(await signed(`${origin}\n${text}`), check)).toMatchObject({
      ok: false,
      code: 'relay/receipt-format',
    });
  });

  it('of another key is refused, whatever it says', async () => {
    const note = await signed(encodeReceipt(origin, [{ position: 0, hash }]), relaySigner('other.test'));
    expect(await verifyReceipt(note, check)).toMatchObject({ ok: false, code: 'chain/note-unsigned' });
  });
});

describe('a checkpoint', () => {
  const root = 'c2'.repeat(32) as RootHash;

  it('is taken as it was signed, and refused when it is about another log', async () => {
    const value = { origin, size: 3, root };
    expect(await verifyCheckpoint(await signed(encodeCheckpoint(value)), check)).toMatchObject({ ok: true, value });
    const elsewhere = { ...value, origin: originOf('relay.test', book, branch) };
    expect(await verifyCheckpoint(await signed(encodeCheckpoint(elsewhere)), check)).toMatchObject({
      ok: false,
      code: 'relay/checkpoint-origin',
    });
  });
});
