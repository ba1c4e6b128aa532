// Where the args of a verb take what a person may have written: whatever its schema says of itself, a name is tried in each text.
import type { Json, JsonObject } from '@tallystick/oplog';
import { publicReason } from './marking.ts';
import { writtenNames } from './written-names.ts';

/** A schema of any library (Standard Schema), or one by hand that says in `publicTexts` which of its members are declared public, and why. */
export interface TextSchema {
  readonly '~standard': { validate(value: unknown): unknown };
  readonly publicTexts?: Readonly<Record<string, string>>;
}

export interface FreeText {
  /** Members from the outermost, `*` for a place in a list. */
  readonly path: string;
  /** Why it is not personal, as `publicText` or `publicTexts` says beside it; undefined where nobody does: then it must be an envelope. */
  readonly why: string | undefined;
}

/** An op has many texts, and each trial validates all of it; forms of one length alone are found where a book opens. */
const tried = writtenNames.filter((_, index) => index % 7 === 0);

/** The texts of `args`, which `schema` takes, in whose place it takes a name in the clear. */
export function findFreeTexts(schema: TextSchema, args: JsonObject): FreeText[] {
  const found = new Map<string, FreeText>();
  for (const { path, changed } of changesOf(args, [])) {
    const name = path.map((part) => (typeof part === 'number' ? '*' : part)).join('.');
    if (found.has(name) || !isTaken(schema, changed)) continue;
    found.set(name, { path: name, why: schema.publicTexts?.[String(path[0])] ?? reasonAt(schema, path) });
  }
  return [...found.values()];
}

type Path = readonly (string | number)[];

function* changesOf(value: Json, path: Path): Generator<{ readonly path: Path; readonly changed: Json }> {
  if (typeof value === 'string') for (const changed of tried) yield { path, changed };
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      for (const { changed, ...inner } of changesOf(item as Json, [...path, index]))
        yield { ...inner, changed: value.with(index, changed) as Json };
  } else if (typeof value === 'object') {
    for (const [name, member] of Object.entries(value as JsonObject))
      for (const { changed, ...inner } of changesOf(member, [...path, name]))
        yield { ...inner, changed: { ...(value as JsonObject), [name]: changed } };
  }
}

function isTaken(schema: TextSchema, args: Json): boolean {
  const result = schema['~standard'].validate(args);
  return !(result instanceof Promise) && (result as { readonly issues?: unknown }).issues === undefined;
}

/** The parts of a zod schema that lead to a text below it. */
interface Definition {
  readonly shape?: Readonly<Record<string, object>>;
  readonly element?: object;
  readonly items?: readonly object[];
  readonly options?: readonly object[];
  readonly valueType?: object;
  readonly innerType?: object;
}

function reasonAt(schema: object, path: Path): string | undefined {
  const said = publicReason(schema);
  if (said !== undefined) return said;
  const { innerType, options, shape, element, items, valueType } =
    (schema as { readonly _zod?: { readonly def: Definition } })._zod?.def ?? {};
  if (innerType !== undefined) return reasonAt(innerType, path);
  if (options !== undefined) return options.map((one) => reasonAt(one, path)).find((why) => why !== undefined);
  const [first, ...rest] = path;
  if (first === undefined) return undefined;
  const below = typeof first === 'number' ? (element ?? items?.[first]) : (shape?.[first] ?? valueType);
  return below === undefined ? undefined : reasonAt(below, rest);
}
