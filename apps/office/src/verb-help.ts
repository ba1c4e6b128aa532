// The args of a verb as people read them, out of the schema that the verb itself judges them by.
import type { Verb } from '@tallystick/kernel';
import * as z from 'zod';
import { verbLines } from './verb-lines.ts';

/** The part of JSON Schema that zod writes for the args of verbs. */
export interface Shape {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  /** Of a list in which every place has its own kind. */
  readonly prefixItems?: readonly Shape[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly additionalProperties?: boolean | Shape;
}

/** The args as JSON Schema where the verb's schema is zod's; else what the schema says that it expects. */
export function argsOf(verb: Verb): { readonly schema: Shape } | { readonly expected: string } {
  if ('_zod' in verb.args)
    return { schema: z.toJSONSchema(verb.args as unknown as z.ZodType, { unrepresentable: 'any' }) as Shape };
  const judged = verb.args['~standard'].validate(undefined);
  const message = 'issues' in judged ? judged.issues?.[0]?.message : undefined;
  return { expected: message ?? 'no form that could be shown' };
}

/** The help of one verb: what it does, for whom, and a line for each of its args; `?` marks what may be left out. */
export function verbHelp(verb: Verb): string {
  const args = argsOf(verb);
  const lines = 'schema' in args ? membersOf(args.schema, '  ') : [`  ${args.expected}`];
  return [
    `tally do ${verb.name} [JSON | -] [options]`,
    '',
    verbLines[verb.name] ?? '',
    `For: ${verb.roles.join(', ')}.`,
    '',
    ...(lines.length === 0 ? ['  {}: it takes nothing'] : lines),
    '',
    'Numbers are whole. tally do --help says more; with --json this is JSON Schema.',
  ].join('\n');
}

function membersOf(shape: Shape, indent: string): string[] {
  const members = Object.entries(shape.properties ?? {});
  const names = members.map(([name]) => `${name}${shape.required?.includes(name) === true ? '' : '?'}`);
  const width = Math.max(0, ...names.map((name) => name.length)) + 2;
  return members.flatMap(([, member], index) => [
    `${indent}${(names[index] ?? '').padEnd(width)}${wordsOf(member)}`,
    ...insideOf(member, `${indent}  `),
  ]);
}

/** The members of an object, of the objects in a list, and of each kind that there may be. */
function insideOf(shape: Shape, indent: string): string[] {
  const kinds = shape.anyOf ?? shape.oneOf;
  if (kinds !== undefined && kinds.some((kind) => kind.properties !== undefined))
    return kinds.flatMap((kind, index) => [...(index === 0 ? [] : [`${indent}or`]), ...membersOf(kind, indent)]);
  if (shape.items !== undefined) return insideOf(shape.items, indent);
  return membersOf(shape, indent);
}

function wordsOf(shape: Shape): string {
  if (shape.const !== undefined) return JSON.stringify(shape.const);
  if (shape.enum !== undefined) return shape.enum.map((value) => JSON.stringify(value)).join(' | ');
  const kinds = shape.anyOf ?? shape.oneOf;
  if (kinds !== undefined) return [...new Set(kinds.map(wordsOf))].join(' | ');
  if (shape.type === 'array') {
    const { prefixItems, minItems = 0, maxItems } = shape;
    if (prefixItems !== undefined) return `[${prefixItems.map(wordsOf).join(', ')}]`;
    const most = maxItems === undefined ? '' : ` to ${maxItems}`;
    return `list of ${minItems}${most}: ${wordsOf(shape.items ?? {})}`;
  }
  if (shape.type === 'string') return 'text';
  if (shape.type === 'number' || shape.type === 'integer') return `number${boundsOf(shape)}`;
  if (shape.type === 'boolean') return 'true | false';
  return shape.type ?? 'anything';
}

function boundsOf({ minimum, maximum }: Shape): string {
  const from = minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? '' : ` from ${minimum}`;
  const to = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`;
  return `${from}${to}`;
}
