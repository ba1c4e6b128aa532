/** What a commit takes, typed from the verbs of the book, and what it answers. */
import type { OpHash, OpId, Scope as ScopeName } from '@tallystick/oplog';
import type { CommitRequest, NotCommitted } from './author.ts';
import type { builtinVerbs } from './builtin.ts';
import type { Correction, Verb } from './verb.ts';

/** How far an op is known to be safe: on this device; at the relay; in the order everyone shares. */
export type Stage = 'local' | 'durable' | 'settled';

export interface Committed {
  readonly ok: true;
  readonly id: OpId;
  readonly hash: OpHash;
  readonly scope: ScopeName;
  /** Why the op was accepted with a compensation, if it was, as things stand here; later the table `corrections` says it. */
  readonly correction: Correction | undefined;
  /** Where the op stands now. */
  stage(): Promise<Stage>;
  /** Resolves when the op has come at least this far. Offline that may take days. */
  reached(stage: Stage): Promise<void>;
}

export type Commit = Committed | NotCommitted;

type KnownVerb<V extends readonly Verb[]> = V[number] | (typeof builtinVerbs)[number];
/** Names of the verbs of a book: plain, of which `commit` takes the newest adopted version, or with a version, such as `shop.sell@1`. */
export type VerbName<V extends readonly Verb[]> = PlainName<V> | `${PlainName<V>}@${number}`;
export type PlainName<V extends readonly Verb[]> = KnownVerb<V>['name'];
/** The args that a verb's schema asks for: of a name that has several versions, those of any. */
export type VerbArgs<V extends readonly Verb[], N extends string> = ArgsOf<
  Extract<KnownVerb<V>, { readonly name: N extends `${infer Plain}@${number}` ? Plain : N }>
>;
// Verb by verb: of several at once, args that others extend would swallow those. Nothing is known of a verb that is not in the list.
type ArgsOf<K> = [K] extends [never] ? unknown : K extends Verb<string, infer A> ? A : never;
export type TypedRequest<V extends readonly Verb[]> = {
  [N in PlainName<V>]: Omit<CommitRequest, 'verb' | 'args'> & {
    readonly verb: N | `${N}@${number}`;
    readonly args: VerbArgs<V, N>;
  };
}[PlainName<V>];
