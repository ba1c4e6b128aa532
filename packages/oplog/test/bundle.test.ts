import { decodeBundle, encodeBundle } from '@tallystick/oplog/transport';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeChain } from './arbitraries.ts';
import { refusal } from './contract.ts';

const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 8 });

describe('bundle', () => {
  it('is a length and a record, repeated', () => {
    const bundle = encodeBundle([{ bytes: Uint8Array.of(7, 8) }, { bytes: new Uint8Array(258).fill(9) }]);
    expect([...bundle.subarray(0, 7)]).toEqual([0, 2, 7, 8, 1, 2, 9]);
    expect(bundle.length).toBe(2 + 2 + 2 + 258);
    expect(encodeBundle([])).toEqual(new Uint8Array(0));
    expect(decodeBundle(new Uint8Array(0))).toEqual({ frames: [], tornAt: undefined });
  });

  it('gives back records', () => {
    const records = makeChain(5);
    const bundle = decodeBundle(encodeBundle(records));
    expect(bundle).toEqual({ frames: records.map(({ bytes }) => bytes), tornAt: undefined });
  });

  it('refuses a record that has no bytes or too many', async () => {
    expect(await refusal(() => encodeBundle([{ bytes: new Uint8Array(0) }]))).toBe('bundle/length');
    expect(await refusal(() => encodeBundle([{ bytes: new Uint8Array(65_536) }]))).toBe('bundle/length');
    expect(decodeBundle(encodeBundle([{ bytes: new Uint8Array(65_535) }])).frames[0]?.length).toBe(65_535);
  });

  it('decode(encode(x)) = x (property)', () => {
    fc.assert(
      fc.property(frames, (list) => {
        expect(decodeBundle(encodeBundle(list.map((bytes) => ({ bytes }))))).toEqual({
          frames: list,
          tornAt: undefined,
        });
      }),
    );
  });

  it('cut anywhere, gives the whole frames before the cut and says where the rest begins (property)', () => {
    fc.assert(
      fc.property(frames, fc.nat(), (list, place) => {
        const bundle = encodeBundle(list.map((bytes) => ({ bytes })));
        const size = place % (bundle.length + 1);
        const whole: Uint8Array[] = [];
        let end = 0;
        for (const bytes of list) {
          if (end + 2 + bytes.length > size) break;
          whole.push(bytes);
          end += 2 + bytes.length;
        }
        const decoded = decodeBundle(bundle.subarray(0, size));
        expect(decoded).toEqual({ frames: whole, tornAt: end === size ? undefined : end });
      }),
    );
  });
});
