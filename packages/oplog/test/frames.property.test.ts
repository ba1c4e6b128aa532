// Properties of frames: what is sent is what comes, in any order and through any mail program, and damage is named.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createFrameCollector,
  decodeBundle,
  encodeBundle,
  encodeFrames,
  encodeText,
  type FrameSet,
  qrFrameBytes,
} from '../src/transport.ts';
import { parseBase32 } from '../src/base32.ts';
import { anyCharacter } from './arbitraries.ts';

const bundles = fc.uint8Array({ minLength: 1, maxLength: 2000 });
const sizes = fc.integer({ min: 1, max: 400 });
const outOfBounds: unknown = expect.objectContaining({ name: 'OplogError', code: 'frame/size' });

function collect(...texts: readonly string[]): { sets: readonly FrameSet[]; damaged: number } {
  const collector = createFrameCollector();
  let damaged = 0;
  for (const text of texts) damaged += collector.add(text).length;
  return { sets: collector.sets(), damaged };
}

describe('frames', () => {
  it('come in any order, more than once, and make up the bundle', () => {
    const frames = fc
      .tuple(bundles, sizes)
      .filter(([bundle, size]) => bundle.length / size <= 9999)
      .chain(([bundle, size]) => {
        const sent = encodeFrames(bundle, size);
        const extra = fc.subarray(sent);
        return fc.tuple(
          fc.constant(bundle),
          extra.chain((more) => fc.shuffledSubarray([...sent, ...more], { minLength: sent.length + more.length })),
        );
      });
    fc.assert(
      fc.property(frames, ([bundle, shown]) => {
        const { sets, damaged } = collect(...shown);
        expect(damaged).toBe(0);
        expect(sets).toMatchObject([{ state: 'whole', missing: [], bundle }]);
      }),
    );
  });

  it('fit the code they are made for', () => {
    const frames = encodeFrames(new Uint8Array(qrFrameBytes * 9999));
    expect(Math.max(...frames.map((frame) => frame.length))).toBe(513);
    for (const frame of [frames[0], frames.at(-1)]) expect(frame).toMatch(/^[0-9A-Z $%*+\-./:]+$/);
  });

  it('survive quoting, wrapping and what people write around them', () => {
    const mail = fc.record({
      width: fc.integer({ min: 1, max: 90 }),
      mark: fc.constantFrom('', '> ', '>> ', '| ', '\t'),
      end: fc.constantFrom('\n', '\r\n'),
    });
    fc.assert(
      fc.property(bundles, mail, (bundle, { width, mark, end }) => {
        const text = encodeText(bundle);
        expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(72);
        const wrapped = text.replaceAll('\n', '').match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
        const received = ['Hello Ben,', ...wrapped.map((line) => mark + line), '', 'Anna'].join(end);
        expect(collect(received).sets).toMatchObject([{ state: 'whole', bundle }]);
      }),
    );
  });

  it('that are missing are named, and what comes before is read', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 2, maxLength: 20 }),
        fc.nat(),
        (records, which) => {
          const bundle = encodeBundle(records.map((bytes) => ({ bytes })));
          const frames = encodeFrames(bundle, 20);
          const lost = which % frames.length;
          const { sets } = collect(...frames.toSpliced(lost, 1));
          if (frames.length === 1) {
            expect(sets).toEqual([]);
            return;
          }
          expect(sets).toMatchObject([{ state: 'partial', missing: [lost + 1] }]);
          const { frames: whole, tornAt } = decodeBundle(sets[0]?.bundle ?? new Uint8Array(0));
          expect(whole).toEqual(records.slice(0, whole.length));
          expect(tornAt === undefined || whole.length < records.length).toBe(true);
        },
      ),
    );
  });

  it('with any character changed never make up another bundle', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 90 }),
        fc.nat(),
        fc.constantFrom('A', 'B', '2', '.', '1', '9', '=', 'é'),
        (bundle, position, character) => {
          const text = encodeFrames(bundle, 30).join('\n');
          const at = position % text.length;
          if (text[at] === character || text[at] === '\n') return;
          const { sets } = collect(text.slice(0, at) + character + text.slice(at + 1));
          for (const set of sets) if (set.state === 'whole') expect(set.bundle).toEqual(bundle);
          expect(sets.some(({ state }) => state === 'whole')).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('are looked for in any text, in time that grows with its length (else the test times out)', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter }), (text) => collect(text).sets.length === 0));
    for (const piece of ['TALLY1.', 'TALLY1.AAAAAAA.1.1.A', 'A', '>\n', 'TALLY1.\n']) {
      const text = piece.repeat(2_000_000 / piece.length);
      expect(collect(text).sets).toEqual([]);
    }
  });

  it('of more than 64 bundles at once are refused', () => {
    const texts = Array.from({ length: 65 }, (_, i) => encodeFrames(Uint8Array.of(i, 7)).join(''));
    expect(collect(...texts)).toMatchObject({ damaged: 1, sets: { length: 64 } });
  });

  it('are not made of nothing, nor of too much', () => {
    for (const [size, frameBytes] of [
      [0, 10],
      [10, 0],
      [10, 2501],
      [10, 1.5],
      [10_000, 1],
    ] as const) {
      expect(() => encodeFrames(new Uint8Array(size), frameBytes)).toThrow(outOfBounds);
    }
    expect(() => encodeText(new Uint8Array(0))).toThrow(outOfBounds);
  });

  it('hold base32 of one spelling', () => {
    for (const text of ['A', 'AAA', 'AAAAAA', 'AB', 'A1', 'a2', 'AAAAAAAB=']) expect(parseBase32(text)).toBeUndefined();
    expect(parseBase32('')).toEqual(new Uint8Array(0));
  });
});
