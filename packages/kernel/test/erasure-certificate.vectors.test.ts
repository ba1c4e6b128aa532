import { readFileSync } from 'node:fs';
import { nobleHasher } from '@tallystick/chain';
import { verifyCertificate } from '@tallystick/kernel/subjects';
import { decodeHex, parseBookId } from '@tallystick/oplog';
import { keyIdOf, nobleEd25519 } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { describe, expect, it } from 'vitest';
import vectors from '../../../fixtures/erasure/certificate.json' with { type: 'json' };

describe.each([nobleEd25519, nodeEd25519])('certificates of erasure by $name', (ed25519) => {
  it.each(vectors)('$name', async ({ input, expect: expected }) => {
    const book = parseBookId(input.book);
    if (book === undefined) throw new Error('the vector is malformed');
    const keys = input.keys.map(({ device, key }) => ({ device, publicKey: decodeHex(key) }));
    const isOf = (keyId: string) => (one: { readonly publicKey: Uint8Array }) =>
      keyIdOf(one.publicKey, nobleHasher) === keyId;
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

it('the spec shows the text of the first case, and its codes are those of the code', () => {
  const spec = readFileSync(new URL('../../../docs/spec/erasure-certificate.md', import.meta.url), 'utf8');
  const [, shown = ''] = /```text\n(.*?)```/s.exec(spec) ?? [];
  const text = (vectors[0]?.input.text ?? '').replaceAll(/\n([0-9a-f]{8})[0-9a-f]{300,}/g, '\n$1…');
  expect(shown).toBe(text);
  const source = readFileSync(new URL('../src/subject-certificate.ts', import.meta.url), 'utf8');
  const codesIn = (from: string): string[] =>
    [...new Set(from.match(/\berasure\/certificate-[a-z-]+(?=['`])/g))].sort();
  const shared = codesIn(source).filter((code) => !['left-out', 'order'].some((name) => code.endsWith(name)));
  expect(codesIn(spec)).toEqual(shared);
});
