// The example and the codes of docs/spec/backup.md are those of the code.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { decodeHex } from '@tallystick/oplog';
import { nobleEd25519, parseKeyText } from '@tallystick/sign';
import { describe, expect, it } from 'vitest';
import { parseShare, shareToText, shareToWords } from '../src/index.ts';
import { minted, valueOf } from './fixtures.ts';

const packageRoot = fileURLToPath(new URL('..', import.meta.url));
const spec = readFileSync(new URL('../../../docs/spec/backup.md', import.meta.url), 'utf8');

const codesIn = (text: string, quote: string): Set<string> =>
  new Set([...text.matchAll(new RegExp(`${quote}(custody/[a-z-]+)${quote}`, 'g'))].map(([, code]) => minted(code)));

describe('spec', () => {
  const indented = (pattern: RegExp): string => minted(pattern.exec(spec)?.[0]).replaceAll(/^ {4}/gm, '');

  it('has a key that is one, and its share in both forms', async () => {
    const text = indented(/^ {4}tallystick\/key\/1\n(?: {4}[0-9a-f]{64}\n){2}/m);
    const key = minted(await parseKeyText(text, nobleEd25519));
    const words = indented(/(?:^ {4}(?:[a-z]+ ?){7}\n){5}/m);
    const share = valueOf(parseShare(words));
    expect(words.trim().replaceAll('\n', ' ')).toBe(shareToWords(share));
    expect(spec).toContain(`\n    ${shareToText(share)}\n`);
    expect(share).toMatchObject({ index: 1, threshold: 2, count: 3 });
    expect(share.value[32]).toBe(7);
    expect(key.seed).toEqual(decodeHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'));
  });

  it('names every code of opening, sharing and combining', () => {
    const returned = /export type SealCode =(.*?);.*?export type ShareCode =(.*?);/s.exec(
      readFileSync(`${packageRoot}src/errors.ts`, 'utf8'),
    );
    const codes = codesIn(`${minted(returned?.[1])}${minted(returned?.[2])}`, "'");
    expect(codes.size).toBe(16);
    expect([...codesIn(spec, '`')].sort()).toEqual([...codes].sort());
  });

  it('publishes the list of words that the code uses', () => {
    const published = new URL('../../../fixtures/custody/published/english.txt', import.meta.url);
    expect(readFileSync(published, 'utf8')).toBe(`${wordlist.join('\n')}\n`);
  });
});
