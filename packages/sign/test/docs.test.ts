// The examples and lists of docs/spec/sign.md and docs/spec/token.md are those of the code.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { portableHasher } from '@tallystick/chain';
import { decodeHex, encodeCanonical, encodeHex } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import { nobleEd25519 } from '../src/index.ts';
import { nodeEd25519 } from '../src/node.ts';
import { parseTokenUrl } from '../src/token.ts';

const packageRoot = fileURLToPath(new URL('..', import.meta.url));
const spec = readFileSync(new URL('../../../docs/spec/sign.md', import.meta.url), 'utf8');

function fenced(markdown: string, language: string): string {
  const found = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(markdown)?.[1];
  if (found === undefined) throw new Error(`no ${language} sample`);
  return found;
}

describe('spec of tokens', () => {
  const tokenSpec = readFileSync(new URL('../../../docs/spec/token.md', import.meta.url), 'utf8');

  it('shows a token that is what it says', () => {
    const parsed = parseTokenUrl(fenced(tokenSpec, 'text').trim(), portableHasher);
    if (!parsed.ok) throw new Error(parsed.message);
    const { kind, book, issuer, number, terms, hash } = parsed.value;
    for (const told of [kind, book, encodeHex(issuer), number, encodeCanonical(terms), hash]) {
      expect(tokenSpec).toContain(told);
    }
  });

  it('names every code of tokens, and no other', () => {
    const sources = globSync(`${packageRoot}src/token*.ts`).map((path) => readFileSync(path, 'utf8'));
    const codesIn = (texts: readonly string[], quote: string): Set<string> =>
      new Set(
        texts.flatMap((text) => [...text.matchAll(new RegExp(`${quote}(token/[a-z-]+)${quote}`, 'g'))].map(String)),
      );
    const plain = (codes: Set<string>): string[] => [...codes].map((code) => code.split(',')[1] as string).sort();
    expect(plain(codesIn([tokenSpec], '`'))).toEqual(plain(codesIn(sources, "'")));
  });
});

describe('spec', () => {
  const source = readFileSync(`${packageRoot}src/signature-form.ts`, 'utf8');
  const listed = (text: string, indent: string): string[] =>
    [...text.matchAll(new RegExp(`^${indent}'?([0-9a-f]{64})'?,?$`, 'gm'))].map(([, hex]) => hex as string);

  it('lists the encodings of R that the code refuses', () => {
    expect(listed(spec, ' {8}')).toHaveLength(5);
    expect(listed(spec, ' {8}').sort()).toEqual(listed(source, ' {2}').sort());
  });

  it('has two signatures that are judged as it says', () => {
    const key = decodeHex(/The key `([0-9a-f]{64})`/.exec(spec)?.[1] ?? '');
    const message = new TextEncoder().encode('tallystick');
    for (const [name, valid] of [
      ['plain', true],
      ['crafted', false],
    ] as const) {
      const signature = decodeHex(new RegExp(`\\| ${name} \\| \`([0-9a-f]{128})\``).exec(spec)?.[1] ?? '');
      for (const provider of [nobleEd25519, nodeEd25519]) {
        expect(provider.verify(key, message, signature), `${name}, ${provider.name}`).toBe(valid);
      }
    }
  });
});
