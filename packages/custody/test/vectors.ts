// The vectors of docs/spec/backup.md. Runs in Node and in a browser.
import { encodeHex } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import combineVectors from '../../../fixtures/custody/combine.json' with { type: 'json' };
import sealedVectors from '../../../fixtures/custody/sealed.json' with { type: 'json' };
import shareVectors from '../../../fixtures/custody/share.json' with { type: 'json' };
import {
  combineShares,
  openBackup,
  type OpenedKey,
  type Opener,
  parseShare,
  shareToText,
  shareToWords,
} from '../src/index.ts';
import type { CustodyFailure } from '../src/index.ts';
import { valueOf } from './fixtures.ts';

function keyVerdict(result: { ok: true; value: OpenedKey } | ({ ok: false } & CustodyFailure)): unknown {
  if (!result.ok) return refusal(result);
  const { seed, publicKey, keyId } = result.value;
  return { ok: true, seed: encodeHex(seed), publicKey: encodeHex(publicKey), keyId };
}

/** What a refusal says beside its words for people. */
function refusal({ code, places, have, need }: CustodyFailure): unknown {
  return { ok: false, code, ...(places && { places }), ...(have !== undefined && { have, need }) };
}

export function runVectors(): void {
  describe('share.json', () => {
    it.each(shareVectors)('$name', ({ input, expect: expected }) => {
      const parsed = parseShare(input.text);
      if (!parsed.ok) return expect(refusal(parsed)).toEqual(expected);
      const { value, ...rest } = parsed.value;
      expect({ ok: true, ...rest, value: encodeHex(value) }).toEqual(expected);
      for (const form of [shareToWords, shareToText])
        expect(valueOf(parseShare(form(parsed.value)))).toEqual(parsed.value);
    });
  });

  describe('combine.json', () => {
    it.each(combineVectors)('$name', async ({ input, expect: expected }) => {
      const shares = input.shares.map((text) => valueOf(parseShare(text)));
      expect(keyVerdict(await combineShares(shares))).toEqual(expected);
    });
  });

  describe('sealed.json', () => {
    // One asks for age's full work factor: some seconds where the code is instrumented.
    it.each(sealedVectors)('$name', async ({ input, expect: expected }) => {
      expect(keyVerdict(await openBackup(input.sealed, input.opener as Opener))).toEqual(expected);
    });
  });
}
