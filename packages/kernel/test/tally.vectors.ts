// The vectors of docs/spec/tally.md. Runs in Node and in a browser, so it uses nothing of either.
import { verifyTally } from '@tallystick/kernel/tally';
import { decodeHex, parseBookId } from '@tallystick/oplog';
import { portableHasher } from '@tallystick/chain';
import { type Ed25519, keyIdOf } from '@tallystick/sign';
import { describe, expect, it } from 'vitest';
import vectors from '../../../fixtures/tally/tally.json' with { type: 'json' };

export function runTallyVectors(providers: readonly Ed25519[]): void {
  describe.each(providers)('tally vectors by $name', (ed25519) => {
    it.each(vectors)('$name', async ({ input, expect: expected }) => {
      const book = parseBookId(input.book);
      if (book === undefined) throw new Error('the vector is malformed');
      const keys = input.keys.map(({ device, key }) => ({ device, publicKey: decodeHex(key) }));
      const records = { offer: { bytes: decodeHex(input.offer) }, answer: { bytes: decodeHex(input.answer) } };
      const verdict = await verifyTally(records, {
        book,
        ed25519,
        publicKeyOf: (keyId, device) =>
          keys.find((one) => one.device === device && keyIdOf(one.publicKey, portableHasher) === keyId)?.publicKey,
      });
      if (!verdict.ok) return expect({ ok: false, code: verdict.code }).toEqual(expected);
      const { offer: _offer, answer: _answer, ...said } = verdict.value;
      return expect({ ok: true, ...said }).toEqual(expected);
    });
  });
}
