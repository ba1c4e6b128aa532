/** The language of rules in the hands of a hostile owner and of its own published conformance set. */
import { conformanceCounts, outcomeOf } from '../packages/guards/test/conformance.ts';
import { conformanceCases, exprOf } from '../packages/guards/test/cel.ts';

const thirty = `[${Array.from({ length: 30 }, (_one, index) => index).join(', ')}]`;

/** A rule within every bound of size, that would look at 27,000 things. */
export const endless = exprOf(`${thirty}.all(a, ${thirty}.all(b, ${thirty}.all(c, args.amount + a + b + c > 0)))`);

function deep(levels: number): string {
  const inner = JSON.stringify({ constExpr: { boolValue: true } });
  return Array.from({ length: levels }).reduce<string>((of) => `{"callExpr":{"function":"!_","args":[${of}]}}`, inner);
}

/** What is no rule: a fraction, a clock, another loop, too deep, too long, a pattern that engines read otherwise, a name of JavaScript's, no tree. */
export const hostile: readonly string[] = [
  exprOf('args.amount < 1.5'),
  exprOf('now > 1'),
  exprOf('[1, 2].map(x, x * 2) == [2, 4]'),
  deep(100),
  exprOf(`"${'x'.repeat(17_000)}" == "y"`),
  exprOf('"a".matches("(?=a)a")'),
  '{"callExpr":{"function":"toString","args":[]}}',
  '{"__proto__":{}}',
];

/** How many of the published cases are rules and come to what they must; and how many come out otherwise than is said. The fault: one must come to another value. */
export function conforming(broken: boolean): {
  readonly cases: number;
  readonly passed: number;
  readonly wrong: number;
} {
  const cases = conformanceCases();
  const changed = broken ? cases.find((one) => outcomeOf(one) === 'passed') : undefined;
  const outcomes = cases.map((one) => outcomeOf(one === changed ? { ...one, expected: { value: 'another' } } : one));
  const passed = outcomes.filter((outcome) => outcome === 'passed').length;
  const wrong = outcomes.filter((outcome) => !Object.hasOwn(conformanceCounts, outcome)).length;
  return { cases: cases.length, passed, wrong };
}
