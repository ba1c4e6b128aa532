// The notes of a relay under its pinned key: what it did sign is refused when it is about another log or is not such a note at all.
import { encodeCheckpoint, type NoteSigner, signNote } from '@tallystick/chain';
import { type BookId, type OpHash, parseOpHash, type RootHash } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import { originOf, verifyCheckpoint, verifyReceipt } from '../src/index.ts';
import { encodeClaims, signReceipts } from '../src/receipt.ts';
import { verifyNote } from './desk.ts';
import { branch, hasher, hq, relaySigner } from './fleet.ts';

const book = 'b0'.repeat(32) as BookId;
const origin = originOf({ name: 'relay.test' }, book, hq);
const check = { key: relaySigner(), origin, verify: verifyNote, hasher };
const hash = parseOpHash('a1'.repeat(32)) as OpHash;

async function signed(body: string, signer: NoteSigner = relaySigner()): Promise<string> {
  return signNote(body, signer, hasher);
}

/** The second of three receipts that were signed together. */
async function receipted(claims: string, signer: NoteSigner = relaySigner()): Promise<string> {
  const [first, last] = [7, 8].map((position) => encodeClaims(origin, [{ position, hash }]));
  return (await receiptsOf([first as string, claims, last as string], signer))[1] as string;
}

async function receiptsOf(claims: readonly string[], signer: NoteSigner = relaySigner()): Promise<string[]> {
  const { texts, note } = await signReceipts(claims, signer, hasher);
  return texts.map((text) => text + note);
}

describe('a receipt', () => {
  it('is taken as it was signed, alone or with others', async () => {
    const lines = [
      { position: 0, hash },
      { position: 7, hash },
    ];
    const claims = encodeClaims(origin, lines);
    expect(await verifyReceipt(await receipted(claims), check)).toEqual({ ok: true, value: { lines } });
    for (const count of [1, 2, 5, 8, 13]) {
      const all = Array.from({ length: count }, (_, position) => encodeClaims(origin, [{ position, hash }]));
      for (const [position, text] of (await receiptsOf(all)).entries())
        expect(await verifyReceipt(text, check)).toEqual({ ok: true, value: { lines: [{ position, hash }] } });
    }
  });

  it('costs one signature however many are signed', async () => {
    let signatures = 0;
    const { sign, ...key } = relaySigner();
    const counted: NoteSigner = { ...key, sign: (message) => ((signatures += 1), sign(message)) };
    const all = Array.from({ length: 100 }, (_, position) => encodeClaims(origin, [{ position, hash }]));
    expect(new Set(await receiptsOf(all, counted)).size).toBe(100);
    expect(signatures).toBe(1);
    expect(await receiptsOf([], counted)).toEqual([]);
  });

  it('does not hold for what another receipt says, at another place, or with a byte changed', async () => {
    const text = await receipted(encodeClaims(origin, [{ position: 3, hash }]));
    const changed = [
      [text.replace('\n3 a1', '\n4 a1'), 'relay/receipt-root'],
      [text.replace('\n1 3\n', '\n0 3\n'), 'relay/receipt-root'],
      [text.replace('\n1 3\n', '\n1 4\n'), 'relay/receipt-format'],
      [text.replace('\n1 3\n', '\n3 3\n'), 'relay/receipt-root'],
      [text.replace('tallystick-receipts/2', 'tallystick-receipts/3'), 'chain/note-signature'],
      [`${text}\n`, 'chain/note-format'],
      [text.slice(text.indexOf('\n\n') + 2), 'chain/note-format'],
    ];
    for (const [other, code] of changed)
      expect(await verifyReceipt(other as string, check), code as string).toMatchObject({ ok: false, code });
  });

  it('about another log is refused', async () => {
    const elsewhere = encodeClaims(originOf({ name: 'relay.test' }, book, branch), [{ position: 0, hash }]);
    expect(await verifyReceipt(await receipted(elsewhere), check)).toMatchObject({
      ok: false,
      code: 'relay/receipt-origin',
    });
  });

  it.each([
    ['is a checkpoint', '1\nAAAA\n'],
    ['is of another version', `tallystick-receipt/1\n0 ${hash}\n`],
    ['names no op', 'tallystick-receipt/2\n'],
    ['has a zero before a position', `tallystick-receipt/2\n00 ${hash}\n`],
    ['has a hash in capitals', `tallystick-receipt/2\n0 ${hash.toUpperCase()}\n`],
    ['has a position twice', `tallystick-receipt/2\n0 ${hash}\n0 ${hash}\n`],
    ['goes backwards', `tallystick-receipt/2\n1 ${hash}\n0 ${hash}\n`],
    ['has a position beyond 2^53-1', `tallystick-receipt/2\n9007199254740992 ${hash}\n`],
  ])('that %s is refused', async (_what, text) => {
    expect(await verifyReceipt(await receipted(`${origin}\n${text}`), check)).toMatchObject({
      ok: false,
      code: 'relay/receipt-format',
    });
  });

  it('of another key is refused, whatever it says', async () => {
    const text = await receipted(encodeClaims(origin, [{ position: 0, hash }]), relaySigner('other.test'));
    expect(await verifyReceipt(text, check)).toMatchObject({ ok: false, code: 'chain/note-unsigned' });
  });
});

describe('a checkpoint', () => {
  const root = 'c2'.repeat(32) as RootHash;

  it('is taken as it was signed, and refused when it is about another log', async () => {
    const value = { origin, size: 3, root };
    expect(await verifyCheckpoint(await signed(encodeCheckpoint(value)), check)).toMatchObject({ ok: true, value });
    const elsewhere = { ...value, origin: originOf({ name: 'relay.test' }, book, branch) };
    expect(await verifyCheckpoint(await signed(encodeCheckpoint(elsewhere)), check)).toMatchObject({
      ok: false,
      code: 'relay/checkpoint-origin',
    });
  });
});
