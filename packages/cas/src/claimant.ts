// A device's side of claims: asked until they are answered or their time is over, and never answered from here. Nothing is kept: the op,
// durable on the device before it is sent, is what is asked with again after a lost answer, a crash or a restart.
import type { OpRecord } from '@tallystick/oplog';
import { claimOf, type RelayClient, type RelayCode, RelayError, type RetryPolicy } from '@tallystick/relay-protocol';
import { CasError } from './errors.ts';
import { handInClaims } from './hand-in.ts';
import { type ClaimOutcome, type LogCheck, readOutcome } from './outcome.ts';

/** `block`: what is worth waiting for is not given away before the answer. `admit`: what is not is, and is reconciled later. */
export type Tier = 'block' | 'admit';

export interface ClaimantOptions extends LogCheck {
  readonly client: RelayClient;
  /** Of every request. By default it is repeated, with growing random pauses, until the deadline. */
  readonly retry?: RetryPolicy;
}

export interface ClaimOptions {
  /** Default `block`. */
  readonly tier?: Tier;
  /** How long to ask. Default 30,000 of `block`, 1,000 of `admit`. */
  readonly deadlineMs?: number;
  /** Ops that it builds on and the relay does not have yet; they are stored whatever becomes of the claim. */
  readonly before?: readonly OpRecord[];
  readonly signal?: AbortSignal;
}

/** What became of an op that was admitted. */
export interface Reconciled {
  readonly op: OpRecord;
  /** `held` is a loss that stands in the log now, where every replica folds it; `unknown` is to be reconciled again. */
  readonly outcome: Exclude<ClaimOutcome, { kind: 'admitted' }>;
}

export interface Claimant {
  /**
   * Sets the token to the op if it is unset. The op claims it (`claimOf`), is signed, and is durable here. May be repeated with the same op: the answer is
   * the same, for ever. Throws `cas/other-token`, `cas/bad-receipt`, and `RelayError` where asking again cannot help.
   */
  claim(token: string, op: OpRecord, options?: ClaimOptions): Promise<ClaimOutcome>;
  /**
   * Hands in ops that were admitted, in the order of their chains. All are stored, those that lost too. Throws as `claim` does; where the relay is not to
   * be had, all are `unknown`.
   */
  reconcile(ops: readonly OpRecord[], options?: Pick<ClaimOptions, 'deadlineMs' | 'signal'>): Promise<Reconciled[]>;
}

const deadlineMsByTier: Readonly<Record<Tier, number>> = { block: 30_000, admit: 1_000 };

/** What says nothing about the claim: the request or its answer was lost, or the relay could not decide. */
const undecided: ReadonlySet<RelayCode> = new Set([
  'relay/unreachable',
  'relay/aborted',
  'relay/busy',
  'relay/failed',
  'relay/refused',
  'relay/bad-answer',
  'relay/claim-alarm',
  'relay/home-away',
]);

export function createClaimant(options: ClaimantOptions): Claimant {
  const { client, book, scope } = options;
  const callOf = (deadlineMs: number, signal: AbortSignal | undefined) => ({
    signal: AbortSignal.any([AbortSignal.timeout(deadlineMs), ...(signal === undefined ? [] : [signal])]),
    retry: { attempts: Number.POSITIVE_INFINITY, ...options.retry },
  });
  return {
    async claim(token, op, { tier = 'block', deadlineMs = deadlineMsByTier[tier], before = [], signal } = {}) {
      if (claimOf(op.op) !== token) throw new CasError('cas/other-token', `op ${op.hash} claims ${claimOf(op.op)}`);
      const asked = await ask(() => client.claim(book, scope, [...before, op], callOf(deadlineMs, signal)));
      if (typeof asked === 'string') return { kind: tier === 'admit' ? 'admitted' : 'unknown', why: asked };
      return readOutcome(op, asked.results.at(-1), asked, options);
    },
    async reconcile(ops, { deadlineMs = deadlineMsByTier.block, signal } = {}) {
      const asked = await ask(() => handInClaims(client, options, ops, callOf(deadlineMs, signal)));
      const found: Reconciled[] = [];
      for (const [index, op] of ops.entries()) {
        if (claimOf(op.op) === undefined) continue;
        const outcome =
          typeof asked === 'string'
            ? ({ kind: 'unknown', why: asked } as const)
            : await readOutcome(op, asked.results[index], asked, options);
        found.push({ op, outcome });
      }
      return found;
    },
  };
}

/** The answer, or why there is none. */
async function ask<T>(request: () => Promise<T>): Promise<T | RelayCode> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof RelayError && undecided.has(error.code)) return error.code;
    throw error;
  }
}
