/** The published conformance set of CEL, as any engine may be asked it. */
import { encodeCanonical } from '@tallystick/oplog';
import { parseRule } from '../src/rule-ast.ts';
import { evaluateRule, reasonOf } from '../src/rule-eval.ts';
import { conformanceCases, type ConformanceCase, dynamicExprOf } from './cel.ts';

/** `passed`, why the case is none of ours, or what came out instead. */
export function outcomeOf({ text, bindings, expected }: ConformanceCase): string {
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

/** How the cases come out, and those that come out wrong. */
export function conformance(): {
  readonly counts: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
} {
  const counts = new Map<string, number>();
  const wrong: string[] = [];
  const known = /^(passed|guards\/|the parser|binds|beyond|says)/;
  for (const test of conformanceCases()) {
    const outcome = outcomeOf(test);
    if (!known.test(outcome)) wrong.push(`${test.name}: ${test.text} -> ${outcome}`);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return { counts: Object.fromEntries(counts), wrong };
}

/** The whole set, so that a release with other cases is looked at. */
export const conformanceCounts: Readonly<Record<string, number>> = {
  passed: 369,
  'says a type alone': 2,
  'the parser refuses it': 76,
  'guards/rule-unsupported': 1788,
  'guards/rule-variable': 87,
  'guards/rule-range': 22,
};
