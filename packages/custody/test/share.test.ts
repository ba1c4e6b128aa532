// Shares: that they do what Shamir promises, and that each mistake people make with them is named.
import fc from 'fast-check';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { encodeQR } from 'qr';
import { decodeQR } from 'qr/decode.js';
import { describe, expect, it } from 'vitest';
import {
  combineShares,
  type OpenedKey,
  parseShare,
  type Share,
  shareToText,
  shareToWords,
  splitKey,
} from '../src/index.ts';
import { keyOfSeed } from '../src/key.ts';
import { decodeShare, encodeShare } from '../src/share.ts';
import { minted, valueOf } from './fixtures.ts';
import { interpolateAtZero } from './shamir-oracle.ts';

const newKey = (): Promise<OpenedKey> => keyOfSeed(crypto.getRandomValues(new Uint8Array(32)));
const plan = { threshold: 3, count: 5 };

/** Every way to take `size` of `items`. */
function subsets<T>(items: readonly T[], size: number): T[][] {
  if (size === 0) return [[]];
  return items.flatMap((item, i) => subsets(items.slice(i + 1), size - 1).map((rest) => [item, ...rest]));
}

describe('shares', () => {
  it('bring the key back from every subset that is large enough, and from no smaller one', async () => {
    const key = await newKey();
    const shares = await splitKey(key, plan);
    for (const size of [1, 2, 3, 4, 5]) {
      for (const some of subsets(shares, size)) {
        const combined = await combineShares(some.toReversed());
        if (size >= plan.threshold) expect(valueOf(combined)).toEqual(key);
        else expect(combined).toMatchObject({ code: 'custody/share-count', have: size, need: 3 });
      }
    }
  });

  it('are those of the definition, and two of three needed say nothing', async () => {
    const key = await newKey();
    const values = (await splitKey(key, plan)).map(({ value }) => value);
    for (const some of subsets(values, 3)) expect(interpolateAtZero(some)).toEqual(key.seed);
    for (const some of subsets(values, 2)) expect(interpolateAtZero(some)).not.toEqual(key.seed);
  });

  it('of any plan come back, the largest too', async () => {
    const key = await newKey();
    for (const [threshold, count] of [
      [2, 2],
      [2, 16],
      [16, 16],
      [9, 16],
    ] as const) {
      const shares = await splitKey(key, { threshold, count });
      expect(shares.map(({ index }) => index)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
      expect(valueOf(await combineShares(shares.slice(-threshold)))).toEqual(key);
    }
    for (const [threshold, count] of [
      [1, 2],
      [3, 2],
      [2, 17],
      [0, 0],
      [2.5, 3],
      [Number.NaN, 3],
    ] as const) {
      await expect(splitKey(key, { threshold, count })).rejects.toMatchObject({ code: 'custody/threshold' });
    }
  });

  it('of two sets are named, the fewer of them', async () => {
    const key = await newKey();
    const [one, other] = [await splitKey(key, plan), await splitKey(key, plan)];
    const stranger = minted((await splitKey(await newKey(), plan))[0]);
    const mixed = [minted(one[0]), minted(other[1]), minted(one[2]), stranger];
    expect(await combineShares(mixed)).toMatchObject({ code: 'custody/share-set', places: [2, 4] });
  });

  it('that are there twice are named, and do not count twice', async () => {
    const [a, b] = (await splitKey(await newKey(), plan)).map(shareToWords);
    const typed = [a, b, a].map((words) => valueOf(parseShare(minted(words))));
    expect(await combineShares(typed)).toMatchObject({ code: 'custody/share-twice', places: [3] });
    expect(await combineShares([])).toMatchObject({ code: 'custody/share-count', have: 0 });
  });

  it('of another key than the one that is missed are refused', async () => {
    const [key, missed] = [await newKey(), await newKey()];
    const shares = await splitKey(key, plan);
    expect(valueOf(await combineShares(shares, { expect: key.keyId })).seed).toEqual(key.seed);
    expect(await combineShares(shares, { expect: missed.keyId })).toMatchObject({ code: 'custody/other-key' });
  });

  it('of which one was forged give no key at all', async () => {
    const [a, b, c] = await splitKey(await newKey(), plan);
    const value = minted(c).value.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
    // Its checksum is in order: whoever forges a share can compute one.
    const forged = valueOf(parseShare(shareToWords({ ...minted(c), value })));
    expect(await combineShares([minted(a), minted(b), forged])).toMatchObject({ code: 'custody/share-key' });
  });
});

describe('a share as words', () => {
  it('is 35 words, and is read back however they are typed', async () => {
    const [share] = await splitKey(await newKey(), plan);
    const words = shareToWords(minted(share)).split(' ');
    expect(words).toHaveLength(35);
    const spellings = [
      words.join(' '),
      words.join('\n').toUpperCase(),
      words.map((word, i) => `${i + 1}. ${word}`).join(', '),
      words.map((word) => word.slice(0, 4)).join(' '),
      `  ${words.join('  \t')}\r\n`,
    ];
    for (const spelling of spellings) expect(valueOf(parseShare(spelling))).toEqual(share);
  });

  it('names the words that are none, by their places', async () => {
    const words = shareToWords(minted((await splitKey(await newKey(), plan))[0])).split(' ');
    for (const [at, typed] of [
      [0, 'abandom'],
      [17, 'aba'],
      [34, 'zoos'],
      [3, 'xyzzy'],
    ] as const) {
      const wrong = words.with(at, typed);
      expect(parseShare(wrong.join(' '))).toMatchObject({ code: 'custody/share-word', places: [at + 1] });
    }
    expect(parseShare(words.with(1, 'q').with(4, 'qq').join(' '))).toMatchObject({ places: [2, 5] });
    expect(parseShare(words.slice(1).join(' '))).toMatchObject({ code: 'custody/share-form' });
    expect(parseShare([...words, 'zoo'].join(' '))).toMatchObject({ code: 'custody/share-form' });
  });

  it('refuses another word of the list in any place, and two words changed about', async () => {
    const words = shareToWords(minted((await splitKey(await newKey(), plan))[0])).split(' ');
    words.forEach((word, at) => {
      const other = minted(wordlist[(wordlist.indexOf(word) + 1 + 7 * at) % wordlist.length]);
      expect(parseShare(words.with(at, other).join(' ')), `word ${at + 1}`).toMatchObject({
        code: 'custody/share-checksum',
      });
      const next = words[at + 1];
      if (next === undefined || next === word) return;
      const swapped = words.with(at, next).with(at + 1, word);
      expect(parseShare(swapped.join(' ')), `words ${at + 1} and ${at + 2}`).toMatchObject({
        code: 'custody/share-checksum',
      });
    });
  });
});

describe('a share as a QR code', () => {
  it('is drawn in the alphanumeric mode and read from the picture', async () => {
    for (const share of await splitKey(await newKey(), plan)) {
      const text = shareToText(share);
      expect(text).toMatch(/^[0-9A-Z:]{113}$/);
      // Version 5 holds 122 such characters at medium error correction: 37 modules a side, here of 4 pixels, and a border.
      const modules = encodeQR(text, 'raw', { encoding: 'alphanumeric', ecc: 'medium', border: 2, scale: 4 });
      const size = modules.length;
      expect(size).toBe((2 + 37 + 2) * 4);
      // A coffee stain of 4 by 4 modules.
      const isStain = (x: number, y: number): boolean => x >= 80 && x < 96 && y >= 60 && y < 76;
      const data = new Uint8Array(size * size * 4).fill(255);
      modules.forEach((row, y) => {
        row.forEach((dark, x) => {
          if (dark || isStain(x, y)) data.fill(0, (y * size + x) * 4, (y * size + x) * 4 + 3);
        });
      });
      expect(valueOf(parseShare(decodeQR({ width: size, height: size, data })))).toEqual(share);
    }
  });

  it('is read with line breaks and in lower case too, and no other text is', async () => {
    const [share] = await splitKey(await newKey(), plan);
    const text = shareToText(minted(share));
    expect(valueOf(parseShare(`${text.slice(0, 50).toLowerCase()}\n ${text.slice(50)}\n`))).toEqual(share);
    for (const wrong of ['', text.slice(1), `${text}0`, text.replace('SHARE', 'CHAIR'), text.repeat(20)]) {
      expect(parseShare(wrong), wrong).toMatchObject({ code: 'custody/share-form' });
    }
    const digit = text.at(40) === '0' ? '1' : '0';
    const mistyped = text.slice(0, 40) + digit + text.slice(41);
    expect(parseShare(mistyped)).toMatchObject({ code: 'custody/share-checksum' });
  });
});

describe('the bytes of a share', () => {
  const anyShare = fc
    .record({
      count: fc.integer({ min: 2, max: 16 }),
      value: fc.uint8Array({ minLength: 33, maxLength: 33 }).filter((value) => value[32] !== 0),
      setId: fc.stringMatching(/^[0-9a-f]{10}$/),
      keyPrefix: fc.stringMatching(/^[0-9a-f]{8}$/),
      draw: fc.tuple(fc.nat(), fc.nat()),
    })
    .map(
      ({ count, draw: [a, b], ...rest }): Share => ({
        ...rest,
        count,
        threshold: 2 + (a % (count - 1)),
        index: 1 + (b % count),
      }),
    );

  it('come back in both forms', () => {
    fc.assert(
      fc.property(anyShare, (share) => {
        expect(valueOf(parseShare(shareToWords(share)))).toEqual(share);
        expect(valueOf(parseShare(shareToText(share)))).toEqual(share);
      }),
    );
  });

  it('with any one bit changed are refused', () => {
    fc.assert(
      fc.property(anyShare, fc.nat({ max: 48 * 8 - 1 }), (share, bit) => {
        const bytes = encodeShare(share).map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
        expect(decodeShare(bytes)).toMatchObject({ ok: false, code: 'custody/share-checksum' });
      }),
    );
  });

  it('and any text at all are answered, and what is a share is one in its own form', () => {
    const word = fc.oneof(fc.constantFrom(...wordlist), fc.string({ maxLength: 6 }));
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 2000 }),
      fc.array(word, { minLength: 33, maxLength: 37 }).map((words) => words.join(' ')),
      fc
        .uint8Array({ minLength: 48, maxLength: 48 })
        .map((bytes) => `TALLYSTICK:SHARE:${Buffer.from(bytes).toString('hex')}`),
    );
    fc.assert(
      fc.property(text, (input) => {
        const parsed = parseShare(input);
        if (parsed.ok) expect(valueOf(parseShare(shareToText(parsed.value)))).toEqual(parsed.value);
        else expect(parsed.code).toMatch(/^custody\/share-/);
      }),
      { numRuns: 1000 },
    );
  });
});
