/** A verb that takes a name in the clear, and says nothing of it, opens no book: texts are personal unless somebody says why not. */
import { personal, publicText } from '@tallystick/erasure/marking';
import { type ArgsSchema, defineVerb, type KernelError, openBook, type Verb } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryKeys, moves, stores, testEdge } from './shop.ts';

async function opens(args: object): Promise<'opened' | { readonly code: string; readonly at: string }> {
  const verb: Verb = defineVerb({
    name: 'shop.note',
    version: 1,
    roles: ['owner'],
    tables: [moves],
    args: args as ArgsSchema<unknown>,
    plan: () => [],
  });
  const opened = openBook<readonly Verb[]>({
    store: stores['better-sqlite3'](),
    keys: memoryKeys(),
    verbs: [verb],
    edge: testEdge(),
  });
  try {
    await (await opened).close();
    return 'opened';
  } catch (error) {
    const { code, message } = error as KernelError;
    return { code, at: message.slice(message.lastIndexOf(':') + 2) };
  }
}
const text = z.string();
const code = z.string().regex(/^[a-z0-9-]{1,9}$/);

describe('a text of which a schema says nothing', () => {
  it.each<[string, object, string]>([
    ['a member', z.strictObject({ note: text }), 'args.note'],
    ['short', z.strictObject({ note: text.max(3) }), 'args.note'],
    ['long', z.strictObject({ note: text.min(30) }), 'args.note'],
    ['middling', z.strictObject({ note: text.min(4).max(20) }), 'args.note'],
    ['optional', z.strictObject({ note: text.exactOptional() }), 'args.note.innerType'],
    ['in a list', z.strictObject({ lines: z.array(z.strictObject({ note: text })) }), 'args.lines.element.note'],
    ['in a tuple', z.strictObject({ pair: z.tuple([code, text]) }), 'args.pair.items'],
    ['at the end of a tuple', z.strictObject({ pair: z.tuple([code], text) }), 'args.pair.rest'],
    ['one of several', z.strictObject({ note: z.union([code, text]) }), 'args.note.options'],
    [
      'in one of several',
      z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('a'), note: text })]),
      'args.options.note',
    ],
    ['a value by name', z.strictObject({ notes: z.record(code, text) }), 'args.notes.valueType'],
    ['a name of a value', z.strictObject({ notes: z.record(text, z.int()) }), 'args.notes.keyType'],
    [
      'in both of two',
      z.strictObject({ note: z.intersection(z.strictObject({ a: text }), z.strictObject({ a: text })) }),
      'args.note.left.a,args.note.right.a',
    ],
    ['before it is changed', z.strictObject({ note: z.preprocess((given) => given, code) }), 'args.note.in'],
    ['anything', z.strictObject({ note: z.unknown() }), 'args.note'],
    [
      'a rule of its own',
      z.strictObject({ note: z.custom<string>((given) => typeof given === 'string') }),
      'args.note',
    ],
    ['what is put in its place', z.strictObject({ note: code.catch('none') }), 'args.note'],
    ['what is said later', z.strictObject({ note: z.lazy(() => text) }), 'args.note'],
    ['a mail address', z.strictObject({ to: z.email() }), 'args.to'],
    ['a telephone number', z.strictObject({ to: z.string().regex(/^[+0-9 ]{5,20}$/) }), 'args.to'],
    ['words in small letters', z.strictObject({ note: text.regex(/^[a-z ]+$/) }), 'args.note'],
    ['words in capitals, of one length', z.strictObject({ note: text.regex(/^[A-Z ]{17}$/) }), 'args.note'],
    ['two words', z.strictObject({ note: text.regex(/^[a-z]+ [a-z]+$/) }), 'args.note'],
    ['a name behind a comma', z.strictObject({ note: text.regex(/^[A-Z][a-z]+, [A-Z][a-z]+$/) }), 'args.note'],
    ['letters of any script', z.strictObject({ note: text.regex(/^\p{L}+$/u) }), 'args.note'],
    ['a number to call', z.strictObject({ to: text.regex(/^[(]?[0-9]{4}[)]? ?[0-9]{3}[ -]?[0-9]{4}$/) }), 'args.to'],
    [
      'under a name that parts of a schema have',
      z.strictObject({ type: text, shape: text, checks: text, catchall: text }),
      'args.type,args.shape,args.checks,args.catchall',
    ],
    ['members that it does not name', z.object({ code }), 'args'],
    ['members that it lets pass', z.looseObject({ code }), 'args.catchall'],
    ['beside one that is declared', z.strictObject({ a: publicText(text, 'about goods'), b: text }), 'args.b'],
    [
      'of another library',
      { '~standard': { version: 1, vendor: 'x', validate: (value: unknown) => ({ value }) } },
      'args',
    ],
  ])('opens no book: %s', async (_what, args, path) => {
    expect(await opens(args)).toEqual({ code: 'kernel/undeclared-text', at: path });
  });
});

describe('a text that is declared', () => {
  it.each<[string, object]>([
    ['an envelope', z.strictObject({ note: personal(text) })],
    ['public, and why', z.strictObject({ note: publicText(text, 'about goods') })],
    ['public as a whole', z.strictObject({ lines: publicText(z.array(z.object({ note: text })), 'about goods') })],
    [
      'a form that no name has',
      z.strictObject({ note: code.exactOptional(), list: z.array(code), by: z.record(code, z.int()) }),
    ],
    [
      'one of some words',
      z.strictObject({ kind: z.enum(['a', 'b']), of: z.literal('Anna'), at: z.int().or(z.literal('')) }),
    ],
    [
      'by hand',
      { '~standard': { version: 1, vendor: 'x', validate: (value: unknown) => ({ value }) }, publicTexts: {} },
    ],
  ])('opens the book: %s', async (_what, args) => {
    expect(await opens(args)).toBe('opened');
  });
});
