import { parseRootHash, type RootHash } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Checkpoint, encodeCheckpoint, parseCheckpoint } from '../src/index.ts';

const root = parseRootHash('0ac518629a863e1a1d90c8080149a8bbf5da8e3ee1d9f0763cc3e0de3da3c5a2') as RootHash;
// The example of c2sp.org/tlog-checkpoint has this shape.
const example = 'example.com/behind-the-sofa\n20852163\nCsUYYpqGPhodkMgIAUmou/Xajj7h2fB2PMPg3j2jxaI=\n';
const checkpoint: Checkpoint = { origin: 'example.com/behind-the-sofa', size: 20852163, root };

describe('checkpoints', () => {
  it('are three lines', () => {
    expect(encodeCheckpoint(checkpoint)).toBe(example);
    expect(parseCheckpoint(example)).toEqual({ ok: true, value: checkpoint });
  });

  it('are of an empty log too', () => {
    const empty = { ...checkpoint, size: 0 };
    expect(encodeCheckpoint(empty)).toBe(example.replace('20852163', '0'));
    expect(parseCheckpoint(encodeCheckpoint(empty))).toEqual({ ok: true, value: empty });
  });

  it('survive a round trip', () => {
    const anyCheckpoint = fc.record({
      origin: fc.stringMatching(/^[a-z0-9./-]{1,40}$/),
      size: fc.maxSafeNat(),
      root: fc
        .uint8Array({ minLength: 32, maxLength: 32 })
        .map((bytes) => Buffer.from(bytes).toString('hex') as RootHash),
    });
    fc.assert(
      fc.property(anyCheckpoint, (value) => {
        expect(parseCheckpoint(encodeCheckpoint(value))).toEqual({ ok: true, value });
      }),
    );
  });

  it('may carry extension lines, but no empty one', () => {
    expect(parseCheckpoint(`${example}extension\nanother\n`)).toEqual({ ok: true, value: checkpoint });
    expect(parseCheckpoint(`${example}\n`)).toMatchObject({ code: 'chain/checkpoint-format' });
    expect(parseCheckpoint(`${example}one\n\ntwo\n`)).toMatchObject({ code: 'chain/checkpoint-format' });
  });

  it('are refused in any other spelling', () => {
    const changed = [
      '',
      example.slice(0, -1),
      example.replace('20852163', '020852163'),
      example.replace('20852163', '-1'),
      example.replace('20852163', '1e3'),
      example.replace('20852163', '9007199254740992'),
      example.replace('20852163', ''),
      example.replace('example.com/behind-the-sofa', ''),
      example.replace('=', ''),
      example.replace('CsUY', ''),
    ];
    for (const body of changed) expect(parseCheckpoint(body)).toMatchObject({ code: 'chain/checkpoint-format' });
  });

  it('are not written from what cannot be read again', () => {
    const malformed = [{ origin: '' }, { origin: 'a\nb' }, { size: -1 }, { size: 1.5 }, { root: 'ff' as RootHash }];
    for (const change of malformed) {
      expect(() => encodeCheckpoint({ ...checkpoint, ...change })).toThrow(
        expect.objectContaining({ code: 'chain/checkpoint' }),
      );
    }
  });
});
