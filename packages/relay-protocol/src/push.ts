// What the relay takes from a push and what it answers (docs/spec/relay.md, "Push"), and the parts that every push needs.
import type { Hasher, NoteSigner } from '@tallystick/chain';
import type { BookId, Scope } from '@tallystick/oplog';
import { decodeBundle } from '@tallystick/oplog/transport';
import type { Ed25519 } from '@tallystick/sign';
import type { Checkpoints } from './checkpoints.ts';
import type { ClaimMemory } from './claim-memory.ts';
import { RelayError } from './errors.ts';
import { type Frame, openFrame } from './ground.ts';
import type { RelayLimits } from './limits.ts';
import type { Openings } from './openings.ts';
import type { Quota } from './quota.ts';
import type { OnGivenUp } from './receivers.ts';
import type { Rosters } from './rosters.ts';
import type { RelayStore } from './store.ts';
import type { Tenures } from './tenure.ts';
import type { PushResult } from './verdict.ts';

/** What a push needs of its relay. */
export interface PushDesk {
  readonly store: RelayStore;
  readonly signer: NoteSigner;
  readonly checkpoints: Checkpoints;
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
  readonly limits: RelayLimits;
  readonly books: 'open' | readonly BookId[];
  readonly rosters: Rosters;
  readonly tenures: Tenures;
  readonly memory: ClaimMemory;
  readonly quota: Quota;
  readonly openings: Openings;
  nowMs(): number;
}

/** One request, read and cut into records. */
export interface Push {
  readonly book: BookId;
  readonly scope: Scope;
  readonly frames: readonly Frame[];
  /** Whether it is a push on the condition that nobody has the tokens that its ops claim. */
  readonly isClaim: boolean;
  /** Whether the answer is to have the log's checkpoint. */
  readonly wantsCheckpoint: boolean;
  /** Of the body, unpacked. */
  readonly sizeBytes: number;
  readonly tag?: unknown;
}

/** A push on its way in, for a server that reads requests by itself: what `fetch` does, without its `Request` and `Response`. */
export interface PushRequest {
  /** With its leading slash and its query, percent-encoded as it came. */
  readonly path: string;
  /** Named in the event of the commit that it becomes durable in: for whoever follows a push. */
  readonly tag?: unknown;
  /** The header `content-encoding`. */
  readonly encoding: string | undefined;
  /** The header `content-length`. */
  readonly lengthBytes: number | undefined;
  /**
   * The body as sent; throws `relay/too-large` where it has more than `maxBytes`, and what `onBytes` throws, which is told of the number of bytes so far
   * whenever some have come. What it hands to `onGivenUp` is called when nobody waits for it any more: it lets go of what it has.
   */
  read(maxBytes: number, onBytes: (count: number) => void, onGivenUp: OnGivenUp): Promise<Uint8Array>;
}

/** An answer to a push, headers included. */
export interface PushReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

export interface PushOutcome {
  readonly size: number;
  /** '' where nobody asked for it. */
  readonly checkpoint: string;
  /** Over every op of the push that has a position, or ''; it goes on with `receiptNote`. */
  readonly receipt: string;
  /** What all receipts of a commit end in. Apart, for it is no ASCII, and a text with one such character takes two bytes for each of all others. */
  readonly receiptNote?: string;
  readonly results: readonly PushResult[];
  /** Whether an op of it has a position, or is signed by who may write in this log: what others pushed says nothing of who asks. */
  readonly isKnown: boolean;
  /** The book began with this push. */
  readonly opened: boolean;
  readonly signaturesChecked: number;
}

/** Cuts a body into frames and checks their size and shape. Throws `relay/too-large` or `relay/torn`. */
export function openFrames(body: Uint8Array, { limits, hasher }: Pick<PushDesk, 'limits' | 'hasher'>): Frame[] {
  if (countFrames(body, limits.maxBatchOps) > limits.maxBatchOps) {
    throw new RelayError('relay/too-large', `a push has at most ${limits.maxBatchOps} ops`);
  }
  const { frames, tornAt } = decodeBundle(body);
  if (tornAt !== undefined) throw new RelayError('relay/torn', `the bundle breaks off in the frame at byte ${tornAt}`);
  return frames.map((bytes) => openFrame(bytes, hasher));
}

/** Stops one past `max`, so that a body of empty frames costs nothing. */
function countFrames(body: Uint8Array, max: number): number {
  let count = 0;
  for (let at = 0; at < body.length && count <= max; count++) {
    at += 2 + (((body[at] as number) << 8) | (body[at + 1] ?? 0));
  }
  return count;
}
