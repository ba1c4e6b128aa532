/** What came after its period was closed is a correction like any other: in `lateEntries`, and in the kernel's `corrections`. */
import { compensate, type Correction, type Effect, type Outcome } from '@tallystick/kernel';
import { lateEntries } from './tables.ts';

/** `ledger/late-entry` where these effects have an entry that was routed to an open day. For a verb that may have more than one thing to say. */
export function lateCorrection(effects: readonly Effect[]): Correction | undefined {
  const late = effects.find(({ table }) => table.name === lateEntries.name)?.row;
  if (late === undefined) return undefined;
  return { code: 'ledger/late-entry', details: { day: String(late['day']), meantFor: String(late['meantFor']) } };
}

/**
 * The outcome of a verb that posts, with that correction. One that is refused or compensated already stays what it is; its row in `lateEntries` says
 * the day all the same.
 */
export function noteLate(outcome: Outcome): Outcome {
  if ('kind' in outcome) return outcome;
  const late = lateCorrection(outcome);
  return late === undefined ? outcome : compensate(late.code, late.details, outcome);
}
