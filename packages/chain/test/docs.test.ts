// The example of docs/spec/chain.md is what the code makes and reads.
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  createTree,
  leafHash,
  portableHasher,
  openNote,
  parseCheckpoint,
  parseVerifierKey,
  type VerifySignature,
} from '../src/index.ts';

const spec = readFileSync(new URL('../../../docs/spec/chain.md', import.meta.url), 'utf8');

function fenced(markdown: string, language: string): string {
  const found = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(markdown)?.[1];
  if (found === undefined) throw new Error(`no ${language} sample`);
  return found;
}

describe('spec', () => {
  const verifyNative: VerifySignature = (publicKey, message, signature) => {
    const x = Buffer.from(publicKey).toString('base64url');
    return verify(null, message, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), signature);
  };

  it('has an example that is signed as it says and has the root of its records', async () => {
    const key = parseVerifierKey(/is `(relay[^`]+)`/.exec(spec)?.[1] ?? '', portableHasher);
    if (!key.ok) throw new Error(key.message);
    const note = fenced(spec, 'text');
    const opened = await openNote(note, key.value, verifyNative, portableHasher);
    if (!opened.ok) throw new Error(opened.message);
    const tree = createTree(portableHasher);
    for (const data of ['a', 'b', 'c']) tree.append(leafHash(new TextEncoder().encode(data), portableHasher));
    const root = Buffer.from(tree.root()).toString('hex');
    expect(parseCheckpoint(opened.value.body)).toMatchObject({ ok: true, value: { size: 3, root } });
    expect(await openNote(note.replace('\n3\n', '\n4\n'), key.value, verifyNative, portableHasher)).toMatchObject({
      code: 'chain/note-signature',
    });
  });
});
