/** The rule `personal-text`: a text of a verb's args is personal unless somebody says that it is not, and why. */
import type { Rule } from './rule.ts';
import { argumentsOf, child, childrenOf, identifierName, isNode, nameOf, type Node, unwrap } from './syntax.ts';
import type { SourceCode } from './verb-code.ts';

const DECLARATIONS: ReadonlySet<string> = new Set(['personal', 'publicText']);
/** What makes a file one of schemas of verbs, where the rule is not told to look everywhere. */
const SCHEMA_FILE = /\b(?:defineVerb|ArgsSchema)\b/;
/** Formats in which nobody writes a name. */
const FORMATS: ReadonlySet<string> = new Set(['uuid', 'uuidv7', 'hex', 'hash']);

export const personalText: Rule = {
  meta: {
    type: 'problem',
    docs: {
      description: 'Every free text in the args of a verb is an envelope, or declared public.',
      url: 'https://www.npmjs.com/package/@tallystick/eslint-plugin',
    },
    messages: {
      found:
        'People write names into free text, and the log never forgets: wrap it in personal() to take envelopes alone, or in publicText() with the reason why no person stands in it.',
    },
    schema: [{ type: 'object', properties: { everywhere: { type: 'boolean' } }, additionalProperties: false }],
  },
  create: (context) => ({
    'Program:exit'(): void {
      const { ast, text } = context.sourceCode as SourceCode;
      const everywhere = (context.options[0] as { everywhere?: boolean } | undefined)?.everywhere ?? false;
      if ((!everywhere && !SCHEMA_FILE.test(text)) || !isNode(ast)) return;
      const found: Node[] = [];
      visit(ast, false, zodNames(ast), found);
      for (const node of found) (context.report as (report: object) => void)({ node, messageId: 'found' });
    },
  }),
};

/** Local names of zod, and of its `string`. */
interface ZodNames {
  readonly modules: ReadonlySet<string>;
  readonly strings: ReadonlySet<string>;
}

function zodNames(program: Node): ZodNames {
  const names = { modules: new Set<string>(), strings: new Set<string>() };
  for (const statement of childrenOf(program)) {
    const source = child(statement, 'source')?.['value'];
    if (statement.type !== 'ImportDeclaration' || typeof source !== 'string' || !/^zod(?:\/|$)/.test(source)) continue;
    for (const specifier of (statement['specifiers'] as readonly Node[]) ?? []) {
      const local = identifierName(child(specifier, 'local'));
      if (local === undefined) continue;
      const imported = identifierName(child(specifier, 'imported'));
      if (imported === 'string') names.strings.add(local);
      else if (imported === undefined || imported === 'z') names.modules.add(local);
    }
  }
  return names;
}

function visit(node: Node, isDeclared: boolean, names: ZodNames, found: Node[]): void {
  let declared = isDeclared;
  if (node.type === 'CallExpression') {
    if (isFreeText(node, names) && !declared) found.push(node);
    declared ||= declares(node);
  }
  for (const below of childrenOf(node)) visit(below, declared, names, found);
}

/** `z.string()` itself, or `string()` of zod. */
function isFreeText(call: Node, { modules, strings }: ZodNames): boolean {
  const callee = unwrap(child(call, 'callee'));
  if (callee === undefined) return false;
  if (callee.type === 'Identifier') return strings.has(String(callee['name']));
  const object = identifierName(unwrap(child(callee, 'object')));
  return nameOf(callee) === 'string' && object !== undefined && modules.has(object);
}

/** `personal(...)`, `publicText(...)`, and a chain that ends in a form in which no name can be written: `z.string().regex(/^[0-9]+$/)`. */
function declares(call: Node): boolean {
  const callee = unwrap(child(call, 'callee'));
  if (callee === undefined) return false;
  const name = callee.type === 'MemberExpression' ? (nameOf(callee) ?? '') : (identifierName(callee) ?? '');
  if (DECLARATIONS.has(name) || FORMATS.has(name)) return true;
  return callee.type === 'MemberExpression' && name === 'regex' && argumentsOf(call).some(isNarrow);
}

/** A pattern of the whole text, in which what may stand is listed: no space, no full stop for anything, no class of what may not stand. */
function isNarrow(argument: Node): boolean {
  const { pattern, flags } = (argument['regex'] ?? { pattern: '', flags: '' }) as { pattern: string; flags: string };
  if (!pattern.startsWith('^') || !pattern.endsWith('$') || flags.includes('m')) return false;
  const plain = pattern.replaceAll(/\\[.\-/\\]/g, '');
  const outside = plain.replaceAll(/\[[^\]]*\]/g, '');
  return !/\[\^|\\[sSWDpP]|[ ]/.test(plain) && !outside.includes('.');
}
