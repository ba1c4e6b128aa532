/** The published conformance set of CEL, as any engine may be asked it, and by which construct each case that is no rule stands outside. */
import { encodeCanonical } from '@tallystick/oplog';
import { parseRule, type RuleFailure } from '../src/rule-ast.ts';
import { evaluateRule, reasonOf } from '../src/rule-eval.ts';
import { conformanceCases, type ConformanceCase, dynamicExprOf } from './cel.ts';

/** What stands outside, as docs/guards.md says it, by the function, literal or name that is refused. What no line names is no known construct. */
const outside: Readonly<Record<string, string>> = {
  'messages and enums of protobuf': 'messageName msg NestedEnum GlobalEnum TestAllTypes google hasExt getExt',
  fractions: 'doubleValue double',
  'unsigned integers': 'uint64Value uint',
  bytes: 'bytesValue bytes',
  null: 'nullValue',
  'times and durations':
    'timestamp duration getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds',
  'types as values': 'type',
  'maps whose keys are no texts, or not constant': 'mapKey',
  '`exists_one`, `map`, `filter`, and macros of two variables':
    'comprehensionExpr exists all existsOne transformList transformMap map',
  'optional values': 'of none orValue hasValue value',
  'libraries beside the language':
    'format greatest least block indexOf quote lastIndexOf substring replace split sign bitShiftRight bitShiftLeft round abs bitAnd bitNot bitOr bitXor charAt bind isNaN isFinite isInf trim join encode decode ceil floor trunc lowerAscii upperAscii',
};
/** Functions and variables that the case itself declares nowhere, or as no value. */
const undeclared =
  'x y a f_unknown fn tuple sort as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  );
const types = 'bool dyn int uint double null_type string bytes list map type'.split(' ');

/** `passed`, by which construct the case is none of ours, or what is wrong. */
export function outcomeOf(test: ConformanceCase): string {
  const { text, bindings, expected } = test;
  let expr: string;
  try {
    expr = dynamicExprOf(text);
  } catch {
    return unreadable(text);
  }
  const read = parseRule(expr, new Set(bindings?.keys()));
  if (!read.ok) return constructOf(read, test);
  if (bindings === undefined) return 'binds what no op can hold, and reads nothing of it';
  const { value } = evaluateRule(read.value.root, bindings);
  const reason = reasonOf(value);
  if (expected === 'fault') return reason === undefined ? `no fault but ${encodeCanonical(value as never)}` : 'passed';
  if (expected === 'type') return 'cases that ask for a deduced type alone';
  if (expected === 'beyond') return reason === 'overflow' ? 'beyond 2^53' : `unexpected ${reason ?? 'value'}`;
  if (reason !== undefined) return `fault ${reason}`;
  return encodeCanonical(value as never) === encodeCanonical(expected.value)
    ? 'passed'
    : encodeCanonical(value as never);
}

/** Texts that the parser in tests does not read: of optional values, or with names in backquotes. */
function unreadable(text: string): string {
  if (text.includes('`')) return 'names in backquotes';
  return /[.[{,]\s*\?/.test(text) ? 'optional values' : `unreadable: ${text}`;
}

function constructOf({ code, what }: RuleFailure, { bindings }: ConformanceCase): string {
  if (code === 'guards/rule-range') return 'integers beyond 2^53-1';
  if (code === 'guards/rule-variable' && bindings === undefined) return 'variables that hold what no op holds';
  if (code === 'guards/rule-variable' && types.includes(what)) return 'types as values';
  for (const [construct, names] of Object.entries(outside)) if (names.split(' ').includes(what)) return construct;
  return undeclared.includes(what) ? 'names that nobody declares' : `${code} ${what}`;
}

/** How the cases come out, and those that come out wrong. */
export function conformance(): {
  readonly counts: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
} {
  const counts = new Map<string, number>();
  const wrong: string[] = [];
  for (const test of conformanceCases()) {
    const outcome = outcomeOf(test);
    if (!Object.hasOwn(conformanceCounts, outcome)) wrong.push(`${test.name}: ${test.text} -> ${outcome}`);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return { counts: Object.fromEntries(counts), wrong };
}

/** The whole set, so that a release with other cases is looked at. */
export const conformanceCounts: Readonly<Record<string, number>> = {
  passed: 445,
  'messages and enums of protobuf': 600,
  'libraries beside the language': 448,
  fractions: 153,
  'unsigned integers': 138,
  bytes: 98,
  'optional values': 79,
  'times and durations': 77,
  '`exists_one`, `map`, `filter`, and macros of two variables': 73,
  'maps whose keys are no texts, or not constant': 45,
  'types as values': 45,
  'variables that hold what no op holds': 45,
  'names in backquotes': 28,
  'names that nobody declares': 26,
  'integers beyond 2^53-1': 22,
  null: 20,
  'cases that ask for a deduced type alone': 2,
};
