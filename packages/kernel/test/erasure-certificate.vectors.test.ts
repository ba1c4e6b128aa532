import { readFileSync } from 'node:fs';
import { nobleEd25519 } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { expect, it } from 'vitest';
import { firstText, runCertificateVectors } from './erasure-certificate.vectors.ts';

runCertificateVectors([nobleEd25519, nodeEd25519]);

it('the spec shows the text of the first case, and its codes are those of the code', () => {
  const spec = readFileSync(new URL('../../../docs/spec/erasure-certificate.md', import.meta.url), 'utf8');
  const [, shown = ''] = /```text\n(.*?)```/s.exec(spec) ?? [];
  const text = firstText.replaceAll(/\n([0-9a-f]{8})[0-9a-f]{300,}/g, '\n$1…');
  expect(shown).toBe(text);
  const source = readFileSync(new URL('../src/subject-certificate.ts', import.meta.url), 'utf8');
  const codesIn = (from: string): string[] =>
    [...new Set(from.match(/\berasure\/certificate-[a-z-]+(?=['`])/g))].sort();
  const shared = codesIn(source).filter((code) => !['left-out', 'order'].some((name) => code.endsWith(name)));
  expect(codesIn(spec)).toEqual(shared);
});
