// What the book refuses in a shop's day is said in words, not by a code alone.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { refusalWords } from '../src/refusal-words.ts';

const page = (name: string): string => readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8');

it('has words for each way a transfer differs, and for what promotions, layaways and vans refuse', () => {
  const codes = [
    ...page('ledger').matchAll(/`(ledger\/(?:exists|already)[a-z-]*)`/g),
    ...page('retail').matchAll(/`(retail\/(?:promotion|layaway|unknown)-[a-z-]+)`/g),
    ...page('supply').matchAll(/`(retail\/(?:not|own|over)-[a-z-]+)`/g),
  ].map(([, code = '']) => code);
  expect(codes.length).toBeGreaterThan(25);
  const wordless = codes.filter((code) => refusalWords(code).startsWith('the book refused it'));
  expect([...new Set(wordless)]).toEqual([]);
});
