import { readFileSync } from 'node:fs';
import { portableHasher, openRecord } from '@tallystick/chain';
import { decodeHex, encodeOp } from '@tallystick/oplog';
import { nobleEd25519 } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { expect, it } from 'vitest';
import vectors from '../../../fixtures/tally/tally.json' with { type: 'json' };
import { runTallyVectors } from './tally.vectors.ts';

runTallyVectors([nobleEd25519, nodeEd25519]);

it('the spec shows the texts of the first case, and its codes are those of the code', () => {
  const spec = readFileSync(new URL('../../../docs/spec/tally.md', import.meta.url), 'utf8');
  const shown = [...spec.matchAll(/```json\n(.*?)```/gs)].map(([, text = '']) => text.replaceAll('\n', ''));
  const { offer, answer } = vectors[0]?.input ?? { offer: '', answer: '' };
  const texts = [offer, answer].map((hex) => openRecord(decodeHex(hex), portableHasher));
  expect(shown).toEqual(texts.map((record) => (record.ok ? encodeOp(record.value.op) : '')));
  const source = readFileSync(new URL('../src/verify-tally.ts', import.meta.url), 'utf8');
  const codesIn = (text: string): string[] => [...new Set(text.match(/\btally\/[a-z-]+(?=['`])/g))].sort();
  const listed = codesIn(spec).filter((code) => code !== 'tally/tally');
  expect(listed).toEqual(codesIn(source));
  expect(listed).toHaveLength(7);
});
