// How a claim ends, read from a relay's answer (docs/spec/relay.md, "Claims"). An answer grants only under the relay's signature.
import type { Hasher, NoteKey, VerifySignature } from '@tallystick/chain';
import type { BookId, OpRecord, Scope } from '@tallystick/oplog';
import {
  type Holder,
  originOf,
  type PushAnswer,
  type PushResult,
  type RelayCode,
  type Verdict,
  verifyReceipt,
} from '@tallystick/relay-protocol';
import { CasError } from './errors.ts';

export type ClaimOutcome =
  /** The token is this op's, durably: the receipt is the relay's signed word for the position. */
  | { readonly kind: 'granted'; readonly position: number; readonly receipt: string }
  /** Another op has it, for ever. `position` is where this op stands all the same, if it was pushed. */
  | { readonly kind: 'held'; readonly holder: Holder; readonly position?: number }
  /** The relay does not let this op claim: its verdict, such as `quarantined` of a revoked device or `gap`. */
  | { readonly kind: 'refused'; readonly verdict: Verdict; readonly message: string }
  /** Not decided in time, at the tier that goes on without: reconcile the op later. */
  | { readonly kind: 'admitted'; readonly why: RelayCode }
  /** Not decided in time, at the tier that waits. The op may have been granted: ask again with the same op. */
  | { readonly kind: 'unknown'; readonly why: RelayCode };

export interface LogCheck {
  readonly book: BookId;
  readonly scope: Scope;
  /** The pinned key of the book's home relay. */
  readonly relay: NoteKey;
  readonly verifyNote: VerifySignature;
  readonly hasher: Hasher;
}

/** How the claim of this op ended by this answer. Throws `cas/bad-receipt` where the relay grants and has not signed for it. */
export async function readOutcome(
  { hash }: OpRecord,
  result: PushResult | undefined,
  { receipts }: PushAnswer,
  check: LogCheck,
): Promise<Exclude<ClaimOutcome, { kind: 'admitted' | 'unknown' }>> {
  const { verdict = 'gap', holder, position, message = '' } = result ?? {};
  if (holder !== undefined && holder.hash !== hash)
    return { kind: 'held', holder, ...(position === undefined ? {} : { position }) };
  if (holder === undefined || position === undefined) return { kind: 'refused', verdict, message };
  const key = { key: check.relay, origin: originOf(check.relay, check.book, check.scope) };
  for (const receipt of receipts) {
    const opened = await verifyReceipt(receipt, { ...key, verify: check.verifyNote, hasher: check.hasher });
    const isSigned = opened.ok && opened.value.lines.some((line) => line.hash === hash && line.position === position);
    if (isSigned && holder.position === position) return { kind: 'granted', position, receipt };
  }
  throw new CasError('cas/bad-receipt', `the relay grants op ${hash} at ${position} and has not signed for it`);
}
