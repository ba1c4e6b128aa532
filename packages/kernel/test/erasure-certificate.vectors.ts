// The vectors of docs/spec/erasure-certificate.md. Runs in Node and in a browser, so it uses nothing of either.
import { portableHasher } from '@tallystick/chain';
import { verifyCertificate } from '@tallystick/kernel/subjects';
import { decodeHex, parseBookId } from '@tallystick/oplog';
import { type Ed25519, keyIdOf } from '@tallystick/sign';
import { describe, expect, it } from 'vitest';
import vectors from '../../../fixtures/erasure/certificate.json' with { type: 'json' };

/** The text of the first case, which the spec shows. */
export const firstText: string = vectors[0]?.input.text ?? '';

export function runCertificateVectors(providers: readonly Ed25519[]): void {
  describe.each(providers)('certificates of erasure by $name', (ed25519) => {
    it.each(vectors)('$name', async ({ input, expect: expected }) => {
      const book = parseBookId(input.book);
      if (book === undefined) throw new Error('the vector is malformed');
      const keys = input.keys.map(({ device, key }) => ({ device, publicKey: decodeHex(key) }));
      const isOf = (keyId: string) => (one: { readonly publicKey: Uint8Array }) =>
        keyIdOf(one.publicKey, portableHasher) === keyId;
      const checked = await verifyCertificate(input.text, {
        book,
        ed25519,
        keyOf: (keyId) => keys.find(isOf(keyId))?.publicKey,
        publicKeyOf: (keyId, device) => keys.filter((one) => one.device === device).find(isOf(keyId))?.publicKey,
      });
      if (!checked.ok) return expect({ ok: false, code: checked.code }).toEqual(expected);
      return expect(checked).toEqual(expected);
    });
  });
}
