// How a relay writes the answer to a push: the same JSON whatever stands in its texts, in ASCII where they allow it.
import type { OpHash } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePushAnswer } from '../src/answer.ts';

const results = [{ hash: 'a1'.repeat(32) as OpHash, verdict: 'stored', position: 2 } as const];

describe('the answer to a push', () => {
  it('says what JSON says of it, whatever the receipt and its note are', () => {
    const texts = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(texts, texts, texts, (checkpoint, receipt, receiptNote) => {
        const answer = encodePushAnswer({ size: 3, checkpoint, receipt, receiptNote, results });
        expect(JSON.parse(answer)).toEqual({ size: 3, checkpoint, receipt: receipt + receiptNote, results });
      }),
      { numRuns: 200 },
    );
  });

  it('is ASCII, though a note is none, and has the note of its own commit', () => {
    for (const receiptNote of ['relay\n\n\u2014 relay AbCd\n', 'relay\n\n\u2014 relay EfGh\n', '']) {
      const answer = encodePushAnswer({ size: 3, checkpoint: '', receipt: '2 a1\n', receiptNote, results });
      expect(Buffer.byteLength(answer)).toBe(answer.length);
      expect(JSON.parse(answer)).toMatchObject({ receipt: `2 a1\n${receiptNote}` });
    }
  });
});
