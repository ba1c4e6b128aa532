// What a relay says about each op of a push (docs/spec/relay.md, "Verdicts").
import type { ChainHead, OpHash } from '@tallystick/oplog';
import type { Holder } from './store.ts';

export const verdicts = [
  'stored',
  'exists',
  'fork',
  'quarantined',
  'held',
  'kept',
  'gap',
  'basis',
  'misplaced',
  'unknown-device',
  'bad-signature',
  'too-large',
  'not-canonical',
] as const;

export type Verdict = (typeof verdicts)[number];

export const warnings = ['clock-ahead', 'seen-differs', 'quarantined'] as const;

/**
 * `clock-ahead`: the id is more than 24 hours ahead. `seen-differs`: the author saw another root for a size we signed.
 * `quarantined`: the author is revoked or its last day is over, so the op waits for a person to adopt it.
 */
export type Warning = (typeof warnings)[number];

export interface PushResult {
  readonly hash: OpHash;
  readonly verdict: Verdict;
  /** There if, and only if, the op is durable at this relay. */
  readonly position?: number;
  readonly warnings?: readonly Warning[];
  readonly message?: string;
  /** Of an op that claims a token: who has it now, which may be this op. Nobody's word but the relay's; the log proves it. */
  readonly holder?: Holder;
  /** With `gap`: the last op of the chain that the relay has (seq 0 and the enrolment's hash when it has none). */
  readonly head?: ChainHead;
}
