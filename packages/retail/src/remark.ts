/**
 * What has to be said of an op beside its effects. What was done at a counter is never refused because something else was settled first: while it can be
 * left undone the counter is told no, and after that it stands, with a correction (docs/decisions/032-contested-ops.md).
 */
import { refuseUnlessRules, type RuleFacts, spendAtOnce } from '@tallystick/guards';
import {
  compensate,
  contest,
  type Correction,
  type Effect,
  type OpFacts,
  type Outcome,
  type View,
} from '@tallystick/kernel';
import { type DonePosting, lateCorrection } from '@tallystick/ledger';

export interface Remark extends Correction {
  /** The op is to be left undone, as long as it can be. */
  readonly isContested: boolean;
}

/** The op should not be done, and stands where it was. */
export function contested({ code, details }: Correction): Remark {
  return { code, details, isContested: true };
}

/** The op is all right, and somebody has to know. */
export function noted({ code, details }: Correction): Remark {
  return { code, details, isContested: false };
}

/** Asks the owner's rules for the verb. What they forbid is contested; true where they forbid it. */
export function askRules(view: View, verb: string, facts: RuleFacts, remarks: Remark[]): boolean {
  const forbidden = refuseUnlessRules(view, verb, facts);
  if (forbidden !== undefined) remarks.push(contested(forbidden));
  return forbidden !== undefined;
}

/** Counts what left or came in against the limit of whoever spends by this device. Beyond it, it is contested, and then not counted. */
export function countSpent(
  view: View,
  op: OpFacts,
  spent: { readonly currency: string; readonly amountMinor: number },
  effects: Effect[],
  remarks: Remark[],
): void {
  const counted = spendAtOnce(view, op, spent);
  if ('code' in counted) remarks.push(contested(counted));
  else effects.push(...counted);
}

/** The effects of a posting; what it had to give way to is contested. */
export function posted({ effects, contested: reason }: DonePosting, remarks: Remark[]): readonly Effect[] {
  if (reason !== undefined) remarks.push(contested(reason));
  return effects;
}

/**
 * The outcome of an op that all this is to be said of; an entry whose day was closed says so itself. An op has one correction: the first that is contested, or else the
 * first, whose details name the others (`and`).
 */
export function conclude(effects: readonly Effect[], remarks: readonly Remark[]): Outcome {
  const late = lateCorrection(effects);
  if (remarks.length === 0 && late === undefined) return effects;
  const all = late === undefined ? remarks : [...remarks, noted(late)];
  const first = all.find(({ isContested }) => isContested) ?? all[0];
  if (first === undefined) return effects;
  const others = all.filter((remark) => remark !== first);
  const details = Object.assign({}, ...others.map((other) => other.details), first.details) as Correction['details'];
  const whole = others.length === 0 ? first.details : { ...details, and: others.map(({ code }) => code).join(' ') };
  return (first.isContested ? contest : compensate)(first.code, whole, effects);
}
