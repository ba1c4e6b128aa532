/** CEL's text and its published conformance set, at the edge: nothing of this is in a fold. */
import { parse } from '@bufbuild/cel';
import { ExprSchema } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';
import { getConformanceSuite, type IncrementalTestSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import { toJson } from '@bufbuild/protobuf';
import type { Json } from '@tallystick/oplog';

/** The tree of an expression, as a rule is set. */
export function exprOf(text: string): string {
  return JSON.stringify(toJson(ExprSchema, parse(text).expr));
}

/** The same without `dyn`, which only silences a type checker: rules have no static types. */
export function dynamicExprOf(text: string): string {
  return JSON.stringify(
    JSON.parse(exprOf(text), (_name, node: unknown) => {
      const { function: called, args } =
        (node as { callExpr?: { function?: string; args?: readonly unknown[] } })?.callExpr ?? {};
      return called === 'dyn' && args?.length === 1 ? args[0] : node;
    }),
  );
}

export interface ConformanceCase {
  readonly name: string;
  readonly text: string;
  readonly bindings: ReadonlyMap<string, Json> | undefined;
  /** The value that must come out, or that it is a fault, of the type alone that is deduced, or beyond what the language of rules has. */
  readonly expected: { readonly value: Json } | 'fault' | 'type' | 'beyond';
}

type ProtoValue = Parameters<typeof jsonOf>[0];

/** Undefined for what is no integer within +-(2^53-1), string, boolean, list or map of them by strings. */
function jsonOf(value: {
  readonly kind: { readonly case?: string | undefined; readonly value?: unknown };
}): Json | undefined {
  const { case: kind, value: of } = value.kind;
  if (kind === 'int64Value') return Number.isSafeInteger(Number(of)) ? Number(of) : undefined;
  if (kind === 'stringValue' || kind === 'boolValue') return of as string | boolean;
  if (kind === 'listValue') {
    const values = (of as { values: readonly ProtoValue[] }).values.map(jsonOf);
    return values.includes(undefined) ? undefined : (values as Json);
  }
  if (kind !== 'mapValue') return undefined;
  const { entries } = of as { entries: readonly { key?: ProtoValue; value?: ProtoValue }[] };
  const pairs = entries.map(({ key, value }) => [key && jsonOf(key), value && jsonOf(value)] as const);
  const isOurs = pairs.every(([key, value]) => typeof key === 'string' && value !== undefined);
  return isOurs ? (Object.fromEntries(pairs as [string, Json][]) as Json) : undefined;
}

export function conformanceCases(): readonly ConformanceCase[] {
  return casesOf(getConformanceSuite(), '');
}

function casesOf({ suites, tests, name }: IncrementalTestSuite, path: string): ConformanceCase[] {
  const here = `${path}/${name}`;
  const own = tests.map(({ original }): ConformanceCase => {
    const bindings = Object.entries(original.bindings).map(
      ([variable, { kind }]) => [variable, kind.case === 'value' ? jsonOf(kind.value) : undefined] as const,
    );
    // Names with dots are looked up in a namespace, which rules have not.
    const isOurs = bindings.every(([variable, value]) => value !== undefined && !variable.includes('.'));
    return {
      name: `${here}/${original.name}`,
      text: original.expr,
      bindings: isOurs ? new Map(bindings as [string, Json][]) : undefined,
      expected: expectedOf(original.resultMatcher),
    };
  });
  return [...own, ...suites.flatMap((suite) => casesOf(suite, here))];
}

function expectedOf({
  case: kind,
  value: of,
}: IncrementalTestSuite['tests'][number]['original']['resultMatcher']): ConformanceCase['expected'] {
  if (kind === undefined) return { value: true };
  if (kind === 'evalError' || kind === 'anyEvalErrors') return 'fault';
  if (kind !== 'value' && kind !== 'typedResult') return 'beyond';
  const result = kind === 'value' ? of : of.result;
  if (result === undefined) return 'type';
  const value = jsonOf(result);
  return value === undefined ? 'beyond' : { value };
}
