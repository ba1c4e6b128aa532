// A relay that follows a home relay instead of being one (docs/spec/relay.md, "Federation"): it gives no positions and signs nothing. What it
// needs beside its store is behind this port; `createHomeLink` is what stands there.
import type { BookId, MaybePromise, RootHash, Scope } from '@tallystick/oplog';
import type { CosigningDevice } from './cosigning.ts';
import type { LastPlace } from './outbox.ts';
import type { Push, PushOutcome } from './push.ts';

/** Ops that are kept here for the home relay, in the order they came. */
export interface KeptPage {
  readonly records: readonly Uint8Array[];
  /** Where the next page begins. */
  readonly next: number;
}

export interface HomeNews {
  grown(book: BookId, scope: Scope, size: number): void;
  /** Up to this place of the outbox. */
  kept(book: BookId, scope: Scope, place: number): void;
}

export interface Home {
  /** Of the home relay: the store belongs to it, and its notes are what is served. */
  readonly name: string;
  readonly publicKey: Uint8Array;
  /** What the relay that follows calls itself. */
  readonly mirror: string;
  /** How much of a push the home relay takes, once it has said so. */
  limits(): { readonly maxBatchOps: number; readonly maxBatchBytes: number } | undefined;
  /** The home relay's note of exactly this log. Throws `relay/mirror-behind` where it never gave one. */
  checkpoint(book: BookId, scope: Scope, at: { readonly size: number; readonly root: RootHash }): MaybePromise<string>;
  /** The home relay's answer, or that the ops are kept here; a claim is not kept: `relay/home-away`. */
  push(push: Push): Promise<PushOutcome>;
  /** As the home relay answers now. Throws `relay/home-away`. */
  cosign(cosigner: CosigningDevice, note: string): Promise<string>;
  cosigned(book: BookId, scope: Scope, count: number): Promise<string>;
  standing(book: BookId, scope: Scope, note: string): Promise<string>;
  /** Up to which place of the outbox ops of each log are kept, of logs of which any is kept after `after`. */
  lastPlaces(book: BookId, after: number): MaybePromise<readonly LastPlace[]>;
  /** What is kept of a log from `after` on. */
  kept(book: BookId, scope: Scope, after: number): MaybePromise<KeptPage>;
  /** Whom to tell how far a log reaches here, and what is kept of it. */
  onNews(tails: HomeNews): void;
  /** Resolves when no push is under way. */
  idle(): Promise<void>;
}
