/**
 * Verbs: named, versioned, pure functions from (view, op) to effects (DESIGN section 5). A shipped version never changes; what it
 * may read comes through the view, and everything else it needs was recorded in the op.
 */
import type { Role } from '@tallystick/sign';
import { KernelError } from './errors.ts';
import type { AnyTable, Columns, Effect, RegisterTable, RowOf, SetTable, SumTable } from './table.ts';

/** Why an op has no effect at its place. `details` are plain canonical values, shown to people and kept in `refusals`. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly code: string;
  readonly details: Readonly<Record<string, string | number>>;
  /** What a plan threw here. For who debugs it: no fold looks at it, and it is recorded nowhere. */
  readonly cause?: unknown;
}

/** Refuses the op with a code such as `shop/too-late`. */
export function refuse(code: string, details: Readonly<Record<string, string | number>> = {}): Refusal {
  return { kind: 'refusal', code, details };
}

/** The op has its effects although it could not be taken as it is: what they make good, and why. Kept in `corrections`. */
export interface Correction {
  readonly code: string;
  readonly details: Readonly<Record<string, string | number>>;
}

export interface Compensated {
  readonly kind: 'compensated';
  readonly correction: Correction;
  readonly effects: readonly Effect[];
}

/** Accepts the op and compensates: `effects` are what it has come to, the code such as `shop/backorder` says what they make good. */
export function compensate(
  code: string,
  details: Readonly<Record<string, string | number>>,
  effects: readonly Effect[],
): Compensated {
  return { kind: 'compensated', correction: { code, details }, effects };
}

/** Refused where it is committed; what was committed elsewhere, and meets its reason at its place in the order, stands as if compensated. */
export interface Contested {
  readonly kind: 'contested';
  readonly correction: Correction;
  readonly effects: readonly Effect[];
}

/**
 * Refuses an op that can still be left undone, and compensates one that cannot: `commit` answers the code and stores nothing, so that people are told before
 * goods and money change hands, while in every fold the effects stand with their row in `corrections`. For what may only turn out when something else was
 * settled first. Who must never do it at all is refused.
 */
export function contest(
  code: string,
  details: Readonly<Record<string, string | number>>,
  effects: readonly Effect[],
): Contested {
  return { kind: 'contested', correction: { code, details }, effects };
}

/** What a verb makes of an op: it is accepted, accepted and compensated, refused, or refused only while it can be left undone. */
export type Outcome = readonly Effect[] | Compensated | Contested | Refusal;

/** What a verb may know about the op it folds; `at` is business time and may be wrong. */
export interface OpFacts {
  readonly id: string;
  readonly hash: string;
  readonly at: number;
  readonly device: string;
  readonly scope: string;
  readonly seq: number;
  /** True where a person adopts what was refused at its own place: the op comes to stand after others that its author wrote later. */
  readonly isAdopted?: boolean;
}

/** Reads of tables whose rows can be looked up as they stood in `hq` at the scope's last mark. */
export interface AsOfView {
  get<K extends Columns, C extends Columns>(table: RegisterTable<K, C>, key: RowOf<K>): RowOf<K & C> | undefined;
}

/** The only way a verb reads state. Everything read here is tracked, so that the tail is folded again when it must be. */
export interface View {
  /** A register or set row of the op's own scope, or undefined. */
  get<K extends Columns, C extends Columns>(
    table: RegisterTable<K, C> | SetTable<K, C>,
    key: RowOf<K>,
  ): RowOf<K & C> | undefined;
  /** The sums of one row of the op's own scope; zeros when the row does not exist. */
  sum<K extends Columns, S extends string>(table: SumTable<K, S>, key: RowOf<K>): Readonly<Record<S, number>>;
  /** Rows of the op's own scope whose key starts with the given leading key columns, in key order. */
  list<K extends Columns, C extends Columns>(
    table: RegisterTable<K, C> | SetTable<K, C>,
    prefix: Partial<RowOf<K>>,
  ): readonly RowOf<K & C>[];
  /** Registers of `hq` as of the scope's last mark; in scope `hq` the current rows. */
  readonly hq: AsOfView;
  /** The author as enrolled at this place. */
  readonly author: { readonly device: string; readonly role: Role; readonly name: string };
}

/** The synchronous part of the Standard Schema interface (zod, valibot and arktype schemas have it). */
export interface ArgsSchema<A> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: unknown; readonly output: A } | undefined;
    validate(value: unknown): SchemaResult | Promise<SchemaResult>;
  };
  /** Of a schema that zod did not make: the members that take what people write, and why each is no person's; `{}` where none does. Without it no book opens with the verb. */
  readonly publicTexts?: Readonly<Record<string, string>>;
}
type SchemaResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] };

/** What the schema says of args; undefined when it does not answer at once. Throws what a schema throws. */
export function validateArgs(verb: Verb, args: unknown): SchemaResult | undefined {
  const result = verb.args['~standard'].validate(args);
  if (!(result instanceof Promise)) return result;
  // Nobody waits for it: it must not end the process when it fails.
  result.catch(() => undefined);
  return undefined;
}

export interface Verb<N extends string = string, A = unknown> {
  readonly name: N;
  readonly version: number;
  /** `name@version`, as ops and manifests write it. */
  readonly ref: string;
  readonly roles: readonly Role[];
  readonly tables: readonly AnyTable[];
  readonly args: ArgsSchema<A>;
  /** Bivariant on purpose: a book holds verbs of many argument types. */
  plan(view: View, op: OpFacts, args: A): Outcome;
  /**
   * What is left of an op in its chain that is refused, or waits for a person, because its author has handed it out already: the number on a paper. Only adds and puts
   * that cannot fail belong here: what does not apply is left out. `args` are such as the schema takes.
   */
  remains?(view: View, op: OpFacts, args: unknown): readonly Effect[];
}

/** Programs without types may leave anything out. Throws `kernel/bad-verb`. */
export function mustBeVerb({ name, roles, tables, args, plan }: Omit<Verb, 'ref'>): void {
  const isWhole = args?.['~standard'] && typeof plan === 'function' && Array.isArray(roles) && Array.isArray(tables);
  if (!isWhole || tables.some((table) => typeof table !== 'object'))
    throw new KernelError('kernel/bad-verb', `${name} lacks roles, tables, args or plan`);
}

const VERB_NAME = /^[a-z][a-z0-9]*(\.[a-z][a-z0-9-]*)+$/;

/** Declares one version of a verb. The schema only accepts or refuses: the recorded args are handed to `plan` as they are. */
export function defineVerb<const N extends string, A>(definition: Omit<Verb<N, A>, 'ref'>): Verb<N, A> {
  mustBeVerb(definition);
  const { name, version } = definition;
  if (!VERB_NAME.test(name) || name.length > 64)
    throw new KernelError('kernel/bad-verb', `"${name}" is not a verb name like "sale.complete"`);
  if (!Number.isSafeInteger(version) || version < 1)
    throw new KernelError('kernel/bad-verb', `${name}: version ${version}`);
  return { ...definition, ref: `${name}@${version}` };
}
