/** Patterns: what they match, against another engine; what is none; and that none of them takes long. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseRule } from '../src/rule-ast.ts';
import { evaluateRule, reasonOf } from '../src/rule-eval.ts';
import { isMatch, patternBounds, readPattern } from '../src/rule-pattern.ts';
import { exprOf } from './cel.ts';

function matches(pattern: string, text: string): boolean {
  const read = readPattern(pattern);
  if (typeof read === 'string') throw new Error(`${pattern}: ${read}`);
  return isMatch(read, text);
}

const points = 'ab1_ -é\u{1F375}\n'.split(/(?:)/u);
const atom = fc.constantFrom(
  'a',
  'b',
  'é',
  '\u{1F375}',
  '.',
  '\\d',
  '\\W',
  '\\w',
  '[ab]',
  '[^a1]',
  '[a-c_-]',
  '\\.',
  '[\\-b]',
  '^',
  '$',
  '[\\d_]',
);
const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
  piece: fc.oneof(
    { depthSize: 'small' },
    atom,
    fc
      .tuple(tie('pattern'), fc.constantFrom('', '*', '+', '?', '*?', '{2}', '{1,}', '{0,2}'))
      .map(([of, count]) => `(?:${of})${count}`),
  ),
  pattern: fc
    .array(fc.array(tie('piece'), { maxLength: 3 }), { minLength: 1, maxLength: 3 })
    .map((choices) => choices.map((pieces) => pieces.join('')).join('|')),
}));
const subject = fc.array(fc.constantFrom(...points), { maxLength: 8 }).map((parts) => parts.join(''));

it('match what the engine of the platform matches', () => {
  let matched = 0;
  let asked = 0;
  fc.assert(
    fc.property(pattern, subject, (one, text) => {
      const read = readPattern(one);
      if (typeof read === 'string') {
        expect(read).toBe('too-large');
        return;
      }
      const expected = new RegExp(one, 'u').test(text);
      asked += 1;
      if (expected) matched += 1;
      expect(isMatch(read, text), `${one} on ${JSON.stringify(text)}`).toBe(expected);
    }),
    { seed: 1, numRuns: 2_000 },
  );
  expect(asked).toBeGreaterThan(1_500);
  expect(asked - matched).toBeGreaterThan(100);
});

it('match by code points, and spaces as RE2 has them', () => {
  expect(matches('^.$', '\u{1F375}')).toBe(true);
  expect(matches('^..$', '\u{1F375}')).toBe(false);
  expect(matches('\\s', '\v')).toBe(false);
  expect(matches('^SKU-\\d{3,5}$', 'SKU-1042')).toBe(true);
  expect(matches('^SKU-\\d{3,5}$', 'SKU-12')).toBe(false);
});

it('are refused where two engines could read them otherwise', () => {
  const none = [
    '(',
    ')',
    'a)',
    '[',
    '[]',
    '[]a]',
    'a**',
    '*a',
    'a{',
    'a{2',
    'a{3,2}',
    'a{1001}',
    '{2}',
    ']',
    '}',
    '\\',
    '\\b',
    '\\p{L}',
    '\\x41',
    '(?i)a',
    '(?<n>a)',
    '(?=a)',
    '[[:alpha:]]',
    '[z-a]',
    '[\\d-z]',
    '^*',
    '\\1',
    'a{,2}',
  ];
  for (const text of none) expect(readPattern(text), text).toBe('unsupported');
  const large = [
    'a{999}',
    '((a{30}){30}){30}',
    '(){1000}'.repeat(4),
    `${'('.repeat(33)}a${')'.repeat(33)}`,
    '(((()){1000}){1000}){1000}',
    '|'.repeat(5_000),
  ];
  for (const text of large) expect(readPattern(text), text.slice(0, 40)).toBe('too-large');
  const refused = parseRule(exprOf('args.sku.matches("a{999}")'), new Set(['args']));
  expect(refused).toMatchObject({ ok: false, code: 'guards/rule-too-large', what: 'pattern' });
  // A pattern that an op brings would be read in the fold.
  const brought = parseRule(exprOf('args.sku.matches(args.pattern)'), new Set(['args']));
  expect(brought).toMatchObject({ ok: false, code: 'guards/rule-unsupported', what: 'pattern' });
});

it('take no longer for one that sends other engines round in circles, and are paid for in steps', () => {
  const hostile = readPattern('^(((a*)*)*)*b$');
  if (typeof hostile === 'string') throw new Error(hostile);
  expect(hostile.steps.length).toBeLessThan(patternBounds.steps);
  expect(isMatch(hostile, 'a'.repeat(10_000))).toBe(false);
  const rule = parseRule(exprOf('args.text.matches("^(((a*)*)*)*b$")'), new Set(['args']));
  if (!rule.ok) throw new Error(rule.what);
  const reasonFor = (length: number) =>
    reasonOf(evaluateRule(rule.value.root, new Map([['args', { text: 'a'.repeat(length) }]])).value);
  expect(reasonFor(1_000)).toBeUndefined();
  expect(reasonFor(40_000)).toBe('steps');
});
