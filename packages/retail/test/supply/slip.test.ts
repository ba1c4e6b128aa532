/** What is carried by hand between scopes: it comes back as it was written, and nothing else is taken for it. */
import { parseScope, type Scope } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseTransferNoteText,
  parseVanCountText,
  type TransferNote,
  transferNoteText,
  type VanCount,
  vanCountText,
} from '../../src/supply.ts';

const note: TransferNote = {
  transfer: '019360a0-0000-7000-8000-000000000001',
  dispatch: 'ab'.repeat(32),
  from: 'b/depot',
  currency: 'GBP',
  lines: [
    { sku: 'MUG', name: 'Mug, “blue” 100 %', quantity: 4, quantityScale: 0, unitCostMilliMinor: 200_000, lot: 'L-7' },
    { sku: 'TEA', name: 'Tee ☕', quantity: 1_500, quantityScale: 3, unitCostMilliMinor: 1 },
  ],
};
const count: VanCount = {
  scope: parseScope('v/1') as Scope,
  day: '2026-11-21',
  currency: 'GBP',
  session: '019360a0-0000-7000-8000-000000000002',
  cashMinor: 3_700,
  lines: [{ sku: 'B04', counted: 0 }],
};
const { session: _, cashMinor: _cash, ...goodsOnly } = count;

describe('a slip', () => {
  it('comes back as it was written, also from a scanner that ends it with a line', () => {
    expect(parseTransferNoteText(`${transferNoteText(note)}\r\n`)).toEqual(note);
    expect(parseVanCountText(vanCountText(count))).toEqual(count);
    expect(parseVanCountText(vanCountText(goodsOnly))).toEqual(goodsOnly);
    expect(parseTransferNoteText(transferNoteText({ ...note, to: 'v/1' }))).toEqual({ ...note, to: 'v/1' });
    expect(parseVanCountText(vanCountText({ ...count, documents: 4 }))).toEqual({ ...count, documents: 4 });
    expect(transferNoteText(note)).toMatch(/^tallystick:note\/1\/[\w%.~!*'()-]+$/);
  });

  it('is nothing else, and nothing that an op could not hold', () => {
    expect([parseTransferNoteText(vanCountText(count)), parseVanCountText(transferNoteText(note))]).toEqual([
      undefined,
      undefined,
    ]);
    const bad = [
      { ...note, lines: [] },
      { ...note, dispatch: 'ab' },
      { ...note, from: 'nowhere at all' },
      { ...note, lines: [{ ...note.lines[0]!, quantity: -1 }] },
    ];
    expect(bad.map((one) => parseTransferNoteText(transferNoteText(one)))).toEqual(bad.map(() => undefined));
    const odd = [
      { ...count, scope: '' as Scope },
      { ...count, lines: [{ sku: 'B04', counted: -1 }] },
      { ...count, cashMinor: 0.5 },
    ];
    expect(odd.map((one) => parseVanCountText(vanCountText(one)))).toEqual(odd.map(() => undefined));
  });

  it('of which a part is lost is none, and no text makes the reader throw', () => {
    const text = transferNoteText(note);
    fc.assert(
      fc.property(fc.nat(text.length - 1), (length) => parseTransferNoteText(text.slice(0, length)) === undefined),
    );
    fc.assert(
      fc.property(fc.string(), fc.json(), (any, json) => {
        for (const rest of [any, encodeURIComponent(json)])
          for (const prefix of ['', 'tallystick:note/1/', 'tallystick:van/1/'])
            expect([parseTransferNoteText(prefix + rest), parseVanCountText(prefix + rest)]).toEqual([
              undefined,
              undefined,
            ]);
      }),
    );
  });
});
