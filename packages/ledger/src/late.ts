/** What came after its period was closed is a correction like any other: in `lateEntries`, and in the kernel's `corrections`. */
import { compensate, type Effect, type Outcome } from '@tallystick/kernel';
import { lateEntries } from './tables.ts';

/**
 * The outcome of a verb that posts: with `ledger/late-entry` in `corrections` where the entry was routed to an open day. An outcome that
 * is refused or compensated already stays what it is; its row in `lateEntries` says the day all the same.
 */
export function noteLate(outcome: Outcome): Outcome {
  if ('kind' in outcome) return outcome;
  const late = outcome.find(({ table }: Effect) => table.name === lateEntries.name)?.row;
  if (late === undefined) return outcome;
  return compensate('ledger/late-entry', { day: String(late['day']), meantFor: String(late['meantFor']) }, outcome);
}
