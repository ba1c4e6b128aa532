// Rules as people write them: CEL's text, which becomes the tree that is recorded, and the tree as text again. Nothing of this is in a fold.
import type { Expr } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';
import { usage } from './command.ts';
import { messageOf } from './errors.ts';

/** The tree of a rule as protobuf JSON. Takes a tree as it is. Throws `office/usage` for what is no CEL. */
export async function ruleTree(text: string): Promise<string> {
  if (isObject(text)) return text;
  const [{ parse }, { ExprSchema, toJson }] = await Promise.all([import('@bufbuild/cel'), protobuf()]);
  const { expr } = parsed(parse, text);
  if (expr === undefined) throw usage(`--expr ${JSON.stringify(text)} says nothing`, 'rule');
  return JSON.stringify(toJson(ExprSchema, expr));
}

/** A tree is one JSON object. CEL may begin like one, with a map that is written out, and goes on after it. */
function isObject(text: string): boolean {
  try {
    return text.trimStart().startsWith('{') && typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}

function parsed<T>(parse: (text: string) => T, text: string): T {
  try {
    return parse(text);
  } catch (cause) {
    const reason = messageOf(cause);
    throw usage(`--expr is no rule: ${reason}`, 'rule', cause);
  }
}

/** A tree as text that is read as that tree again; one that no text says, as by a name with signs in it, is shown as it is. */
export async function ruleText(tree: string): Promise<string> {
  const [{ parse, unparse }, { ExprSchema, ParsedExprSchema, create, fromJson, toJson }] = await Promise.all([
    import('@bufbuild/cel'),
    protobuf(),
  ]);
  try {
    const expr = fromJson(ExprSchema, JSON.parse(tree) as never);
    const macroCalls: Record<string, Expr> = {};
    const macro = (node: Expr): void => {
      const call = macroOf(node);
      if (call === undefined) return;
      const { target, name, variable, predicate } = call;
      const ident = create(ExprSchema, { exprKind: { case: 'identExpr', value: { name: variable } } });
      const value = { target, function: name, args: [ident, predicate] };
      macroCalls[String(node.id)] = create(ExprSchema, { exprKind: { case: 'callExpr', value } });
    };
    number(expr, { next: 1n }, macro);
    const text = unparse(create(ParsedExprSchema, { expr, sourceInfo: { macroCalls } }));
    const again = parse(text).expr;
    const meanings = [expr, again].map((one) => one && JSON.stringify(meaningOf(toJson(ExprSchema, one))));
    return meanings[0] === meanings[1] ? text : tree;
  } catch {
    return tree;
  }
}

interface ExprJson {
  readonly callExpr?: { readonly function?: string; readonly args?: readonly ExprJson[] };
  readonly comprehensionExpr?: { readonly [member: string]: ExprJson };
}

/** What two trees of one rule have in common: all but the ids, the name of a macro's own variable, and how a row of `&&` or `||` is bracketed. */
function meaningOf(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(meaningOf);
  if (typeof json !== 'object' || json === null) return json;
  const { callExpr: call, comprehensionExpr: macro } = json as ExprJson;
  if (macro !== undefined) {
    const { iterVar, iterRange, accuInit, loopStep } = macro;
    return [iterVar, iterRange, accuInit, loopStep?.callExpr?.args?.[1]].map(meaningOf);
  }
  if (call?.function === '_&&_' || call?.function === '_||_') return [call.function, ...sidesOf(json, call.function)];
  const members = Object.entries(json).filter(([name]) => name !== 'id');
  return Object.fromEntries(members.map(([name, member]) => [name, meaningOf(member)]));
}

function sidesOf(json: ExprJson, operator: string): readonly unknown[] {
  if (json.callExpr?.function !== operator) return [meaningOf(json)];
  return (json.callExpr.args ?? []).flatMap((side) => sidesOf(side, operator));
}

async function protobuf() {
  const [syntax, { create, fromJson, toJson }] = await Promise.all([
    import('@bufbuild/cel-spec/cel/expr/syntax_pb.js'),
    import('@bufbuild/protobuf'),
  ]);
  return { ...syntax, create, fromJson, toJson };
}

/** Numbers every node anew, the inner ones first: a tree may have been written by hand. */
function number(node: Expr | undefined, count: { next: bigint }, each: (node: Expr) => void): void {
  if (node === undefined) return;
  for (const child of childrenOf(node)) number(child, count, each);
  node.id = count.next;
  count.next += 1n;
  each(node);
}

function childrenOf({ exprKind }: Expr): readonly (Expr | undefined)[] {
  switch (exprKind.case) {
    case 'selectExpr':
      return [exprKind.value.operand];
    case 'callExpr':
      return [exprKind.value.target, ...exprKind.value.args];
    case 'listExpr':
      return exprKind.value.elements;
    case 'structExpr':
      return exprKind.value.entries.flatMap(({ keyKind, value }) => [
        keyKind.case === 'mapKey' ? keyKind.value : undefined,
        value,
      ]);
    case 'comprehensionExpr': {
      const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value;
      return [iterRange, accuInit, loopCondition, loopStep, result];
    }
    default:
      return [];
  }
}

/** What a comprehension was written as. The language of rules has but `all`, which begins with true, and `exists`. */
function macroOf({ exprKind }: Expr) {
  if (exprKind.case !== 'comprehensionExpr') return undefined;
  const { iterRange: target, iterVar: variable, accuInit, loopStep } = exprKind.value;
  const start = accuInit?.exprKind.case === 'constExpr' ? accuInit.exprKind.value.constantKind : undefined;
  const predicate = loopStep?.exprKind.case === 'callExpr' ? loopStep.exprKind.value.args[1] : undefined;
  if (target === undefined || predicate === undefined || start?.case !== 'boolValue') return undefined;
  return { target, variable, predicate, name: start.value ? 'all' : 'exists' };
}
