// The example of docs/spec/op.md is what the code makes and reads.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { encodeRecord, type KeyId } from '@tallystick/oplog';
import { parseOp } from '@tallystick/oplog/strict';
import { describe, expect, it } from 'vitest';

const spec = readFileSync(new URL('../../../docs/spec/op.md', import.meta.url), 'utf8');

function fenced(markdown: string, language: string): string {
  const found = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(markdown)?.[1];
  if (found === undefined) throw new Error(`no ${language} sample`);
  return found;
}

describe('spec', () => {
  const text = fenced(spec, 'json').replaceAll('\n', '');
  const row = (name: string): string => new RegExp(`\\| ${name} +\\| \`([0-9a-f]+)\` +\\|`).exec(spec)?.[1] ?? '';
  const raw = (name: string): Buffer => Buffer.from(row(name), 'hex');

  it('has an example that is an op, with its hash and record size', () => {
    expect(parseOp(text).ok).toBe(true);
    expect(createHash('sha256').update(`tallystick/op/1\n${text}`).digest('hex')).toBe(row('hash'));
    expect(createHash('sha256').update(raw('public key')).digest('hex')).toBe(row('key id'));
    expect(encodeRecord(row('key id') as KeyId, raw('signature'), text).length).toBe(390);
  });

  it('has an example that is signed as it says', () => {
    const x = raw('public key').toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const message = Buffer.concat([Buffer.from('tallystick/sig/1\n'), raw('book id'), raw('hash')]);
    expect(message.length).toBe(81);
    expect(verify(null, message, key, raw('signature'))).toBe(true);
    expect(verify(null, Buffer.concat([message, Buffer.of(0)]), key, raw('signature'))).toBe(false);
  });
});
