/** Texts of a verb's args are personal unless their schema says otherwise (docs/erasure.md): a verb that takes a name in the clear, and says nothing of it, opens no book. */
import { publicReason, writtenNames } from '@tallystick/erasure/marking';
import { KernelError } from './errors.ts';
import { type ArgsSchema, mustBeVerb, type Verb } from './verb.ts';

/** Schemas are shared by the fields and verbs of a package, and verbs by the books of a program. */
const declared = new WeakSet<object>();

interface Definition {
  readonly type: string;
  readonly shape?: object;
  readonly catchall?: object;
  /** Of a form such as a mail address; those of `regex` are in its checks. */
  readonly pattern?: RegExp;
  readonly checks?: readonly Parts[];
}

/** A schema of zod, by its parts; one by hand or of another library lists in `publicTexts` what it takes in the clear. */
interface Parts extends ArgsSchema<unknown> {
  readonly _zod?: { readonly def: Definition };
}

/** Throws `kernel/bad-verb` for what is no verb, and `kernel/undeclared-text` where a name is taken in the place of a text, and nothing is said of it. */
export function mustDeclareTexts(verb: Verb): void {
  mustBeVerb(verb);
  const { ref, args } = verb;
  const found = undeclared(args, 'args');
  if (found.length > 0)
    throw new KernelError('kernel/undeclared-text', `${ref} takes a name in the clear: ${found.join()}`);
}

function undeclared(schema: Parts, path: string): string[] {
  if (declared.has(schema) || schema.publicTexts !== undefined || publicReason(schema) !== undefined) return [];
  const def = schema._zod?.def;
  if (def === undefined || takesAnything(def)) return [path];
  // Two lists, not one object: a member may be called what a part is, such as `type`.
  const named = [...Object.entries(def.shape ?? {}), ...Object.entries({ ...def, checks: 0 })];
  const parts = named.flatMap(([name, part]) =>
    [part as Parts].flat().flatMap((one) => (one?._zod ? [{ one, at: `${path}.${name}` }] : [])),
  );
  if (parts.length === 0 && takesName(schema, def)) return [path];
  const found = parts.flatMap(({ one, at }) => undeclared(one, at));
  if (found.length === 0) declared.add(schema);
  return found;
}

/** An object that says nothing of its other members, what takes another value's place, and what only says later what it takes. */
function takesAnything({ type, catchall }: Definition): boolean {
  return type === 'catch' || type === 'lazy' || (type === 'object' && catchall === undefined);
}

/** By its patterns first: they say no in a hundredth of the time that a validation takes, and most forms have one. */
function takesName(schema: Parts, def: Definition): boolean {
  if (/^(never|number|boolean|literal|enum)$/.test(def.type)) return false;
  const patterns = [def, ...(def.checks ?? []).map((check) => check._zod?.def)].flatMap((of) => of?.pattern ?? []);
  return writtenNames.some((name) => patterns.every((pattern) => name.search(pattern) >= 0) && takes(schema, name));
}

function takes(schema: Parts, name: string): boolean {
  const result = schema['~standard'].validate(name);
  return result instanceof Promise || result.issues === undefined;
}
