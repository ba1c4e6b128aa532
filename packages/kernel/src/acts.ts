/**
 * The code behind most of the kernel's own verbs: who may write, what is adopted, which day it is. A device that opens its book, sells and reads folds none of
 * them, so a bundler makes a file of its own of it, with the curve that judges keys; whoever is about to fold one of them loads it first.
 */
// oxlint-disable @tallystick/no-shared-state -- code of this very build that comes late: no answer depends on when, for a fold without it stops
import type { MaybePromise, OpRecord } from '@tallystick/oplog';
import type { Role } from '@tallystick/sign';
import { schemaOf } from './builtin-tables.ts';
import { KernelError } from './errors.ts';
import { loadPart } from './load-part.ts';
import type * as part from './part-acts.ts';
import type { AnyTable } from './table.ts';
import { defineVerb, type OpFacts, type Outcome, type Verb, type View } from './verb.ts';

export type ActsPart = typeof part;

/** What one of the kernel's own verbs takes and does. */
export interface ActCode<A> {
  /** What the args look like, for people. */
  readonly wanted: string;
  accepts(args: unknown): boolean;
  plan(view: View, op: OpFacts, args: A): Outcome;
}

interface Declaration {
  readonly roles: readonly Role[];
  readonly tables: readonly AnyTable[];
  /** As `ArgsSchema.publicTexts`. */
  readonly publicTexts?: Readonly<Record<string, string>>;
}

const refs = new Set<string>();
let here: ActsPart | undefined;

/**
 * Declares version 1 of a verb of the kernel, whose schema and plan throw `kernel/not-loaded` before `loadActs`. What is undefined, which no args are, the schema
 * refuses without, and says what it wants once that is here: so programs ask it for its form after `loadParts`.
 */
export function declareAct<const N extends string, A>(name: N, declaration: Declaration): Verb<N, A> {
  const { publicTexts, ...rest } = declaration;
  const ref = `${name}@1`;
  refs.add(ref);
  const code = (): ActCode<A> => actsHere().codeByRef[ref] as ActCode<A>;
  const wanted = (): string => here?.codeByRef[ref]?.wanted ?? 'its args';
  const args = schemaOf<A>((value) => value !== undefined && code().accepts(value), wanted, publicTexts);
  return defineVerb({ ...rest, name, version: 1, args, plan: (view, op, given) => code().plan(view, op, given) });
}

/** Answers at once where it is here already. Throws `kernel/not-loaded` where it cannot be had; asking again tries again. */
export function loadActs(): MaybePromise<ActsPart> {
  return here ?? loadPart('acts', async (files) => (here = await files.acts()));
}

/** What `loadActs` brought; undefined where nobody has asked for it. */
export function actsIfHere(): ActsPart | undefined {
  return here;
}

/** A verb may throw `kernel/not-loaded` by its own hand; this class it cannot make. */
export class ActsMissing extends KernelError {}

/** What `loadActs` brought. Throws `kernel/not-loaded`. */
export function actsHere(): ActsPart {
  if (here === undefined) throw new ActsMissing('kernel/not-loaded', 'the part "acts" of the kernel is not here yet');
  return here;
}

/** Whether ops of this verb are folded by that code. */
export function isAct(ref: string): boolean {
  return refs.has(ref);
}

/** Before these are folded, or who they enrol is noted. */
export function loadActsFor(records: readonly OpRecord[]): MaybePromise<unknown> {
  return here ?? (records.some(({ op }) => isAct(op.verb)) ? loadActs() : undefined);
}
