// The samples and tables of README.md and docs/spec/chain.md say what the code does.
import { execFileSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  createTree,
  leafHash,
  nobleHasher,
  openNote,
  parseCheckpoint,
  parseVerifierKey,
  type VerifySignature,
} from '../src/index.ts';

const packageRoot = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${packageRoot}README.md`, 'utf8');
const spec = readFileSync(new URL('../../../docs/spec/chain.md', import.meta.url), 'utf8');

function fenced(markdown: string, language: string): string {
  const found = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(markdown)?.[1];
  if (found === undefined) throw new Error(`no ${language} sample`);
  return found;
}

describe('README', () => {
  it('has a sample that prints what it says', () => {
    const args = ['--input-type=module-typescript', '--eval', fenced(readme, 'ts')];
    expect(execFileSync(process.execPath, args, { cwd: packageRoot, encoding: 'utf8' })).toBe(fenced(readme, 'text'));
  });

  it('names every code, and no other', () => {
    const sources = globSync(`${packageRoot}src/*.ts`).map((path) => readFileSync(path, 'utf8'));
    const inSource = sources.flatMap((source) => [...source.matchAll(/'(chain\/[a-z-]+)'/g)].map(([, code]) => code));
    const inReadme = [...readme.matchAll(/`(chain\/[a-z-]+)`/g)].map(([, code]) => code);
    expect(inSource.length).toBeGreaterThan(15);
    expect(new Set(inReadme)).toEqual(new Set(inSource));
  });

  it('names every export', async () => {
    const names = [
      ...Object.keys(await import('../src/op-proof.ts')),
      ...Object.keys(await import('../src/index.ts')),
      ...Object.keys(await import('../src/node.ts')),
    ];
    expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('spec', () => {
  const verifyNative: VerifySignature = (publicKey, message, signature) => {
    const x = Buffer.from(publicKey).toString('base64url');
    return verify(null, message, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), signature);
  };

  it('has an example that is signed as it says and has the root of its records', async () => {
    const key = parseVerifierKey(/is `(relay[^`]+)`/.exec(spec)?.[1] ?? '', nobleHasher);
    if (!key.ok) throw new Error(key.message);
    const note = fenced(spec, 'text');
    const opened = await openNote(note, key.value, verifyNative, nobleHasher);
    if (!opened.ok) throw new Error(opened.message);
    const tree = createTree(nobleHasher);
    for (const data of ['a', 'b', 'c']) tree.append(leafHash(new TextEncoder().encode(data), nobleHasher));
    const root = Buffer.from(tree.root()).toString('hex');
    expect(parseCheckpoint(opened.value.body)).toMatchObject({ ok: true, value: { size: 3, root } });
    expect(await openNote(note.replace('\n3\n', '\n4\n'), key.value, verifyNative, nobleHasher)).toMatchObject({
      code: 'chain/note-signature',
    });
  });
});
