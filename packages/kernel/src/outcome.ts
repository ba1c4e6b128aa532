/** Whether what a plan answered is an outcome. */
import { IN_THE_CLEAR } from './codes.ts';
import { encodeCanonical } from '@tallystick/oplog';
import type { Compensated, Contested, Correction, Refusal } from './verb.ts';

/** Plan is code of others: whatever it answers, no op halts the fold. */
export function isOutcome(outcome: unknown): boolean {
  // Nobody waits for it: it must not end the process when it fails.
  if (outcome instanceof Promise) outcome.catch(() => undefined);
  if (typeof outcome !== 'object' || outcome === null) return false;
  const named = outcome as Refusal | Compensated | Contested | { readonly kind: undefined };
  if (named.kind === 'refusal') return isReason(named);
  const hasCorrection = named.kind === 'compensated' || named.kind === 'contested';
  if (hasCorrection && !isReason(named.correction)) return false;
  const list: unknown = hasCorrection ? named.effects : outcome;
  return Array.isArray(list) && list.every((effect) => typeof effect === 'object' && effect !== null);
}

/** Throws for details that have no canonical text. */
function isReason(reason: Correction | undefined): boolean {
  return typeof reason?.code === 'string' && encodeCanonical(reason.details).startsWith('{');
}

/** Personal data in the clear has a code of its own, whatever else is wrong with the args. */
export function codeOfIssues(issues: readonly { readonly message: string }[]): string {
  return issues.some(({ message }) => message === IN_THE_CLEAR) ? IN_THE_CLEAR : 'kernel/bad-args';
}
