/**
 * Rules as data: predicates that an owner sets by an op in `hq`, for verbs that ask. A rule is in force in a scope from the mark that includes it, sees the
 * args, the author, the rows that the verb hands it and the business day, and has no clock. What it refuses says which rule it was and what it read.
 */
import {
  defineVerb,
  type RegisterTable,
  refuse,
  type Refusal,
  registerTable,
  type Verb,
  type View,
} from '@tallystick/kernel';
import type { Json } from '@tallystick/oplog';
import { businessDay, refuseUnlessHq } from './author.ts';
import { cutText } from './rule-ast.ts';
import { evaluateRule, type Evaluated, reasonOf } from './rule-eval.ts';
import { readRule } from './rule-memo.ts';
import { ruleDropArgs, ruleSetArgs } from './schema.ts';

type Text = 'text';

/** In `hq`: rules by the verb that they are for. Each set is a version, and the history stays in `rules_history`. */
export const rules: RegisterTable<{ verb: Text; rule: Text }, { version: 'integer'; expr: Text }> = registerTable(
  'rules',
  { key: { verb: 'text', rule: 'text' }, columns: { version: 'integer', expr: 'text' } },
);

/** In `hq`: the names of the rules in force for a verb, separated by spaces. A scope reads rows of `hq` by their keys alone. */
export const ruleNames: RegisterTable<{ verb: Text }, { names: Text }> = registerTable('ruleNames', {
  key: { verb: 'text' },
  columns: { names: 'text' },
});

/** What a verb that obeys rules must list among its tables. */
export const ruleTables: readonly [typeof rules, typeof ruleNames] = [rules, ruleNames];

const MOST_RULES = 16;

export interface RuleSetArgs {
  /** The verb that it is for, without a version. */
  readonly verb: string;
  readonly rule: string;
  /** The protobuf JSON of a `cel.expr.Expr`: what must be true, or the op is refused. */
  readonly expr: string;
}
export interface RuleDropArgs {
  readonly verb: string;
  readonly rule: string;
}

/** What a verb shows to its rules: its args, and rows that it read; a row that is not there is left out. */
export interface RuleFacts {
  readonly args: unknown;
  readonly rows?: Readonly<Record<string, Json | undefined>>;
}

/**
 * `guards/rule` unless every rule in force for the verb comes to true, by name; `guards/rule-error` where one comes to nothing (a key that is not there,
 * an overflow, too much work). The details name the rule, its version and what it read.
 */
export function refuseUnlessRules(view: View, verb: string, facts: RuleFacts): Refusal | undefined {
  const names = view.hq.get(ruleNames, { verb })?.names ?? '';
  if (names === '') return undefined;
  for (const rule of names.split(' ')) {
    const row = view.hq.get(rules, { verb, rule });
    const refusal = row && judge(view, { rule, version: row.version }, row.expr, facts);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function judge(
  view: View,
  named: { readonly rule: string; readonly version: number },
  expr: string,
  facts: RuleFacts,
): Refusal | undefined {
  const read = readRule(expr);
  if (!read.ok) return refuse('guards/rule-error', { ...named, reason: read.code });
  const evaluated = evaluateRule(read.value.root, variablesOf(view, read.value.variables, facts));
  if (evaluated.value === true) return undefined;
  const reason = reasonOf(evaluated.value);
  const isError = reason !== undefined || evaluated.value !== false;
  return isError
    ? refuse('guards/rule-error', { ...named, reason: reason ?? 'not-boolean', ...shown(evaluated) })
    : refuse('guards/rule', { ...named, ...shown(evaluated) });
}

/** Only those that the rule names: what it does not read, the op does not depend on. */
function variablesOf(
  view: View,
  named: ReadonlySet<string>,
  { args, rows = {} }: RuleFacts,
): ReadonlyMap<string, Json> {
  const variables = new Map<string, Json>([['args', args as Json]]);
  const { device, role, name } = view.author;
  variables.set('author', { device, role, name });
  const there: Record<string, Json> = {};
  for (const [name, row] of Object.entries(rows).sort(byName)) if (row !== undefined) there[name] = row;
  variables.set('rows', there);
  if (named.has('day')) variables.set('day', businessDay(view));
  return variables;
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}

function shown({ readings }: Evaluated): Readonly<Record<string, string | number>> {
  const details: Record<string, string | number> = {};
  for (const { path, value } of readings)
    details[cutText(path)] = typeof value === 'number' ? value : cutText(String(value));
  return details;
}

/** Sets a rule, or a new version of it. What is no rule of this language is refused, and so never met in a fold. */
export const ruleSet: Verb<'rule.set', RuleSetArgs> = defineVerb({
  name: 'rule.set',
  version: 1,
  roles: ['owner'],
  tables: ruleTables,
  args: ruleSetArgs,
  plan: (view, op, { verb, rule, expr }) => {
    const refusal = refuseUnlessHq(op.scope);
    if (refusal !== undefined) return refusal;
    const read = readRule(expr);
    if (!read.ok) return refuse(read.code, { rule, what: read.what });
    const names = new Set(namesOf(view, verb)).add(rule);
    if (names.size > MOST_RULES) return refuse('guards/too-many-rules', { verb, most: MOST_RULES });
    const version = (view.get(rules, { verb, rule })?.version ?? 0) + 1;
    return [rules.write({ verb, rule, version, expr }), ruleNames.write({ verb, names: [...names].sort().join(' ') })];
  },
});

/** Takes a rule out of force. */
export const ruleDrop: Verb<'rule.drop', RuleDropArgs> = defineVerb({
  name: 'rule.drop',
  version: 1,
  roles: ['owner'],
  tables: ruleTables,
  args: ruleDropArgs,
  plan: (view, op, { verb, rule }) => {
    const refusal = refuseUnlessHq(op.scope);
    if (refusal !== undefined) return refusal;
    const names = namesOf(view, verb);
    if (!names.includes(rule)) return refuse('guards/no-rule', { verb, rule });
    return [ruleNames.write({ verb, names: names.filter((name) => name !== rule).join(' ') })];
  },
});

function namesOf(view: View, verb: string): readonly string[] {
  return (view.get(ruleNames, { verb })?.names ?? '').split(' ').filter((name) => name !== '');
}

/** What a book passes to `openBook` beside the verbs of its domain. */
export const ruleVerbs: readonly [typeof ruleSet, typeof ruleDrop] = [ruleSet, ruleDrop];
