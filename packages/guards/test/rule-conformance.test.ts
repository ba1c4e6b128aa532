/** The published conformance set of CEL: every case whose tree is a rule comes to what it must, and every other is refused with a code, and counted. */
import { readFileSync } from 'node:fs';
import { isCelError, isCelList, run } from '@bufbuild/cel';
import type { Json } from '@tallystick/oplog';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseRule } from '../src/rule-ast.ts';
import { evaluateRule, reasonOf } from '../src/rule-eval.ts';
import { conformanceCases, exprOf } from './cel.ts';
import { conformance, conformanceCounts, outcomeOf } from './conformance.ts';

it('agrees wherever it answers', () => {
  expect(conformance()).toEqual({ counts: conformanceCounts, wrong: [] });
});

it('goes red on a wrong answer (falsifier)', () => {
  const [test] = conformanceCases().filter((one) => outcomeOf(one) === 'passed' && typeof one.expected === 'object');
  expect(outcomeOf({ ...test!, expected: { value: 'another' } })).not.toBe('passed');
  expect(outcomeOf({ ...test!, expected: 'fault' })).not.toBe('passed');
});

it('leaves out what docs/guards.md says, so many cases of each', () => {
  const page = readFileSync(new URL('../../../docs/guards.md', import.meta.url), 'utf8');
  const [, table = ''] = /\| what is left out \| cases \|\n\|[-|: ]+\|\n((?:\|.*\|\n)+)/.exec(page) ?? [];
  const rows = [...table.matchAll(/^\| (.+) \| (\d+) \|$/gm)].map(([, construct = '', cases]) => [
    construct,
    Number(cases),
  ]);
  const { passed, ...left } = conformanceCounts;
  expect(Object.fromEntries(rows)).toEqual(left);
  expect(page).toContain(`${passed} of its ${conformanceCases().length.toLocaleString('en')} cases`);
});

/** Expressions of integers, texts and booleans over a few variables; many fault. */
const { expression } = fc.letrec<{ expression: string; number: string; text: string; truth: string }>((tie) => ({
  number: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('n', 'm', '0', '3', '-7', 'list[0]', 'list[n]'),
    fc
      .tuple(tie('number'), fc.constantFrom('+', '-', '*', '/', '%'), tie('number'))
      .map((parts) => `(${parts.join(' ')})`),
    fc.tuple(tie('truth'), tie('number'), tie('number')).map(([one, two, three]) => `(${one} ? ${two} : ${three})`),
    fc.oneof(tie('text'), fc.constant('list')).map((of) => `size(${of})`),
    fc.oneof(fc.constantFrom('"12"', '"-7"', '"1.5"', '"007"'), tie('number')).map((of) => `int(${of})`),
  ),
  text: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    // Another implementation orders texts by UTF-16 units; CEL by code points, which rule.test.ts has.
    fc.constantFrom('t', '"tea"', '"\u{1F375}"', '"\u00e9"'),
    fc.tuple(tie('text'), tie('text')).map((parts) => `(${parts.join(' + ')})`),
    fc.oneof(tie('number'), tie('truth'), tie('text')).map((of) => `string(${of})`),
    tie('text').map((of) => `{"te": "x", "": t}[${of}]`),
  ),
  truth: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('b', 'true', 'false', 'n in list', 't in [t, "x"]'),
    fc
      .tuple(tie('number'), fc.constantFrom('<', '<=', '==', '!=', '>', '>='), tie('number'))
      .map((parts) => `(${parts.join(' ')})`),
    fc.tuple(tie('text'), fc.constantFrom('<', '<=', '==', '!='), tie('text')).map((parts) => `(${parts.join(' ')})`),
    fc.tuple(tie('truth'), fc.constantFrom('&&', '||', '=='), tie('truth')).map((parts) => `(${parts.join(' ')})`),
    fc.tuple(fc.constantFrom('all', 'exists'), tie('truth')).map(([macro, of]) => `list.${macro}(n, ${of})`),
    fc
      .tuple(tie('text'), fc.constantFrom('contains', 'startsWith', 'endsWith'), tie('text'))
      .map(([of, method, part]) => `${of}.${method}(${part})`),
    tie('truth').map((of) => `!${of}`),
    fc.oneof(fc.constantFrom('"t"', '"False"', '"TrUe"', '"1"'), tie('truth')).map((of) => `bool(${of})`),
    fc
      .tuple(tie('text'), fc.constantFrom('te', '^t', '[a-t]{2}$', '(e|x)+', '^$'))
      .map(([of, pattern]) => `${of}.matches('${pattern}')`),
  ),
  expression: fc.oneof(tie('number'), tie('text'), tie('truth')),
}));

// The empty text, which the other one takes for nought, is an error in CEL.
it('answers what another implementation answers', () => {
  let faults = 0;
  fc.assert(
    fc.property(expression, fc.array(fc.integer({ min: -3, max: 9 }), { maxLength: 4 }), (text, list) => {
      const bindings = new Map<string, Json>(Object.entries({ n: 2, m: -5, t: 'te', b: true, list }));
      const read = parseRule(exprOf(text), new Set(bindings.keys()));
      if (!read.ok) throw new Error(`${text}: ${read.code} ${read.what}`);
      const { value } = evaluateRule(read.value.root, bindings);
      const other = run(text, { n: 2n, m: -5n, t: 'te', b: true, list: list.map(BigInt) });
      if (isCelError(other)) {
        faults += 1;
        expect(reasonOf(value), text).toBeDefined();
      } else
        expect(isCelList(other) ? [...other] : typeof other === 'bigint' ? Number(other) : other, text).toEqual(value);
    }),
    { seed: 1, numRuns: 600 },
  );
  expect(faults).toBeGreaterThan(10);
});
