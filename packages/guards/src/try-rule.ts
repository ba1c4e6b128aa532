/**
 * A rule tried against history before it is set: the log is folded again, and each op that its verb accepted is planned once more as if the rule were in
 * force. What the books say does not change.
 */
// oxlint-disable @tallystick/no-async -- around a fold, not in one
import {
  type BookStore,
  type Correction,
  type OlderOps,
  type OpFacts,
  type Outcome,
  type Refusal,
  refuse,
  type Verb,
  type View,
} from '@tallystick/kernel';
import { ruleNames, rules, type RuleSetArgs } from './rule.ts';

export interface WouldRefuse {
  readonly hash: string;
  readonly id: string;
  readonly device: string;
  readonly scope: string;
  /** Of the op, as its author's clock said. */
  readonly at: number;
  readonly refusal: Refusal;
}

export interface RuleTrial {
  /** How many ops of the verb were accepted and asked the rule. Nought says nothing of the rule: the verb may not ask for rules at all. */
  readonly asked: number;
  /** In the order of their fold. */
  readonly refused: readonly WouldRefuse[];
}

/** The side of a book that a trial needs. */
export interface Replayable {
  replay(into: BookStore, older: OlderOps, verbs: readonly Verb[]): Promise<unknown>;
}

export interface TryRuleOptions {
  /** All verbs of the book's program. */
  readonly verbs: readonly Verb[];
  /** An empty store, which the caller closes. */
  readonly into: BookStore;
  /** Where the book's log begins later. */
  readonly older?: OlderOps;
}

/** Which past ops the rule, or the new version of it, would have refused, alone: those that stand although a rule was against them are asked again. Try a rule that `rule.set` takes: one that it does not refuses every op. */
export async function tryRule(
  book: Replayable,
  trial: RuleSetArgs,
  { verbs, into, older = {} }: TryRuleOptions,
): Promise<RuleTrial> {
  // By op: one that is folded again counts once, as it stood last.
  const answers = new Map<string, WouldRefuse | undefined>();
  const watched = verbs.map((verb): Verb => (verb.name === trial.verb ? watch(verb, trial, answers) : verb));
  await book.replay(into, older, watched);
  return { asked: answers.size, refused: [...answers.values()].filter((answer) => answer !== undefined) };
}

function watch(verb: Verb, trial: RuleSetArgs, answers: Map<string, WouldRefuse | undefined>): Verb {
  const plan = (view: View, op: OpFacts, args: unknown): Outcome => {
    const outcome = verb.plan(view, op, args);
    answers.delete(op.hash);
    if ('kind' in outcome && outcome.kind === 'refusal') return outcome;
    const asked = { rule: false };
    const against = reasonOf(verb.plan(viewWith(view, trial, asked), op, args));
    const refusal = against?.details['rule'] === trial.rule ? refuse(against.code, against.details) : undefined;
    const { hash, id, device, scope, at } = op;
    if (asked.rule) answers.set(hash, refusal && { hash, id, device, scope, at, refusal });
    return outcome;
  };
  return { ...verb, plan };
}

/** Why the verb would rather not, also where the op stands. */
function reasonOf(outcome: Outcome): Correction | undefined {
  if (!('kind' in outcome)) return undefined;
  return outcome.kind === 'refusal' ? outcome : outcome.correction;
}

/** The view as it would be with this rule alone in force; `asked` is told when the verb looks for it. */
function viewWith(view: View, { verb, rule, expr }: RuleSetArgs, asked: { rule: boolean }): View {
  const get: View['hq']['get'] = (table, key) => {
    const row = view.hq.get(table, key);
    const of = key as { readonly verb?: string; readonly rule?: string };
    if (of.verb !== verb) return row;
    if (table.name === ruleNames.name) {
      asked.rule = true;
      return { verb, names: rule } as unknown as typeof row;
    }
    if (table.name !== rules.name || of.rule !== rule) return row;
    const version = ((row as { readonly version?: number } | undefined)?.version ?? 0) + 1;
    return { verb, rule, version, expr } as unknown as typeof row;
  };
  // Not spread: the author is asked of the view at each op.
  return {
    get: (table, key) => view.get(table, key),
    sum: (table, key) => view.sum(table, key),
    list: (table, prefix) => view.list(table, prefix),
    hq: { get },
    author: view.author,
  };
}
