/** The published conformance set of CEL: every case whose tree is a rule comes to what it must, and every other is refused with a code, and counted. */
import { isCelError, isCelList, run } from '@bufbuild/cel';
import { encodeCanonical, type Json } from '@tallystick/oplog';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseRule } from '../src/rule-ast.ts';
import { evaluateRule, reasonOf } from '../src/rule-eval.ts';
import { conformanceCases, type ConformanceCase, dynamicExprOf, exprOf } from './cel.ts';

/** `passed`, why the case is none of ours, or what came out instead. */
function outcomeOf({ text, bindings, expected }: ConformanceCase): string {
  let expr: string;
  try {
    expr = dynamicExprOf(text);
  } catch {
    return 'the parser refuses it';
  }
  const read = parseRule(expr, new Set(bindings?.keys()));
  if (!read.ok) return read.code;
  if (bindings === undefined) return 'binds what no op can hold';
  const { value } = evaluateRule(read.value.root, bindings);
  const reason = reasonOf(value);
  if (expected === 'fault') return reason === undefined ? `no fault but ${encodeCanonical(value as never)}` : 'passed';
  if (expected === 'type') return 'says a type alone';
  if (expected === 'beyond') return reason === 'overflow' ? 'beyond 2^53' : `unexpected ${reason ?? 'value'}`;
  if (reason !== undefined) return `fault ${reason}`;
  return encodeCanonical(value as never) === encodeCanonical(expected.value)
    ? 'passed'
    : encodeCanonical(value as never);
}

it('agrees wherever it answers', () => {
  const counts = new Map<string, number>();
  const wrong: string[] = [];
  const known = /^(passed|guards\/|the parser|binds|beyond|says)/;
  for (const test of conformanceCases()) {
    const outcome = outcomeOf(test);
    if (!known.test(outcome)) wrong.push(`${test.name}: ${test.text} -> ${outcome}`);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  expect(wrong).toEqual([]);
  // The whole set, so that a release with other cases is looked at.
  expect(Object.fromEntries(counts)).toEqual({
    passed: 369,
    'says a type alone': 2,
    'the parser refuses it': 76,
    'guards/rule-unsupported': 1788,
    'guards/rule-variable': 87,
    'guards/rule-range': 22,
  });
});

it('goes red on a wrong answer (falsifier)', () => {
  const [test] = conformanceCases().filter((one) => outcomeOf(one) === 'passed' && typeof one.expected === 'object');
  expect(outcomeOf({ ...test!, expected: { value: 'another' } })).not.toBe('passed');
  expect(outcomeOf({ ...test!, expected: 'fault' })).not.toBe('passed');
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
  ),
  text: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    // Another implementation orders texts by UTF-16 units; CEL by code points, which rule.test.ts has.
    fc.constantFrom('t', '"tea"', '"\u{1F375}"', '"\u00e9"'),
    fc.tuple(tie('text'), tie('text')).map((parts) => `(${parts.join(' + ')})`),
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
  ),
  expression: fc.oneof(tie('number'), tie('text'), tie('truth')),
}));

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
    { numRuns: 600 },
  );
  expect(faults).toBeGreaterThan(10);
});
