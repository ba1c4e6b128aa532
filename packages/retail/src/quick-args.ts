/**
 * A short way to the verdict on args that are as they should be: most of what a schema library does is to build the answer, and an op's args are recorded as
 * given. What the short way does not take, the schema judges itself, so that its issues and its verdict stay its own.
 */
import type * as z from 'zod';

type Accepts = (value: unknown) => boolean;

/** What zod's pages for authors of libraries give to go by. */
interface Definition {
  readonly type: string;
  readonly checks?: readonly { readonly _zod: { readonly def: CheckDefinition } }[];
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly innerType?: z.ZodType;
  readonly entries?: Readonly<Record<string, string | number>>;
  readonly format?: string;
  readonly coerce?: boolean;
}

interface CheckDefinition {
  readonly check: string;
  readonly format?: string;
  readonly pattern?: RegExp;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly when?: unknown;
  fn?(value: unknown): unknown;
}

/** The same schema, which answers sooner where it has nothing to say. */
export function quick<Schema extends z.ZodType>(schema: Schema): Schema {
  const standard = schema['~standard'];
  // Not before it is asked: a program names many verbs and uses few.
  let accepts: Accepts | undefined;
  const validate = (value: unknown): ReturnType<typeof standard.validate> =>
    isAccepted((accepts ??= acceptsOf(schema)), value)
      ? { value: value as z.output<Schema> }
      : standard.validate(value);
  schema['~standard'] = { ...standard, validate };
  return schema;
}

function isAccepted(accepts: Accepts, value: unknown): boolean {
  try {
    return accepts(value);
    // oxlint-disable-next-line @tallystick/no-catch -- a check that throws, throws again where the schema runs it, which is what counts
  } catch {
    return false;
  }
}

/** Takes nothing that the schema refuses. */
function acceptsOf(schema: z.ZodType): Accepts {
  const def = schema._zod.def as unknown as Definition;
  const isOfType = typeCheck(def);
  const checks = (def.checks ?? []).map(({ _zod }) => checkOf(_zod.def));
  if (isOfType === undefined || checks.includes(undefined)) return (value) => schema.safeParse(value).success;
  return all([isOfType, ...(checks as readonly Accepts[])]);
}

function all(accepts: readonly Accepts[]): Accepts {
  const [first, second, ...rest] = accepts as readonly [Accepts, ...Accepts[]];
  if (second === undefined) return first;
  if (rest.length === 0) return (value) => first(value) && second(value);
  return (value) => accepts.every((accept) => accept(value));
}

/** Undefined for what only the schema itself can judge. */
function typeCheck(def: Definition): Accepts | undefined {
  const { type, format, coerce, element, options, innerType, entries, shape } = def;
  if (format !== undefined || coerce === true) return undefined;
  if (type === 'string' || type === 'boolean') return (value) => typeof value === type;
  if (type === 'number') return Number.isFinite;
  if (type === 'enum' && entries !== undefined) return oneOf(Object.values(entries).sort());
  if (type === 'optional' && innerType !== undefined) return acceptsOf(innerType);
  if (type === 'array' && element !== undefined) return arrayOf(acceptsOf(element));
  if (type === 'union' && options !== undefined) return anyOf(options.map(acceptsOf));
  return type === 'object' && shape !== undefined ? membersOf(shape) : undefined;
}

/** An enumeration of numbers has their names among its values, too, which the schema does not take. */
function oneOf(values: readonly (string | number)[]): Accepts | undefined {
  const known = new Set<unknown>(values);
  return values.every((value) => typeof value === 'string') ? (value) => known.has(value) : undefined;
}

function arrayOf(accepts: Accepts): Accepts {
  return (value) => {
    if (!Array.isArray(value)) return false;
    for (let index = 0; index < value.length; index++) if (!accepts(value[index])) return false;
    return true;
  };
}

function anyOf(options: readonly Accepts[]): Accepts {
  return (value) => options.some((accepts) => accepts(value));
}

/** An object that has every member it must have, and no other than those named. */
function membersOf(shape: Readonly<Record<string, z.ZodType>>): Accepts {
  const members = new Map<string, Member>();
  for (const name of Object.keys(shape).sort()) members.set(name, memberOf(shape[name] as z.ZodType));
  const needed = [...members.values()].filter(({ isNeeded }) => isNeeded).length;
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    let met = 0;
    // oxlint-disable-next-line @tallystick/no-unordered -- all of them must be accepted, whichever comes first
    for (const name in value) {
      const member = members.get(name);
      if (member === undefined || !member.accepts((value as Readonly<Record<string, unknown>>)[name])) return false;
      if (member.isNeeded) met += 1;
    }
    return met === needed;
  };
}

interface Member {
  readonly accepts: Accepts;
  readonly isNeeded: boolean;
}

function memberOf(schema: z.ZodType): Member {
  return { accepts: acceptsOf(schema), isNeeded: schema._zod.optin === undefined };
}

/** Undefined for a check that is none of those that the schemas here are made of. */
function checkOf({ check, fn, format, pattern, minimum, maximum, when }: CheckDefinition): Accepts | undefined {
  if (check === 'custom' && fn !== undefined && when === undefined) return (value) => fn(value) === true;
  if (check === 'min_length' && minimum !== undefined) return (value) => leastLength(value) >= minimum;
  if (check === 'max_length' && maximum !== undefined)
    return (value) => (value as ArrayLike<unknown>).length <= maximum;
  if (check !== 'string_format' || format !== 'regex' || pattern === undefined || pattern.global || pattern.sticky)
    return undefined;
  return (value) => pattern.test(value as string);
}

/** Of an array its length; of a text no more than its code points, which are what a schema counts. */
function leastLength(value: unknown): number {
  const { length } = value as ArrayLike<unknown>;
  return typeof value === 'string' ? Math.ceil(length / 2) : length;
}
